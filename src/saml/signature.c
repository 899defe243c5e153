#include "saml/signature.h"

#include <openssl/err.h>
#include <stdbool.h>

#include <openssl/evp.h>

#include <libxml/valid.h>
#include <xmlsec/keys.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/transforms.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "saml/base64.h"
#include "saml/node.h"

DEFINE_CLEANUP(dsig_ctxp, xmlSecDSigCtxPtr, xmlSecDSigCtxDestroy)

/* --- trusted keys ------------------------------------------------------------------------------------------------- */

static int check_strength(const struct cert *cert, struct err *err)
{
    if (cert->key_type == CERT_KEY_OTHER)
        return err_set(err, ERR_REFUSED,
                       "certificate '%s': its key is %s, which is not accepted; give the identity provider an RSA key "
                       "of 2048 bits or more, or an EC key on P-256",
                       cert->subject, cert->key_name);
    if (cert->key_type == CERT_KEY_RSA && (cert->key_bits < SAML_RSA_BITS_MIN || cert->key_bits > SAML_RSA_BITS_MAX))
        return err_set(err, ERR_REFUSED,
                       "certificate '%s': its RSA key has %d bits, accepted are %d to %d; give the identity provider a "
                       "new signing key",
                       cert->subject, cert->key_bits, SAML_RSA_BITS_MIN, SAML_RSA_BITS_MAX);
    return 0;
}

/* xmlSecOpenSSLEvpKeyAdopt and xmlSecKeySetValue take what they are given only when they succeed. */
static xmlSecKeyPtr wrap_key(EVP_PKEY *key)
{
    xmlSecKeyPtr wrapped = xmlSecKeyCreate();
    EVP_PKEY_up_ref(key);
    xmlSecKeyDataPtr data = wrapped ? xmlSecOpenSSLEvpKeyAdopt(key) : NULL;
    if (data && xmlSecKeySetValue(wrapped, data) == 0)
        return wrapped;
    if (data)
        xmlSecKeyDataDestroy(data);
    else
        EVP_PKEY_free(key);
    if (wrapped)
        xmlSecKeyDestroy(wrapped);
    return NULL;
}

int saml_key_open(struct span der, struct saml_key *ret, struct err *err)
{
    CLEANUP(cert_release) struct cert cert = {0};
    if (cert_read(der, &cert, err) || check_strength(&cert, err))
        return -1;
    xmlSecKeyPtr key = wrap_key(cert.key);
    if (!key)
        return err_set(err, ERR_INPUT,
                       "certificate '%s': libxmlsec1 cannot use its key; give the identity provider an RSA key",
                       cert.subject);
    *ret = (struct saml_key){.cert = cert, .key = key};
    cert = (struct cert){0};
    return 0;
}

void saml_key_release(struct saml_key *key)
{
    if (key->key)
        xmlSecKeyDestroy(key->key);
    cert_release(&key->cert);
    key->key = NULL;
}

/* --- one verification --------------------------------------------------------------------------------------------- */

/* The lists of signature_form.c, as libxmlsec1 knows them. Empty lists would mean "everything". */
static int narrow(xmlSecDSigCtxPtr ctx)
{
    const xmlSecTransformId reference[] = {
        xmlSecTransformEnvelopedId,     xmlSecTransformExclC14NId,      xmlSecTransformExclC14NWithCommentsId,
        xmlSecOpenSSLTransformSha256Id, xmlSecOpenSSLTransformSha384Id, xmlSecOpenSSLTransformSha512Id,
    };
    const xmlSecTransformId signature[] = {
        xmlSecTransformExclC14NId,           xmlSecTransformExclC14NWithCommentsId, xmlSecTransformInclC14NId,
        xmlSecOpenSSLTransformRsaSha256Id,   xmlSecOpenSSLTransformRsaSha384Id,     xmlSecOpenSSLTransformRsaSha512Id,
        xmlSecOpenSSLTransformEcdsaSha256Id, xmlSecOpenSSLTransformEcdsaSha384Id,   xmlSecOpenSSLTransformEcdsaSha512Id,
    };
    ctx->flags |= XMLSEC_DSIG_FLAGS_IGNORE_MANIFESTS | XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES;
    ctx->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
    for (size_t i = 0; i < sizeof reference / sizeof *reference; i++)
        if (xmlSecDSigCtxEnableReferenceTransform(ctx, reference[i]) < 0)
            return -1;
    for (size_t i = 0; i < sizeof signature / sizeof *signature; i++)
        if (xmlSecDSigCtxEnableSignatureTransform(ctx, signature[i]) < 0)
            return -1;
    return 0;
}

/*
 * The bytes that went into the digest begin as this element does: an empty or foreign canonical form proves nothing
 * about it.
 */
