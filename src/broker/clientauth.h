/*
 * Which application is calling (RFC 6749, 2.3; OpenID Connect Core, 9; RFC 7523): by the one way that it was configured for, and by no
 * second one beside it.
 *
 *   clientauth_read -> (what else there is to check) -> clientauth_use_up, in the transaction of what it led to
 */
#ifndef BROKER_CLIENTAUTH_H
#define BROKER_CLIENTAUTH_H

#include "broker/broker.h"

#define CLIENTAUTH_ASSERTION_MAX     8192 /* bytes of a signed word (private_key_jwt) */
#define CLIENTAUTH_ASSERTION_SECONDS 600  /* the furthest end of one: so long its id is remembered */

struct client_proof {
    const struct application *application;
    const char *once; /* counts once; NULL: nothing to use up */
    int64_t once_until;
};

/* authorization: the header; NULL: none. Fault "invalid_client", or "invalid_request" for two ways at once. */
int clientauth_read(const struct broker *broker, struct broker_params form, const char *authorization,
                    struct client_proof *ret, broker_fault *ret_fault, struct err *err);
/* -1 with fault "invalid_client": it was used before. */
int clientauth_use_up(const struct broker *broker, const struct client_proof *proof, broker_fault *ret_fault,
                      struct err *err);

#endif
