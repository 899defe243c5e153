/* The code flow from our side: discovery, the way there and back, tokens, userinfo, the person: each wrong in one thing, refused for that. */
#include <check.h>

#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "crypto/verify.h"
#include "oidc/authrequest.h"
#include "oidc/discovery.h"
#include "oidc/encode.h"
#include "oidc/identity.h"
#include "oidc/tokencall.h"
#include "saml/base64.h"
#include "suite.h"

#define NOW    1893456000
#define ISSUER "https://login.example.com/tenant"

static struct pool *pool;

static void setup(void)
{
    pool = pool_new();
}

static void teardown(void)
{
    pool_free(&pool);
}

/* A refusal is in the house's form, and says what it is about. */
static void ck_refused(int r, const struct err *err, enum err_kind kind, const char *words, const char *what)
{
    ck_assert_msg(r == -1, "%s: accepted", what);
    ck_assert_msg(err->kind == kind, "%s: %d: %s", what, err->kind, err->text);
    ck_assert_msg(strstr(err->text, words) != NULL, "%s: '%s' is not in: %s", what, words, err->text);
    ck_assert_msg(strstr(err->text, "; ") != NULL, "%s: no remedy in: %s", what, err->text);
}

/* base with changes: null takes a member out. */
static const char *changed(const char *base, const char *changes)
{
    json_t *j = json_loads(base, 0, NULL), *with = json_loads(changes, 0, NULL), *value;
    const char *name;
    ck_assert_msg(j && with, "%s", changes);
    json_object_foreach(with, name, value)
    {
        if (json_is_null(value))
            json_object_del(j, name);
        else
            json_object_set(j, name, value);
    }
    char *text = json_dumps(j, 0);
    const char *ret = pool_strdup(pool, text);
    free(text);
    json_decref(with);
    json_decref(j);
    return ret;
}

/* --- discovery ---------------------------------------------------------------------------------------------------- */

static const char document[] =
    "{\"issuer\": \"" ISSUER "\", \"authorization_endpoint\": \"https://login.example.com/authorize?tenant=a\","
    " \"token_endpoint\": \"https://login.example.com/token\", \"jwks_uri\": \"https://keys.example.com/jwks\","
    " \"userinfo_endpoint\": \"https://login.example.com/me\", \"end_session_endpoint\": "
    "\"https://login.example.com/out\","
    " \"code_challenge_methods_supported\": [\"plain\", \"S256\"], \"response_types_supported\": [\"code\", "
    "\"id_token\"],"
    " \"id_token_signing_alg_values_supported\": [\"HS256\", \"ES256\"],"
    " \"token_endpoint_auth_methods_supported\": [\"client_secret_post\", \"private_key_jwt\", \"tls_client_auth\"],"
    " \"authorization_response_iss_parameter_supported\": true, \"backchannel_logout_supported\": true,"
    " \"backchannel_logout_session_supported\": true}";

static struct provider discovered(const char *changes)
{
    struct provider p;
    struct err err = ERR_INIT;
    int r = discovery_read(pool, span_str(changed(document, changes)), ISSUER, &p, &err);
    ck_assert_msg(r == 0, "%s: %s", changes, err.text);
    return p;
}

START_TEST(a_provider_is_read)
{
    struct provider p = discovered("{}");
    ck_assert_str_eq(p.issuer, ISSUER);
    ck_assert_str_eq(p.authorization, "https://login.example.com/authorize?tenant=a");
    ck_assert_str_eq(p.token, "https://login.example.com/token");
    ck_assert_str_eq(p.jwks, "https://keys.example.com/jwks");
    ck_assert_str_eq(p.userinfo, "https://login.example.com/me");
    ck_assert_str_eq(p.end_session, "https://login.example.com/out");
    ck_assert_uint_eq(p.client_auth, CLIENT_AUTH_POST | CLIENT_AUTH_KEY | CLIENT_AUTH_TLS);
    ck_assert(p.says_issuer && p.says_challenge && p.tells_logout && p.tells_session);
}
END_TEST

START_TEST(what_a_provider_does_not_say_has_the_standards_default)
{
    struct provider p = discovered(
        "{\"userinfo_endpoint\": null, \"end_session_endpoint\": null, \"code_challenge_methods_supported\": null,"
        " \"token_endpoint_auth_methods_supported\": null, \"response_types_supported\": null,"
        " \"id_token_signing_alg_values_supported\": null,"
        " \"authorization_response_iss_parameter_supported\": null, \"backchannel_logout_supported\": null}");
    ck_assert(!p.userinfo && !p.end_session);
    ck_assert_uint_eq(p.client_auth, CLIENT_AUTH_BASIC);
    ck_assert(!p.says_issuer && !p.says_challenge && !p.tells_logout && !p.tells_session);
}
END_TEST

