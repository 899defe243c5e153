/*
 * Who signed in: the person of a verified ID token and, where it was asked, of userinfo.
 *
 *   idtoken_verify -> userinfo_read -> identity_read
 *
 * The person is issuer and subject, and to be compared with the directory, the immutable id. The e-mail address decides nothing by itself.
 */
#ifndef OIDC_IDENTITY_H
#define OIDC_IDENTITY_H

#include <stdbool.h>

#include "base/err.h"
#include "base/pool.h"
#include "oidc/idtoken.h"
#include "saml/response.h"

/* Fields are those of SAML: one person is made of the same things, however they sign in. */
struct identity_policy {
    const char *claim[SAML_FIELD_COUNT]; /* the only claim to read a field from; NULL: the usual ones */
    const char *const *domains;          /* bound to the connection, as lower-case A-labels */
    size_t ndomains;
};

struct identity {
    const char *issuer, *subject;
    const char *field[SAML_FIELD_COUNT];  /* NULL: not said, or (the e-mail) not to be believed */
    const char *source[SAML_FIELD_COUNT]; /* name of the claim it came from */
    const char *unbelieved_email;         /* said, and neither verified nor vouched for; for messages */
    bool email_verified;                  /* the provider says so, beside the address */
    bool email_vouched; /* its domain is one of the policy's. A connection signs people in only when this is so */
};

/*
 * userinfo: JSON as userinfo_read gave it; NULL: not asked. A claim of the ID token goes before one of userinfo. ERR_REFUSED: no immutable id;
 * everything else may be missing. *ret lives in the pool.
 */
int identity_read(struct pool *pool, const struct idtoken *token, const char *userinfo,
                  const struct identity_policy *policy, struct identity *ret, struct err *err);

#endif
