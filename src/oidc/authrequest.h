/*
 * The first leg of the code flow (OpenID Connect Core, 3.1.2; RFC 7636; RFC 9207): where the browser is sent, and what it comes back with.
 *
 *   authrequest_new -> (kept, bound to the browser) -> authrequest_url -> (the browser goes and returns) -> authresponse_read
 *       -> (what was kept is found by the state) -> authresponse_check -> (the code is exchanged, once)
 */
#ifndef OIDC_AUTHREQUEST_H
#define OIDC_AUTHREQUEST_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"
#include "crypto/token.h"
#include "oidc/discovery.h"

#define VERIFIER_SIZE    44   /* 256 bits as base64url (RFC 7636, 4.1), NUL */
#define AUTHRESPONSE_MAX 4096 /* bytes of a code, the longest that is read */

/* The secrets of one request: new for each, used once. The verifier goes to nobody but the token endpoint. */
struct authrequest {
    char state[TOKEN_SIZE], nonce[TOKEN_SIZE], verifier[VERIFIER_SIZE];
};

/* What is asked for. Texts may be NULL where it says so. */
struct authrequest_ask {
    const char *client_id, *redirect_uri;
    const char *login_hint; /* the e-mail address that was entered; NULL: none */
    const char *context;    /* acr_values; NULL: any */
    int64_t max_age;        /* seconds since the person signed in; 0: not asked */
    bool sign_in_again;     /* prompt=login, and max_age=0, so that the ID token says when it was (auth_time) */
};

void authrequest_new(struct authrequest *ret);
/* Adds the address; a query that the endpoint has already is kept. */
void authrequest_url(const struct provider *provider, const struct authrequest_ask *ask,
                     const struct authrequest *request, struct buf *ret);
/* The challenge of a verifier (RFC 7636, 4.2), added to ret. */
void authrequest_challenge(const char *verifier, struct buf *ret);

struct authresponse {
    const char *state;
    const char *code, *issuer, *error, *description; /* NULL: not there */
};

/* A parameter of the redirect, as request_param gives it: 1 there once, 0 not there, -1 more than once or not clean UTF-8. */
typedef int authresponse_param(const void *ctx, const char *name, const char **ret);

/* ERR_INPUT: one of them twice, too long, or no state. Nothing is believed yet. The texts are those that param gave. */
int authresponse_read(authresponse_param *param, const void *ctx, struct authresponse *ret, struct err *err);
/*
 * Is it the answer to this request, from this provider? state: of the request that the browser was bound to. ERR_REFUSED: another's state,
 * another's or no issuer (mix-up, RFC 9207), a provider that says no (in words). ERR_NETWORK: a provider that cannot now. ERR_INPUT: no code.
 * Then, and only then, response->code may be sent to provider->token.
 */
int authresponse_check(const struct authresponse *response, const struct provider *provider, const char *state,
                       struct err *err);

#endif