START_TEST(a_provider_wrong_in_one_thing_is_refused_for_it)
{
    static const struct {
        const char *changes;
        enum err_kind kind;
        const char *words;
    } cases[] = {
        {"{\"issuer\": \"https://login.example.com/other\"}", ERR_REFUSED, "of issuer"},
        {"{\"issuer\": \"" ISSUER "/\"}", ERR_REFUSED, "a slash at the end"},
        {"{\"issuer\": \"https://LOGIN.example.com/tenant\"}", ERR_REFUSED, "of issuer"},
        {"{\"issuer\": null}", ERR_REFUSED, "(missing)"},
        {"{\"issuer\": 5}", ERR_REFUSED, "(missing)"},
        {"{\"jwks_uri\": null}", ERR_INPUT, "no jwks_uri"},
        {"{\"authorization_endpoint\": null}", ERR_INPUT, "no authorization_endpoint"},
        {"{\"token_endpoint\": 1}", ERR_INPUT, "no token_endpoint"},
        {"{\"userinfo_endpoint\": {}}", ERR_INPUT, "no userinfo_endpoint"},
        {"{\"token_endpoint\": \"http://login.example.com/token\"}", ERR_INPUT, "token_endpoint"},
        {"{\"token_endpoint\": \"http://localhost.example.com/token\"}", ERR_INPUT, "token_endpoint"},
        {"{\"token_endpoint\": \"http://127.0.0.1.example.com/token\"}", ERR_INPUT, "token_endpoint"},
        {"{\"jwks_uri\": \"file:///etc/passwd\"}", ERR_INPUT, "jwks_uri"},
        {"{\"jwks_uri\": \"/jwks\"}", ERR_INPUT, "jwks_uri"},
        {"{\"jwks_uri\": \"\"}", ERR_INPUT, "jwks_uri"},
        {"{\"authorization_endpoint\": \"https:/login.example.com/\"}", ERR_INPUT, "authorization_endpoint"},
        {"{\"authorization_endpoint\": \"https:///login.example.com/\"}", ERR_INPUT, "authorization_endpoint"},
        {"{\"authorization_endpoint\": \"javascript:alert(1)\"}", ERR_INPUT, "authorization_endpoint"},
        {"{\"authorization_endpoint\": \"https://a@login.example.com/\"}", ERR_INPUT, "authorization_endpoint"},
        {"{\"authorization_endpoint\": \"https://login.example.com/#a\"}", ERR_INPUT, "authorization_endpoint"},
        {"{\"authorization_endpoint\": \"https://login.example.com\\\\@other.example/\"}", ERR_INPUT, "authorization"},
        {"{\"authorization_endpoint\": \"https://login.example.com/\\r\\nX: 1\"}", ERR_INPUT, "authorization_endpoint"},
        {"{\"end_session_endpoint\": \"http://login.example.com/out\"}", ERR_INPUT, "end_session_endpoint"},
        {"{\"response_types_supported\": [\"id_token\"]}", ERR_REFUSED, "code flow"},
        {"{\"code_challenge_methods_supported\": [\"plain\"]}", ERR_REFUSED, "S256"},
        {"{\"id_token_signing_alg_values_supported\": [\"HS256\", \"none\", 3]}", ERR_REFUSED, "ID tokens"},
        {"{\"token_endpoint_auth_methods_supported\": [\"client_secret_jwt\"]}", ERR_REFUSED, "client authentication"},
        {"{\"mtls_endpoint_aliases\": {\"token_endpoint\": \"http://login.example.com/t\"}}", ERR_INPUT,
         "token_endpoint"},
        {"{\"mtls_endpoint_aliases\": {\"userinfo_endpoint\": 7}}", ERR_INPUT, "userinfo_endpoint"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct provider p;
        struct err err = ERR_INIT;
        int r = discovery_read(pool, span_str(changed(document, cases[i].changes)), ISSUER, &p, &err);
        ck_refused(r, &err, cases[i].kind, cases[i].words, cases[i].changes);
    }
}
END_TEST

START_TEST(what_is_no_discovery_document_is_refused)
{
    static const char *const bad[] = {"", "[]", "<!DOCTYPE html><html></html>", "{\"issuer\": \"" ISSUER "\"",
                                      "{\"issuer\": \"" ISSUER "\", \"issuer\": \"" ISSUER "\"}"};
    struct provider p;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = ERR_INIT;
        ck_refused(discovery_read(pool, span_str(bad[i]), ISSUER, &p, &err), &err, ERR_INPUT, "no JSON", bad[i]);
    }
    struct err err = ERR_INIT;
    CLEANUP(buf_release) struct buf large = BUF_INIT;
    buf_adds(&large, document);
    while (large.len <= DISCOVERY_BYTES_MAX)
        buf_adds(&large, "                                                                ");
    ck_refused(discovery_read(pool, (struct span){large.data, large.len}, ISSUER, &p, &err), &err, ERR_INPUT, "larger",
               "large");
    large.len = DISCOVERY_BYTES_MAX;
    ck_assert_int_eq(discovery_read(pool, (struct span){large.data, large.len}, ISSUER, &p, &err), 0);
}
END_TEST

