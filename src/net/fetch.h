/*
 * One HTTPS document, got with GET and nothing sent along: no cookies, no credentials, no environment's proxy.
 *
 *   struct fetch_reply reply = FETCH_REPLY_INIT;
 *   fetch_get(&policy, url, &reply, err) -> reply.status, reply.body -> fetch_release
 *
 * The server's certificate is verified. Redirects are followed only within the same host and port, at most
 * FETCH_REDIRECTS_MAX. The address that is really connected to must be public unless the policy says otherwise,
 * whatever the name resolves to at that moment.
 *
 * The host's address comes from the system (getaddrinfo, so /etc/hosts too): it is the certificate that says whose
 * server it is.
 */
#ifndef NET_FETCH_H
#define NET_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define FETCH_REDIRECTS_MAX   3
#define FETCH_TIMEOUT_DEFAULT 15
#define FETCH_TIMEOUT_MAX     300
#define FETCH_MAX_DEFAULT     (1024 * 1024)

struct fetch_policy {
    const char *ca_file; /* PEM, in place of the system's authorities; NULL: the system's */
    const char *proxy;   /* "http://host:port"; NULL: none. Through a proxy the address rule is the proxy's to keep */
    const char *connect_to; /* "HOST:PORT:ADDRESS:PORT" as curl's --connect-to, for tests; NULL: none */
    bool no_redirects;      /* a redirect is the reply */
    bool allow_private;     /* private and loopback addresses may be connected to */
    int timeout;      /* seconds for the whole, redirects included, to FETCH_TIMEOUT_MAX; 0: FETCH_TIMEOUT_DEFAULT */
    size_t max_bytes; /* of the body; 0: FETCH_MAX_DEFAULT */
};

struct fetch_reply {
    long status; /* HTTP's, never a followed redirect's */
    struct buf body;
};

#define FETCH_REPLY_INIT                                                                                               \
    {                                                                                                                  \
        0, BUF_INIT                                                                                                    \
    }

/*
 * 0 when a whole reply came, whatever its status. ERR_NETWORK: not reached, cut off, too slow. ERR_REFUSED: a
 * certificate that does not verify, an address that is not public, a redirect elsewhere. ERR_INPUT: not an https URL,
 * or a reply over a limit. ERR_CONFIG: the CA file.
 */
int fetch_get(const struct fetch_policy *policy, const char *url, struct fetch_reply *ret, struct err *err);
void fetch_release(struct fetch_reply *reply);

#endif
