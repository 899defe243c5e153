#include "saml/decrypt.h"

#include <openssl/err.h>
#include <openssl/crypto.h>

#include <xmlsec/keys.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/transforms.h>
#include <xmlsec/xmlenc.h>
#include <xmlsec/xmlsec.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "saml/base64.h"
#include "saml/node.h"
#include "saml/saml.h"

#define NS_XENC11   "http://www.w3.org/2009/xmlenc11#"
#define AES_KEY_MAX 32

DEFINE_CLEANUP(enc_ctxp, xmlSecEncCtxPtr, xmlSecEncCtxDestroy)
DEFINE_CLEANUP(sec_keyp, xmlSecKeyPtr, xmlSecKeyDestroy)

static const struct cipher {
    const char *uri;
    size_t key_bytes;
    bool authenticated;
} ciphers[] = {
    {NS_XENC11 "aes128-gcm", 16, true},     {NS_XENC11 "aes192-gcm", 24, true},
    {NS_XENC11 "aes256-gcm", 32, true},     {SAML_NS_XENC "aes128-cbc", 16, false},
    {SAML_NS_XENC "aes192-cbc", 24, false}, {SAML_NS_XENC "aes256-cbc", 32, false},
};

static const struct {
    const char *uri;
    enum oaep_digest digest;
} digests[] =
    {
        {SAML_NS_DSIG "sha1", OAEP_SHA1},
        {SAML_NS_XENC "sha256", OAEP_SHA256},
        {"http://www.w3.org/2001/04/xmldsig-more#sha384", OAEP_SHA384},
        {SAML_NS_XENC "sha512", OAEP_SHA512},
},
  mgfs[] = {
      {NS_XENC11 "mgf1sha1", OAEP_SHA1},
      {NS_XENC11 "mgf1sha256", OAEP_SHA256},
      {NS_XENC11 "mgf1sha384", OAEP_SHA384},
      {NS_XENC11 "mgf1sha512", OAEP_SHA512},
};
#define ALGORITHMS (sizeof digests / sizeof *digests)

static const char UNREADABLE[] =
    "assertion: it cannot be decrypted with our keys; check that the identity provider has our current metadata";

static int refuse(struct err *err, const char *fault, const char *value)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    size_t n = value ? strlen(value) : 0;
    return err_set(err, ERR_REFUSED, "encrypted assertion: %s '%s'; set AES-GCM with RSA-OAEP at the identity provider",
                   fault, value ? text_printable(pool, (struct span){value, n < 200 ? n : 200}) : "(missing)");
}

static const char *algorithm_of(const xmlNode *encrypted)
{
    return node_attr(node_child(encrypted, SAML_NS_XENC, "EncryptionMethod"), "Algorithm");
}

static int find_cipher(const xmlNode *data, bool verified, const struct cipher **ret, struct err *err)
{
    const char *uri = algorithm_of(data);
    for (size_t i = 0; uri && i < sizeof ciphers / sizeof *ciphers; i++) {
        if (strcmp(uri, ciphers[i].uri) != 0)
            continue;
        if (!ciphers[i].authenticated && !verified)
            return refuse(err, "without a signature on the response its cipher is not accepted:", uri);
        *ret = &ciphers[i];
        return 0;
    }
    return refuse(err, "its cipher is not accepted:", uri);
}

/* --- the key ------------------------------------------------------------------------------------------------------ */

struct wrapping {
    enum oaep_digest digest, mgf;
};

/* rsa-oaep-mgf1p has SHA-1 in MGF1, whatever its digest is; rsa-oaep names both, and means SHA-1 where it does not. */
static int read_wrapping(const xmlNode *key, struct wrapping *ret, struct err *err)
{
    const xmlNode *method = node_child(key, SAML_NS_XENC, "EncryptionMethod");
    const char *uri = algorithm_of(key);
    bool old = uri && strcmp(uri, SAML_NS_XENC "rsa-oaep-mgf1p") == 0,
         both = uri && strcmp(uri, NS_XENC11 "rsa-oaep") == 0;
    const char *digest = node_attr(node_child(method, SAML_NS_DSIG, "DigestMethod"), "Algorithm");
    const char *mgf = both ? node_attr(node_child(method, NS_XENC11, "MGF"), "Algorithm") : NULL;
    if (!old && !both)
        return refuse(err, "its key transport is not accepted:", uri);
    if (node_child(method, SAML_NS_XENC, "OAEPparams"))
        return refuse(err, "its key transport has a label, which is not used in SAML:", uri);
    *ret = (struct wrapping){OAEP_SHA1, OAEP_SHA1};
    bool known_digest = !digest, known_mgf = !mgf;
    for (size_t i = 0; i < ALGORITHMS; i++) {
        if (digest && strcmp(digest, digests[i].uri) == 0) {
            ret->digest = digests[i].digest;
            known_digest = true;
        }
        if (mgf && strcmp(mgf, mgfs[i].uri) == 0) {
            ret->mgf = mgfs[i].digest;
            known_mgf = true;
        }
    }
    return known_digest && known_mgf
               ? 0
               : refuse(err, "the digest of its key transport is not accepted:", known_digest ? mgf : digest);
}

/* The bytes of CipherData; -1 for anything else than one value in base64. */
static int cipher_value(const xmlNode *encrypted, struct buf *ret)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const xmlNode *data = node_child(encrypted, SAML_NS_XENC, "CipherData");
    const xmlNode *value = node_child(data, SAML_NS_XENC, "CipherValue");
    const char *text = node_text(pool, value);
    if (!text || node_after(value) || node_first(data) != value ||
        node_count(encrypted, SAML_NS_XENC, "CipherData") != 1)
        return -1;
    return saml_base64_decode(span_str(text), ret);
}