START_TEST(a_provider_on_this_machine_may_be_plain)
{
    static const char *const good[] = {"http://127.0.0.1:80/t", "http://localhost/t", "http://[::1]:9/t"},
                             *const bad[] = {"http://login.example.com/t", "http://10.0.0.1/t", "http://[::2]/t",
                                             "ftp://localhost/t", "http://127.0.0.1@login.example.com/t"};
    const char *issuer = "http://127.0.0.1:8080";
    struct provider p;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct err err = ERR_INIT;
        const char *changes = pool_printf(pool, "{\"issuer\": \"%s\", \"token_endpoint\": \"%s\"}", issuer, good[i]);
        int r = discovery_read(pool, span_str(changed(document, changes)), issuer, &p, &err);
        ck_assert_msg(r == 0 && strcmp(p.token, good[i]) == 0, "%s", err.text);
        changes = pool_printf(pool, "{\"token_endpoint\": \"%s\"}", good[i]);
        r = discovery_read(pool, span_str(changed(document, changes)), ISSUER, &p, &err);
        ck_refused(r, &err, ERR_INPUT, "token_endpoint", changes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = ERR_INIT;
        const char *changes = pool_printf(pool, "{\"issuer\": \"%s\", \"token_endpoint\": \"%s\"}", issuer, bad[i]);
        int r = discovery_read(pool, span_str(changed(document, changes)), issuer, &p, &err);
        ck_refused(r, &err, ERR_INPUT, "token_endpoint", bad[i]);
    }
}
END_TEST

START_TEST(a_slash_of_the_issuer_is_not_doubled)
{
    ck_assert_str_eq(discovery_url(pool, ISSUER), ISSUER "/.well-known/openid-configuration");
    ck_assert_str_eq(discovery_url(pool, ISSUER "/"), ISSUER "/.well-known/openid-configuration");
}
END_TEST

/* --- there and back ----------------------------------------------------------------------------------------------- */

