/*
 * What an identity provider says about itself (SAML 2.0 Metadata): who it is, where people are sent, and which keys it
 * signs with.
 *
 *   saml_init -> metadata_read -> (read the fields) -> metadata_free
 *
 * The document is trusted because an administrator configured it, and a signature inside is not looked at; or because a pinned signer signed it.
 */
#ifndef SAML_METADATA_H
#define SAML_METADATA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "crypto/digest.h"
#include "saml/signature.h"

#define SAML_METADATA_MAX  (1024 * 1024) /* bytes */
#define SAML_METADATA_KEYS 16
#define SAML_ENTITY_ID_MAX 1024 /* bytes (SAML core, 8.3.6) */

struct saml_endpoint {
    const char *binding;  /* URI, SAML_BINDING_… */
    const char *location; /* https://, or http:// to a loopback host */
    const char *answer;   /* where responses go, when that is another place; NULL: location */
};

struct saml_idp {
    const char *entity_id;
    struct saml_endpoint *sso; /* at least one over HTTP-POST or HTTP-Redirect */
    size_t nsso;
    struct saml_endpoint *slo; /* may be none */
    size_t nslo;
    struct saml_key *keys; /* at least one; each certificate once, in the order of the document, expired ones too */
    size_t nkeys;
    int64_t valid_until; /* exclusive; 0: the document sets no end */
    bool wants_signed_requests;
    char digest[DIGEST_HEX_MAX]; /* SHA-256 of the document's bytes, to see whether it changed */
    struct pool *pool;           /* owns the texts above */
    _Atomic unsigned shares;     /* beside the first */
};

/*
 * Reads an EntityDescriptor with one IDPSSODescriptor for SAML 2.0, or an EntitiesDescriptor that holds exactly one
 * such entity. Refused (ERR_INPUT or ERR_REFUSED): what xml.h refuses, no or several identity providers, no endpoint,
 * no signing key (a KeyDescriptor without "use" counts), a key below SAML_RSA_BITS_MIN, and a document that is past its
 * validUntil at now. Expired certificates are kept for the caller to show. *ret_code (NULL: not wanted) is set on error
 * to a short stable name of the fault. Freed with metadata_free.
 */
int metadata_read(struct span document, int64_t now, struct saml_idp **ret, const char **ret_code, struct err *err);
/*
 * The same of a document whose root is signed with one of these keys, in the form of signature.h: nothing else is read. ERR_REFUSED: it is not.
 */
int metadata_read_signed(struct span document, int64_t now, const struct saml_key *signers, size_t n,
                         struct saml_idp **ret, struct err *err);
void metadata_free(struct saml_idp **idp); /* NULL inside is fine; fits CLEANUP */
/* The same once more, for somebody else, perhaps in another thread: it lives until all gave it back. Nobody changes it. */
struct saml_idp *metadata_share(struct saml_idp *idp);

/* The location for a binding, or NULL. */
const char *metadata_sso(const struct saml_idp *idp, const char *binding);
const char *metadata_slo(const struct saml_idp *idp, const char *binding);
/* Where an answer to a logout request goes by this binding. */
const char *metadata_slo_answer(const struct saml_idp *idp, const char *binding);

#endif
