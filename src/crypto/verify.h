/*
 * Signatures over bytes, as they stand in URLs and tokens: verified with a public key and an algorithm that the caller allowed
 * for this kind of key, whatever a message says.
 */
#ifndef CRYPTO_VERIFY_H
#define CRYPTO_VERIFY_H

#include <stdbool.h>

#include "base/span.h"
#include "crypto/cert.h"

enum verify_algorithm {
    VERIFY_RSA_SHA256, /* RSASSA-PKCS1-v1_5 */
    VERIFY_RSA_SHA384,
    VERIFY_RSA_SHA512,
    VERIFY_EC_SHA256, /* r and s, each of the curve's length */
    VERIFY_EC_SHA384,
    VERIFY_EC_SHA512,
};

enum cert_key verify_key_type(enum verify_algorithm algorithm);
/* False also when the key is not of the algorithm's kind. */
bool verify_bytes(const struct cert *cert, enum verify_algorithm algorithm, struct span data, struct span signature);

#endif
