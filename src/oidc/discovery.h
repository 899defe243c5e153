/*
 * What an OpenID provider says about itself (OpenID Connect Discovery 1.0, 3 and 4; RFC 8414), judged before anything is sent anywhere.
 *
 *   discovery_url -> (GET it) -> discovery_read
 *
 * Every address must be https; http only to this machine, and only when the issuer is http too (which the configuration takes for this machine
 * alone). Nothing else of an address is judged: a provider inside has a private one.
 */
#ifndef OIDC_DISCOVERY_H
#define OIDC_DISCOVERY_H

#include <stdbool.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/span.h"

#define DISCOVERY_BYTES_MAX (256 * 1024)
#define DISCOVERY_URL_MAX   2048 /* bytes of an address */

/* How we may show the token endpoint who we are, as bits of provider.client_auth. */
enum client_auth {
    CLIENT_AUTH_BASIC = 1, /* client_secret_basic */
    CLIENT_AUTH_POST = 2,  /* client_secret_post */
    CLIENT_AUTH_KEY = 4,   /* private_key_jwt */
    CLIENT_AUTH_TLS = 8,   /* tls_client_auth, self_signed_tls_client_auth (RFC 8705) */
};

struct provider {
    const char *issuer;
    const char *authorization, *token, *jwks;
    const char *userinfo, *end_session; /* NULL: none */
    const char *tls_token,
        *tls_userinfo;    /* where a client that shows a certificate has to go (RFC 8705, 5); NULL: the same */
    unsigned client_auth; /* what it says it takes; when it says nothing, CLIENT_AUTH_BASIC, the standard's default */
    bool says_issuer;     /* sends iss with its authorization responses (RFC 9207) */
    bool says_challenge;  /* that it checks S256 (RFC 7636); we send the challenge either way */
    bool tells_logout;    /* back-channel logout */
    bool tells_session;   /* … with the session's id in ID token and logout token */
};

/* The address of the document, in the pool. A slash at the issuer's end is not doubled (OpenID Connect Discovery, 4). */
const char *discovery_url(struct pool *pool, const char *issuer);

/*
 * issuer: as configured. ERR_INPUT: not such a document, or an address missing or not https. ERR_REFUSED: of another issuer (compared byte for
 * byte), or a provider that does not do what we rest on (code flow, S256, a signature that is accepted, a client authentication of ours).
 * *ret lives in the pool.
 */
int discovery_read(struct pool *pool, struct span json, const char *issuer, struct provider *ret, struct err *err);

#endif
