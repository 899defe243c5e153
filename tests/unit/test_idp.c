/*
 * Identity providers' metadata: read once and shared until the file is another one, and what a look at its address means.
 */
#include <check.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "cli/schema.h"
#include "gate/gate.h"
#include "gate/refresh.h"
#include "suite.h"

static char dir[64];
static struct pool *pool;
static struct conf *conf;
static struct err err;

static const char text[] = "[organization]\nname = O\nurl = https://signin.example.com\n"
                           "[connection file]\ntype = saml\nmetadata-file = metadata.xml\n"
                           "[connection url]\ntype = saml\nmetadata-url = https://idp.example.com/metadata\n";

static const char *path(const char *name)
{
    return pool_printf(pool, "%s/%s", dir, name);
}

static struct buf data_of(const char *name)
{
    struct buf data = BUF_INIT;
    ck_assert_msg(file_read(pool_printf(pool, "%s/%s", getenv("DOORWARD_TEST_DATA") ? getenv("DOORWARD_TEST_DATA") : "tests/data", name),
                            1 << 20, &data, &err) == 0,
                  "%s", err.text);
    return data;
}

/* Renamed into place, as an administrator should. */
static void put(const char *name)
{
    CLEANUP(buf_release) struct buf data = data_of(name);
    ck_assert_int_eq(file_replace(path("metadata.xml"), data.data, data.len, 0600, &err), 0);
}

static void setup(void)
{
    err = (struct err)ERR_INIT;
    pool = pool_new();
    snprintf(dir, sizeof dir, "/tmp/doorward-idp-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    put("saml-metadata/good-whole.xml");
    ck_assert_int_eq(file_replace(path("conf"), text, sizeof text - 1, 0600, &err), 0);
    ck_assert_msg(conf_load(path("conf"), schema_get(), &conf, NULL, &err) == 0, "%s", err.text);
}

static void teardown(void)
{
    static const char *const files[] = {"conf", "metadata.xml", "metadata/url.xml"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(path(files[i]));
    rmdir(path("metadata"));
    rmdir(dir);
    conf_free(&conf);
    gate_metadata_forget();
    saml_shutdown();
    pool_free(&pool);
}

static struct saml_idp *get(const char *connection, int64_t now)
{
    struct saml_idp *idp = NULL;
    err_clear(&err);
    return gate_metadata(dir, conf_find(conf, "connection", connection), now, &idp, &err) == 0 ? idp : NULL;
}

/* --- the shared documents ------------------------------------------------------------------------------------------------- */

START_TEST(a_document_is_read_once_and_again_when_it_is_another)
{
    int64_t now = clock_now();
    CLEANUP(metadata_free) struct saml_idp *young = get("file", now), *young_again = get("file", now);
    ck_assert_ptr_nonnull(young);
    ck_assert_ptr_ne(young, young_again); /* written this second: it might be written again */
    sleep(3);
    CLEANUP(metadata_free) struct saml_idp *first = get("file", now), *second = get("file", now);
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_eq(first, second);
    put("saml-metadata/good-no-use.xml");
    CLEANUP(metadata_free) struct saml_idp *other = get("file", now);
    ck_assert_ptr_nonnull(other);
    ck_assert_ptr_ne(first, other);
    ck_assert_uint_eq(other->nkeys, 1);
    ck_assert_uint_eq(first->nkeys, 4); /* whoever is at it goes on with what it has */
    gate_metadata_forget();
    ck_assert_str_eq(first->entity_id, "https://idp.example.com/saml");
}
END_TEST

START_TEST(what_was_read_earlier_ends_all_the_same)
{
    int64_t end = 4733510400; /* 2120, as the file says */
    sleep(3);
    CLEANUP(metadata_free) struct saml_idp *idp = get("file", end - 1);
    ck_assert_ptr_nonnull(idp);
    ck_assert_ptr_null(get("file", end));
    ck_assert_msg(strstr(err.text, "valid until 2120") && strstr(err.text, "connection file"), "%s", err.text);
}
END_TEST

START_TEST(nothing_fetched_yet)
{
    ck_assert_ptr_null(get("url", clock_now()));
    ck_assert_msg(strstr(err.text, "sso refresh url") != NULL, "%s", err.text);
}
END_TEST

/* --- what a look means ----------------------------------------------------------------------------------------------------- */

static struct saml_idp *document(const char *name, int64_t until)
{
    CLEANUP(buf_release) struct buf data = data_of(name);
    struct saml_idp *idp = NULL;
    ck_assert_int_eq(saml_init(&err), 0);
    ck_assert_msg(metadata_read((struct span){data.data, data.len}, 0, &idp, NULL, &err) == 0, "%s", err.text);
    idp->valid_until = until;
    return idp;
}

static void expect(const struct saml_idp *present, const struct saml_idp *fetched, bool pinned, const char *seen,
                   enum refresh_verdict verdict, const char *why)
{
    const char *told = NULL;
    ck_assert_int_eq(refresh_judge(present, fetched, pinned, &seen, seen != NULL, pool, &told), verdict);
    if (why)
        ck_assert_msg(told && strstr(told, why), "'%s' instead of '%s'", told ? told : "", why);
}

START_TEST(what_a_look_means)
{
    CLEANUP(metadata_free) struct saml_idp *whole = document("saml-metadata/good-whole.xml", 0);
    CLEANUP(metadata_free) struct saml_idp *fewer = document("saml-metadata/good-no-use.xml", 0);
    CLEANUP(metadata_free) struct saml_idp *later = document("saml-metadata/good-no-use.xml", 5000);
    CLEANUP(metadata_free) struct saml_idp *sooner = document("saml-metadata/good-whole.xml", 4000);
    expect(NULL, whole, false, NULL, REFRESH_ASK, "the first one");
    expect(NULL, whole, true, NULL, REFRESH_TAKE, NULL);
    expect(whole, whole, false, NULL, REFRESH_SAME, NULL);
    expect(whole, fewer, false, NULL, REFRESH_TAKE, NULL); /* a certificate less is nothing new to trust */
    expect(fewer, whole, false, NULL, REFRESH_ASK, "a new signing certificate");
    expect(fewer, whole, true, NULL, REFRESH_TAKE, NULL);
    expect(fewer, whole, true, whole->digest, REFRESH_OLD, "counted before");
    expect(later, sooner, true, NULL, REFRESH_OLD, "older");
    expect(later, whole, true, NULL, REFRESH_ASK, "validUntil");
    expect(whole, later, true, NULL, REFRESH_TAKE, NULL);
    expect(sooner, later, false, NULL, REFRESH_TAKE, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("identity providers");
    TCase *tc = tcase_create("idp");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, a_document_is_read_once_and_again_when_it_is_another);
    tcase_add_test(tc, what_was_read_earlier_ends_all_the_same);
    tcase_add_test(tc, nothing_fetched_yet);
    tcase_add_test(tc, what_a_look_means);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
