/*
 * Who is connected, and since when a request is awaited from it: a client that sends its headers, or a TLS handshake, byte by byte is never
 * idle, and would keep its place for hours.
 *
 *   watch_new -> watch_add when somebody connects, watch_busy when a request's headers are there, watch_idle when it is over, watch_remove
 *   before its socket is closed; watch_cut now and then -> watch_free
 *
 * Called from several threads.
 */
#ifndef NET_WATCH_H
#define NET_WATCH_H

struct watch;
struct watched;

struct watch *watch_new(void);
/* Everybody was removed. NULL inside is fine. */
void watch_free(struct watch **watch);

struct watched *watch_add(struct watch *watch, int socket);
void watch_busy(struct watch *watch, struct watched *who); /* who may be NULL, in these three */
void watch_idle(struct watch *watch, struct watched *who);
void watch_remove(struct watch *watch, struct watched *who);

/* Ends the connections from which a request has been awaited for more than so many seconds. How many these were. */
unsigned watch_cut(struct watch *watch, double seconds);

#endif
