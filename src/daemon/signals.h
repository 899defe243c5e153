/*
 * Signals as something to read: blocked from here on in this process and the children that it forks, so that nothing is interrupted anywhere,
 * and a loop takes them when it has time.
 */
#ifndef DAEMON_SIGNALS_H
#define DAEMON_SIGNALS_H

#include "base/err.h"

/* SIGTERM, SIGINT, SIGHUP and SIGCHLD; ignores SIGPIPE. A descriptor for poll; a forked child reads its own signals from it. */
int signals_open(int *ret, struct err *err);
/* The next signal that has arrived; 0: none. */
int signals_next(int fd);
/* As they were before signals_open: for a child that is about to be another program. */
void signals_restore(void);

#endif
