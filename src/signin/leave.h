/*
 * Signing out: here first, which cannot fail for what is elsewhere, then at the identity provider where the protocol has a way there.
 *
 *   signin_leave -> (the browser goes to the identity provider and comes back) -> signin_left
 */
#ifndef SIGNIN_LEAVE_H
#define SIGNIN_LEAVE_H

#include "signin/signin.h"

struct leave_ask {
    const char *token;   /* the session's, of the cookie */
    const char *browser; /* of the cookie; NULL: none, and nobody is sent anywhere */
    const char *next;    /* path of ours to go on at after the identity provider */
};

/*
 * Ends the session. 1: the browser has to go on at *ret, as at signing in; 0: that is all, also when there was no session, or its identity provider
 * cannot be asked now; -1: it could not be ended.
 */
int signin_leave(const struct signin *in, const struct leave_ask *ask, struct signin_start *ret, struct err *err);

/* The browser is back. handle: what went round; NULL: none. 1: *ret_next is where to go on; 0: we did not send it; -1. */
int signin_left(const struct signin *in, const char *connection, const char *handle, const char *browser,
                const char **ret_next, struct err *err);

/* How each protocol does it: 1, 0, -1 as above. handle: a new one, to go round. */
typedef int leave_with(const struct signin *in, const struct conf_section *connection,
                       const struct signins_session *session, const char *handle, struct signin_start *ret,
                       struct err *err);
leave_with saml_leave, oidc_leave;

#endif
