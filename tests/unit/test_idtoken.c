/* ID tokens: made here with libcjose, judged by our rules: each wrong in one thing, refused for that. */
#include <check.h>

#include <cjose/cjose.h>
#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "oidc/idtoken.h"
#include "suite.h"

#define NOW    1893456000
#define ISSUER "https://login.example.com/tenant"
#define CLIENT "doorward"

static struct pool *pool;
static cjose_jwk_t *rsa, *ec, *other;
static struct keyset *keys;

static cjose_jwk_t *named(cjose_jwk_t *jwk, const char *kid)
{
    ck_assert(jwk && cjose_jwk_set_kid(jwk, kid, strlen(kid), NULL));
    return jwk;
}

static void add_public(json_t *set, cjose_jwk_t *jwk)
{
    char *text = cjose_jwk_to_json(jwk, false, NULL);
    json_array_append_new(json_object_get(set, "keys"), json_loads(text, 0, NULL));
    cjose_get_dealloc()(text);
}

static void setup(void)
{
    struct err err = ERR_INIT;
    pool = pool_new();
    rsa = named(cjose_jwk_create_RSA_random(2048, (const uint8_t *)"\1\0\1", 3, NULL), "rsa1");
    ec = named(cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL), "ec1");
    other = named(cjose_jwk_create_RSA_random(2048, (const uint8_t *)"\1\0\1", 3, NULL), "rsa1");
    json_t *set = json_pack("{s:[]}", "keys");
    add_public(set, rsa);
    add_public(set, ec);
    char *text = json_dumps(set, 0);
    ck_assert_msg(keyset_read(span_str(text), &keys, &err) == 0, "%s", err.text);
    ck_assert_uint_eq(keyset_count(keys), 2);
    free(text);
    json_decref(set);
}

static void teardown(void)
{
    keyset_free(&keys);
    cjose_jwk_release(rsa);
    cjose_jwk_release(ec);
    cjose_jwk_release(other);
    pool_free(&pool);
}

static struct span sign(cjose_jwk_t *jwk, const char *alg, const char *kid, const char *claims)
{
    const char *text = NULL;
    cjose_header_t *header = cjose_header_new(NULL);
    cjose_header_set(header, CJOSE_HDR_ALG, alg, NULL);
    if (kid)
        cjose_header_set(header, CJOSE_HDR_KID, kid, NULL);
    cjose_jws_t *jws = cjose_jws_sign(jwk, header, (const uint8_t *)claims, strlen(claims), NULL);
    ck_assert(jws && cjose_jws_export(jws, &text, NULL));
    struct span ret = span_str(pool_strdup(pool, text));
    cjose_jws_release(jws);
    cjose_header_release(header);
    return ret;
}

/* The claims of a good token, with changes: {"aud": null} takes one out. */
static const char *claims(const char *changes)
{
    json_t *j =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:I}", "iss", ISSUER, "aud", CLIENT, "sub", "한-1", "exp",
                  (json_int_t)NOW + 300, "iat", (json_int_t)NOW - 5, "nonce", "n-1", "auth_time", (json_int_t)NOW - 10);
    json_t *with = json_loads(changes, 0, NULL), *value;
    const char *name;
    ck_assert_msg(with != NULL, "%s", changes);
    json_object_foreach(with, name, value)
    {
        if (json_is_null(value))
            json_object_del(j, name);
        else
            json_object_set(j, name, value);
    }
    char *text = json_dumps(j, JSON_COMPACT);
    const char *ret = pool_strdup(pool, text);
    free(text);
    json_decref(with);
    json_decref(j);
    return ret;
}

static const struct idtoken_policy usual = {
    .issuer = ISSUER, .client_id = CLIENT, .nonce = "n-1", .now = NOW, .skew = 60};

/* "" when accepted, else the code of the first check that failed. */
static const char *judge_by(const struct idtoken_policy *as, struct span token)
{
    struct idtoken_policy policy = *as;
    struct idtoken_report report;
    struct err err = ERR_INIT;
    policy.keys = keys;
    int r = idtoken_verify(pool, token, &policy, &report, &err);
    ck_assert_int_eq(r == 0, report.token != NULL);
    for (size_t i = 0; i < report.nchecks; i++) {
        if (report.checks[i].outcome == CHECK_FAILED) {
            ck_assert_str_eq(err.text, report.checks[i].detail);
            ck_assert_msg(strstr(err.text, "; ") != NULL, "%s has no remedy", err.text);
            return report.checks[i].code;
        }
    }
    ck_assert_int_eq(r, 0);
    ck_assert_str_eq(report.token->subject, "한-1");
    return "";
}

static const char *judge(const char *changes)
{
    return judge_by(&usual, sign(rsa, "RS256", "rsa1", claims(changes)));
}

