/* What a token is good for afterwards: userinfo (OpenID Connect Core, 5.3), introspection (RFC 7662) and revocation (RFC 7009). */
#ifndef BROKER_ACCESS_H
#define BROKER_ACCESS_H

#include "broker/clientauth.h"

/*
 * token: of the Authorization header or of a form. ret_json: the claims that its scope asks for. Fault "invalid_token": it is none, is another
 * kind, has ended, or the person may no longer.
 */
int access_userinfo(const struct broker *broker, const char *token, const char **ret_json, broker_fault *ret_fault,
                    struct err *err);
/* For applications that show who they are, about their own tokens; of every other one the answer is "active": false. */
int access_introspect(const struct broker *broker, struct broker_params form, const char *authorization,
                      const char **ret_json, broker_fault *ret_fault, struct err *err);
/* An access token alone, a refresh token with everything of its grant. A token that there is not is no fault; another application's is. */
int access_revoke(const struct broker *broker, struct broker_params form, const char *authorization,
                  broker_fault *ret_fault, struct err *err);

#endif
