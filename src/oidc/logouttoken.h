/*
 * A logout token (OpenID Connect Back-Channel Logout 1.0, 2.4 to 2.6): the provider says that somebody's sessions ended. Checked rule by rule, as an
 * ID token is; that it comes once only is its caller's to keep.
 */
#ifndef OIDC_LOGOUTTOKEN_H
#define OIDC_LOGOUTTOKEN_H

#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/span.h"
#include "model/check.h"
#include "oidc/keyset.h"

#define LOGOUTTOKEN_MAX (64 * 1024) /* bytes */

struct logouttoken_policy {
    const struct keyset *keys;
    const char *issuer, *client_id; /* as for an ID token */
    int64_t now;
    int skew;            /* seconds */
    bool without_expiry; /* a token without exp is good, too, for ten minutes from iat */
};

struct logouttoken {
    const char *id;                /* jti, of 1 to 255 bytes */
    const char *subject, *session; /* whose, and which; one may be NULL */
    int64_t until;                 /* from then on it is refused as too old, so that its id may be forgotten */
};

struct logouttoken_report {
    const struct check *checks; /* always all of them, in the order in which they are made */
    size_t nchecks;
    const struct logouttoken *token; /* set when, and only when, every check passed */
    bool unknown_key;                /* as of an ID token */
};

/* As idtoken_verify. */
int logouttoken_verify(struct pool *pool, struct span token, const struct logouttoken_policy *policy,
                       struct logouttoken_report *ret, struct err *err);

#endif
