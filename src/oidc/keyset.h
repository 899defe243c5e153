/*
 * The keys that an OpenID provider signs with (JWK set, RFC 7517), as it publishes them.
 *
 *   keyset_read -> keyset_verify… -> keyset_free
 *
 * Only public RSA keys of 2048 bits and up and EC keys on P-256, P-384 and P-521 are taken, and none that says it is for encryption; others
 * are passed over, as providers publish keys for many purposes. A set may be shared by threads.
 */
#ifndef OIDC_KEYSET_H
#define OIDC_KEYSET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/span.h"

#define KEYSET_BYTES_MAX (256 * 1024)
#define KEYSET_KEYS_MAX  64

struct keyset;
struct _cjose_jws_int;

/* ERR_INPUT: not a JWK set, or without a key that could be used. */
int keyset_read(struct span json, struct keyset **ret, struct err *err);
void keyset_free(struct keyset **set); /* NULL inside is fine; fits CLEANUP */
size_t keyset_count(const struct keyset *set);

/* How far a signature came. */
enum keyset_verdict {
    KEYSET_VERIFIED,
    KEYSET_NO_KEY,  /* no key of this name and kind: the provider may have new ones */
    KEYSET_INVALID, /* not made with any key that it could have been made with */
};

/* Verifies against the keys that fit: of the kind that alg needs, not meant for another alg, and of this name when kid is not NULL. */
enum keyset_verdict keyset_verify(const struct keyset *set, const char *alg, const char *kid,
                                  struct _cjose_jws_int *jws);

/* Is this an algorithm that is accepted at all? Never "none", never one with a shared secret. */
bool keyset_accepts(const char *alg);

#endif
