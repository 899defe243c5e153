/*
 * Walks tests/data/saml (DOORWARD_TEST_DATA names another tests/data): a file named CODE.xml or CODE--DETAIL.xml has to
 * be refused with CODE as the first check that failed, a file named good-… has to be accepted as the same person.
 * Adding a case is adding a file.
 */
#include <check.h>
#include <dirent.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "model/asserted.h"
#include "saml/base64.h"
#include "saml/inspect.h"
#include "saml/saml.h"
#include "suite.h"

#ifndef TEST_DATA
#define TEST_DATA "tests/data"
#endif

#define NOW 1893456000 /* 2030-01-01T00:00:00Z, as make.py */

static const char GUID[] = "00eeffc0-3412-bc4a-8def-0123456789ab";
static const char *const domains[] = {"example.org", "example.com"};
static struct saml_idp *idp;
static struct pool *pool;

static const char *data_path(const char *name)
{
    const char *base = getenv("DOORWARD_TEST_DATA");
    return pool_printf(pool, "%s/%s", base ? base : TEST_DATA, name);
}

static struct span read_data(const char *name)
{
    struct err err = ERR_INIT;
    CLEANUP(buf_release) struct buf file = BUF_INIT;
    ck_assert_msg(file_read(data_path(name), 4 * SAML_METADATA_MAX, &file, &err) == 0, "%s", err.text);
    return (struct span){pool_strndup(pool, buf_str(&file), file.len), file.len};
}

static int was_used(void *arg, const char *id)
{
    (void)arg;
    return strcmp(id, "_unknown") == 0 ? -1 : strcmp(id, "_used") == 0;
}

static struct saml_policy policy_of_make_py(void)
{
    return (struct saml_policy){.entity_id = "https://signin.example.com/saml/metadata/adfs",
                                .acs_url = "https://signin.example.com/saml/acs/adfs",
                                .idp = idp,
                                .now = NOW,
                                .skew = 180,
                                .require_in_response_to = true,
                                .in_response_to = "_request1",
                                .domains = domains,
                                .ndomains = 2,
                                .used_before = was_used};
}

static void setup(void)
{
    struct err err = ERR_INIT;
    pool = pool_new();
    ck_assert_msg(saml_init(&err) == 0, "%s", err.text);
    const char *code = "";
    ck_assert_msg(metadata_read(read_data("saml/idp-metadata.xml"), NOW, &idp, &code, &err) == 0, "%s: %s", code,
                  err.text);
}

static void teardown(void)
{
    metadata_free(&idp);
    pool_free(&pool);
    saml_shutdown();
}

static const struct check *first_failed(const struct saml_report *report)
{
    for (size_t i = 0; i < report->nchecks; i++)
        if (report->checks[i].outcome == CHECK_FAILED)
            return &report->checks[i];
    return NULL;
}

static const struct check *find_check(const struct saml_report *report, const char *code)
{
    for (size_t i = 0; i < report->nchecks; i++)
        if (strcmp(report->checks[i].code, code) == 0)
            return &report->checks[i];
    ck_abort_msg("no check '%s'", code);
}

/* "audience--missing.xml" gives "audience". */
static char *code_of(const char *file)
{
    const char *end = strstr(file, "--");
    if (!end)
        end = strstr(file, ".xml");
    return pool_strndup(pool, file, (size_t)(end - file));
}

static bool is_case(const char *name, bool good)
{
    size_t n = strlen(name);
    return n > 4 && strcmp(name + n - 4, ".xml") == 0 && strcmp(name, "idp-metadata.xml") != 0 &&
           (strncmp(name, "good-", 5) == 0) == good;
}

static size_t walk(bool good, void (*visit)(const char *name, struct span file))
{
    size_t n = 0;
    DIR *dir = opendir(data_path("saml"));
    ck_assert_msg(dir != NULL, "cannot open %s", data_path("saml"));
    for (struct dirent *e; (e = readdir(dir));) {
        if (!is_case(e->d_name, good))
            continue;
        visit(e->d_name, read_data(pool_printf(pool, "saml/%s", e->d_name)));
        n++;
    }
    closedir(dir);
    return n;
}

