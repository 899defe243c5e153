/* What applications are told of a person, and whether they may use the application at all. */
#ifndef BROKER_CLAIMS_H
#define BROKER_CLAIMS_H

#include <jansson.h>

#include "broker/broker.h"

/* What the application calls the person (OpenID Connect Core, 8): never changes, and says nothing. In the pool. */
const char *claims_subject(const struct broker *broker, const struct application *application, const char *directory,
                           const char *uid);
/* Does the person hold the application's product? -1 with fault "access_denied": no; without: for a reason of our own. */
int claims_may_use(const struct broker *broker, const struct application *application, const struct signin_who *who,
                   broker_fault *ret_fault, struct err *err);
/* Adds what the scope asks for to claims. */
int claims_add(const struct broker *broker, const struct application *application, const struct signin_who *who,
               const char *scope, json_t *claims, struct err *err);

struct claims_token {
    const struct application *application;
    const struct signin_who *who;
    const char *subject, *scope, *nonce; /* nonce: "" for none */
    const char *access_token;            /* beside it */
};
/* Adds the signed ID token (OpenID Connect Core, 2). */
int claims_id_token(const struct broker *broker, const struct claims_token *about, struct buf *ret, struct err *err);

#endif
