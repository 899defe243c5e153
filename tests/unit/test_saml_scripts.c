/*
 * certs/make-idp.sh and certs/sign-response.sh, the identity provider of the demonstration and of other tests: what
 * they make is accepted now, by all rules, and refused when it should be. Needs openssl and xmlsec1 on the PATH; run
 * from the root of the source tree.
 */
#include <check.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/pool.h"
#include "saml/response.h"
#include "saml/saml.h"
#include "suite.h"

#define TEST_BITS 2048 /* the least that is taken: quick to make */

#define ISSUER   "https://idp.example.com/saml?a=1&b=2"
#define ACS      "https://signin.example.com/saml/acs/test"
#define AUDIENCE "https://signin.example.com/saml/metadata/test"
#define GUID     "0c0ffee0-1111-4222-8333-444455556666"

static char dir[256];
static struct pool *pool;
static struct saml_idp *idp;
static struct keypair *own, *other;

static const char *path(const char *name)
{
    return pool_printf(pool, "%s/%s", dir, name);
}

static int run(const char *output, const char *const *argv)
{
    pid_t child = fork();
    if (child == 0) {
        int out = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (out < 0 || dup2(out, STDOUT_FILENO) < 0)
            _exit(126);
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static struct span read_made(const char *name)
{
    CLEANUP(buf_release) struct buf file = BUF_INIT;
    struct err err = ERR_INIT;
    ck_assert_msg(file_read(path(name), SAML_RESPONSE_MAX, &file, &err) == 0, "%s", err.text);
    return (struct span){pool_strndup(pool, file.data, file.len), file.len};
}

static void make_keypair(const char *name, struct keypair **ret)
{
    struct err err = ERR_INIT;
    ck_assert_msg(keypair_make(path(name), "Doorward 예시", TEST_BITS, 30, clock_now(), &err) == 0, "%s", err.text);
    ck_assert_msg(keypair_read(path(name), ret, &err) == 0, "%s", err.text);
}

static void setup(void)
{
    struct err err = ERR_INIT;
    pool = pool_new();
    snprintf(dir, sizeof dir, "%s/doorward-saml-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : P_tmpdir);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(saml_init(&err), 0);
    const char *const make[] = {"sh", "certs/make-idp.sh", dir, ISSUER, "https://idp.example.com/sso?a=1&b=2", NULL};
    ck_assert_int_eq(run(path("log"), make), 0);
    ck_assert_msg(metadata_read(read_made("metadata.xml"), clock_now(), &idp, NULL, &err) == 0, "%s", err.text);
    make_keypair("own.pem", &own);
    make_keypair("other.pem", &other);
}

/* Cases that are not forked share their environment. */
static void as_by_default(void)
{
    static const char *const names[] = {"SIGN", "OFFSET", "MINUTES", "ENCRYPT", "CIPHER", "WRAP"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
}

static void teardown(void)
{
    static const char *const made[] = {"log",          "idp.key", "idp.crt",  "metadata.xml",
                                       "response.xml", "own.pem", "other.pem"};
    keypair_free(&own);
    keypair_free(&other);
    metadata_free(&idp);
    saml_shutdown();
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        unlink(path(made[i]));
    rmdir(dir);
    pool_free(&pool);
}

static int verify(struct span response, const char *request, struct keypair *key, struct saml_report *report,
                  struct err *err)
{
    static const char *const domains[] = {"example.com"};
    const struct keypair *const keys[] = {key};
    struct saml_policy policy = {.entity_id = AUDIENCE,
                                 .acs_url = ACS,
                                 .idp = idp,
                                 .now = clock_now(),
                                 .skew = 60,
                                 .require_in_response_to = request != NULL,
                                 .in_response_to = request,
                                 .domains = domains,
                                 .ndomains = 1,
                                 .keys = keys,
                                 .nkeys = key ? 1 : 0};
    *err = (struct err)ERR_INIT;
    return saml_response_verify(pool, response, &policy, report, err);
}

static struct span sign(const char *request)
{
    const char *const words[] = {"sh",   "certs/sign-response.sh", dir,  ISSUER,  ACS, AUDIENCE, "minji@example.com",
                                 "민지", "O'Kim & <Söhne>",        GUID, request, NULL};
    ck_assert_int_eq(run(path("response.xml"), words), 0);
    return read_made("response.xml");
}

static int sign_and_verify(const char *request, struct saml_report *report, struct err *err)
{
    return verify(sign(request), request, NULL, report, err);
}

START_TEST(made_responses_are_accepted)
{
    static const char *const ways[] = {"assertion", "response", "both"};
    ck_assert_str_eq(idp->entity_id, ISSUER);
    ck_assert_str_eq(metadata_sso(idp, SAML_BINDING_REDIRECT), "https://idp.example.com/sso?a=1&b=2");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct saml_report report;
        struct err err;
        ck_assert_int_eq(setenv("SIGN", ways[i], 1), 0);
        ck_assert_msg(sign_and_verify(i ? "_request" : NULL, &report, &err) == 0, "%s: %s", ways[i], err.text);
        ck_assert_str_eq(report.identity->field[SAML_EMAIL], "minji@example.com");
        ck_assert_str_eq(report.identity->field[SAML_GIVEN_NAME], "민지");
        ck_assert_str_eq(report.identity->field[SAML_FAMILY_NAME], "O'Kim & <Söhne>");
        ck_assert_str_eq(report.identity->field[SAML_IMMUTABLE_ID], GUID);
    }
}
END_TEST

START_TEST(a_clock_that_is_off_is_refused)
{
    struct saml_report report;
    struct err err;
    ck_assert_int_eq(setenv("OFFSET", "-86400", 1), 0);
    ck_assert_int_eq(sign_and_verify(NULL, &report, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "expired"));
    ck_assert_int_eq(setenv("OFFSET", "86400", 1), 0);
    ck_assert_int_eq(sign_and_verify(NULL, &report, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "not valid before"));
}
END_TEST

static void encrypt(const char *cipher, const char *wrap, const char *signed_what)
{
    ck_assert_int_eq(setenv("ENCRYPT", path("own.pem"), 1), 0);
    ck_assert_int_eq(setenv("CIPHER", cipher, 1), 0);
    ck_assert_int_eq(setenv("WRAP", wrap, 1), 0);
    ck_assert_int_eq(setenv("SIGN", signed_what, 1), 0);
}

static const char *first_failed(const struct saml_report *report)
{
    for (size_t i = 0; i < report->nchecks; i++)
        if (report->checks[i].outcome == CHECK_FAILED)
            return report->checks[i].code;
    return "none";
}

START_TEST(encrypted_assertions_are_accepted_where_their_cipher_is_safe)
{
    static const struct {
        const char *cipher, *wrap, *signed_what, *fault; /* fault NULL: accepted */
    } cases[] = {
        {"aes256-gcm", "rsa-oaep-mgf1p", "assertion", NULL},
        {"aes128-gcm", "rsa-oaep-mgf1p", "response", NULL},
        {"aes256-gcm", "rsa-oaep-mgf1p", "both", NULL},
        {"aes256-gcm", "rsa-oaep-mgf1p", "none", "signature-present"},
        {"aes128-cbc", "rsa-oaep-mgf1p", "response", NULL},
        {"aes256-cbc", "rsa-oaep-mgf1p", "both", NULL},
        {"aes256-cbc", "rsa-oaep-mgf1p", "assertion", "encryption"},
        {"aes256-cbc", "rsa-oaep-mgf1p", "none", "encryption"},
        {"aes256-gcm", "rsa-1_5", "both", "encryption"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct saml_report report;
        struct err err;
        encrypt(cases[i].cipher, cases[i].wrap, cases[i].signed_what);
        int r = verify(sign("_r"), "_r", own, &report, &err);
        ck_assert_msg((r == 0) == !cases[i].fault, "%s %s %s: %s", cases[i].cipher, cases[i].wrap, cases[i].signed_what,
                      err.text);
        if (r == 0)
            ck_assert_str_eq(report.identity->field[SAML_GIVEN_NAME], "민지");
        else
            ck_assert_str_eq(first_failed(&report), cases[i].fault);
    }
}
END_TEST

static void change_last_cipher_value(struct span response)
{
    char *end = NULL;
    for (char *at = (char *)response.p; (at = strstr(at, "</xenc:CipherValue>")); at++)
        end = at;
    ck_assert_ptr_nonnull(end);
    end[-40] = end[-40] == 'A' ? 'B' : 'A';
}

/* Whoever tries around learns nothing from what is said. */
START_TEST(whatever_is_wrong_with_the_key_or_the_bytes_reads_the_same)
{
    struct saml_report report;
    struct err wrong_key, changed, none;
    encrypt("aes256-gcm", "rsa-oaep-mgf1p", "assertion");
    struct span response = sign("_r");
    ck_assert_int_eq(verify(response, "_r", NULL, &report, &none), -1);
    ck_assert_ptr_nonnull(strstr(none.text, "we have no key"));
    ck_assert_int_eq(verify(response, "_r", other, &report, &wrong_key), -1);
    ck_assert_ptr_null(report.claimed);
    change_last_cipher_value(response);
    ck_assert_int_eq(verify(response, "_r", own, &report, &changed), -1);
    ck_assert_str_eq(changed.text, wrong_key.text);
    ck_assert_str_eq(first_failed(&report), "encryption");
}
END_TEST

/* In a signed response the signature is looked at first. */
START_TEST(a_changed_response_is_not_decrypted)
{
    struct saml_report report;
    struct err err;
    encrypt("aes256-cbc", "rsa-oaep-mgf1p", "response");
    struct span response = sign("_r");
    change_last_cipher_value(response);
    ck_assert_int_eq(verify(response, "_r", own, &report, &err), -1);
    ck_assert_msg(strstr(err.text, "changed after signing") != NULL, "%s", err.text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("saml scripts");
    TCase *tc = tcase_create("scripts");
    tcase_add_unchecked_fixture(tc, setup, teardown); /* once: keys take a while to make */
    tcase_add_checked_fixture(tc, as_by_default, NULL);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, made_responses_are_accepted);
    tcase_add_test(tc, a_clock_that_is_off_is_refused);
    tcase_add_test(tc, encrypted_assertions_are_accepted_where_their_cipher_is_safe);
    tcase_add_test(tc, whatever_is_wrong_with_the_key_or_the_bytes_reads_the_same);
    tcase_add_test(tc, a_changed_response_is_not_decrypted);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
