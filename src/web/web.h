/*
 * The sign-in server: routes and pages over HTTP, on the listener of [serve] and, for health and metrics, on one of its own.
 *
 *   web_start -> web_tick once a second, web_reload when the configuration changed -> web_stop
 *
 * The main database is only read, signin.db is written. Everything that comes over the network is hostile. One thread calls these functions;
 * requests are answered by threads of their own meanwhile.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"

struct web;

/*
 * Listens where [serve] says. conf is shared (conf_share); state_dir is copied. ERR_CONFIG:
 * [organization] url is missing, or an address, certificate or key does not do; ERR_NETWORK: the address is taken; ERR_STORE: signin.db.
 * There need not be a main database yet: until there is one, everybody is refused.
 */
int web_start(struct conf *conf, const char *state_dir, struct web **ret, struct err *err);
/*
 * From here on requests are answered by conf, and connections that begin get the certificate of now. On -1 everything stays as it was, and
 * conf is not kept. Addresses and threads are those of web_start. Requests that are being answered go on
 * with the one of before; only a new certificate waits for them.
 */
int web_reload(struct web *web, struct conf *conf, struct err *err);
uint16_t web_port(const struct web *web);
uint16_t web_status_port(const struct web *web); /* 0: there is none */
/* About once a second: forgets what has expired, in small steps. */
void web_tick(struct web *web);
/* Requests that are being answered are finished. NULL inside is fine; fits CLEANUP. */
void web_stop(struct web **web);

#endif
