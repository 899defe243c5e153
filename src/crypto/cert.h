/*
 * One X.509 certificate, read from DER: what an administrator wants to see of it, and its public key.
 *
 *   cert_read -> (read the fields) -> cert_release
 *
 * Nothing here decides trust: whoever configured the certificate did.
 */
#ifndef CRYPTO_CERT_H
#define CRYPTO_CERT_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "base/err.h"
#include "base/span.h"
#include "crypto/digest.h"

#define CERT_DER_MAX       16384
#define CERT_SUBJECT_SHOWN 256 /* bytes of the subject that are kept */

enum cert_key { CERT_KEY_OTHER, CERT_KEY_RSA, CERT_KEY_EC };

struct cert {
    unsigned char *der;
    size_t der_len;
    char *subject;                    /* RFC 4514 order and escapes, UTF-8, fit for a terminal */
    int64_t not_before, not_after;    /* both inclusive (RFC 5280, 4.1.2.5) */
    char fingerprint[DIGEST_HEX_MAX]; /* SHA-256 of the DER, lower-case hexadecimal */
    enum cert_key key_type;
    char key_name[32]; /* "RSA", "EC P-256", or OpenSSL's name of another kind */
    int key_bits;
    EVP_PKEY *key;
};

/*
 * Reads exactly one certificate of at most CERT_DER_MAX bytes, with nothing behind it. ERR_INPUT when it is none, or
 * when its public key cannot be read. *ret is filled only on success.
 */
int cert_read(struct span der, struct cert *ret, struct err *err);
void cert_release(struct cert *cert); /* a zeroed struct is fine */

#endif
