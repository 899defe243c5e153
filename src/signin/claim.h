/* Whom an identity provider named, whatever the protocol. */
#ifndef SIGNIN_CLAIM_H
#define SIGNIN_CLAIM_H

#include <stdint.h>

/* After every check of the protocol texts are not NULL where it does not say so. Of an answer that was refused, whatever was sent. */
struct claim {
    const char *id; /* immutable, to be found in the mirror */
    const char *email, *given_name, *family_name; /* OIDC may not say the names: NULL */
    const char *issuer;                   /* who signs them in: SAML's entity id, OIDC's issuer */
    const char *subject, *subject_format; /* what the provider calls the person: NameID, sub; format "" for none */
    const char *session;                  /* SessionIndex, sid; "" for none */
    const char *context;                  /* how they signed in: AuthnContextClassRef, acr; "" for not said */
    const char *hint;                     /* what the provider wants to see again at logout; "" for none */
    int64_t signed_in_at;                 /* there; 0: not said */
    int64_t session_expires;              /* 0: not said */
    const char *once_kind, *once_value;   /* may not come a second time; NULL: the request is enough */
    int64_t once_until;                   /* … for so long */
};

#endif
