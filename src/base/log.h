/*
 * Debug lines on standard error, with the seconds since the start, for whoever runs with -v. Below the command line nothing speaks above debug: what an
 * administrator has to know comes up as a struct err.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

void log_set_verbose(bool on);
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
