/* The ID token that an application shows when it asks us to sign somebody out (OpenID Connect RP-Initiated Logout 1.0, 2). */
#ifndef BROKER_LOGOUT_HINT_H
#define BROKER_LOGOUT_HINT_H

#include "broker/keyring.h"
#include "signin/signin.h"

struct logout_hint {
    const char *application;   /* its section: whom the token is for */
    const char *subject, *sid; /* sid: "" when it does not say */
};
/*
 * ERR_INPUT or ERR_REFUSED: no token of ours that a key of now vouches for. It may have expired: it only says who was signed in, and in which
 * session.
 */
int logout_hint_read(const struct signin *in, const struct keyring *ring, const char *token, struct logout_hint *ret,
                     struct err *err);

#endif
