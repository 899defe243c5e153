/*
 * The token endpoint (RFC 6749, 4.1.3 and 6; OpenID Connect Core, 3.1.3 and 12): a code for tokens, once; a refresh token for the next.
 *
 * What is refused may have an effect: the second use of a code or of a refresh token takes away what the first gave (RFC 9700, 2.1.1 and
 * 2.2.2).
 */
#ifndef BROKER_EXCHANGE_H
#define BROKER_EXCHANGE_H

#include "broker/clientauth.h"

/*
 * authorization: the header; NULL: none. ret_json: the answer, in the pool; it holds secrets. -1 with *ret_fault NULL: for a reason of our own.
 */
int exchange(const struct broker *broker, struct broker_params form, const char *authorization, const char **ret_json,
             broker_fault *ret_fault, struct err *err);

/* Is this the verifier of that challenge (RFC 7636, 4.6)? */
bool exchange_verifier_fits(const char *verifier, const char *challenge);

#endif
