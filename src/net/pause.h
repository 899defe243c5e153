/* How long to wait before something is sent again that failed in passing. */
#ifndef NET_PAUSE_H
#define NET_PAUSE_H

#include <stddef.h>

#define PAUSE_MAX 60.0 /* seconds; of the growing wait, not of one that a service asks for */

/*
 * Seconds, after so many tries: first seconds, then each time twice as long, up to PAUSE_MAX; half of it is left to
 * chance, so that what failed together does not come again together.
 */
double pause_after(double first, size_t tries);

#endif
