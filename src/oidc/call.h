/*
 * One request to a provider, sent and waited for: all of this module's I/O. No redirects, no proxy of the environment (net/http.h).
 *
 *   struct http_reply reply = {0};
 *   call_send(ca_file, &request, &reply, err) -> reply.status, reply.body -> buf_release(&reply.body)
 *
 * Who needs a provider is handed a struct caller, so that tests can hand in answers that were recorded.
 */
#ifndef OIDC_CALL_H
#define OIDC_CALL_H

#include "base/err.h"
#include "base/pool.h"
#include "net/http.h"
#include "oidc/discovery.h"
#include "oidc/keyset.h"

/* milliseconds for one request: a browser waits for it, and a reload of the configuration for all that a sign-in may take of them */
#define CALL_TIMEOUT 8000

/* 0 when a whole reply came, whatever its status; its body is the caller's. Else as transfer_fault says. ca_file as in http_policy. */
int call_send(const char *ca_file, const struct http_request *request, struct http_reply *ret, struct err *err);

/* Something that sends as call_send does. */
struct caller {
    int (*send)(void *ctx, const char *ca_file, const struct http_request *request, struct http_reply *ret,
                struct err *err);
    void *ctx;
};
extern const struct caller call_directly; /* by call_send */

/* The provider's description of itself, and its keys, fetched and read. */
int call_discovery(struct pool *pool, const struct caller *caller, const char *ca_file, const char *issuer,
                   struct provider *ret, struct err *err);
int call_keyset(const struct caller *caller, const char *ca_file, const struct provider *provider, struct keyset **ret,
                struct err *err);

#endif
