/*
 * An ID token (OpenID Connect Core 1.0, 2), checked rule by rule. Every claim is checked here, whatever the library that fetched it did.
 *
 *   keyset_read -> idtoken_verify -> (the nonce is used up by whoever sent it)
 *
 * The person is issuer and subject; the e-mail counts only when the issuer says that it verified it, or a proved domain of the
 * connection vouches for it.
 */
#ifndef OIDC_IDTOKEN_H
#define OIDC_IDTOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/span.h"
#include "model/check.h"
#include "oidc/keyset.h"

#define IDTOKEN_MAX        (64 * 1024) /* bytes */
#define IDTOKEN_SKEW_MAX   180         /* seconds */
#define IDTOKEN_AGE_MAX    3600        /* seconds since it was issued: it is made for this one sign-in */
#define IDTOKEN_CHECKS_MAX 16
#define SUBJECT_MAX        255 /* bytes (OpenID Connect Core, 2) */

/* None of the texts is NULL where it does not say so. */
struct idtoken_policy {
    const struct keyset *keys;
    const char *issuer;       /* as configured, and as the discovery document says: compared byte for byte */
    const char *client_id;    /* ours */
    const char *nonce;        /* that we sent with the request */
    const char *access_token; /* that came with it, for at_hash; NULL: none */
    int64_t now;
    int skew;
    int64_t max_age; /* seconds since the person signed in; 0: not asked */
};

struct idtoken {
    const char *issuer, *subject;
    int64_t expires, issued_at, signed_in_at; /* signed_in_at: auth_time, 0 when it does not say */
    const char *session;                      /* sid, for logout; NULL: none */
    const char *context;                      /* acr; NULL: none */
    const char *claims;                       /* all of it, as JSON */
};

struct idtoken_report {
    const struct check *checks; /* always all of them, in the order in which they are made */
    size_t nchecks;
    const struct idtoken *token; /* set when, and only when, every check passed */
    bool unknown_key; /* it names a key that is not in the set: fetch the set anew, at most once in a while */
};

/*
 * 0: accepted. -1: ERR_REFUSED (ERR_INPUT when it is no token at all) with the text of the first check that failed. *ret is filled either way;
 * all of it lives in the pool.
 */
int idtoken_verify(struct pool *pool, struct span token, const struct idtoken_policy *policy,
                   struct idtoken_report *ret, struct err *err);
/* The same checks when there is no token to make them of: every one is skipped. */
void idtoken_unseen(struct pool *pool, struct idtoken_report *ret);

#endif
