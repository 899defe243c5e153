/*
 * How long changes took on platforms elsewhere: by run and kind of change, as a kind may be one request each and
 * another a hundred in one. From it follows how long a plan is going to take.
 */
#ifndef STORE_PACE_H
#define STORE_PACE_H

#include "model/change.h"
#include "store/store.h"

/*
 * Adds what was done of a kind, and the time from the first of them to the last, with the waits in between. In a
 * transaction of its own.
 */
int pace_add(struct store *store, int64_t run, enum op op, size_t changes, int64_t milliseconds, struct err *err);

struct pace_found {
    int64_t run;
    double milliseconds; /* for one change */
};

/*
 * By the last of the platform's runs that had at least half as many changes of the kind, or else by the largest of its
 * late ones: what a service lets through at once says little about many. 1: found; 0: nothing is known; -1
 */
int pace_find(struct store *store, const char *platform, enum op op, size_t changes, struct pace_found *ret,
              struct err *err);

#endif
