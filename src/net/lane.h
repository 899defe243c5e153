/*
 * Threads for work that waits for others, so that who only needs this machine does not stand behind it.
 *
 *   lane_start -> lane_put… -> lane_stop
 */
#ifndef NET_LANE_H
#define NET_LANE_H

#include <stdbool.h>

#include "base/err.h"

#define LANE_WAITING_MAX 256 /* jobs that wait for a thread */

struct lane;

/* ERR_FAILED: there are not so many threads to be had. */
int lane_start(unsigned threads, void (*work)(void *job), struct lane **ret, struct err *err);
/* False: too many wait already, and the job is not taken. */
bool lane_put(struct lane *lane, void *job);
/* What was put is done first. NULL inside is fine; fits CLEANUP. */
void lane_stop(struct lane **lane);

#endif
