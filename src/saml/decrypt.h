/*
 * An encrypted assertion made plain (XML Encryption 1.0 and 1.1).
 *
 * What comes out proves nothing: anyone can encrypt to us. It goes through xml_read like everything from outside, and has to be signed
 * itself, unless the response that carried it was verified before.
 *
 * Let through: AES-GCM with RSA-OAEP. AES-CBC only when what carries it was verified, since its padding tells whoever may change
 * it what is inside. RSA 1.5, CipherReference, keys fetched from elsewhere and OAEP labels are refused.
 */
#ifndef SAML_DECRYPT_H
#define SAML_DECRYPT_H

#include <stdbool.h>

#include <libxml/tree.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/keypair.h"

#define SAML_WRAPPED_KEYS_MAX 8 /* EncryptedKeys that are looked at */

/*
 * Decrypts the EncryptedAssertion with the first of n key pairs that fits. verified: a signature that covers it stood. -1, ERR_REFUSED: the
 * form is named as it is, but whatever goes wrong once a key is used has one and the same text.
 */
int saml_decrypt(const xmlNode *encrypted, bool verified, const struct keypair *const *keys, size_t n, struct buf *ret,
                 struct err *err);

#endif