/* Nothing that depends on the document's content may be listed as passed when no signature stood. */
static void check_silence(const char *name, const struct saml_report *report)
{
    bool after_signature = false;
    ck_assert_msg(!report->claimed && !report->signer, "%s: something was taken from a document without signature",
                  name);
    for (size_t i = 0; i < report->nchecks; i++) {
        const struct check *c = &report->checks[i];
        if (after_signature || strcmp(c->code, "status") == 0)
            ck_assert_msg(c->outcome != CHECK_PASSED, "%s: '%s' is reported as passed without signature", name,
                          c->code);
        after_signature |= strcmp(c->code, "signature") == 0;
    }
    ck_assert(after_signature);
}

/* "object: fault; remedy", clean, and without anything of the formatting left open. */
static void check_wording(const char *name, const struct check *c)
{
    ck_assert_msg(strstr(c->detail, ": ") && strstr(c->detail, "; "), "%s: '%s' lacks object or remedy", name,
                  c->detail);
    ck_assert_msg(text_is_clean(span_str(c->detail)), "%s: '%s' is not clean", name, c->detail);
    ck_assert_msg(!strstr(c->detail, "(null)"), "%s: '%s'", name, c->detail);
    ck_assert_uint_lt(strlen(c->detail), ERR_TEXT_MAX);
}

static void visit_refused(const char *name, struct span file)
{
    struct saml_report report;
    struct err err = ERR_INIT;
    struct saml_policy policy = policy_of_make_py();
    int rc = saml_response_verify(pool, file, &policy, &report, &err);
    const struct check *fault = first_failed(&report);
    ck_assert_msg(rc == -1 && !report.identity && fault, "%s: accepted", name);
    ck_assert_msg(strcmp(fault->code, code_of(name)) == 0, "%s: refused for '%s' instead: %s", name, fault->code,
                  fault->detail);
    ck_assert_str_eq(err.text, fault->detail);
    for (size_t i = 0; i < report.nchecks; i++)
        if (report.checks[i].outcome == CHECK_FAILED)
            check_wording(name, &report.checks[i]);
    if (!report.signer)
        check_silence(name, &report);
    if (getenv("SHOW"))
        printf("%-55s %s\n", name, err.text);
}

static void visit_good(const char *name, struct span file)
{
    struct saml_report report;
    struct err err = ERR_INIT;
    struct saml_policy policy = policy_of_make_py();
    ck_assert_msg(saml_response_verify(pool, file, &policy, &report, &err) == 0, "%s: %s", name, err.text);
    const struct saml_identity *who = report.identity;
    ck_assert_msg(who && who == report.claimed && report.signer, "%s", name);
    ck_assert_str_eq(who->issuer, "https://idp.example.com/saml");
    ck_assert_str_eq(who->assertion_id, "_a1");
    ck_assert_str_eq(who->field[SAML_EMAIL], "alice@example.com");
    ck_assert_str_eq(who->field[SAML_GIVEN_NAME], "Alice");
    ck_assert_str_eq(who->field[SAML_FAMILY_NAME], "Example");
    ck_assert_msg(strcmp(who->field[SAML_IMMUTABLE_ID], GUID) == 0, "%s: %s", name, who->field[SAML_IMMUTABLE_ID]);
    ck_assert_int_gt(who->expires, NOW);
    ck_assert_ptr_null(first_failed(&report));
}

START_TEST(every_bad_file_is_refused_for_the_reason_in_its_name)
{
    ck_assert_uint_gt(walk(false, visit_refused), 180);
}
END_TEST

START_TEST(every_good_file_is_accepted)
{
    ck_assert_uint_gt(walk(true, visit_good), 20);
}
END_TEST

static int verify_file(const char *name, const struct saml_policy *policy, struct saml_report *report, struct err *err)
{
    *err = (struct err)ERR_INIT;
    return saml_response_verify(pool, read_data(pool_printf(pool, "saml/%s", name)), policy, report, err);
}

START_TEST(identity_is_read_in_full)
{
    struct saml_report report;
    struct err err;
    struct saml_policy policy = policy_of_make_py();
    ck_assert_int_eq(verify_file("good-assertion-signed.xml", &policy, &report, &err), 0);
    const struct saml_identity *who = report.identity;
    ck_assert_str_eq(who->name_id, "pairwise-4711");
    ck_assert_str_eq(who->name_id_format, SAML_NAMEID_PERSISTENT);
    ck_assert_str_eq(who->session_index, "_session1");
    ck_assert_int_eq(who->authn_instant, NOW - 10);
    ck_assert_int_eq(who->expires, NOW + 600 + 180);
    ck_assert_int_eq(who->session_expires, 0);
    ck_assert_str_eq(who->authn_context, "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport");
    ck_assert_uint_eq(who->nattributes, 5);
    ck_assert_str_eq(who->attributes[4].name, "groups");
    ck_assert_uint_eq(who->attributes[4].nvalues, 3);
    ck_assert_str_eq(who->attributes[4].values[1], "설계팀");
    ck_assert_str_eq(who->source[SAML_IMMUTABLE_ID], "objectGUID");
    ck_assert_ptr_null(who->field[SAML_DISPLAY_NAME]);
    ck_assert_ptr_eq(report.signer, &idp->keys[0]);
    ck_assert_str_eq(report.unverified_issuer, "https://idp.example.com/saml");
}
END_TEST

