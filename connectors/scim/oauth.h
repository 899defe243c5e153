/*
 * A token for our client's id and secret (OAuth 2.0 client credentials, RFC 6749, 4.4), as pure functions: the request
 * as bytes, and its answer read.
 */
#ifndef CONNECTORS_SCIM_OAUTH_H
#define CONNECTORS_SCIM_OAUTH_H

#include "base/buf.h"
#include "base/err.h"
#include "net/http.h"

#define OAUTH_TOKEN_MAX (32 * 1024) /* bytes of a token */

struct oauth_client {
    const char *url, *id, *scope; /* scope: NULL: none */
    bool by_post;                 /* the secret goes in the body */
};

/* Adds to body, and to authorization (empty: none goes along). Both hold the secret: buf_wipe. */
void oauth_ask(const struct oauth_client *client, const char *secret, struct buf *body, struct buf *authorization);

/*
 * Adds the token to *ret, fit for a header. *ret_seconds: how long it is good for; 0: not said. ERR_NETWORK: the server
 * cannot now; ERR_REFUSED: it said no; ERR_INPUT: it answers something else. The secret never stands in err.
 */
int oauth_read(const struct oauth_client *client, const char *secret, const struct http_reply *reply, struct buf *ret,
               double *ret_seconds, struct err *err);

#endif
