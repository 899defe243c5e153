#include "crypto/cert.h"

#include <openssl/err.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

DEFINE_CLEANUP(x509p, X509 *, X509_free)
DEFINE_CLEANUP(biop, BIO *, BIO_free_all)

static int unreadable(struct err *err, const char *what)
{
    ERR_clear_error();
    return err_set(err, ERR_INPUT, "certificate: %s; export it again from the identity provider", what);
}

static char *subject_of(const X509 *x509)
{
    CLEANUP(biop) BIO *out = BIO_new(BIO_s_mem());
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *text = NULL;
    /* RFC 2253 order, but UTF-8 as it is: text_printable takes care of what a terminal should not get. */
    if (!out || X509_NAME_print_ex(out, X509_get_subject_name(x509), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0)
        return mem_strdup("(unreadable)");
    long n = BIO_get_mem_data(out, (char **)&text);
    size_t shown = n < 0 ? 0 : n > CERT_SUBJECT_SHOWN ? CERT_SUBJECT_SHOWN : (size_t)n;
    return mem_strdup(text_printable(pool, (struct span){text, shown}));
}

static int read_time(const ASN1_TIME *from, int64_t *ret)
{
    struct tm tm;
    if (!from || ASN1_TIME_to_tm(from, &tm) != 1)
        return -1;
    *ret = (int64_t)timegm(&tm);
    return 0;
}

static void read_key_kind(struct cert *cert)
{
    static const struct {
        const char *openssl, *shown;
    } curves[] = {{"prime256v1", "EC P-256"}, {"secp384r1", "EC P-384"}, {"secp521r1", "EC P-521"}};
    char group[64] = "";
    const char *name = EVP_PKEY_get0_type_name(cert->key);
    cert->key_bits = EVP_PKEY_get_bits(cert->key);
    cert->key_type = EVP_PKEY_is_a(cert->key, "RSA")  ? CERT_KEY_RSA
                     : EVP_PKEY_is_a(cert->key, "EC") ? CERT_KEY_EC
                                                      : CERT_KEY_OTHER;
    if (cert->key_type == CERT_KEY_EC) {
        cert->key_type = CERT_KEY_OTHER; /* until the curve is one of the table */
        EVP_PKEY_get_group_name(cert->key, group, sizeof group, NULL);
        for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
            if (strcmp(group, curves[i].openssl) == 0) {
                cert->key_type = CERT_KEY_EC;
                name = curves[i].shown;
            }
        }
    }
    snprintf(cert->key_name, sizeof cert->key_name, "%s", name ? name : "unknown");
}

int cert_read(struct span der, struct cert *ret, struct err *err)
{
    if (der.n > CERT_DER_MAX)
        return unreadable(err, "longer than 16 KiB");
    const unsigned char *p = (const unsigned char *)der.p, *end = p + der.n;
    CLEANUP(x509p) X509 *x509 = der.n ? d2i_X509(NULL, &p, (long)der.n) : NULL;
    if (!x509 || p != end)
        return unreadable(err, "not one X.509 certificate in DER");
    struct cert cert = {0};
    if (read_time(X509_get0_notBefore(x509), &cert.not_before) || read_time(X509_get0_notAfter(x509), &cert.not_after))
        return unreadable(err, "its validity cannot be read");
    cert.key = X509_get_pubkey(x509);
    if (!cert.key)
        return unreadable(err, "its public key cannot be read");
    read_key_kind(&cert);
    cert.subject = subject_of(x509);
    cert.der = mem_alloc(der.n);
    memcpy(cert.der, der.p, der.n);
    cert.der_len = der.n;
    digest_hex_of(der.p, der.n, cert.fingerprint);
    *ret = cert;
    return 0;
}

void cert_release(struct cert *cert)
{
    EVP_PKEY_free(cert->key);
    free(cert->subject);
    free(cert->der);
    *cert = (struct cert){0};
}
