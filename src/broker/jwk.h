/* A public key as others read it: JWK (RFC 7517) and its thumbprint (RFC 7638), by which it is named. */
#ifndef BROKER_JWK_H
#define BROKER_JWK_H

#include <openssl/types.h>

#include "base/buf.h"
#include "base/err.h"

#define JWK_KID_SIZE 44 /* SHA-256 as base64url, and NUL */

/* RSA, or EC on P-256, P-384 or P-521: -1 for others. ret: what the thumbprint is taken of, and so without name, use and algorithm. */
int jwk_of(const EVP_PKEY *key, struct buf *ret, char ret_kid[static JWK_KID_SIZE]);

/* A PEM file with a public key or a certificate, as a JWK set of one key. ERR_CONFIG with the reason. */
int jwk_read_pem(const char *path, struct buf *ret, struct err *err);

#endif
