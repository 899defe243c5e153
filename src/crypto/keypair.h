/*
 * A private key of ours with its certificate, used through two operations only: sign bytes, unwrap a key. So it can move into a process
 * of its own, or into hardware, and nothing but this file changes.
 *
 *   keypair_make (once, into a file) -> keypair_read -> keypair_sign, keypair_unwrap… -> keypair_free
 *
 * A key pair may be shared by threads.
 */
#ifndef CRYPTO_KEYPAIR_H
#define CRYPTO_KEYPAIR_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "crypto/cert.h"

#define KEYPAIR_FILE_MAX    65536 /* bytes of the PEM file */
#define KEYPAIR_RSA_BITS    3072  /* of a key that we make for use */
#define KEYPAIR_WRAPPED_MAX 2048  /* bytes of a wrapped key: RSA of 16384 bits */

struct keypair;

/*
 * Makes an RSA key and a certificate that it signs itself, in PEM (private key first), from bytes that only memory holds until they are
 * written with mode 0600. name: the certificate's CN; bits: of the key, 2048 and up. The certificate is valid from an hour before now for
 * the given days. ERR_CONFLICT when the file is there already: a key is never overwritten.
 */
int keypair_make(const char *path, const char *name, unsigned bits, int days, int64_t now, struct err *err);

/* The same with an EC key on P-256. */
int keypair_make_ec(const char *path, const char *name, int days, int64_t now, struct err *err);

/*
 * Reads a PEM file with one private key, not under a pass phrase, and its certificate first among the certificates. ERR_REFUSED when others
 * may read the file, ERR_CONFIG when it holds something else, or the certificate is another key's.
 */
int keypair_read(const char *path, struct keypair **ret, struct err *err);
void keypair_free(struct keypair **pair); /* NULL inside is fine; fits CLEANUP */

const struct cert *keypair_cert(const struct keypair *pair);

/* RSA: PKCS #1 1.5 with SHA-256. EC: ECDSA with the curve's own SHA-2, as r and s of the curve's length (RFC 7518, 3.4; XML signatures alike). */
int keypair_sign(const struct keypair *pair, struct span data, struct buf *ret, struct err *err);

/* How a key was wrapped: RSAES-OAEP (RFC 8017, 7.1) without a label, with one of these digests for the text and for MGF1. */
enum oaep_digest { OAEP_SHA1, OAEP_SHA256, OAEP_SHA384, OAEP_SHA512 };

/*
 * Unwraps into ret, of room bytes, of which *ret_n were written. There is one fault, and one text for it, whatever was wrong: who sees the
 * difference can ask until it knows the key.
 */
int keypair_unwrap(const struct keypair *pair, enum oaep_digest digest, enum oaep_digest mgf, struct span wrapped,
                   unsigned char *ret, size_t room, size_t *ret_n, struct err *err);

#endif
