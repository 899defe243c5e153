/*
 * Messages of ours, written as text and signed: requests, logout messages, metadata.
 *
 *   saml_new_id -> buf_adds, saml_add_attr, text_markup… -> saml_sign
 *
 * saml_init comes first. Signing needs nothing of a key but keypair_sign.
 */
#ifndef SAML_WRITE_H
#define SAML_WRITE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "crypto/keypair.h"

#define SAML_ID_SIZE 34 /* "_", a token, NUL */

/* An id for a message: 160 bits that nobody guesses, as an NCName. */
void saml_new_id(char ret[static SAML_ID_SIZE]);

/* Adds ` name="value"`; nothing when value is NULL. */
void saml_add_attr(struct buf *out, const char *name, const char *value);
/* The same of an instant. */
void saml_add_instant(struct buf *out, const char *name, int64_t when);
/* Adds "<name>value</name>". */
void saml_add_element(struct buf *out, const char *name, const char *value);

/*
 * Signs a document: an enveloped signature over its root, which has the attribute ID="id", put at the byte "at" (behind the Issuer, or first,
 * as the schema wants it). Exclusive canonicalisation; RSA or ECDSA with SHA-2 as keypair_sign; the certificate beside it.
 */
int saml_sign(struct buf *xml, size_t at, const char *id, const struct keypair *key, struct err *err);

/* The URI of the algorithm that this key signs with, for SignatureMethod and SigAlg. */
const char *saml_signature_method(const struct keypair *key);

#endif
