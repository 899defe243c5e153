/*
 * SHA-256 over a sequence of values, as a fingerprint (128 bits) or in full.
 *
 *   digest_new -> (digest_start -> digest_add… -> digest_key | digest_hex)… -> digest_free
 *
 * digest_field adds a value with its length ahead, so that ("ab", "c") and ("a", "bc") differ.
 */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include <stddef.h>

#include "base/key.h"
#include "base/span.h"

#define DIGEST_HEX_MAX 65

struct digest;

struct digest *digest_new(void);
void digest_free(struct digest **digest);
void digest_start(struct digest *digest);
void digest_add(struct digest *digest, const void *data, size_t n);
void digest_field(struct digest *digest, struct span value);
struct key128 digest_key(struct digest *digest);
void digest_hex(struct digest *digest, char ret[static DIGEST_HEX_MAX]);

/* Of one value, in one call. */
void digest_hex_of(const void *data, size_t n, char ret[static DIGEST_HEX_MAX]);

#endif