START_TEST(verifying_key_is_found_among_several)
{
    static const struct {
        const char *file;
        size_t key;
    } cases[] = {{"good-ecdsa.xml", 1}, {"good-ecdsa-384.xml", 2}, {"good-no-keyinfo.xml", 0}};
    struct saml_policy policy = policy_of_make_py();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct saml_report report;
        struct err err;
        ck_assert_msg(verify_file(cases[i].file, &policy, &report, &err) == 0, "%s", err.text);
        ck_assert_ptr_eq(report.signer, &idp->keys[cases[i].key]);
    }
}
END_TEST

START_TEST(a_key_of_another_kind_is_not_tried)
{
    struct saml_report report;
    struct err err;
    struct saml_policy policy = policy_of_make_py();
    struct saml_idp rsa_only = *idp;
    rsa_only.nkeys = 1;
    policy.idp = &rsa_only;
    ck_assert_int_eq(verify_file("good-ecdsa.xml", &policy, &report, &err), -1);
    ck_assert_str_eq(first_failed(&report)->code, "signature");
    ck_assert_ptr_nonnull(strstr(err.text, "no trusted certificate has a key of the kind"));
}
END_TEST

START_TEST(ids_are_limited)
{
    struct saml_report report;
    struct err err = ERR_INIT;
    struct saml_policy policy = policy_of_make_py();
    CLEANUP(buf_release) struct buf many = BUF_INIT;
    buf_adds(&many, "<a>");
    for (int i = 0; i <= XML_ID_LIMIT; i++)
        buf_printf(&many, "<b id='i%d'/>", i);
    buf_adds(&many, "</a>");
    ck_assert_int_eq(saml_response_verify(pool, (struct span){many.data, many.len}, &policy, &report, &err), -1);
    ck_assert_str_eq(first_failed(&report)->code, "ids");
}
END_TEST

START_TEST(no_trusted_key_refuses_even_a_good_one)
{
    struct saml_report report;
    struct err err;
    struct saml_policy policy = policy_of_make_py();
    struct saml_idp none = *idp;
    none.nkeys = 0;
    policy.idp = &none;
    ck_assert_int_eq(verify_file("good-assertion-signed.xml", &policy, &report, &err), -1);
    ck_assert_str_eq(first_failed(&report)->code, "trusted-keys");
    policy.idp = NULL;
    ck_assert_int_eq(verify_file("good-assertion-signed.xml", &policy, &report, &err), -1);
    ck_assert_str_eq(first_failed(&report)->code, "trusted-keys");
    check_silence("no key", &report);
}
END_TEST

START_TEST(metadata_that_ran_out_refuses)
{
    struct saml_report report;
    struct err err;
    struct saml_policy policy = policy_of_make_py();
    struct saml_idp old = *idp;
    old.valid_until = NOW;
    policy.idp = &old;
    ck_assert_int_eq(verify_file("good-assertion-signed.xml", &policy, &report, &err), -1);
    ck_assert_str_eq(first_failed(&report)->code, "trusted-keys");
}
END_TEST

START_TEST(captured_mode_needs_no_request)
{
    static const char *const files[] = {"good-assertion-signed.xml", "in-response-to--missing.xml",
                                        "in-response-to--wrong.xml"};
    struct saml_policy policy = policy_of_make_py();
    policy.in_response_to = NULL;
    policy.require_in_response_to = false;
    policy.used_before = NULL;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct saml_report report;
        struct err err;
        ck_assert_msg(verify_file(files[i], &policy, &report, &err) == 0, "%s: %s", files[i], err.text);
        ck_assert_int_eq(find_check(&report, "in-response-to")->outcome, CHECK_SKIPPED);
        ck_assert_int_eq(find_check(&report, "one-time-use")->outcome, CHECK_SKIPPED);
    }
}
END_TEST

