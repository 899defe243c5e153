/*
 * The HTTP-Redirect binding (SAML bindings, 3.4): a message deflated into a URL, signed over the very octets of its query.
 *
 *   out: saml_redirect_write
 *   in:  saml_redirect_read -> saml_redirect_verify -> xml_read of the message
 *
 * No Response comes this way, only logout messages: identity arrives by POST alone.
 */
#ifndef SAML_BINDING_H
#define SAML_BINDING_H

#include "base/pool.h"
#include "saml/signature.h"
#include "crypto/keypair.h"

#define SAML_QUERY_MAX       (64 * 1024) /* bytes of a query */
#define SAML_RELAY_STATE_MAX 80          /* bytes (SAML bindings, 3.4.3) */

enum saml_direction { SAML_REQUEST, SAML_RESPONSE };

/* The URL that takes the message to location, whose own query stays. relay_state: NULL: none. key: NULL: not signed. */
int saml_redirect_write(const char *location, enum saml_direction direction, struct span xml, const char *relay_state,
                        const struct keypair *key, struct buf *ret, struct err *err);

struct saml_redirect {
    enum saml_direction direction;
    struct span xml;         /* inflated, at most SAML_RESPONSE_MAX bytes; not parsed */
    const char *relay_state; /* NULL: none. A handle of ours: never a URL */
    struct span octets;      /* what the signature is over, as received; empty: not signed */
    const char *algorithm;   /* URI */
    struct span signature;
};

/*
 * Takes a query apart, as it was received. ERR_INPUT: not such a message, a parameter that stands there twice, something that is no
 * base64, or a message that is larger when inflated than max bytes. All of *ret lives in the pool, or in the query.
 */
int saml_redirect_read(struct pool *pool, struct span query, size_t max, struct saml_redirect *ret, struct err *err);

/* ERR_REFUSED unless it is signed with one of n keys by an algorithm that is let through. */
int saml_redirect_verify(const struct saml_redirect *message, const struct saml_key *keys, size_t n,
                         const struct saml_key **ret_signer, struct err *err);

#endif
