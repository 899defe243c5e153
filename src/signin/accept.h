/* The end of every sign-in, whatever the protocol: the policy, then session, used-up request and record in one transaction. */
#ifndef SIGNIN_ACCEPT_H
#define SIGNIN_ACCEPT_H

#include "signin/returned.h"

/* Whom an identity provider named, after every check of its protocol. Texts are not NULL where it does not say so. */
struct claim {
    const char *id;                       /* immutable, to be found in the mirror */
    const char *subject, *subject_format; /* what the provider calls the person: NameID, sub; format "" for none */
    const char *session;                  /* SessionIndex, sid; "" for none */
    const char *context;                  /* how they signed in: AuthnContextClassRef, acr; "" for not said */
    const char *hint;                     /* what the provider wants to see again at logout; "" for none */
    int64_t signed_in_at;                 /* there; 0: not said */
    int64_t session_expires;              /* 0: not said */
    const char *once_kind, *once_value;   /* may not come a second time; NULL: the request is enough */
    int64_t once_until;                   /* … for so long */
};

/* old_session: of the cookie, ended now; NULL: none. ret_ref as in signin.h, set on 0. */
int accept_claim(const struct signin *in, const struct returned *returned, const struct claim *claim,
                 const char *old_session, struct signin_done *ret, char *ret_ref, struct err *err);

#endif
