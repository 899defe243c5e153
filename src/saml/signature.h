/*
 * XML signatures, verified only against keys that were configured.
 *
 *   saml_key_open… -> signature_find -> signature_verify -> saml_key_release…
 *
 * The document has no say in anything: its KeyInfo is never used to find a key, its Reference must name the very
 * element that holds the signature, and only the transforms and algorithms of signature_form.c are let through to
 * libxmlsec1, which is told the same lists once more. After signature_verify returned 0, the element handed to it, and
 * what stands in it, is what was signed.
 */
#ifndef SAML_SIGNATURE_H
#define SAML_SIGNATURE_H

#include <libxml/tree.h>

#include "base/err.h"
#include "crypto/cert.h"
#include "crypto/verify.h"

#define SAML_RSA_BITS_MIN 2048
#define SAML_RSA_BITS_MAX 16384

/*
 * One trusted certificate with its public key in the form libxmlsec1 uses; parsed once and shared by all verifications
 * and threads.
 */
struct saml_key {
    struct cert cert;
    struct _xmlSecKey *key;
};

/*
 * Reads a certificate that signs. ERR_INPUT when it is none, ERR_REFUSED for a key other than RSA of 2048 bits and up
 * or EC P-256/384/521.
 */
int saml_key_open(struct span der, struct saml_key *ret, struct err *err);
void saml_key_release(struct saml_key *key);

/* In the order in which they are looked at. */
enum signature_fault {
    SIGNATURE_OK,
    SIGNATURE_FORM,       /* something in the Signature that has no business there, or is missing */
    SIGNATURE_REFERENCE,  /* does not name exactly the element that holds it */
    SIGNATURE_TRANSFORMS, /* other than enveloped-signature, then exclusive canonicalisation */
    SIGNATURE_ALGORITHMS, /* other than RSA or ECDSA with SHA-256 and up */
    SIGNATURE_INVALID,    /* not made with a trusted key, or the content was changed */
};

/* The algorithm of this URI, when it is one that is let through: RSA or ECDSA with SHA-2. uri may be NULL. */
bool signature_method(const char *uri, enum verify_algorithm *ret);

/* What signature_check_form found out. */
struct signature_form {
    enum cert_key key_type; /* the kind of key that the signature method needs */
    /* the first X509Certificate in KeyInfo, a hint which trusted key to try first, or NULL */
    const xmlNode *certificate;
};

/*
 * Reads the ds:Signature that is a child of parent, without cryptography: what it is made of, that it signs parent and
 * nothing else, and the algorithms. -1 with the fault and a text for the administrator, ERR_REFUSED.
 */
int signature_check_form(const xmlNode *signature, const xmlNode *parent, struct signature_form *ret,
                         enum signature_fault *ret_fault, struct err *err);

/*
 * Verifies the signature that is a child of parent against n trusted keys; no key at all is SIGNATURE_INVALID.
 * signature_check_form is made first. Registers parent's ID with the document. *ret_signer is the key that verified,
 * owned by the caller's array.
 */
int signature_verify(xmlNode *signature, xmlNode *parent, const struct saml_key *keys, size_t n,
                     const struct saml_key **ret_signer, enum signature_fault *ret_fault, struct err *err);

#endif