START_TEST(unsolicited_is_refused_where_a_request_is_required)
{
    struct saml_report report;
    struct err err;
    struct saml_policy policy = policy_of_make_py();
    policy.in_response_to = NULL;
    ck_assert_int_eq(verify_file("in-response-to--missing.xml", &policy, &report, &err), -1);
    ck_assert_str_eq(first_failed(&report)->code, "in-response-to");
}
END_TEST

static int cannot_know(void *arg, const char *id)
{
    ck_assert_str_eq(id, "_a1");
    ++*(int *)arg;
    return -1;
}

START_TEST(use_that_cannot_be_known_refuses)
{
    int asked = 0;
    struct saml_report report;
    struct err err;
    struct saml_policy policy = policy_of_make_py();
    policy.used_before = cannot_know;
    policy.used_before_arg = &asked;
    ck_assert_int_eq(verify_file("good-assertion-signed.xml", &policy, &report, &err), -1);
    ck_assert_str_eq(first_failed(&report)->code, "one-time-use");
    ck_assert_int_eq(asked, 1);
    ck_assert_int_eq(verify_file("signature--changed-content.xml", &policy, &report, &err), -1);
    ck_assert_int_eq(asked, 1);
}
END_TEST

START_TEST(later_checks_go_on_after_a_plain_failure)
{
    struct saml_report report;
    struct err err;
    struct saml_policy policy = policy_of_make_py();
    policy.acs_url = "https://other.example.com/acs";
    policy.entity_id = "https://other.example.com/";
    policy.ndomains = 0;
    ck_assert_int_eq(verify_file("good-assertion-signed.xml", &policy, &report, &err), -1);
    ck_assert_int_eq(find_check(&report, "destination")->outcome, CHECK_FAILED);
    ck_assert_int_eq(find_check(&report, "recipient")->outcome, CHECK_FAILED);
    ck_assert_int_eq(find_check(&report, "audience")->outcome, CHECK_FAILED);
    ck_assert_int_eq(find_check(&report, "email-domain")->outcome, CHECK_FAILED);
    ck_assert_int_eq(find_check(&report, "mapping")->outcome, CHECK_PASSED);
    ck_assert_ptr_null(report.identity);
    ck_assert_str_eq(report.claimed->field[SAML_GIVEN_NAME], "Alice");
}
END_TEST

START_TEST(skew_is_bounded)
{
    struct saml_report report;
    struct err err;
    struct saml_policy policy = policy_of_make_py();
    policy.skew = 86400;
    ck_assert_int_eq(verify_file("not-on-or-after--expired.xml", &policy, &report, &err), -1);
    policy.skew = -86400;
    ck_assert_int_eq(verify_file("good-skew.xml", &policy, &report, &err), -1);
    ck_assert_str_eq(first_failed(&report)->code, "not-before");
    ck_assert_int_eq(verify_file("good-assertion-signed.xml", &policy, &report, &err), 0);
}
END_TEST

START_TEST(configured_attribute_is_the_only_one_read)
{
    struct saml_report report;
    struct err err;
    struct saml_policy policy = policy_of_make_py();
    policy.attribute[SAML_IMMUTABLE_ID] = "groups";
    ck_assert_int_eq(verify_file("good-assertion-signed.xml", &policy, &report, &err), 0);
    ck_assert_str_eq(report.identity->field[SAML_IMMUTABLE_ID], "Engineering");
    policy.attribute[SAML_IMMUTABLE_ID] = "employeeNumber";
    ck_assert_int_eq(verify_file("good-assertion-signed.xml", &policy, &report, &err), -1);
    ck_assert_str_eq(first_failed(&report)->code, "mapping");
    ck_assert_ptr_nonnull(strstr(err.text, "employeeNumber"));
}
END_TEST

START_TEST(the_earliest_end_limits_when_the_id_may_be_forgotten)
{
    struct saml_report report;
    struct err err;
    struct saml_policy policy = policy_of_make_py();
    ck_assert_int_eq(verify_file("good-short-confirmation.xml", &policy, &report, &err), 0);
    ck_assert_int_eq(report.identity->expires, NOW + 60 + 180);
    ck_assert_int_eq(verify_file("good-skew-end.xml", &policy, &report, &err), 0);
    ck_assert_int_eq(report.identity->expires, NOW + 1);
}
END_TEST

