#include "crypto/keypair.h"

#include <openssl/err.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "crypto/random.h"

#define HOUR       3600
#define SERIAL_LEN 16

DEFINE_CLEANUP(pkeyp, EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(pkey_ctxp, EVP_PKEY_CTX *, EVP_PKEY_CTX_free)
DEFINE_CLEANUP(md_ctxp, EVP_MD_CTX *, EVP_MD_CTX_free)
DEFINE_CLEANUP(x509p, X509 *, X509_free)
DEFINE_CLEANUP(biop, BIO *, BIO_free_all)
DEFINE_CLEANUP(bnp, BIGNUM *, BN_free)
DEFINE_CLEANUP(ecdsa_sigp, ECDSA_SIG *, ECDSA_SIG_free)

struct keypair {
    EVP_PKEY *key;
    struct cert cert;
};

/* --- making ------------------------------------------------------------------------------------------------------- */

static int set_serial(X509 *x509)
{
    unsigned char bytes[SERIAL_LEN];
    random_bytes(bytes, sizeof bytes);
    bytes[0] &= 0x7f; /* positive, and of RFC 5280's 20 bytes at most */
    CLEANUP(bnp) BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    return number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) ? 0 : -1;
}

static int fill(X509 *x509, EVP_PKEY *key, const char *name, int days, int64_t now)
{
    X509_NAME *subject = X509_get_subject_name(x509);
    if (X509_set_version(x509, X509_VERSION_3) != 1 || set_serial(x509) != 0 ||
        !X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) ||
        X509_set_issuer_name(x509, subject) != 1 || !ASN1_TIME_set(X509_getm_notBefore(x509), now - HOUR) ||
        !ASN1_TIME_set(X509_getm_notAfter(x509), now + (int64_t)days * 24 * HOUR) || X509_set_pubkey(x509, key) != 1)
        return -1;
    return X509_sign(x509, key, EVP_sha256()) > 0 ? 0 : -1;
}

static int to_pem(EVP_PKEY *key, X509 *x509, struct buf *ret)
{
    /* In memory that is wiped when it is freed. */
    CLEANUP(biop) BIO *out = BIO_new(BIO_s_secmem());
    const char *text = NULL;
    if (!out || PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) != 1 ||
        PEM_write_bio_X509(out, x509) != 1)
        return -1;
    long n = BIO_get_mem_data(out, (char **)&text);
    buf_reserve(ret, (size_t)n); /* in one piece: growing would leave copies behind */
    buf_add(ret, text, (size_t)n);
    return 0;
}

/* key: NULL when it could not be made; owned by the caller. */
static int write_new(const char *path, EVP_PKEY *key, const char *name, int days, int64_t now, struct err *err)
{
    CLEANUP(buf_wipe) struct buf pem = BUF_INIT;
    CLEANUP(x509p) X509 *x509 = X509_new();
    if (!key || !x509 || fill(x509, key, name, days, now) != 0 || to_pem(key, x509, &pem) != 0) {
        ERR_clear_error();
        return err_set(err, ERR_FAILED, "%s: OpenSSL could not make a key with the name '%s'", path, name);
    }
    return file_replace(path, pem.data, pem.len, 0600, err);
}

static int check_new(const char *path, struct err *err)
{
    if (access(path, F_OK) != 0)
        return 0;
    return err_set(err, ERR_CONFLICT, "%s: is there already, and a key is never overwritten; name another file", path);
}

int keypair_make(const char *path, const char *name, unsigned bits, int days, int64_t now, struct err *err)
{
    if (check_new(path, err) != 0)
        return -1;
    CLEANUP(pkeyp) EVP_PKEY *key = EVP_RSA_gen(bits);
    return write_new(path, key, name, days, now, err);
}

