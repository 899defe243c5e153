/*
 * When a run is worth it ahead of the schedule: something was pushed to a directory of a team since the last run
 * began, and nothing more for as long as [sync] push-delay.
 *
 *   settled_run (a run begins) … settled_is_due, once a second or so
 */
#ifndef DAEMON_SETTLED_H
#define DAEMON_SETTLED_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"

struct settled {
    int64_t known; /* last change when the last run began */
    int64_t seen;  /* last change that was seen */
    double moved;  /* when another one was seen */
    double next;   /* when the next look is due */
};

/* now: clock_monotonic. What was there when the process began is for the first run of the schedule. */
void settled_run(struct settled *settled, const struct conf *conf, const char *state_dir, double now);
bool settled_is_due(struct settled *settled, const struct conf *conf, const char *state_dir, double now);

#endif