static bool digested_is(xmlSecDSigReferenceCtxPtr reference, const xmlNode *parent)
{
    xmlSecBufferPtr bytes = xmlSecDSigReferenceCtxGetPreDigestBuffer(reference);
    CLEANUP(buf_release) struct buf start = BUF_INIT;
    if (parent->ns && parent->ns->prefix)
        buf_printf(&start, "<%s:%s ", (const char *)parent->ns->prefix, (const char *)parent->name);
    else
        buf_printf(&start, "<%s ", (const char *)parent->name);
    return bytes && xmlSecBufferGetSize(bytes) > start.len &&
           memcmp(xmlSecBufferGetData(bytes), start.data, start.len) == 0;
}

enum verdict { GOOD, CHANGED, WRONG_KEY };

static enum verdict verify_with(const struct saml_key *key, xmlNode *signature, const xmlNode *parent)
{
    /* No keys manager: with one, a key in the document's own KeyInfo would do. */
    CLEANUP(dsig_ctxp) xmlSecDSigCtxPtr ctx = xmlSecDSigCtxCreate(NULL);
    if (!ctx || narrow(ctx))
        return WRONG_KEY;
    ctx->signKey = key->key;
    int ret = xmlSecDSigCtxVerify(ctx, signature);
    ctx->signKey = NULL; /* shared, and the context would destroy it */
    ERR_clear_error();
    xmlSecPtrListPtr references = &ctx->signedInfoReferences;
    xmlSecDSigReferenceCtxPtr reference =
        xmlSecPtrListGetSize(references) == 1 ? xmlSecPtrListGetItem(references, 0) : NULL;
    if (!reference || reference->status != xmlSecDSigStatusSucceeded || !digested_is(reference, parent))
        return CHANGED;
    /* A signature that does not verify also returns 0. */
    return ret == 0 && ctx->status == xmlSecDSigStatusSucceeded ? GOOD : WRONG_KEY;
}

/* --- against all trusted keys ------------------------------------------------------------------------------------- */

/*
 * xmlAddID refuses an id that is there already; ids are unique (xml.h), so that one is this element's own from an
 * earlier call.
 */
static bool register_id(xmlNode *parent)
{
    for (xmlAttr *a = parent->properties; a; a = a->next) {
        if (a->ns || strcmp((const char *)a->name, "ID") != 0)
            continue;
        const xmlChar *id = (const xmlChar *)node_attr_value(a);
        return xmlGetID(parent->doc, id) == a || xmlAddID(NULL, parent->doc, id, a);
    }
    return false;
}

static bool hint_names(const xmlNode *certificate, const struct saml_key *key)
{
    CLEANUP(buf_release) struct buf der = BUF_INIT;
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *text = node_text(pool, certificate);
    return text && saml_base64_decode(span_str(text), &der) == 0 && der.len == key->cert.der_len &&
           memcmp(der.data, key->cert.der, der.len) == 0;
}

/*
 * With several trusted certificates, the one that the sender names is tried first: one verification instead of several.
 */
static size_t first_to_try(const struct signature_form *form, const struct saml_key *keys, size_t n)
{
    for (size_t i = 0; form->certificate && n > 1 && i < n; i++)
        if (hint_names(form->certificate, &keys[i]))
            return i;
    return 0;
}

static int refuse(const xmlNode *parent, enum verdict verdict, size_t tried, enum signature_fault *ret_fault,
                  struct err *err)
{
    const char *what = (const char *)parent->name;
    *ret_fault = SIGNATURE_INVALID;
    if (verdict == CHANGED)
        return err_set(err, ERR_REFUSED,
                       "signature of the %.40s: the signed content was changed after signing; capture the response "
                       "again as it was sent, without formatting it",
                       what);
    if (tried == 0)
        return err_set(err, ERR_REFUSED,
                       "signature of the %.40s: no trusted certificate has a key of the kind it was made with; get the "
                       "identity provider's current metadata",
                       what);
    return err_set(err, ERR_REFUSED,
                   "signature of the %.40s: it was not made with %s; if the identity provider has changed its "
                   "certificate, get its current metadata",
                   what, tried == 1 ? "the trusted certificate" : "any of the trusted certificates");
}

int signature_verify(xmlNode *signature, xmlNode *parent, const struct saml_key *keys, size_t n,
                     const struct saml_key **ret_signer, enum signature_fault *ret_fault, struct err *err)
{
    struct signature_form form;
    if (signature_check_form(signature, parent, &form, ret_fault, err))
        return -1;
    if (signature->parent != parent || !register_id(parent))
        return refuse(parent, CHANGED, 0, ret_fault, err);
    size_t first = first_to_try(&form, keys, n), tried = 0;
    enum verdict verdict = WRONG_KEY;
    for (size_t i = 0; i < n && verdict == WRONG_KEY; i++) {
        const struct saml_key *key = &keys[(first + i) % n];
        if (key->cert.key_type != form.key_type)
            continue;
        tried++;
        verdict = verify_with(key, signature, parent);
        if (verdict == GOOD)
            *ret_signer = key;
    }
    if (verdict != GOOD)
        return refuse(parent, verdict, tried, ret_fault, err);
    *ret_fault = SIGNATURE_OK;
    return 0;
}
