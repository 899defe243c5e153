/* An OpenID provider says that sessions ended there: they end here. */
#ifndef SIGNIN_OIDC_LOGOUT_H
#define SIGNIN_OIDC_LOGOUT_H

#include "signin/signin.h"

/*
 * By the back channel: a logout token that passes every rule of oidc/logouttoken.h, the first time that it comes. ERR_REFUSED, ERR_INPUT: it is not
 * believed; then ret_ref (SIGNINS_REF_SIZE) is set, and leads to why.
 */
int oidc_logout_told(const struct signin *in, const char *connection, const char *token, int64_t *ret_ended,
                     char *ret_ref, struct err *err);

/*
 * By the front channel (OpenID Connect Front-Channel Logout 1.0, 2), where nothing is signed: the session that the provider named so to us, if it is this
 * provider. Who does not know the session's name ends nothing. ret_issuer: of the connection, which may show this answer in a frame.
 */
int oidc_logout_shown(const struct signin *in, const char *connection, const char *issuer, const char *session,
                      const char **ret_issuer, int64_t *ret_ended, struct err *err);

#endif