int keypair_make_ec(const char *path, const char *name, int days, int64_t now, struct err *err)
{
    if (check_new(path, err) != 0)
        return -1;
    CLEANUP(pkeyp) EVP_PKEY *key = EVP_EC_gen("P-256");
    return write_new(path, key, name, days, now, err);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static int no_pass_phrase(char *text, int size, int writing, void *ctx)
{
    (void)text, (void)size, (void)writing, (void)ctx;
    return -1;
}

static int refuse(const char *path, const char *fault, struct err *err)
{
    ERR_clear_error();
    return err_set(err, ERR_CONFIG, "%s: %s; it has to hold a private key without a pass phrase and its certificate",
                   path, fault);
}

static int read_pem(const char *path, const struct buf *pem, struct keypair *pair, struct err *err)
{
    CLEANUP(biop) BIO *keys = BIO_new_mem_buf(pem->data, (int)pem->len);
    CLEANUP(biop) BIO *certs = BIO_new_mem_buf(pem->data, (int)pem->len);
    CLEANUP(x509p) X509 *x509 = NULL;
    unsigned char *der = NULL;
    pair->key = keys ? PEM_read_bio_PrivateKey(keys, NULL, no_pass_phrase, NULL) : NULL;
    if (!pair->key)
        return refuse(path, "no private key can be read from it", err);
    x509 = certs ? PEM_read_bio_X509(certs, NULL, no_pass_phrase, NULL) : NULL;
    if (!x509)
        return refuse(path, "no certificate can be read from it", err);
    if (X509_check_private_key(x509, pair->key) != 1)
        return refuse(path, "its certificate is that of another key", err);
    int n = i2d_X509(x509, &der);
    int r = n > 0 ? cert_read((struct span){(const char *)der, (size_t)n}, &pair->cert, err)
                  : refuse(path, "its certificate cannot be read", err);
    OPENSSL_free(der);
    return r == 0 ? 0 : err_wrap(err, "%s", path);
}

static int check_kind(const char *path, const struct cert *cert, struct err *err)
{
    if (cert->key_type == CERT_KEY_EC || (cert->key_type == CERT_KEY_RSA && cert->key_bits >= 2048))
        return 0;
    return err_set(err, ERR_CONFIG,
                   "%s: its key is %s of %d bits; give an RSA key of 2048 bits or more, or an EC key on P-256", path,
                   cert->key_name, cert->key_bits);
}

int keypair_read(const char *path, struct keypair **ret, struct err *err)
{
    CLEANUP(buf_wipe) struct buf pem = BUF_INIT;
    CLEANUP(keypair_free) struct keypair *pair = mem_zero(sizeof *pair);
    if (file_check_secret(path, err) != 0 || file_read(path, KEYPAIR_FILE_MAX, &pem, err) != 0)
        return -1;
    if (pem.len == 0)
        return refuse(path, "it is empty", err);
    if (read_pem(path, &pem, pair, err) != 0 || check_kind(path, &pair->cert, err) != 0)
        return -1;
    *ret = TAKE(pair);
    return 0;
}

void keypair_free(struct keypair **pair)
{
    if (!*pair)
        return;
    EVP_PKEY_free((*pair)->key);
    cert_release(&(*pair)->cert);
    free(*pair);
    *pair = NULL;
}

const struct cert *keypair_cert(const struct keypair *pair)
{
    return &pair->cert;
}

/* --- the two operations ------------------------------------------------------------------------------------------- */

static const EVP_MD *signing_digest(const struct cert *cert)
{
    if (cert->key_type == CERT_KEY_RSA || cert->key_bits <= 256)
        return EVP_sha256();
    return cert->key_bits <= 384 ? EVP_sha384() : EVP_sha512();
}

/* OpenSSL gives an ECDSA signature as DER; XML and JOSE want the two numbers, each of the curve's length. */
static int plain_ecdsa(const struct cert *cert, const unsigned char *der, size_t n, struct buf *ret)
{
    int half = (cert->key_bits + 7) / 8;
    CLEANUP(ecdsa_sigp) ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
    unsigned char *out = (unsigned char *)buf_reserve(ret, (size_t)half * 2);
    if (!sig || BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, half) != half ||
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + half, half) != half)
        return -1;
    ret->len += (size_t)half * 2;
    return 0;
}

static int sign(const struct keypair *pair, struct span data, struct buf *ret)
{
    CLEANUP(md_ctxp) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char out[KEYPAIR_WRAPPED_MAX];
    size_t n = sizeof out;
    if (!ctx || EVP_DigestSignInit(ctx, NULL, signing_digest(&pair->cert), NULL, pair->key) != 1 ||
        EVP_DigestSign(ctx, out, &n, (const unsigned char *)data.p, data.n) != 1)
        return -1;
    if (pair->cert.key_type == CERT_KEY_EC)
        return plain_ecdsa(&pair->cert, out, n, ret);
    buf_add(ret, out, n);
    return 0;
}

int keypair_sign(const struct keypair *pair, struct span data, struct buf *ret, struct err *err)
{
    if (sign(pair, data, ret) == 0)
        return 0;
    ERR_clear_error();
    return err_set(err, ERR_FAILED, "key of certificate '%s': OpenSSL could not sign with it", pair->cert.subject);
}

static int unwrap(const struct keypair *pair, const EVP_MD *digest, const EVP_MD *mgf, struct span wrapped,
                  unsigned char *out, size_t *ret_n)
{
    CLEANUP(pkey_ctxp) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pair->key, NULL);
    if (!ctx || EVP_PKEY_decrypt_init(ctx) != 1 || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_oaep_md(ctx, digest) != 1 || EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, mgf) != 1)
        return -1;
    return EVP_PKEY_decrypt(ctx, out, ret_n, (const unsigned char *)wrapped.p, wrapped.n) == 1 ? 0 : -1;
}

int keypair_unwrap(const struct keypair *pair, enum oaep_digest digest, enum oaep_digest mgf, struct span wrapped,
                   unsigned char *ret, size_t room, size_t *ret_n, struct err *err)
{
    const EVP_MD *const digests[] = {EVP_sha1(), EVP_sha256(), EVP_sha384(), EVP_sha512()};
    unsigned char out[KEYPAIR_WRAPPED_MAX];
    size_t n = sizeof out;
    bool good = pair->cert.key_type == CERT_KEY_RSA && wrapped.n <= sizeof out &&
                unwrap(pair, digests[digest], digests[mgf], wrapped, out, &n) == 0 && n <= room;
    if (good) {
        memcpy(ret, out, n);
        *ret_n = n;
    }
    OPENSSL_cleanse(out, sizeof out);
    ERR_clear_error();
    return good ? 0 : err_set(err, ERR_REFUSED, "encrypted key: it cannot be unwrapped with our key");
}
