/* Our own keys: made, read, refused, and their two operations against OpenSSL's other half. */
#include <check.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/keypair.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/pool.h"
#include "suite.h"

#define TEST_BITS 2048 /* the least that is taken: quick to make */

static char dir[256];
static struct pool *pool;

static const char *path(const char *name)
{
    return pool_printf(pool, "%s/%s", dir, name);
}

static void setup(void)
{
    pool = pool_new();
    snprintf(dir, sizeof dir, "%s/doorward-keys-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : P_tmpdir);
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void)
{
    static const char *const made[] = {"a.pem", "b.pem", "ec.pem", "mixed.pem"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        unlink(path(made[i]));
    rmdir(dir);
    pool_free(&pool);
}

static struct keypair *make(const char *name)
{
    struct keypair *pair = NULL;
    struct err err = ERR_INIT;
    ck_assert_msg(keypair_make(path(name), "Doorward 예시", TEST_BITS, 30, clock_now(), &err) == 0, "%s", err.text);
    ck_assert_msg(keypair_read(path(name), &pair, &err) == 0, "%s", err.text);
    return pair;
}

/* Made once for all cases, as it takes a while. */
static struct keypair *shared;
static struct buf shared_pem = BUF_INIT;

static void copy_shared(const char *name)
{
    struct err err = ERR_INIT;
    ck_assert_int_eq(file_replace(path(name), shared_pem.data, shared_pem.len, 0600, &err), 0);
}

static void make_shared(void)
{
    struct err err = ERR_INIT;
    setup();
    shared = make("a.pem");
    ck_assert_int_eq(file_read(path("a.pem"), KEYPAIR_FILE_MAX, &shared_pem, &err), 0);
    teardown();
}

static void free_shared(void)
{
    keypair_free(&shared);
    buf_release(&shared_pem);
}

/* An EC key, as somebody may bring one: keypair_make makes RSA only. */
static struct keypair *make_ec(const char *curve)
{
    struct keypair *pair = NULL;
    struct err err = ERR_INIT;
    EVP_PKEY *key = EVP_EC_gen(curve);
    X509 *x509 = X509_new();
    FILE *out = fopen(path("ec.pem"), "w");
    ck_assert(key && x509 && out && X509_gmtime_adj(X509_getm_notBefore(x509), 0) &&
              X509_gmtime_adj(X509_getm_notAfter(x509), 3600) && X509_set_pubkey(x509, key) == 1 &&
              X509_sign(x509, key, EVP_sha256()) > 0 &&
              PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1 && PEM_write_X509(out, x509) == 1);
    fclose(out);
    chmod(path("ec.pem"), 0600);
    EVP_PKEY_free(key);
    X509_free(x509);
    ck_assert_msg(keypair_read(path("ec.pem"), &pair, &err) == 0, "%s", err.text);
    return pair;
}

START_TEST(a_key_is_made_once_and_for_its_owner_only)
{
    struct err err = ERR_INIT;
    struct stat st;
    CLEANUP(keypair_free) struct keypair *pair = make("a.pem");
    ck_assert_int_eq(stat(path("a.pem"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert_str_eq(keypair_cert(pair)->subject, "CN=Doorward 예시");
    ck_assert_int_eq(keypair_cert(pair)->key_bits, TEST_BITS);
    ck_assert_int_gt(keypair_cert(pair)->not_after, clock_now() + 29 * 86400);
    ck_assert_int_eq(keypair_make(path("a.pem"), "again", TEST_BITS, 30, clock_now(), &err), -1);
    ck_assert_int_eq(err.kind, ERR_CONFLICT);
    chmod(path("a.pem"), 0644);
    ck_assert_int_eq(keypair_read(path("a.pem"), &pair, &err), -1);
    ck_assert_int_eq(err.kind, ERR_REFUSED);
}
END_TEST

static void write_mixed(const char *key_from, const char *cert_from)
{
    struct err err = ERR_INIT;
    CLEANUP(buf_release) struct buf a = BUF_INIT;
    CLEANUP(buf_release) struct buf b = BUF_INIT;
    CLEANUP(buf_release) struct buf mixed = BUF_INIT;
    if (key_from) {
        ck_assert_int_eq(file_read(path(key_from), KEYPAIR_FILE_MAX, &a, &err), 0);
        buf_add(&mixed, a.data, (size_t)(strstr(a.data, "-----BEGIN CERT") - a.data));
    }
    if (cert_from) {
        ck_assert_int_eq(file_read(path(cert_from), KEYPAIR_FILE_MAX, &b, &err), 0);
        buf_adds(&mixed, strstr(b.data, "-----BEGIN CERT"));
    }
    ck_assert_int_eq(file_replace(path("mixed.pem"), buf_str(&mixed), mixed.len, 0600, &err), 0);
}

START_TEST(a_file_that_is_not_a_key_with_its_certificate_is_refused)
{
    static const struct {
        const char *key, *cert, *fault;
    } cases[] = {{"a.pem", "b.pem", "another key"},
                 {"a.pem", NULL, "no certificate"},
                 {NULL, "a.pem", "no private key"},
                 {NULL, NULL, "empty"}};
    copy_shared("a.pem");
    CLEANUP(keypair_free) struct keypair *b = make("b.pem");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct keypair *pair = NULL;
        struct err err = ERR_INIT;
        write_mixed(cases[i].key, cases[i].cert);
        ck_assert_int_eq(keypair_read(path("mixed.pem"), &pair, &err), -1);
        ck_assert_int_eq(err.kind, ERR_CONFIG);
        ck_assert_msg(strstr(err.text, cases[i].fault) != NULL, "%s", err.text);
        ck_assert_ptr_null(pair);
    }
}
END_TEST

static bool verifies(const struct keypair *pair, const char *data, const unsigned char *sig, size_t n, const EVP_MD *md)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = EVP_DigestVerifyInit(ctx, NULL, md, NULL, keypair_cert(pair)->key) == 1 &&
                EVP_DigestVerify(ctx, sig, n, (const unsigned char *)data, strlen(data)) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

START_TEST(what_rsa_signs_verifies)
{
    struct err err = ERR_INIT;
    CLEANUP(buf_release) struct buf sig = BUF_INIT;
    ck_assert_int_eq(keypair_sign(shared, span_str("hello"), &sig, &err), 0);
    ck_assert_uint_eq(sig.len, TEST_BITS / 8);
    ck_assert(verifies(shared, "hello", (unsigned char *)sig.data, sig.len, EVP_sha256()));
    ck_assert(!verifies(shared, "hellO", (unsigned char *)sig.data, sig.len, EVP_sha256()));
}
END_TEST

START_TEST(what_ec_signs_verifies)
{
    static const struct {
        const char *curve;
        size_t length;
    } curves[] = {{"P-256", 64}, {"P-384", 96}, {"P-521", 132}};
    const EVP_MD *const digests[] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};
    for (size_t i = 0; i < 3; i++) {
        struct err err = ERR_INIT;
        CLEANUP(buf_release) struct buf sig = BUF_INIT;
        CLEANUP(keypair_free) struct keypair *pair = make_ec(curves[i].curve);
        ck_assert_int_eq(keypair_sign(pair, span_str("hello"), &sig, &err), 0);
        ck_assert_uint_eq(sig.len, curves[i].length);
        int half = (int)sig.len / 2;
        ECDSA_SIG *numbers = ECDSA_SIG_new();
        ECDSA_SIG_set0(numbers, BN_bin2bn((unsigned char *)sig.data, half, NULL),
                       BN_bin2bn((unsigned char *)sig.data + half, half, NULL));
        unsigned char *der = NULL;
        int n = i2d_ECDSA_SIG(numbers, &der);
        ck_assert(verifies(pair, "hello", der, (size_t)n, digests[i]));
        OPENSSL_free(der);
        ECDSA_SIG_free(numbers);
    }
}
END_TEST

static size_t wrap(const struct keypair *pair, const EVP_MD *md, const EVP_MD *mgf, const char *text,
                   unsigned char *out, size_t room)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(keypair_cert(pair)->key, NULL);
    ck_assert(EVP_PKEY_encrypt_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, mgf) == 1 &&
              EVP_PKEY_encrypt(ctx, out, &room, (const unsigned char *)text, strlen(text)) == 1);
    EVP_PKEY_CTX_free(ctx);
    return room;
}

START_TEST(a_wrapped_key_is_unwrapped_with_its_own_digests_only)
{
    const EVP_MD *const md[] = {EVP_sha1(), EVP_sha256(), EVP_sha384(), EVP_sha512()};
    for (int d = OAEP_SHA1; d <= OAEP_SHA512; d++)
        for (int m = OAEP_SHA1; m <= OAEP_SHA512; m++) {
            unsigned char wrapped[1024], plain[32];
            struct err err = ERR_INIT;
            size_t got = 0, n = wrap(shared, md[d], md[m], "0123456789abcdef", wrapped, sizeof wrapped);
            struct span s = {(char *)wrapped, n};
            ck_assert_int_eq(keypair_unwrap(shared, d, m, s, plain, sizeof plain, &got, &err), 0);
            ck_assert(got == 16 && memcmp(plain, "0123456789abcdef", 16) == 0);
            ck_assert_int_eq(keypair_unwrap(shared, (d + 1) % 4, m, s, plain, sizeof plain, &got, &err), -1);
            ck_assert_int_eq(keypair_unwrap(shared, d, m, s, plain, 15, &got, &err), -1); /* no room: never cut */
        }
}
END_TEST

START_TEST(an_ec_key_unwraps_nothing)
{
    unsigned char plain[32];
    size_t got = 0;
    struct err err = ERR_INIT;
    CLEANUP(keypair_free) struct keypair *pair = make_ec("P-256");
    ck_assert_int_eq(keypair_unwrap(pair, OAEP_SHA1, OAEP_SHA1, span_str("x"), plain, sizeof plain, &got, &err), -1);
    ck_assert_int_eq(err.kind, ERR_REFUSED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keypair");
    TCase *tc = tcase_create("keypair");
    tcase_add_unchecked_fixture(tc, make_shared, free_shared);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, a_key_is_made_once_and_for_its_owner_only);
    tcase_add_test(tc, a_file_that_is_not_a_key_with_its_certificate_is_refused);
    tcase_add_test(tc, what_rsa_signs_verifies);
    tcase_add_test(tc, what_ec_signs_verifies);
    tcase_add_test(tc, a_wrapped_key_is_unwrapped_with_its_own_digests_only);
    tcase_add_test(tc, an_ec_key_unwraps_nothing);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
