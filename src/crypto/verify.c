#include "crypto/verify.h"

#include <openssl/err.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include "base/cleanup.h"

#define SIGNATURE_MAX 2048 /* bytes: RSA of 16384 bits */

DEFINE_CLEANUP(md_ctxp, EVP_MD_CTX *, EVP_MD_CTX_free)
DEFINE_CLEANUP(ecdsa_sigp, ECDSA_SIG *, ECDSA_SIG_free)
DEFINE_CLEANUP(bnp, BIGNUM *, BN_free)

enum cert_key verify_key_type(enum verify_algorithm algorithm)
{
    return algorithm <= VERIFY_RSA_SHA512 ? CERT_KEY_RSA : CERT_KEY_EC;
}

static const EVP_MD *digest_of(enum verify_algorithm algorithm)
{
    const EVP_MD *const digests[] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};
    return digests[algorithm % 3];
}

static bool verify(EVP_PKEY *key, const EVP_MD *digest, struct span data, const unsigned char *signature, size_t n)
{
    CLEANUP(md_ctxp) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    return ctx && EVP_DigestVerifyInit(ctx, NULL, digest, NULL, key) == 1 &&
           EVP_DigestVerify(ctx, signature, n, (const unsigned char *)data.p, data.n) == 1;
}

/* OpenSSL reads an ECDSA signature as DER. */
static bool verify_plain_ecdsa(const struct cert *cert, const EVP_MD *digest, struct span data, struct span plain)
{
    int half = (cert->key_bits + 7) / 8;
    const unsigned char *numbers = (const unsigned char *)plain.p;
    if (plain.n != (size_t)half * 2)
        return false;
    CLEANUP(ecdsa_sigp) ECDSA_SIG *sig = ECDSA_SIG_new();
    CLEANUP(bnp) BIGNUM *r = BN_bin2bn(numbers, half, NULL);
    CLEANUP(bnp) BIGNUM *s = BN_bin2bn(numbers + half, half, NULL);
    unsigned char *der = NULL;
    if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1)
        return false;
    r = s = NULL; /* sig has them now */
    int n = i2d_ECDSA_SIG(sig, &der);
    bool good = n > 0 && verify(cert->key, digest, data, der, (size_t)n);
    OPENSSL_free(der);
    return good;
}

bool verify_bytes(const struct cert *cert, enum verify_algorithm algorithm, struct span data, struct span signature)
{
    bool good = false;
    if (cert->key_type == verify_key_type(algorithm) && signature.n <= SIGNATURE_MAX) {
        if (cert->key_type == CERT_KEY_EC)
            good = verify_plain_ecdsa(cert, digest_of(algorithm), data, signature);
        else
            good = verify(cert->key, digest_of(algorithm), data, (const unsigned char *)signature.p, signature.n);
    }
    ERR_clear_error();
    return good;
}
