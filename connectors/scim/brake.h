/*
 * How much is asked of a service at once, from what it answers: less when it says that it is too much, slowly more when
 * all goes well, and nothing while it asks to be left alone. Pure; now is an instant of the monotonic clock.
 *
 *   brake_init -> (brake_lets -> … -> brake_hear)…
 */
#ifndef CONNECTORS_SCIM_BRAKE_H
#define CONNECTORS_SCIM_BRAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http.h"

struct brake {
    size_t most, width;  /* requests at once: by the settings, and now */
    size_t good;         /* replies since the width last changed; 0: nothing went well since it was made less */
    int64_t left;        /* requests that may still be begun until "until"; -1: nothing is said */
    double until, rest;  /* rest: nothing is begun before */
    double narrowed;     /* when the width was last made less */
    double first, pause; /* seconds; where the service does not say how long: at first, and the last one */
};

/* first: milliseconds that nothing is begun for after a first "too much" that does not say how long. */
void brake_init(struct brake *brake, size_t most, int64_t first);
/* running: requests under way. false: not now; with brake_wait at 0, as soon as one of them has ended. */
bool brake_lets(const struct brake *brake, size_t running, double now);
/* Milliseconds until something may be begun; 0: at once, as far as this is about time. */
int64_t brake_wait(const struct brake *brake, double now);
void brake_begin(struct brake *brake);
/* began: when the request set out that is answered here. running: how many others are under way. */
void brake_hear(struct brake *brake, const struct http_reply *reply, size_t running, double began, double now);

#endif