START_TEST(a_good_token_is_accepted)
{
    static const char *const algorithms[] = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"};
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        ck_assert_str_eq(judge_by(&usual, sign(rsa, algorithms[i], "rsa1", claims("{}"))), "");
    ck_assert_str_eq(judge_by(&usual, sign(ec, "ES256", "ec1", claims("{}"))), "");
    ck_assert_str_eq(judge_by(&usual, sign(rsa, "RS256", NULL, claims("{}"))), "");
    ck_assert_str_eq(judge("{\"aud\": [\"doorward\"]}"), "");
    ck_assert_str_eq(judge("{\"aud\": [\"doorward\", \"x\"], \"azp\": \"doorward\"}"), "");
    ck_assert_str_eq(judge("{\"exp\": 1893456000.5}"), "");
}
END_TEST

START_TEST(a_token_wrong_in_one_claim_is_refused_for_it)
{
    static const struct {
        const char *changes, *code;
    } cases[] = {
        {"{\"iss\": \"https://login.example.com/other\"}", "issuer"},
        {"{\"iss\": \"https://login.example.com/tenant/\"}", "issuer"},
        {"{\"iss\": null}", "issuer"},
        {"{\"iss\": [\"https://login.example.com/tenant\"]}", "issuer"},
        {"{\"aud\": \"other\"}", "audience"},
        {"{\"aud\": null}", "audience"},
        {"{\"aud\": []}", "audience"},
        {"{\"aud\": [\"other\", 1]}", "audience"},
        {"{\"aud\": {\"doorward\": true}}", "audience"},
        {"{\"aud\": [\"doorward\", \"x\"]}", "authorized-party"},
        {"{\"aud\": [\"doorward\", \"x\"], \"azp\": \"x\"}", "authorized-party"},
        {"{\"azp\": \"x\"}", "authorized-party"},
        {"{\"azp\": 1}", "authorized-party"},
        {"{\"exp\": null}", "expiry"},
        {"{\"exp\": \"1893456300\"}", "expiry"},
        {"{\"exp\": 1893455940}", "expiry"},
        {"{\"exp\": -1}", "expiry"},
        {"{\"exp\": 1e300}", "expiry"},
        {"{\"iat\": null}", "issued-at"},
        {"{\"iat\": 1893456061}", "issued-at"},
        {"{\"iat\": 1893452000}", "issued-at"},
        {"{\"nbf\": 1893456061}", "issued-at"},
        {"{\"nbf\": \"now\"}", "issued-at"},
        {"{\"nonce\": null}", "nonce"},
        {"{\"nonce\": \"\"}", "nonce"},
        {"{\"nonce\": \"n-2\"}", "nonce"},
        {"{\"sub\": null}", "subject"},
        {"{\"sub\": \"\"}", "subject"},
        {"{\"sub\": 7}", "subject"},
        {"{\"sub\": \"a\\u0007b\"}", "subject"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(strcmp(judge(cases[i].changes), cases[i].code) == 0, "%s: refused for '%s' instead of %s",
                      cases[i].changes, judge(cases[i].changes), cases[i].code);
    char subject[400];
    memset(subject, 'x', 256);
    ck_assert_str_eq(judge(pool_printf(pool, "{\"sub\": \"%.256s\"}", subject)), "subject");
}
END_TEST

START_TEST(a_signature_of_somebody_else_does_not_stand)
{
    struct idtoken_policy policy = usual;
    struct idtoken_report report;
    struct err err = ERR_INIT;
    struct span good = sign(rsa, "RS256", "rsa1", claims("{}"));
    char *changed = pool_strdup(pool, good.p);
    ck_assert_str_eq(judge_by(&usual, sign(other, "RS256", "rsa1", claims("{}"))), "signature");
    ck_assert_str_eq(judge_by(&usual, sign(rsa, "RS256", "ec1", claims("{}"))), "signature");
    char *at = strchr(changed, '.') + 10;
    *at = *at == 'A' ? 'B' : 'A';
    ck_assert_str_eq(judge_by(&usual, span_str(changed)), "signature");
    policy.keys = keys;
    struct span unknown = sign(rsa, "RS256", "rsa2", claims("{}"));
    ck_assert_int_eq(idtoken_verify(pool, unknown, &policy, &report, &err), -1);
    ck_assert(report.unknown_key);
}
END_TEST

/* The key set's public key as the secret of an HMAC: the oldest trick. */
START_TEST(neither_none_nor_a_shared_secret_is_an_algorithm)
{
    const char *none = "eyJhbGciOiJub25lIn0."; /* {"alg":"none"} */
    cjose_jwk_t *oct = cjose_jwk_create_oct_spec((const uint8_t *)"0123456789abcdef0123456789abcdef", 32, NULL);
    ck_assert_str_eq(judge_by(&usual, sign(oct, "HS256", "rsa1", claims("{}"))), "algorithm");
    cjose_jwk_release(oct);
    size_t n;
    char *payload = NULL;
    const char *text = claims("{}");
    ck_assert(cjose_base64url_encode((const uint8_t *)text, strlen(text), &payload, &n, NULL));
    const char *code = judge_by(&usual, span_str(pool_printf(pool, "%s%s.", none, payload)));
    ck_assert_msg(strcmp(code, "algorithm") == 0 || strcmp(code, "form") == 0, "%s", code);
    cjose_get_dealloc()(payload);
}
END_TEST

START_TEST(what_is_no_token_is_refused)
{
    static const char *const bad[] = {
        "", ".", "..", "a.b", "a.b.c.d.e", "....", "eyJhbGciOiJSUzI1NiJ9..", "\xff.\xff.\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_str_ne(judge_by(&usual, span_str(bad[i])), "");
    char *big = pool_alloc(pool, IDTOKEN_MAX + 2);
    memset(big, 'a', IDTOKEN_MAX + 1);
    ck_assert_str_eq(judge_by(&usual, (struct span){big, IDTOKEN_MAX + 1}), "form");
    ck_assert_str_eq(judge_by(&usual, sign(rsa, "RS256", "rsa1", "[1]")), "claims");
    ck_assert_str_eq(judge_by(&usual, sign(rsa, "RS256", "rsa1", "{\"iss\":\"a\",\"iss\":\"b\"}")), "claims");
}
END_TEST

/* RFC example values: at_hash of OpenID Connect Core, appendix A.3. */
START_TEST(an_access_token_of_another_is_found)
{
    struct idtoken_policy policy = usual;
    policy.access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    ck_assert_str_eq(judge_by(&policy, sign(rsa, "RS256", "rsa1", claims("{\"at_hash\": \"77QmUPtjPfzWtF2AnpK9RQ\"}"))),
                     "");
    ck_assert_str_eq(judge_by(&policy, sign(rsa, "RS384", "rsa1", claims("{\"at_hash\": \"77QmUPtjPfzWtF2AnpK9RQ\"}"))),
                     "access-token");
    ck_assert_str_eq(judge_by(&policy, sign(rsa, "RS256", "rsa1", claims("{\"at_hash\": 1}"))), "access-token");
    ck_assert_str_eq(judge_by(&policy, sign(rsa, "RS256", "rsa1", claims("{}"))), "");
}
END_TEST

START_TEST(a_sign_in_of_long_ago_is_not_one_of_now)
{
    struct idtoken_policy policy = usual;
    policy.max_age = 60;
    ck_assert_str_eq(judge_by(&policy, sign(rsa, "RS256", "rsa1", claims("{}"))), "");
    ck_assert_str_eq(judge_by(&policy, sign(rsa, "RS256", "rsa1", claims("{\"auth_time\": null}"))), "auth-time");
    ck_assert_str_eq(judge_by(&policy, sign(rsa, "RS256", "rsa1", claims("{\"auth_time\": 1893455800}"))), "auth-time");
}
END_TEST

START_TEST(a_key_set_gives_only_keys_that_sign)
{
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"keys\": {}}",
        "{\"keys\": []}",
        "{\"keys\": [1, {}, {\"kty\": \"oct\", \"k\": \"AAAA\"}]}",
        "{\"keys\": [{\"kty\": \"RSA\", \"use\": \"enc\", \"n\": \"AQAB\", \"e\": \"AQAB\"}]}",
        "{\"keys\": [{\"kty\": \"RSA\", \"n\": \"AQAB\", \"e\": \"AQAB\"}]}", /* far too short */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct keyset *set = NULL;
        struct err err = ERR_INIT;
        ck_assert_msg(keyset_read(span_str(bad[i]), &set, &err) == -1 && err.kind == ERR_INPUT, "%s", bad[i]);
    }
}
END_TEST

/* libcjose ends the process at these, so they must not come as far. */
START_TEST(base64_of_an_impossible_length_is_refused)
{
    static const char *const tokens[] = {"eyJhbGciOiJSUzI1NiJ9.e30.AAAAA", "eyJhbGciOiJSUzI1NiJ9.AAAAA.AAAA", "AAAAA.e30.AAAA",
                                         "eyJhbGciOiJSUzI1NiJ9.e30=.AAAA",  "eyJhbGciOiJSUzI1NiJ9.e30",        "..A"};
    static const char *const sets[] = {"{\"keys\": [{\"kty\": \"RSA\", \"n\": \"AAAAA\", \"e\": \"AQAB\"}]}",
                                       "{\"keys\": [{\"kty\": \"RSA\", \"n\": \"AAAA\", \"e\": \"A\"}]}",
                                       "{\"keys\": [{\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"A\", \"y\": \"AAAA\"}]}"};
    struct keyset *set = NULL;
    struct err err = ERR_INIT;
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
        ck_assert_str_eq(judge_by(&usual, span_str(tokens[i])), "form");
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        ck_assert_int_eq(keyset_read(span_str(sets[i]), &set, &err), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("idtoken");
    TCase *tc = tcase_create("idtoken");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, base64_of_an_impossible_length_is_refused);
    tcase_add_test(tc, a_good_token_is_accepted);
    tcase_add_test(tc, a_token_wrong_in_one_claim_is_refused_for_it);
    tcase_add_test(tc, a_signature_of_somebody_else_does_not_stand);
    tcase_add_test(tc, neither_none_nor_a_shared_secret_is_an_algorithm);
    tcase_add_test(tc, what_is_no_token_is_refused);
    tcase_add_test(tc, an_access_token_of_another_is_found);
    tcase_add_test(tc, a_sign_in_of_long_ago_is_not_one_of_now);
    tcase_add_test(tc, a_key_set_gives_only_keys_that_sign);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
