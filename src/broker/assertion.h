/*
 * An application's signed word that it is the client (private_key_jwt; RFC 7523, 3): its issuer and subject are the client id, its sole audience
 * is our issuer, and its id counts once.
 */
#ifndef BROKER_ASSERTION_H
#define BROKER_ASSERTION_H

#include "broker/clientauth.h"

/* -1 with fault "invalid_client". The claims are believed only after the signature stood with a key of the application. */
int assertion_read(const struct broker *broker, const struct application *application, const char *text,
                   struct client_proof *ret, broker_fault *ret_fault, struct err *err);

#endif
