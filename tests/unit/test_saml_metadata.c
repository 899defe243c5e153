/* Walks tests/data/saml-metadata in the manner of test_saml_response.c, and reads one document in full. */
#include <check.h>
#include <dirent.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/pool.h"
#include "base/text.h"
#include "saml/metadata.h"
#include "saml/saml.h"
#include "suite.h"

#ifndef TEST_DATA
#define TEST_DATA "tests/data"
#endif

#define NOW 1893456000 /* 2030-01-01T00:00:00Z, as make.py */

static struct pool *pool;

static void setup(void)
{
    struct err err = ERR_INIT;
    pool = pool_new();
    ck_assert_msg(saml_init(&err) == 0, "%s", err.text);
}

static void teardown(void)
{
    pool_free(&pool);
    saml_shutdown();
}

static const char *data_path(const char *name)
{
    const char *base = getenv("DOORWARD_TEST_DATA");
    return pool_printf(pool, "%s/saml-metadata/%s", base ? base : TEST_DATA, name);
}

static struct span read_data(const char *name)
{
    struct err err = ERR_INIT;
    CLEANUP(buf_release) struct buf file = BUF_INIT;
    ck_assert_msg(file_read(data_path(name), 4 * SAML_METADATA_MAX, &file, &err) == 0, "%s", err.text);
    return (struct span){pool_strndup(pool, buf_str(&file), file.len), file.len};
}

static void visit(const char *name)
{
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    struct err err = ERR_INIT;
    const char *code = "none", *end = strstr(name, "--") ? strstr(name, "--") : strstr(name, ".xml");
    int rc = metadata_read(read_data(name), NOW, &idp, &code, &err);
    if (strncmp(name, "good-", 5) == 0) {
        ck_assert_msg(rc == 0, "%s: %s", name, err.text);
        ck_assert_str_eq(idp->entity_id, "https://idp.example.com/saml");
        return;
    }
    ck_assert_msg(rc == -1 && !idp, "%s: accepted", name);
    ck_assert_msg(strcmp(code, pool_strndup(pool, name, (size_t)(end - name))) == 0, "%s: refused for '%s' instead: %s",
                  name, code, err.text);
    ck_assert_msg(strncmp(err.text, "metadata: ", 10) == 0 && strstr(err.text, "; ") &&
                      text_is_clean(span_str(err.text)),
                  "%s: %s", name, err.text);
    if (getenv("SHOW"))
        printf("%-40s %s\n", name, err.text);
}

START_TEST(every_file_is_judged_as_its_name_says)
{
    size_t n = 0;
    DIR *dir = opendir(data_path(""));
    ck_assert_msg(dir != NULL, "cannot open %s", data_path(""));
    for (struct dirent *e; (e = readdir(dir));) {
        if (!strstr(e->d_name, ".xml"))
            continue;
        visit(e->d_name);
        n++;
    }
    closedir(dir);
    ck_assert_uint_gt(n, 40);
}
END_TEST

START_TEST(everything_is_read)
{
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    struct err err = ERR_INIT;
    char digest[DIGEST_HEX_MAX];
    struct span file = read_data("good-whole.xml");
    ck_assert_msg(metadata_read(file, NOW, &idp, NULL, &err) == 0, "%s", err.text);
    ck_assert_str_eq(metadata_sso(idp, SAML_BINDING_REDIRECT), "https://idp.example.com/sso");
    ck_assert_str_eq(metadata_sso(idp, SAML_BINDING_POST), "https://idp.example.com/sso");
    ck_assert_str_eq(metadata_slo(idp, SAML_BINDING_REDIRECT), "https://idp.example.com/slo");
    ck_assert_ptr_null(metadata_slo(idp, SAML_BINDING_POST));
    ck_assert(idp->wants_signed_requests);
    ck_assert_int_eq(idp->valid_until, 4733510400);
    digest_hex_of(file.p, file.n, digest);
    ck_assert_str_eq(idp->digest, digest);
    ck_assert_uint_eq(idp->nkeys, 4); /* the fifth is for encryption */
    ck_assert_str_eq(idp->keys[0].cert.key_name, "RSA");
    ck_assert_int_eq(idp->keys[0].cert.key_bits, 2048);
    ck_assert_str_eq(idp->keys[1].cert.key_name, "EC P-256");
    ck_assert_str_eq(idp->keys[2].cert.key_name, "EC P-384");
    ck_assert_str_eq(idp->keys[0].cert.subject, "CN=idp.example.com,O=Example Corp");
    ck_assert_int_gt(idp->keys[0].cert.not_after, NOW);
    ck_assert_int_lt(idp->keys[3].cert.not_after, NOW);
    ck_assert_uint_eq(strlen(idp->keys[0].cert.fingerprint), 64);
    ck_assert_str_ne(idp->keys[0].cert.fingerprint, idp->keys[3].cert.fingerprint);
}
END_TEST

START_TEST(the_same_key_counts_once)
{
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    struct err err = ERR_INIT;
    ck_assert_msg(metadata_read(read_data("good-same-key-twice.xml"), NOW, &idp, NULL, &err) == 0, "%s", err.text);
    ck_assert_uint_eq(idp->nkeys, 1);
    ck_assert_int_eq(idp->valid_until, 0);
    ck_assert(!idp->wants_signed_requests);
}
END_TEST

START_TEST(the_earliest_end_of_validity_counts)
{
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    struct err err = ERR_INIT;
    ck_assert_msg(metadata_read(read_data("good-valid-until-of-whole.xml"), NOW, &idp, NULL, &err) == 0, "%s",
                  err.text);
    ck_assert_int_eq(idp->valid_until, NOW + 365 * 86400);
}
END_TEST

START_TEST(the_end_of_validity_is_exclusive)
{
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    struct err err = ERR_INIT;
    const char *code = "none";
    struct span file = read_data("expired.xml");
    ck_assert_msg(metadata_read(file, NOW - 1, &idp, &code, &err) == 0, "%s", err.text);
    metadata_free(&idp);
    ck_assert_int_eq(metadata_read(file, NOW, &idp, &code, &err), -1);
    ck_assert_str_eq(code, "expired");
}
END_TEST

START_TEST(size_is_limited)
{
    struct saml_idp *idp = NULL;
    struct err err = ERR_INIT;
    const char *code = "none";
    char *big = pool_alloc(pool, SAML_METADATA_MAX + 1);
    memset(big, ' ', SAML_METADATA_MAX + 1);
    big[0] = '<';
    ck_assert_int_eq(metadata_read((struct span){big, SAML_METADATA_MAX + 1}, NOW, &idp, &code, &err), -1);
    ck_assert_str_eq(code, "xml");
    ck_assert_ptr_nonnull(strstr(err.text, "1024 KiB"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("saml metadata");
    TCase *tc = tcase_create("metadata");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, every_file_is_judged_as_its_name_says);
    tcase_add_test(tc, everything_is_read);
    tcase_add_test(tc, the_same_key_counts_once);
    tcase_add_test(tc, the_earliest_end_of_validity_counts);
    tcase_add_test(tc, the_end_of_validity_is_exclusive);
    tcase_add_test(tc, size_is_limited);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
