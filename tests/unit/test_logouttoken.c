/* Logout tokens: each wrong in one thing, refused for that. */
#include <check.h>

#include "base/cleanup.h"
#include "jose.h"
#include "oidc/logouttoken.h"
#include "suite.h"

#define NOW    1893456000
#define ISSUER "https://login.example.com/tenant"
#define CLIENT "doorward"
#define EVENT  "http://schemas.openid.net/event/backchannel-logout"

static const char good[] =
    "{\"iss\": \"" ISSUER "\", \"aud\": \"" CLIENT "\", \"iat\": 1893455990, \"exp\": 1893456100,"
    " \"jti\": \"j-1\", \"sub\": \"한-1\", \"sid\": \"s-1\", \"events\": {\"" EVENT "\": {}}}";

static struct pool *pool;
static cjose_jwk_t *key, *other;
static struct keyset *keys;
static bool without_expiry;

static void setup(void)
{
    struct err err = ERR_INIT;
    pool = pool_new();
    without_expiry = false;
    key = jose_key("one");
    other = jose_key("one");
    ck_assert_msg(keyset_read(span_str(jose_set(pool, key)), &keys, &err) == 0, "%s", err.text);
}

static void teardown(void)
{
    keyset_free(&keys);
    cjose_jwk_release(key);
    cjose_jwk_release(other);
    pool_free(&pool);
}

/* "" when accepted, else the code of the first check that failed. */
static const char *judge(const char *token, struct logouttoken_report *ret)
{
    const struct logouttoken_policy policy = {
        .keys = keys, .issuer = ISSUER, .client_id = CLIENT, .now = NOW, .skew = 60, .without_expiry = without_expiry};
    struct err err = ERR_INIT;
    int r = logouttoken_verify(pool, span_str(token), &policy, ret, &err);
    ck_assert_int_eq(r == 0, ret->token != NULL);
    for (size_t i = 0; i < ret->nchecks; i++) {
        if (ret->checks[i].outcome == CHECK_FAILED) {
            ck_assert_str_eq(err.text, ret->checks[i].detail);
            ck_assert_msg(strstr(err.text, "logout token: ") == err.text && strstr(err.text, "; "), "%s", err.text);
            return ret->checks[i].code;
        }
    }
    ck_assert_int_eq(r, 0);
    return "";
}

static const char *judge_with(const char *changes)
{
    struct logouttoken_report report;
    return judge(jose_sign(pool, key, "logout+jwt", jose_changed(pool, good, changes)), &report);
}

START_TEST(a_good_token_is_accepted)
{
    static const char *const types[] = {"logout+jwt", "LOGOUT+JWT", "JWT", NULL};
    struct logouttoken_report report;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        ck_assert_str_eq(judge(jose_sign(pool, key, types[i], good), &report), "");
    ck_assert_str_eq(report.token->id, "j-1");
    ck_assert_str_eq(report.token->subject, "한-1");
    ck_assert_str_eq(report.token->session, "s-1");
    ck_assert_int_ge(report.token->until, NOW + 3600);
    ck_assert_str_eq(judge_with("{\"sub\": null}"), "");
    ck_assert_str_eq(judge_with("{\"sid\": null}"), "");
    ck_assert_str_eq(judge_with("{\"aud\": [\"x\", \"doorward\"]}"), "");
}
END_TEST

START_TEST(a_token_wrong_in_one_claim_is_refused_for_it)
{
    static const struct {
        const char *changes, *code;
    } cases[] = {
        {"{\"iss\": \"" ISSUER "/\"}", "issuer"},
        {"{\"iss\": null}", "issuer"},
        {"{\"aud\": \"other\"}", "audience"},
        {"{\"aud\": null}", "audience"},
        {"{\"exp\": null}", "expiry"},
        {"{\"exp\": 1893455940}", "expiry"},
        {"{\"exp\": \"1893456100\"}", "expiry"},
        {"{\"iat\": null}", "issued-at"},
        {"{\"iat\": 1893456061}", "issued-at"},
        {"{\"iat\": 1893452000}", "issued-at"},
        {"{\"nbf\": 1893456061}", "issued-at"},
        {"{\"jti\": null}", "id"},
        {"{\"jti\": \"\"}", "id"},
        {"{\"jti\": 7}", "id"},
        {"{\"jti\": \"a\\u0007\"}", "id"},
        {"{\"events\": null}", "event"},
        {"{\"events\": []}", "event"},
        {"{\"events\": [\"" EVENT "\"]}", "event"},
        {"{\"events\": {\"" EVENT "\": null}}", "event"},
        {"{\"events\": {\"" EVENT "/\": {}}}", "event"},
        {"{\"nonce\": \"n\"}", "nonce"},
        {"{\"nonce\": []}", "nonce"},
        {"{\"sub\": null, \"sid\": null}", "whose"},
        {"{\"sub\": \"\"}", "whose"},
        {"{\"sid\": []}", "whose"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(strcmp(judge_with(cases[i].changes), cases[i].code) == 0, "%s: refused for '%s'",
                      cases[i].changes, judge_with(cases[i].changes));
    ck_assert_str_eq(judge_with(pool_printf(pool, "{\"jti\": \"%0256d\"}", 7)), "id");
}
END_TEST

START_TEST(a_token_without_expiry_is_good_for_minutes_where_that_is_allowed)
{
    ck_assert_str_eq(judge_with("{\"exp\": null, \"iat\": 1893455341}"), "expiry");
    without_expiry = true;
    ck_assert_str_eq(judge_with("{\"exp\": null, \"iat\": 1893455341}"), "");
    ck_assert_str_eq(judge_with("{\"exp\": null, \"iat\": 1893455340}"), "expiry");
    ck_assert_str_eq(judge_with("{\"exp\": null, \"iat\": null}"), "issued-at");
    ck_assert_str_eq(judge_with("{\"exp\": 1893455940}"), "expiry");
}
END_TEST

START_TEST(another_token_of_the_same_key_is_none)
{
    struct logouttoken_report report;
    ck_assert_str_eq(judge(jose_sign(pool, key, "at+jwt", good), &report), "type");
    ck_assert_str_eq(judge(jose_sign(pool, key, NULL, "[]"), &report), "claims");
    ck_assert_str_eq(judge(jose_sign(pool, other, "logout+jwt", good), &report), "signature");
    ck_assert(!report.unknown_key);
    cjose_jwk_set_kid(other, "two", 3, NULL);
    ck_assert_str_eq(judge(jose_sign(pool, other, "logout+jwt", good), &report), "signature");
    ck_assert(report.unknown_key);
    ck_assert_str_eq(judge("", &report), "form");
    ck_assert_str_eq(judge("eyJhbGciOiJub25lIn0.e30.", &report), "algorithm");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("logouttoken");
    TCase *tc = tcase_create("logouttoken");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_good_token_is_accepted);
    tcase_add_test(tc, a_token_wrong_in_one_claim_is_refused_for_it);
    tcase_add_test(tc, a_token_without_expiry_is_good_for_minutes_where_that_is_allowed);
    tcase_add_test(tc, another_token_of_the_same_key_is_none);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
