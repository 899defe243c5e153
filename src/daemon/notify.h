/*
 * What the service manager is told, by the protocol of sd_notify(3): one datagram a message to the socket that it names.
 *
 *   notify_open -> notify_send… -> notify_close
 *
 * Without a service manager nothing is sent. Nothing fails: who does not hear it, does its part by its own time limits.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

/* Takes NOTIFY_SOCKET and the watchdog's time out of the environment, so that no child speaks for this process. */
void notify_open(void);
/* "READY=1\nSTATUS=…": assignments, one a line. */
void notify_send(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "RELOADING=1" with the time that the manager tells an answer from an older one by. */
void notify_reloading(void);
/* How often the watchdog wants to hear of us: half of WATCHDOG_USEC in seconds; 0: there is none. */
double notify_watchdog(void);
/* In a child, which has nothing to say. */
void notify_close(void);

#endif
