/*
 * Time. Rules take "now" as a parameter; only the command line asks the clock.
 * Instants are seconds since 1970-01-01 UTC in int64_t; 0 stands for "never".
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

int64_t clock_now(void);
/* Seconds that only move forward, with fractions: for measuring. */
double clock_monotonic(void);

#define CLOCK_TEXT_MAX 32
/* "2026-11-22T03:25:45Z" (RFC 3339) into ret, "never" for 0. Gives ret back. */
const char *clock_format(int64_t when, char ret[static CLOCK_TEXT_MAX]);
/* RFC 3339 and XML Schema dateTime in UTC ("…Z", fractions of a second dropped). 0, or -1 when it is not one. */
int clock_parse(struct span text, int64_t *ret);
/* "45s", "15m", "12h", "30d" in its largest whole unit. Gives ret back. */
const char *clock_format_duration(int64_t seconds, char ret[static CLOCK_TEXT_MAX]);

#endif
