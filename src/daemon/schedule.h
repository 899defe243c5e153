/*
 * When the next run begins: pure. Times are seconds of clock_monotonic; chance is from 0 to 1, and keeps the sites that began together from
 * asking their directories and platforms together ever after.
 */
#ifndef DAEMON_SCHEDULE_H
#define DAEMON_SCHEDULE_H

#include <stdint.h>

/* Soon after the start: after a second, and up to half a minute and a tenth of the time between runs later. every: seconds, above 0. */
double schedule_first(int64_t every, double now, double chance);
/*
 * After a run that began then and has ended now: every after its beginning, and up to a tenth and two minutes later. A run that took longer
 * than that is followed after a tenth and two minutes at the most, so that a slow directory gets some rest.
 */
double schedule_next(int64_t every, double began, double now, double chance);

#endif
