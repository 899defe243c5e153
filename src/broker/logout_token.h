/* What an application is told when a session ended: the logout token (OpenID Connect Back-Channel Logout 1.0, 2.4). */
#ifndef BROKER_LOGOUT_TOKEN_H
#define BROKER_LOGOUT_TOKEN_H

#include "broker/keyring.h"
#include "signin/signin.h"

#define LOGOUT_TOKEN_SECONDS 120 /* it is good for */

/*
 * Adds the signed token for one try. Each try has an id of its own: an application that heard of the first one, whose answer we did not
 * hear, would take the same id for an attack.
 */
int logout_token_make(const struct signin *in, const struct keyring *ring, const struct conf_section *application,
                      const char *subject, const char *sid, struct buf *ret, struct err *err);

#endif
