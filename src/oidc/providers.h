/*
 * What is known of OpenID providers, kept for all threads: the discovery document and the key set of each.
 *
 *   providers_new -> providers_want -> providers_get, providers_renew… -> providers_give;  providers_keep now and then -> providers_free
 *
 * Both are fetched at first need, by the thread that needs them, and from then on by providers_keep: every PROVIDERS_FRESH seconds, and after a fault
 * less and less often, while what is known stays in use. One provider that is slow keeps nobody else waiting than those who want it: who waits for what it says
 * of itself counts among the PROVIDERS_SENDING as well.
 */
#ifndef OIDC_PROVIDERS_H
#define OIDC_PROVIDERS_H

#include "oidc/call.h"

#define PROVIDERS_FRESH   3600 /* seconds for which a document and keys are not looked at again */
#define PROVIDERS_RENEW   60   /* seconds from one fetch for an unknown key to the next: anybody can name one */
#define PROVIDERS_RETRY   10   /* seconds after a fault, doubled with each to … */
#define PROVIDERS_WAIT    600
#define PROVIDERS_SENDING 16   /* requests to one provider at once */
#define PROVIDERS_TURN    2000 /* milliseconds that the next one waits for its turn, and is then refused */
#define PROVIDERS_SLOW    1000 /* milliseconds for a request, from which on a provider is slow … */
#define PROVIDERS_WAITING 8    /* … and no more wait for their turn: threads are for other providers, too */

struct providers;

/* As it was at one time; never changed. */
struct known {
    struct provider provider;
    const struct keyset *keys;
};

/* caller: how they are reached; has to outlive it. */
struct providers *providers_new(const struct caller *caller);
void providers_free(struct providers **providers); /* nobody uses it any more. NULL inside is fine */

/* From here on these, by issuer, and no others are kept up to date; what is known of them stays. ca_file as in http_policy. Texts are copied. */
struct providers_wanted {
    const char *issuer, *ca_file;
};
void providers_want(struct providers *providers, const struct providers_wanted *wanted, size_t n);

/*
 * What is known of the provider, fetched now when it is nothing. ERR_REFUSED: not one that is wanted; else as call_discovery and call_keyset say, also
 * when that was said a moment ago. Given back with providers_give.
 */
int providers_get(struct providers *providers, const char *issuer, int64_t now, const struct known **ret,
                  struct err *err);
/*
 * *known has not got a key that was named: fetches anew, and puts what is known then in its place. 1: it is another one, and what
 * was read from the one before is dead; 0: it was fetched too short a
 * while ago, or could not be.
 */
int providers_renew(struct providers *providers, int64_t now, const struct known **known);
void providers_give(struct providers *providers, const struct known **known); /* NULL inside is fine */

/* One request to this provider, among not more than PROVIDERS_SENDING. */
int providers_send(struct providers *providers, const struct known *known, const struct http_request *request,
                   struct http_reply *ret, struct err *err);

/* Fetches whatever is due. For a thread that may wait. */
void providers_keep(struct providers *providers, int64_t now);
/* Is something known of each that is wanted, so that nobody has to wait for a first fetch? */
bool providers_known(struct providers *providers);
/* The addresses that browsers are sent to, of those that are wanted and known. */
void providers_each(struct providers *providers, void (*each)(void *ctx, const struct provider *provider), void *ctx);

#endif
