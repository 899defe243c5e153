/*
 * The answer of an OpenID provider, checked rule by rule: from what the browser brought back to the person. It asks the provider for tokens; the code
 * is spent by that, whatever comes of it.
 */
#ifndef SIGNIN_OIDC_VERIFY_H
#define SIGNIN_OIDC_VERIFY_H

#include "model/check.h"
#include "oidc/authrequest.h"
#include "oidc/identity.h"
#include "oidc/idtoken.h"
#include "signin/returned.h"

struct oidc_report {
    const struct check *checks; /* always all of them, in the order in which they are made */
    size_t nchecks;
    const struct identity *identity; /* set when, and only when, every check passed: this is who signed in */
    const struct identity *claimed;  /* what the verified ID token says; nobody is signed in by it. NULL: none stood */
    const struct idtoken *token;     /* verified; NULL: none stood */
    const char *id_token;            /* its text; NULL: none stood */
};

/*
 * returned: the request that it answers, of this connection, with the domains that it speaks for. 0: accepted, ret->identity is set. -1 with the text of
 * the first check that failed: ERR_NETWORK when the provider cannot now, ERR_CONFIG when we cannot show it who we are, else ERR_REFUSED or ERR_INPUT.
 * *ret is filled either way; all of it lives in in->pool.
 */
int oidc_verify(const struct signin *in, const struct returned *returned, const struct authresponse *response,
                struct oidc_report *ret, struct err *err);

#endif
