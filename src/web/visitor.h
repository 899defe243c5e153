/*
 * Who asks: the client's address and the request's id. What a proxy says of it is believed only of the addresses that "trusted-proxy"
 * names.
 */
#ifndef WEB_VISITOR_H
#define WEB_VISITOR_H

#include "conf/conf.h"
#include "net/server.h"

struct visitor {
    const char *client; /* numeric address in its usual form; "" when there is none */
    bool is_local;      /* from this very machine by itself: the administrator, or a proxy for everybody that nobody named */
    const char *id;     /* of the request: letters, digits and some signs, at most VISITOR_ID_MAX */
};

#define VISITOR_ID_MAX 64

/*
 * Forwarded (RFC 7239) and X-Forwarded-For are read from the last one on, as far as each was added by a trusted proxy. With both they have to
 * agree: many proxies pass on the one that they do not know, as a client made it up; otherwise the client is the proxy. Texts live in the pool.
 */
void visitor_read(const struct conf_section *serve, const struct request *request, struct visitor *ret);

/* The parts of it, for tests: peer is who connected, a header NULL when it is not there. */
const char *visitor_client(const struct conf_section *serve, struct pool *pool, const char *peer, const char *forwarded,
                           const char *x_forwarded_for);
/* Never of what a trusted proxy sent on, whatever came out as the client: a header that contradicts another makes nobody local. */
bool visitor_is_local(const struct conf_section *serve, const char *peer, const char *forwarded,
                      const char *x_forwarded_for);

#endif
