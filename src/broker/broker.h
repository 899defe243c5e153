/*
 * An OpenID provider for the organisation's own applications (OpenID Connect Core 1.0; RFC 6749 as RFC 9700 has it). No HTTP and no sockets.
 *
 *   authorize_begin -> (sign-in, where one is needed) -> authorize_go_on -> exchange -> userinfo, introspect, revoke
 *
 * Who is signed in is the business of src/signin/: everything that is given out hangs on a session, and is good only as long as the session, the
 * person and the application's product. What is refused comes back as ERR_REFUSED or ERR_INPUT with the reason for an administrator; what the
 * application is told is a code of the standards beside it.
 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "broker/application.h"
#include "broker/keyring.h"
#include "signin/signin.h"

#define BROKER_CODE_MAX 512 /* bytes of a code or token, the longest that is looked up */

/* What one request is answered from. */
struct broker {
    const struct signin *in;
    const struct applications *applications;
    const struct keyring *keys;
    const char *issuer; /* [organization] url */
};

/* A parameter as request_param gives it: 1 there once, 0 not there, -1 more than once or not clean UTF-8. */
typedef int broker_param(const void *ctx, const char *name, const char **ret);
struct broker_params {
    broker_param *get;
    const void *ctx;
};

/* What the application is told of a fault: a code of RFC 6749, 4.1.2.1 and 5.2, RFC 6750, 3.1 or OpenID Connect Core, 3.1.2.6. */
typedef const char *broker_fault;

/* Fills err and the code: "return broker_refuse(fault, "invalid_grant", err, …)" */
int broker_refuse(broker_fault *ret, const char *code, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* A value from outside for a message: printable, and cut. */
const char *broker_shown(const struct broker *broker, const char *value);

/* --- scopes, as one text with spaces ------------------------------------------------------------------------------- */

bool scope_has(const char *scope, const char *word);
/* Those of the words that we know, each once. */
const char *scope_known(struct pool *pool, const char *scope);
bool scope_within(const char *scope, const char *wider);
extern const char *const scope_words[]; /* ends with NULL */

#endif
