/*
 * Lines on standard error, each written in one go so that those of several processes do not mix.
 *
 * Debug lines, with the seconds since the start, are for whoever runs with -v. Below the daemon and the command line nothing speaks above
 * debug: what an administrator has to know comes up as a struct err. A process of "doorward serve" says what it does with log_event, as
 *   time=2026-11-22T03:25:45Z level=info role=web pid=4711 msg="..."
 * Where the system's journal takes the lines, it keeps the time, and the level is put the way it reads it ("<6>").
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

void log_set_verbose(bool on);
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Who speaks in this process from now on: "web". Has to live as long as the process. */
void log_set_role(const char *role);
/* One line, cut at 4 KiB; what could break it is escaped. */
void log_event(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Lines of this thread bear it as request=ID from now on; NULL: none. It has to live until then, and to be clean. */
void log_set_request(const char *id);
/* The same with fields behind the message: "status=200 ms=1.2". They have to be clean. */
void log_event_with(enum log_level level, const char *fields, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same about another process: a line that it wrote, say. */
void log_event_of(enum log_level level, const char *role, int pid, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