START_TEST(a_certificate_does_not_sign_before_it_is_valid)
{
    struct saml_report report;
    struct err err;
    struct saml_policy policy = policy_of_make_py();
    policy.now = 1577836800; /* 2020 */
    ck_assert_int_eq(verify_file("good-assertion-signed.xml", &policy, &report, &err), -1);
    ck_assert_str_eq(first_failed(&report)->code, "certificate");
}
END_TEST

START_TEST(refusals_say_what_it_was)
{
    static const struct {
        const char *file, *text;
    } cases[] = {
        {"signature--changed-content.xml", "the signed content was changed"},
        {"signature--keyinfo-rsa.xml", "not made with any of the trusted certificates"},
        {"xml-plain--billion-laughs-in-attribute.xml", "a document type (DTD)"},
        {"xml-plain--comment-in-name-id.xml", "holds a comment"},
        {"xml-plain--instruction-in-name-id.xml", "holds a processing instruction"},
        {"xml-plain--cdata.xml", "holds a CDATA section"},
        {"audience--wrong.xml",
         "'https://else.example' instead of 'https://signin.example.com/saml/metadata/adfs'; set the latter"},
        {"status--responder.xml", "(unverified)"},
        {"status--responder.xml", "AuthnFailed, message 'wrong password'"},
    };
    struct saml_policy policy = policy_of_make_py();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct saml_report report;
        struct err err;
        ck_assert_int_eq(verify_file(cases[i].file, &policy, &report, &err), -1);
        ck_assert_msg(strstr(err.text, cases[i].text), "%s: %s", cases[i].file, err.text);
    }
}
END_TEST