/* Every key of ours is tried with every wrapped key: to whom one is made out is only a hint, and often not there. */
static bool unwrap_with_any(const struct wrapping *how, struct span wrapped, const struct keypair *const *keys,
                            size_t n, size_t key_bytes, unsigned char ret[static AES_KEY_MAX])
{
    for (size_t i = 0; i < n; i++) {
        struct err ignored = ERR_INIT;
        size_t got = 0;
        if (keypair_unwrap(keys[i], how->digest, how->mgf, wrapped, ret, AES_KEY_MAX, &got, &ignored) == 0 &&
            got == key_bytes)
            return true;
    }
    return false;
}

struct wrapped_keys {
    const xmlNode *key[SAML_WRAPPED_KEYS_MAX];
    size_t n;
};

static void collect(const xmlNode *parent, struct wrapped_keys *ret)
{
    for (const xmlNode *k = node_child(parent, SAML_NS_XENC, "EncryptedKey"); k && ret->n < SAML_WRAPPED_KEYS_MAX;
         k = node_sibling(k, SAML_NS_XENC, "EncryptedKey"))
        ret->key[ret->n++] = k;
}

/* Beside the data or within its KeyInfo: both are usual. What a RetrievalMethod points at is one of these two, too. */
static int find_key(const xmlNode *encrypted, const xmlNode *data, const struct cipher *cipher,
                    const struct keypair *const *keys, size_t n, unsigned char ret[static AES_KEY_MAX], struct err *err)
{
    struct wrapped_keys found = {.n = 0};
    collect(node_child(data, SAML_NS_DSIG, "KeyInfo"), &found);
    collect(encrypted, &found);
    if (found.n == 0)
        return err_set(err, ERR_REFUSED,
                       "encrypted assertion: it brings no key wrapped for us; check that the identity provider has our "
                       "current metadata");
    for (size_t i = 0; i < found.n; i++) {
        CLEANUP(buf_release) struct buf wrapped = BUF_INIT;
        struct wrapping how;
        if (read_wrapping(found.key[i], &how, err) != 0)
            return -1;
        if (cipher_value(found.key[i], &wrapped) == 0 &&
            unwrap_with_any(&how, (struct span){buf_str(&wrapped), wrapped.len}, keys, n, cipher->key_bytes, ret))
            return 0;
    }
    return err_set(err, ERR_REFUSED, "%s", UNREADABLE);
}

/* --- the data ----------------------------------------------------------------------------------------------------- */

static xmlSecKeyPtr aes_key(const unsigned char *bytes, size_t n)
{
    CLEANUP(sec_keyp) xmlSecKeyPtr key = xmlSecKeyCreate();
    xmlSecKeyDataPtr data = xmlSecKeyDataCreate(xmlSecOpenSSLKeyDataAesId);
    if (key && data && xmlSecOpenSSLKeyDataAesSet(data, bytes, (xmlSecSize)n) == 0 && xmlSecKeySetValue(key, data) == 0)
        return TAKE(key);
    if (data)
        xmlSecKeyDataDestroy(data);
    return NULL;
}

static int decrypt(xmlNode *data, const struct cipher *cipher, const unsigned char *bytes, struct buf *ret)
{
    CLEANUP(enc_ctxp) xmlSecEncCtxPtr ctx = xmlSecEncCtxCreate(NULL);
    if (!ctx)
        return -1;
    ctx->encKey = aes_key(bytes, cipher->key_bytes); /* preset: nothing in the document finds a key */
    xmlSecBufferPtr plain = ctx->encKey ? xmlSecEncCtxDecryptToBuffer(ctx, data) : NULL;
    ERR_clear_error();
    if (!plain || xmlSecBufferGetSize(plain) == 0)
        return -1;
    buf_add(ret, xmlSecBufferGetData(plain), xmlSecBufferGetSize(plain));
    return 0;
}

/* Children in this order and no others: EncryptionMethod, KeyInfo, CipherData, EncryptionProperties (xmlenc 3.1). */
static bool is_plain_form(const xmlNode *encrypted, const xmlNode *data)
{
    struct buf value = BUF_INIT;
    bool good = data && node_count(encrypted, SAML_NS_XENC, "EncryptedData") == 1 && cipher_value(data, &value) == 0;
    const char *type = node_attr(data, "Type");
    buf_release(&value);
    return good && (!type || strcmp(type, SAML_NS_XENC "Element") == 0);
}

int saml_decrypt(const xmlNode *encrypted, bool verified, const struct keypair *const *keys, size_t n, struct buf *ret,
                 struct err *err)
{
    unsigned char bytes[AES_KEY_MAX];
    const struct cipher *cipher = NULL;
    xmlNode *data = node_child(encrypted, SAML_NS_XENC, "EncryptedData");
    if (!is_plain_form(encrypted, data))
        return err_set(err, ERR_REFUSED, "encrypted assertion: it is not made as the standard says; capture it again");
    if (find_cipher(data, verified, &cipher, err) != 0 || find_key(encrypted, data, cipher, keys, n, bytes, err) != 0)
        return -1;
    int r = decrypt(data, cipher, bytes, ret);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return r == 0 ? 0 : err_set(err, ERR_REFUSED, "%s", UNREADABLE);
}
