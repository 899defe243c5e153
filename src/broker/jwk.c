#include "broker/jwk.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "oidc/encode.h"

#define PEM_MAX      65536
#define NUMBER_MAX   2048 /* bytes: RSA of 16384 bits */
#define RSA_BITS_MIN 2048

DEFINE_CLEANUP(bnp, BIGNUM *, BN_free)
DEFINE_CLEANUP(biop, BIO *, BIO_free_all)
DEFINE_CLEANUP(pkeyp, EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(x509p, X509 *, X509_free)

/* length: of the whole, zeros ahead; 0: as short as it is. */
static int add_number(const EVP_PKEY *key, const char *param, int length, struct buf *ret)
{
    CLEANUP(bnp) BIGNUM *number = NULL;
    unsigned char bytes[NUMBER_MAX];
    if (EVP_PKEY_get_bn_param(key, param, &number) != 1)
        return -1;
    int n = length ? length : BN_num_bytes(number);
    if (n > NUMBER_MAX || BN_bn2binpad(number, bytes, n) != n)
        return -1;
    encode_base64url((struct span){(const char *)bytes, (size_t)n}, ret);
    return 0;
}

/* Members in the order of the alphabet, without white space: that is what is hashed (RFC 7638, 3). */
static int add_rsa(const EVP_PKEY *key, struct buf *ret)
{
    if (EVP_PKEY_get_bits(key) < RSA_BITS_MIN)
        return -1;
    buf_adds(ret, "{\"e\":\"");
    if (add_number(key, OSSL_PKEY_PARAM_RSA_E, 0, ret) != 0)
        return -1;
    buf_adds(ret, "\",\"kty\":\"RSA\",\"n\":\"");
    if (add_number(key, OSSL_PKEY_PARAM_RSA_N, 0, ret) != 0)
        return -1;
    buf_adds(ret, "\"}");
    return 0;
}

static int add_ec(const EVP_PKEY *key, struct buf *ret)
{
    static const struct {
        const char *openssl, *jose;
        int bytes;
    } curves[] = {{"prime256v1", "P-256", 32}, {"secp384r1", "P-384", 48}, {"secp521r1", "P-521", 66}};
    char group[64] = "";
    EVP_PKEY_get_group_name(key, group, sizeof group, NULL);
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
        if (strcmp(group, curves[i].openssl) != 0)
            continue;
        buf_printf(ret, "{\"crv\":\"%s\",\"kty\":\"EC\",\"x\":\"", curves[i].jose);
        if (add_number(key, OSSL_PKEY_PARAM_EC_PUB_X, curves[i].bytes, ret) != 0)
            return -1;
        buf_adds(ret, "\",\"y\":\"");
        if (add_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, curves[i].bytes, ret) != 0)
            return -1;
        buf_adds(ret, "\"}");
        return 0;
    }
    return -1;
}

int jwk_of(const EVP_PKEY *key, struct buf *ret, char ret_kid[static JWK_KID_SIZE])
{
    CLEANUP(buf_release) struct buf jwk = BUF_INIT;
    CLEANUP(buf_release) struct buf kid = BUF_INIT;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    int r = EVP_PKEY_is_a(key, "RSA") ? add_rsa(key, &jwk) : EVP_PKEY_is_a(key, "EC") ? add_ec(key, &jwk) : -1;
    if (r != 0 || EVP_Digest(jwk.data, jwk.len, digest, &n, EVP_sha256(), NULL) != 1) {
        ERR_clear_error();
        return -1;
    }
    encode_base64url((struct span){(const char *)digest, n}, &kid);
    snprintf(ret_kid, JWK_KID_SIZE, "%s", buf_str(&kid));
    buf_add(ret, jwk.data, jwk.len);
    return 0;
}

static EVP_PKEY *read_public(const struct buf *pem)
{
    CLEANUP(biop) BIO *keys = BIO_new_mem_buf(pem->data, (int)pem->len);
    CLEANUP(biop) BIO *certs = BIO_new_mem_buf(pem->data, (int)pem->len);
    EVP_PKEY *key = PEM_read_bio_PUBKEY(keys, NULL, NULL, NULL);
    CLEANUP(x509p) X509 *x509 = key ? NULL : PEM_read_bio_X509(certs, NULL, NULL, NULL);
    ERR_clear_error();
    return key ? key : x509 ? X509_get_pubkey(x509) : NULL;
}

int jwk_read_pem(const char *path, struct buf *ret, struct err *err)
{
    CLEANUP(buf_release) struct buf pem = BUF_INIT;
    CLEANUP(buf_release) struct buf jwk = BUF_INIT;
    char kid[JWK_KID_SIZE];
    if (file_read(path, PEM_MAX, &pem, err) != 0)
        return -1;
    CLEANUP(pkeyp) EVP_PKEY *key = pem.len ? read_public(&pem) : NULL;
    if (!key || jwk_of(key, &jwk, kid) != 0)
        return err_set(
            err, ERR_CONFIG,
            "%s: no public key that could sign can be read from it; give an RSA key of 2048 bits or more, or an EC "
            "key on P-256, in PEM",
            path);
    buf_printf(ret, "{\"keys\":[%s]}", buf_str(&jwk));
    return 0;
}