START_TEST(base64_is_read_strictly)
{
    static const struct {
        const char *text, *bytes;
    } cases[] = {{"", ""},
                 {"YQ==", "a"},
                 {"YWI=", "ab"},
                 {"YWJj", "abc"},
                 {" Y W\n J\tj\r ", "abc"},
                 {"YWJjZA==", "abcd"},
                 {"YQ", NULL},
                 {"YR==", NULL},
                 {"YWJ=", NULL},
                 {"Y", NULL},
                 {"YQ=", NULL},
                 {"YQ===", NULL},
                 {"=YQ=", NULL},
                 {"YQ==YQ==", NULL},
                 {"YW-j", NULL},
                 {"====", NULL},
                 {"YWJj=", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CLEANUP(buf_release) struct buf out = BUF_INIT;
        int rc = saml_base64_decode(span_str(cases[i].text), &out);
        ck_assert_msg((rc == 0) == (cases[i].bytes != NULL), "'%s'", cases[i].text);
        if (cases[i].bytes)
            ck_assert_str_eq(buf_str(&out), cases[i].bytes);
    }
}
END_TEST

START_TEST(size_is_limited)
{
    struct saml_report report;
    struct err err = ERR_INIT;
    struct saml_policy policy = policy_of_make_py();
    struct span good = read_data("saml/good-assertion-signed.xml");
    struct buf big = BUF_INIT;
    while (big.len < 2 * SAML_RESPONSE_MAX)
        buf_adds(&big, "                                                                ");
    buf_add(&big, good.p, good.n);
    /* White space before the document: XML over its limit, and more than base64 of the limit could be. */
    ck_assert_int_eq(saml_response_verify(pool, (struct span){big.data, big.len}, &policy, &report, &err), -1);
    ck_assert_int_eq(err.kind, ERR_INPUT);
    ck_assert_str_eq(first_failed(&report)->code, "xml");
    ck_assert_ptr_nonnull(strstr(err.text, "256 KiB"));
    buf_clear(&big);
    while (big.len <= SAML_RESPONSE_MAX / 3 * 4 + 4)
        buf_adds(&big, "PGE+PGE+PGE+PGE+PGE+PGE+PGE+PGE+");
    ck_assert_int_eq(saml_response_verify(pool, (struct span){big.data, big.len}, &policy, &report, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "256 KiB"));
    buf_release(&big);
}
END_TEST

START_TEST(any_flipped_character_is_refused_or_means_the_same)
{
    struct saml_policy policy = policy_of_make_py();
    struct span good = read_data("saml/good-assertion-signed.xml");
    char *copy = pool_strndup(pool, good.p, good.n);
    for (size_t i = 0; i < good.n; i += 3) {
        struct saml_report report;
        struct err err = ERR_INIT;
        CLEANUP(pool_free) struct pool *own = pool_new();
        copy[i] ^= 1;
        if (saml_response_verify(own, (struct span){copy, good.n}, &policy, &report, &err) == 0)
            ck_assert_str_eq(report.identity->field[SAML_EMAIL], "alice@example.com");
        copy[i] ^= 1;
    }
}
END_TEST

START_TEST(verification_can_be_repeated_with_one_key)
{
    struct saml_policy policy = policy_of_make_py();
    for (int i = 0; i < 50; i++) {
        struct saml_report report;
        struct err err;
        ck_assert_int_eq(verify_file("good-both-signed.xml", &policy, &report, &err), 0);
        ck_assert_int_eq(verify_file("signature--keyinfo-rsa.xml", &policy, &report, &err), -1);
    }
}
END_TEST

START_TEST(email_domains_become_a_labels)
{
    static const struct {
        const char *email, *domain;
    } cases[] = {{"alice@Example.COM", "example.com"},
                 {"민지@설계.example", "xn--989aj00b.example"},
                 {"a@straße.example", "xn--strae-oqa.example"},
                 {"alice", NULL},
                 {"@example.com", NULL},
                 {"alice@", NULL},
                 {"alice@localhost", NULL},
                 {"a b@example.com", NULL},
                 {"\"a@evil\"@example.com", NULL},
                 {".a@example.com", NULL},
                 {"alice@exam ple.com", NULL},
                 {"alice@example.com>", NULL},
                 {"alice@-example.com", NULL},
                 {"alice@[127.0.0.1]", NULL},
                 {"alice@example..com", NULL},
                 {"alice@exa\u00ADmple.com", NULL},
                 {"alice@exa\u200Bmple.com", NULL},
                 {"alice@example\u3002com", NULL},
                 {"a@STRAßE.example", "xn--strae-oqa.example"},
                 {"alice@example.com.", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *domain = asserted_email_domain(pool, cases[i].email);
        if (!cases[i].domain)
            ck_assert_msg(!domain, "%s gave %s", cases[i].email, domain);
        else
            ck_assert_msg(domain && strcmp(domain, cases[i].domain) == 0, "%s gave %s", cases[i].email,
                          domain ? domain : "none");
    }
}
END_TEST

START_TEST(immutable_ids_take_the_form_of_the_directory)
{
    ck_assert_str_eq(asserted_immutable_id(pool, "{00EEFFC0-3412-BC4A-8DEF-0123456789AB}"), GUID);
    ck_assert_str_eq(asserted_immutable_id(pool, "00eeffc0-3412-bc4a-8def-0123456789ab"), GUID);
    ck_assert_str_eq(asserted_immutable_id(pool, "wP/uABI0SryN7wEjRWeJqw=="), GUID);
    ck_assert_str_eq(asserted_immutable_id(pool, "alice"), "alice");
    ck_assert_str_eq(asserted_immutable_id(pool, "00eeffc0-3412-bc4a-8def-0123456789ax"),
                     "00eeffc0-3412-bc4a-8def-0123456789ax");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("saml response");
    TCase *tc = tcase_create("response");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, every_bad_file_is_refused_for_the_reason_in_its_name);
    tcase_add_test(tc, every_good_file_is_accepted);
    tcase_add_test(tc, identity_is_read_in_full);
    tcase_add_test(tc, verifying_key_is_found_among_several);
    tcase_add_test(tc, a_key_of_another_kind_is_not_tried);
    tcase_add_test(tc, ids_are_limited);
    tcase_add_test(tc, no_trusted_key_refuses_even_a_good_one);
    tcase_add_test(tc, metadata_that_ran_out_refuses);
    tcase_add_test(tc, captured_mode_needs_no_request);
    tcase_add_test(tc, unsolicited_is_refused_where_a_request_is_required);
    tcase_add_test(tc, use_that_cannot_be_known_refuses);
    tcase_add_test(tc, later_checks_go_on_after_a_plain_failure);
    tcase_add_test(tc, skew_is_bounded);
    tcase_add_test(tc, configured_attribute_is_the_only_one_read);
    tcase_add_test(tc, the_earliest_end_limits_when_the_id_may_be_forgotten);
    tcase_add_test(tc, a_certificate_does_not_sign_before_it_is_valid);
    tcase_add_test(tc, refusals_say_what_it_was);
    tcase_add_test(tc, base64_is_read_strictly);
    tcase_add_test(tc, size_is_limited);
    tcase_add_test(tc, any_flipped_character_is_refused_or_means_the_same);
    tcase_add_test(tc, verification_can_be_repeated_with_one_key);
    tcase_add_test(tc, email_domains_become_a_labels);
    tcase_add_test(tc, immutable_ids_take_the_form_of_the_directory);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