START_TEST(the_challenge_is_the_standards)
{
    CLEANUP(buf_release) struct buf challenge = BUF_INIT;
    authrequest_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", &challenge); /* RFC 7636, appendix B */
    ck_assert_str_eq(challenge.data, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}
END_TEST

START_TEST(no_request_is_like_another)
{
    struct authrequest a, b;
    authrequest_new(&a);
    authrequest_new(&b);
    ck_assert_uint_eq(strlen(a.verifier), VERIFIER_SIZE - 1);
    ck_assert_uint_eq(strspn(a.verifier, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
    ck_assert(strcmp(a.verifier, b.verifier) && strcmp(a.state, b.state) && strcmp(a.nonce, b.nonce));
    ck_assert(strcmp(a.state, a.nonce));
}
END_TEST

static const char *address(const char *endpoint, const struct authrequest_ask *ask)
{
    static const struct authrequest request = {"s", "n", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"};
    const struct provider p = {.authorization = endpoint};
    CLEANUP(buf_release) struct buf url = BUF_INIT;
    authrequest_url(&p, ask, &request, &url);
    return pool_strdup(pool, url.data);
}

#define PARAMS                                                                                                         \
    "response_type=code&client_id=a%26b&redirect_uri=https%3A%2F%2Fus.example%2Fcb%3Fx%3D1&scope=openid%20email%20"    \
    "profile&state=s&nonce=n&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"

START_TEST(the_address_holds_what_is_asked)
{
    struct authrequest_ask ask = {.client_id = "a&b", .redirect_uri = "https://us.example/cb?x=1"};
    ck_assert_str_eq(address("https://p.example/a", &ask), "https://p.example/a?" PARAMS);
    ck_assert_str_eq(address("https://p.example/a?t=1", &ask), "https://p.example/a?t=1&" PARAMS);
    ck_assert_str_eq(address("https://p.example/a?", &ask), "https://p.example/a?" PARAMS);
    ask.login_hint = "한@example.com";
    ask.context = "urn:a b";
    ask.max_age = 300;
    ask.sign_in_again = true;
    ck_assert_str_eq(address("https://p.example/a", &ask),
                     "https://p.example/a?" PARAMS
                     "&login_hint=%ED%95%9C%40example.com&acr_values=urn%3Aa%20b&max_age=0&prompt=login");
}
END_TEST

#define STATE "abcdefghijklmnopqrstuvwxyz234567"
#define OTHER "abcdefghijklmnopqrstuvwxyz234566"

/* "name=value" pairs that end with NULL, as request_param would give them. */
static int param(const void *ctx, const char *name, const char **ret)
{
    int n = 0;
    for (const char *const *p = ctx; *p; p++) {
        if (strncmp(*p, name, strlen(name)) != 0 || (*p)[strlen(name)] != '=')
            continue;
        *ret = *p + strlen(name) + 1;
        n++;
    }
    return n > 1 ? -1 : n;
}

static int answer(const char *const *params, bool says_issuer, struct authresponse *ret, struct err *err)
{
    const struct provider p = {.issuer = ISSUER, .says_issuer = says_issuer};
    if (authresponse_read(param, params, ret, err) != 0)
        return -1;
    return authresponse_check(ret, &p, STATE, err);
}

START_TEST(a_good_answer_gives_the_code)
{
    static const char *const with[] = {"state=" STATE, "code=c-1", "iss=" ISSUER, "session_state=x", NULL},
                             *const without[] = {"state=" STATE, "code=c-1", NULL};
    struct authresponse response;
    struct err err = ERR_INIT;
    ck_assert_msg(answer(with, true, &response, &err) == 0, "%s", err.text);
    ck_assert_msg(answer(with, false, &response, &err) == 0, "%s", err.text);
    ck_assert_msg(answer(without, false, &response, &err) == 0, "%s", err.text);
    ck_assert_str_eq(response.code, "c-1");
}
END_TEST

START_TEST(an_answer_wrong_in_one_thing_is_refused_for_it)
{
    static const struct {
        const char *const params[6];
        enum err_kind kind;
        bool says_issuer;
        const char *words;
    } cases[] = {
        {{"code=c"}, ERR_INPUT, false, "no state of ours"},
        {{"code=c", "state="}, ERR_INPUT, false, "no state of ours"},
        {{"code=c", "state=short"}, ERR_INPUT, false, "no state of ours"},
        {{"code=c", "state=" STATE, "state=" STATE}, ERR_INPUT, false, "state is there more than once"},
        {{"code=c", "state=" STATE "x"}, ERR_INPUT, false, "state is longer"},
        {{"code=c", "state=" OTHER}, ERR_REFUSED, false, "another request"},
        {{"code=c", "code=d", "state=" STATE}, ERR_INPUT, false, "code is there more than once"},
        {{"code=c", "state=" STATE}, ERR_REFUSED, true, "does not say who it is from"},
        {{"code=c", "state=" STATE, "iss=https://evil.example"}, ERR_REFUSED, true, "is from 'https://evil.example'"},
        {{"code=c", "state=" STATE, "iss=https://evil.example"}, ERR_REFUSED, false, "is from 'https://evil.example'"},
        {{"code=c", "state=" STATE, "iss=" ISSUER "/"}, ERR_REFUSED, true, "is from"},
        {{"code=c", "state=" STATE, "iss="}, ERR_REFUSED, false, "is from ''"},
        {{"code=c", "state=" STATE, "iss=" ISSUER, "iss=" ISSUER}, ERR_INPUT, true, "iss is there more than once"},
        {{"state=" STATE}, ERR_INPUT, false, "neither code nor error"},
        {{"state=" STATE, "code="}, ERR_INPUT, false, "neither code nor error"},
        {{"state=" STATE, "error=access_denied"}, ERR_REFUSED, false, "(it says 'access_denied')"},
        {{"state=" STATE, "error=access_denied", "error_description=you\033[2J"}, ERR_REFUSED, false, "'you\uFFFD[2J'"},
        {{"state=" STATE, "error=access_denied", "code=c"}, ERR_REFUSED, false, "refused the sign-in"},
        {{"state=" STATE, "error=access_denied"}, ERR_REFUSED, true, "does not say who it is from"},
        {{"state=" OTHER, "error=access_denied"}, ERR_REFUSED, false, "another request"},
        {{"state=" STATE, "error=temporarily_unavailable"}, ERR_NETWORK, false, "busy"},
        {{"state=" STATE, "error=of_its_own"}, ERR_REFUSED, false, "(it says 'of_its_own')"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct authresponse response;
        struct err err = ERR_INIT;
        int r = answer(cases[i].params, cases[i].says_issuer, &response, &err);
        ck_refused(r, &err, cases[i].kind, cases[i].words, pool_printf(pool, "case %zu", i));
    }
}
END_TEST

START_TEST(a_code_has_a_length)
{
    char code[AUTHRESPONSE_MAX + 7] = "code=";
    const char *const params[] = {"state=" STATE, code, NULL};
    struct authresponse response;
    struct err err = ERR_INIT;
    memset(code + 5, 'c', AUTHRESPONSE_MAX);
    ck_assert_int_eq(answer(params, false, &response, &err), 0);
    memset(code + 5, 'c', AUTHRESPONSE_MAX + 1);
    ck_refused(answer(params, false, &response, &err), &err, ERR_INPUT, "code is longer", "long code");
}
END_TEST

/* --- tokens ------------------------------------------------------------------------------------------------------- */

static int build(unsigned takes, const struct client *client, struct http_request *ret, struct err *err)
{
    const struct provider p = {.issuer = ISSUER, .token = "https://login.example.com/token", .client_auth = takes};
    return tokencall_build(pool, &p, client, "c/1", "https://us.example/cb", "ver-ifier", NOW, ret, err);
}

#define GRANT                                                                                                          \
    "grant_type=authorization_code&code=c%2F1&redirect_uri=https%3A%2F%2Fus.example%2Fcb&code_verifier=ver-ifier"

START_TEST(a_secret_goes_where_the_provider_takes_it)
{
    const struct client client = {.id = "a:b", .secret = "p%s+ä"};
    struct http_request request;
    struct err err = ERR_INIT;
    ck_assert_int_eq(build(CLIENT_AUTH_BASIC | CLIENT_AUTH_POST, &client, &request, &err), 0);
    ck_assert_str_eq(request.method, "POST");
    ck_assert_str_eq(request.url, "https://login.example.com/token");
    ck_assert_str_eq(request.type, "application/x-www-form-urlencoded");
    ck_assert_str_eq(request.accept, "application/json");
    ck_assert_str_eq(request.authorization, "Basic YSUzQWI6cCUyNXMlMkIlQzMlQTQ="); /* a%3Ab:p%25s%2B%C3%A4 */
    ck_assert(span_eq(request.body, span_str(GRANT)));
    ck_assert_int_eq(build(CLIENT_AUTH_POST, &client, &request, &err), 0);
    ck_assert_ptr_null(request.authorization);
    ck_assert(span_eq(request.body, span_str(GRANT "&client_id=a%3Ab&client_secret=p%25s%2B%C3%A4")));
    ck_refused(build(CLIENT_AUTH_KEY, &client, &request, &err), &err, ERR_CONFIG, "does not take a client's secret",
               "key");
    const struct client none = {.id = "a"}, empty = {.id = "a", .secret = ""};
    ck_refused(build(CLIENT_AUTH_BASIC, &none, &request, &err), &err, ERR_CONFIG, "nothing to show", "none");
    ck_refused(build(CLIENT_AUTH_BASIC, &empty, &request, &err), &err, ERR_CONFIG, "nothing to show", "empty");
}
END_TEST

START_TEST(a_certificate_is_shown_where_the_provider_wants_it)
{
    struct client client = {
        .id = "a b", .secret = "never", .key = (const struct keypair *)"never read", .key_file = "/k"};
    struct http_request request;
    struct err err = ERR_INIT;
    struct provider p = discovered("{\"token_endpoint_auth_methods_supported\": [\"self_signed_tls_client_auth\"]}");
    ck_assert_int_eq(
        tokencall_build(pool, &p, &client, "c/1", "https://us.example/cb", "ver-ifier", NOW, &request, &err), 0);
    ck_assert_str_eq(request.client_file, "/k");
    ck_assert_str_eq(request.url, "https://login.example.com/token");
    ck_assert_ptr_null(request.authorization);
    ck_assert(span_eq(request.body, span_str(GRANT "&client_id=a%20b")));
    p = discovered("{\"token_endpoint_auth_methods_supported\": [\"client_secret_basic\", \"private_key_jwt\", "
                   "\"tls_client_auth\"],"
                   " \"mtls_endpoint_aliases\": {\"token_endpoint\": \"https://tls.example.com/t\","
                   " \"userinfo_endpoint\": \"https://tls.example.com/me\"}}");
    client.only = CLIENT_AUTH_TLS;
    ck_assert_int_eq(tokencall_build(pool, &p, &client, "c", "https://us.example/cb", "v", NOW, &request, &err), 0);
    ck_assert_str_eq(request.url, "https://tls.example.com/t");
    userinfo_build(pool, &p, &client, "t-1", &request);
    ck_assert_str_eq(request.url, "https://tls.example.com/me");
    ck_assert_str_eq(request.client_file, "/k");
    client.only = CLIENT_AUTH_BASIC; /* the secret, although there is a key */
    ck_assert_int_eq(tokencall_build(pool, &p, &client, "c", "https://us.example/cb", "v", NOW, &request, &err), 0);
    ck_assert_ptr_nonnull(request.authorization);
    ck_assert_ptr_null(request.client_file);
    userinfo_build(pool, &p, &client, "t-1", &request);
    ck_assert_str_eq(request.url, "https://login.example.com/me");
    client.only = CLIENT_AUTH_POST;
    ck_refused(tokencall_build(pool, &p, &client, "c", "https://us.example/cb", "v", NOW, &request, &err), &err,
               ERR_CONFIG, "client-authentication", "post");
}
END_TEST

static void decode(const char *text, size_t n, struct buf *ret)
{
    char *copy = pool_printf(pool, "%.*s%.*s", (int)n, text, (int)((4 - n % 4) % 4), "===");
    for (char *p = copy; *p; p++)
        *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
    ck_assert_int_eq(saml_base64_decode(span_str(copy), ret), 0);
}

/* header.claims.signature: the claims, of a word that our certificate verifies. */
static json_t *open_word(const char *word, const struct keypair *key)
{
    CLEANUP(buf_release) struct buf header = BUF_INIT;
    CLEANUP(buf_release) struct buf claims = BUF_INIT;
    CLEANUP(buf_release) struct buf signature = BUF_INIT;
    const char *second = strchr(word, '.') + 1, *third = strchr(second, '.') + 1;
    decode(word, (size_t)(second - 1 - word), &header);
    decode(second, (size_t)(third - 1 - second), &claims);
    decode(third, strlen(third), &signature);
    ck_assert(verify_bytes(keypair_cert(key), VERIFY_RSA_SHA256, (struct span){word, (size_t)(third - 1 - word)},
                           (struct span){signature.data, signature.len}));
    ck_assert_ptr_nonnull(strstr(header.data, "\"alg\":\"RS256\""));
    ck_assert_ptr_nonnull(strstr(header.data, "\"x5t#S256\":"));
    return json_loads(claims.data, 0, NULL);
}

START_TEST(a_key_speaks_to_the_issuer_alone)
{
    char dir[256];
    snprintf(dir, sizeof dir, "%s/doorward-oidc-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : P_tmpdir);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    const char *path = pool_printf(pool, "%s/key.pem", dir);
    CLEANUP(keypair_free) struct keypair *key = NULL;
    struct err err = ERR_INIT;
    ck_assert_int_eq(keypair_make(path, "us", 2048, 30, NOW, &err), 0);
    ck_assert_msg(keypair_read(path, &key, &err) == 0, "%s", err.text);
    unlink(path);
    rmdir(dir);
    const struct client client = {.id = "us", .secret = "never", .key = key};
    struct http_request request;
    ck_assert_msg(build(CLIENT_AUTH_KEY | CLIENT_AUTH_BASIC, &client, &request, &err) == 0, "%s", err.text);
    ck_assert_ptr_null(request.authorization);
    ck_assert_ptr_null(strstr(request.body.p, "never"));
    ck_assert_ptr_nonnull(strstr(request.body.p, "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"));
    const char *name = "&client_assertion=";
    json_t *claims = open_word(strstr(request.body.p, name) + strlen(name), key);
    ck_assert_str_eq(json_string_value(json_object_get(claims, "iss")), "us");
    ck_assert_str_eq(json_string_value(json_object_get(claims, "sub")), "us");
    ck_assert_str_eq(json_string_value(json_object_get(claims, "aud")), ISSUER);
    ck_assert_int_eq(json_integer_value(json_object_get(claims, "exp")), NOW + TOKENCALL_KEY_SECONDS);
    ck_assert_uint_eq(strlen(json_string_value(json_object_get(claims, "jti"))), TOKEN_LENGTH);
    json_decref(claims);
    ck_refused(build(CLIENT_AUTH_BASIC, &client, &request, &err), &err, ERR_CONFIG, "private_key_jwt", "basic only");
}
END_TEST

static struct http_reply reply_of(long status, const char *type, const char *body)
{
    struct http_reply reply = {.status = status};
    snprintf(reply.type, sizeof reply.type, "%s", type);
    reply.body = (struct buf){pool_strdup(pool, body), strlen(body), strlen(body) + 1};
    return reply;
}

static int read_tokens(long status, const char *type, const char *body, struct err *err)
{
    struct http_reply reply = reply_of(status, type, body);
    struct tokens tokens;
    int r = tokencall_read(pool, &reply, &tokens, err);
    ck_assert(r != 0 || (strcmp(tokens.id_token, "a.b.c") == 0 && strcmp(tokens.access_token, "t-1") == 0));
    return r;
}

#define JSON   "application/json"
#define TOKENS "{\"id_token\": \"a.b.c\", \"access_token\": \"t-1\", \"token_type\": \"Bearer\", \"expires_in\": 60}"

START_TEST(an_answer_gives_the_tokens)
{
    struct err err = ERR_INIT;
    ck_assert_msg(read_tokens(200, JSON, TOKENS, &err) == 0, "%s", err.text);
    ck_assert_int_eq(read_tokens(200, "Application/JSON; charset=utf-8", TOKENS, &err), 0);
    ck_assert_int_eq(read_tokens(200, JSON, changed(TOKENS, "{\"token_type\": \"bearer\"}"), &err), 0);
}
END_TEST

START_TEST(an_answer_without_tokens_is_refused_in_words)
{
    static const struct {
        long status;
        const char *type, *changes;
        enum err_kind kind;
        const char *words;
    } cases[] = {
        {200, JSON, "{\"id_token\": null}", ERR_INPUT, "no ID token"},
        {200, JSON, "{\"id_token\": \"\"}", ERR_INPUT, "no ID token"},
        {200, JSON, "{\"id_token\": {}}", ERR_INPUT, "no ID token"},
        {200, JSON, "{\"access_token\": null}", ERR_INPUT, "no access token"},
        {200, JSON, "{\"access_token\": \"t\\r\\nHost: evil\"}", ERR_INPUT, "no access token"},
        {200, JSON, "{\"access_token\": \"t\\u00e4\"}", ERR_INPUT, "no access token"},
        {200, JSON, "{\"token_type\": null}", ERR_INPUT, "of type '(nothing)'"},
        {200, JSON, "{\"token_type\": \"DPoP\"}", ERR_INPUT, "of type 'DPoP'"},
        {200, "text/html", "{}", ERR_INPUT, "no JSON object (its type is 'text/html')"},
        {200, "", "{}", ERR_INPUT, "no JSON object"},
        {200, "application/jsonp", "{}", ERR_INPUT, "no JSON object"},
        {302, JSON, "{}", ERR_REFUSED, "status 302"},
        {201, JSON, "{}", ERR_REFUSED, "status 201"},
        {400, JSON, "{\"error\": \"invalid_grant\"}", ERR_REFUSED, "does not take the code"},
        {401, JSON, "{\"error\": \"invalid_client\", \"error_description\": \"bad\\u0007\"}", ERR_REFUSED,
         "'bad\uFFFD'"},
        {400, JSON, "{\"error\": \"of_its_own\"}", ERR_REFUSED, "(it says 'of_its_own')"},
        {400, "text/html", "{\"error\": \"invalid_grant\"}", ERR_REFUSED, "status 400"},
        {503, JSON, "{\"error\": \"invalid_grant\"}", ERR_NETWORK, "status 503"},
        {429, JSON, "{}", ERR_NETWORK, "status 429"},
    };
    struct err err = ERR_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int r = read_tokens(cases[i].status, cases[i].type, changed(TOKENS, cases[i].changes), &err);
        ck_refused(r, &err, cases[i].kind, cases[i].words, pool_printf(pool, "case %zu", i));
    }
    ck_refused(read_tokens(200, JSON, "<html></html>", &err), &err, ERR_INPUT, "no JSON object", "HTML");
    ck_refused(read_tokens(200, JSON, "[]", &err), &err, ERR_INPUT, "no JSON object", "array");
    ck_refused(read_tokens(200, JSON, "", &err), &err, ERR_INPUT, "no JSON object", "empty");
}
END_TEST

START_TEST(an_answer_has_a_size)
{
    CLEANUP(buf_release) struct buf body = BUF_INIT;
    struct err err = ERR_INIT;
    buf_adds(&body, TOKENS);
    while (body.len < TOKENCALL_BYTES_MAX)
        buf_addc(&body, ' ');
    ck_assert_int_eq(read_tokens(200, JSON, body.data, &err), 0);
    buf_addc(&body, ' ');
    ck_refused(read_tokens(200, JSON, body.data, &err), &err, ERR_INPUT, "larger", "whole");
    CLEANUP(freep) char *token = mem_zero(TOKENCALL_ACCESS_MAX + 2);
    memset(token, 't', TOKENCALL_ACCESS_MAX + 1);
    ck_refused(read_tokens(200, JSON, changed(TOKENS, pool_printf(pool, "{\"access_token\": \"%s\"}", token)), &err),
               &err, ERR_INPUT, "no access token", "access token");
}
END_TEST

static int read_userinfo(long status, const char *type, const char *body, struct err *err)
{
    struct http_reply reply = reply_of(status, type, body);
    const char *claims = NULL;
    int r = userinfo_read(pool, &reply, "s-1", &claims, err);
    ck_assert(r != 0 || strcmp(claims, body) == 0);
    return r;
}

START_TEST(userinfo_is_of_who_signed_in)
{
    const struct provider p = {.userinfo = "https://login.example.com/me"};
    struct http_request request;
    struct err err = ERR_INIT;
    userinfo_build(pool, &p, &(struct client){.id = "us", .secret = "s"}, "t-1", &request);
    ck_assert_str_eq(request.authorization, "Bearer t-1");
    ck_assert_str_eq(request.url, "https://login.example.com/me");
    ck_assert_int_eq(read_userinfo(200, JSON, "{\"sub\": \"s-1\"}", &err), 0);
    ck_refused(read_userinfo(200, JSON, "{\"sub\": \"s-2\"}", &err), &err, ERR_REFUSED, "about 's-2'", "other");
    ck_refused(read_userinfo(200, JSON, "{\"sub\": \"s-1\\u0000\"}", &err), &err, ERR_INPUT, "no JSON object", "NUL");
    ck_refused(read_userinfo(200, JSON, "{\"email\": \"a@b.c\"}", &err), &err, ERR_REFUSED, "(nothing)", "nobody");
    ck_refused(read_userinfo(200, "application/jwt", "a.b.c", &err), &err, ERR_INPUT, "application/jwt", "signed");
    ck_refused(read_userinfo(401, JSON, "{}", &err), &err, ERR_REFUSED, "status 401", "401");
}
END_TEST

/* --- the person ----------------------------------------------------------------------------------------------------- */

static const char *const domains[] = {"example.com", "xn--hq1b21i.example"};

static struct identity person(const char *issuer, const char *claims, const char *userinfo,
                              struct identity_policy policy)
{
    const struct idtoken token = {.issuer = issuer, .subject = "s-1", .claims = claims};
    struct identity who;
    struct err err = ERR_INIT;
    policy.domains = domains;
    policy.ndomains = 2;
    ck_assert_msg(identity_read(pool, &token, userinfo, &policy, &who, &err) == 0, "%s", err.text);
    return who;
}

static const struct identity_policy usual_policy = {.domains = NULL};

START_TEST(a_person_is_made_of_claims)
{
    struct identity who = person(
        ISSUER, "{\"sub\": \"s-1\", \"email\": \"ann@example.com\", \"given_name\": \"Ann\"}",
        "{\"sub\": \"s-1\", \"given_name\": \"Other\", \"family_name\": \"Lee\", \"name\": \"Ann Lee\"}", usual_policy);
    ck_assert_str_eq(who.issuer, ISSUER);
    ck_assert_str_eq(who.subject, "s-1");
    ck_assert_str_eq(who.field[SAML_IMMUTABLE_ID], "s-1");
    ck_assert_str_eq(who.field[SAML_EMAIL], "ann@example.com");
    ck_assert_str_eq(who.field[SAML_GIVEN_NAME], "Ann");
    ck_assert_str_eq(who.field[SAML_FAMILY_NAME], "Lee");
    ck_assert_str_eq(who.field[SAML_DISPLAY_NAME], "Ann Lee");
    ck_assert_str_eq(who.source[SAML_FAMILY_NAME], "family_name");
}
END_TEST

START_TEST(an_address_counts_when_somebody_vouches_for_it)
{
    static const struct {
        const char *claims, *userinfo;
        bool counts, verified, vouched;
    } cases[] = {
        {"\"email\": \"ann@example.com\"", NULL, true, false, true},
        {"\"email\": \"ann@EXAMPLE.com\", \"email_verified\": false", NULL, true, false, true},
        {"\"email\": \"ann@other.example\", \"email_verified\": true", NULL, true, true, false},
        {"\"email\": \"ann@other.example\", \"email_verified\": \"true\"", NULL, true, true, false},
        {"\"email\": \"ann@other.example\", \"email_verified\": false", NULL, false, false, false},
        {"\"email\": \"ann@other.example\", \"email_verified\": 1", NULL, false, false, false},
        {"\"email\": \"ann@other.example\"", NULL, false, false, false},
        {"\"email\": \"ann@other.example\"", "\"email_verified\": true", false, false, false},
        {"\"email_verified\": true", "\"email\": \"ann@other.example\"", false, false, false},
        {"\"a\": 1", "\"email\": \"ann@other.example\", \"email_verified\": true", true, true, false},
        {"\"email\": \"ann@sub.example.com\"", NULL, false, false, false},
        {"\"email\": \"ann@other.example,x@example.com\", \"email_verified\": true", NULL, false, false, false},
        {"\"email\": \"example.com\", \"email_verified\": true", NULL, false, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *userinfo =
            cases[i].userinfo ? pool_printf(pool, "{\"sub\": \"s-1\", %s}", cases[i].userinfo) : NULL;
        struct identity who =
            person(ISSUER, pool_printf(pool, "{\"sub\": \"s-1\", %s}", cases[i].claims), userinfo, usual_policy);
        ck_assert_msg((who.field[SAML_EMAIL] != NULL) == cases[i].counts, "case %zu", i);
        ck_assert_msg((who.unbelieved_email == NULL) == cases[i].counts, "case %zu", i);
        ck_assert_msg(who.email_verified == cases[i].verified && who.email_vouched == cases[i].vouched, "case %zu", i);
    }
}
END_TEST

START_TEST(a_claim_that_was_named_is_the_only_one)
{
    struct identity_policy policy = {.claim = {[SAML_EMAIL] = "upn", [SAML_IMMUTABLE_ID] = "guid"}};
    struct identity who =
        person(ISSUER,
               "{\"sub\": \"s-1\", \"email\": \"ann@example.com\", \"email_verified\": true, \"upn\": "
               "\"ann@other.example\", \"guid\": \"{00112233-4455-6677-8899-AABBCCDDEEFF}\"}",
               NULL, policy);
    ck_assert_ptr_null(who.field[SAML_EMAIL]); /* email_verified is not about upn */
    ck_assert_str_eq(who.unbelieved_email, "ann@other.example");
    ck_assert_str_eq(who.field[SAML_IMMUTABLE_ID], "00112233-4455-6677-8899-aabbccddeeff");
}
END_TEST

START_TEST(entra_knows_a_person_by_oid)
{
    const char *entra = "https://login.microsoftonline.com/t/v2.0";
    ck_assert_str_eq(person(entra, "{\"sub\": \"s-1\", \"oid\": \"o-1\"}", NULL, usual_policy).field[SAML_IMMUTABLE_ID],
                     "o-1");
    ck_assert_str_eq(
        person(ISSUER, "{\"sub\": \"s-1\", \"oid\": \"o-1\"}", NULL, usual_policy).field[SAML_IMMUTABLE_ID], "s-1");
    const struct idtoken token = {.issuer = entra, .subject = "s-1", .claims = "{\"sub\": \"s-1\"}"};
    struct identity who;
    struct err err = ERR_INIT;
    ck_refused(identity_read(pool, &token, NULL, &usual_policy, &who, &err), &err, ERR_REFUSED, "'oid'", "no oid");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oidc_flow");
    TCase *tc = tcase_create("oidc_flow");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, a_provider_is_read);
    tcase_add_test(tc, what_a_provider_does_not_say_has_the_standards_default);
    tcase_add_test(tc, a_provider_wrong_in_one_thing_is_refused_for_it);
    tcase_add_test(tc, what_is_no_discovery_document_is_refused);
    tcase_add_test(tc, a_provider_on_this_machine_may_be_plain);
    tcase_add_test(tc, a_slash_of_the_issuer_is_not_doubled);
    tcase_add_test(tc, the_challenge_is_the_standards);
    tcase_add_test(tc, no_request_is_like_another);
    tcase_add_test(tc, the_address_holds_what_is_asked);
    tcase_add_test(tc, a_good_answer_gives_the_code);
    tcase_add_test(tc, an_answer_wrong_in_one_thing_is_refused_for_it);
    tcase_add_test(tc, a_code_has_a_length);
    tcase_add_test(tc, a_secret_goes_where_the_provider_takes_it);
    tcase_add_test(tc, a_certificate_is_shown_where_the_provider_wants_it);
    tcase_add_test(tc, a_key_speaks_to_the_issuer_alone);
    tcase_add_test(tc, an_answer_gives_the_tokens);
    tcase_add_test(tc, an_answer_without_tokens_is_refused_in_words);
    tcase_add_test(tc, an_answer_has_a_size);
    tcase_add_test(tc, userinfo_is_of_who_signed_in);
    tcase_add_test(tc, a_person_is_made_of_claims);
    tcase_add_test(tc, an_address_counts_when_somebody_vouches_for_it);
    tcase_add_test(tc, a_claim_that_was_named_is_the_only_one);
    tcase_add_test(tc, entra_knows_a_person_by_oid);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
