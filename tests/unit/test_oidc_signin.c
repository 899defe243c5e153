/* A sign-in through an OpenID provider from its beginning to the session, and its end, with answers that were recorded: no sockets. */
#include <check.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/schema.h"
#include "jose.h"
#include "saml/saml.h"
#include "signin/leave.h"
#include "signin/oidc_logout.h"
#include "signin/oidc_verify.h"
#include "store/domain.h"
#include "suite.h"

#define ISSUER  "https://login.example.com"
#define BROWSER "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NOW     1893456000

static char dir[64];
static struct signin in;
static struct conf *conf;
static struct err err;
static struct pool *pool;
static cjose_jwk_t *key;

static const char text[] =
    "[organization]\nname = O\nurl = https://signin.example.com\n"
    "[domain example.com]\nconnection = idp\n"
    "[connection idp]\ntype = oidc\nissuer = " ISSUER "\nclient-id = us\nclient-secret-file = secret\n"
    "[platform p]\ntype = roster\n[directory one]\ntype = ldif\nfile = secret\n"
    "[team first]\ndirectory = one\nplatform = p\nprimary-admin = a@example.com\n";

static const char rows[] =
    "INSERT INTO directory (id, name) VALUES (1, 'one');"
    "INSERT INTO entry (id, directory, kind, uid, fp_hi, fp_lo, gone_at) VALUES (1, 1, 0, 'ann', 0, 0, 0);"
    "INSERT INTO person (id, name, email, domain, active, excluded, fp_hi, fp_lo) VALUES"
    " (1, 'cn=ann', 'ann@example.com', 'example.com', 1, 0, 0, 0);";

/* --- the provider, as it was recorded ------------------------------------------------------------------------------------- */

static struct recorded {
    const char *claims, *userinfo, *tokens; /* changes */
    const char *keys;                       /* in place of the set; NULL: the set */
    const char *nonce;
    const char *form; /* what the token endpoint was sent */
    int calls, keysets, userinfos;
    bool away;
} now_at;

static const char *good_token(void)
{
    const char *claims =
        pool_printf(pool,
                    "{\"iss\": \"" ISSUER "\", \"aud\": \"us\", \"sub\": \"s-1\", \"exp\": %d, \"iat\": %d,"
                    " \"nonce\": \"%s\", \"sid\": \"there\", \"auth_time\": %d, \"uid\": \"ann\"}",
                    NOW + 60, NOW, now_at.nonce, NOW);
    return jose_sign(pool, key, NULL, jose_changed(pool, claims, now_at.claims));
}

static const char *say(const struct http_request *request)
{
    if (strstr(request->url, "openid-configuration"))
        return "{\"issuer\": \"" ISSUER "\", \"authorization_endpoint\": \"" ISSUER
               "/a\", \"token_endpoint\": \"" ISSUER "/t\", \"jwks_uri\": \"" ISSUER
               "/jwks\", \"userinfo_endpoint\": \"" ISSUER "/me\", \"end_session_endpoint\": \"" ISSUER "/end?a=b\"}";
    if (strstr(request->url, "/jwks")) {
        now_at.keysets++;
        return now_at.keys ? now_at.keys : jose_set(pool, key);
    }
    if (strstr(request->url, "/me")) {
        now_at.userinfos++;
        return jose_changed(pool, "{\"sub\": \"s-1\", \"email\": \"ann@example.com\", \"email_verified\": true}",
                            now_at.userinfo);
    }
    now_at.form = pool_strndup(pool, request->body.p, request->body.n);
    const char *tokens = pool_printf(
        pool, "{\"id_token\": \"%s\", \"access_token\": \"t-1\", \"token_type\": \"Bearer\"}", good_token());
    return jose_changed(pool, tokens, now_at.tokens);
}

static int send(void *ctx, const char *ca_file, const struct http_request *request, struct http_reply *ret,
                struct err *fault)
{
    (void)ctx, (void)ca_file;
    now_at.calls++;
    if (now_at.away)
        return err_set(fault, ERR_NETWORK, "provider: it is away; look at it");
    *ret = (struct http_reply){.status = 200, .type = "application/json"};
    buf_adds(&ret->body, say(request));
    return 0;
}

static const struct caller caller = {.send = send};

/* --- the site --------------------------------------------------------------------------------------------------------------- */

static const char *path(const char *name)
{
    return pool_printf(pool, "%s/%s", dir, name);
}

static void open_gate(void)
{
    const struct domain_row domain = {.name = "example.com",
                                      .token = "t",
                                      .state = DOMAIN_PROVED,
                                      .method = "dns",
                                      .dnssec = "",
                                      .detail = "",
                                      .proved_at = NOW,
                                      .checked_at = NOW};
    const struct connection_row connection = {.name = "idp",
                                              .state = CONNECTION_ACTIVE,
                                              .entity = ISSUER,
                                              .tested_as = "a",
                                              .tested_at = NOW - 60,
                                              .activated_at = NOW - 60};
    ck_assert_msg(domain_put(in.store, &domain, &err) == 0, "%s", err.text);
    ck_assert_msg(connection_put(in.store, &connection, &err) == 0, "%s", err.text);
}

static void setup(void)
{
    static const struct providers_wanted wanted = {ISSUER, NULL};
    err = (struct err)ERR_INIT;
    snprintf(dir, sizeof dir, "/tmp/doorward-oidc-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    pool = pool_new();
    key = jose_key("one");
    now_at = (struct recorded){.claims = "{}", .userinfo = "{}", .tokens = "{}"};
    in = (struct signin){.pool = pool, .now = NOW, .providers = providers_new(&caller)};
    providers_want(in.providers, &wanted, 1);
    ck_assert_int_eq(file_replace(path("secret"), "s3cret\r\nof another line\n", 24, 0600, &err), 0);
    ck_assert_int_eq(file_replace(path("conf"), text, sizeof text - 1, 0600, &err), 0);
    ck_assert_msg(conf_load(path("conf"), schema_get(), &conf, NULL, &err) == 0, "%s", err.text);
    in.conf = conf;
    ck_assert_msg(store_open(dir, STORE_WRITE, "test", &in.store, &err) == 0, "%s", err.text);
    ck_assert_msg(signins_open(dir, &in.signins, &err) == 0, "%s", err.text);
    ck_assert_msg(db_exec(in.store->db, rows, &err) == 0, "%s", err.text);
    open_gate();
}

static void teardown(void)
{
    static const char *const files[] = {
        "doorward.db", "doorward.db-wal", "doorward.db-shm", "signin.db", "signin.db-wal", "signin.db-shm", "lock",
        "conf",        "secret"};
    store_close(&in.store);
    signins_close(&in.signins);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(path(files[i]));
    rmdir(dir);
    conf_free(&conf);
    providers_free(&in.providers);
    cjose_jwk_release(key);
    pool_free(&pool);
    saml_shutdown();
}

/* --- there and back ------------------------------------------------------------------------------------------------------- */

/* A parameter of an address, with %XX undone. */
static const char *param_of(const char *url, const char *name)
{
    const char *at = strstr(url, pool_printf(pool, "%s=", name));
    ck_assert_msg(at && strchr("?&", at[-1]), "%s in %s", name, url);
    at += strlen(name) + 1;
    char *ret = pool_strndup(pool, at, strcspn(at, "&")), *to = ret;
    for (const char *from = ret; *from; to++)
        if (*from == '%') {
            *to = (char)strtol(pool_strndup(pool, from + 1, 2), NULL, 16);
            from += 3;
        } else {
            *to = *from++;
        }
    *to = '\0';
    return ret;
}

static const char *begin(struct signin_ask ask)
{
    struct signin_start start;
    char ref[SIGNINS_REF_SIZE];
    ask.email = "ann@example.com";
    ask.browser = BROWSER;
    ask.next = "/next";
    ck_assert_msg(signin_begin(&in, &ask, &start, ref, &err) == 0, "%s", err.text);
    now_at.nonce = param_of(start.location, "nonce");
    return start.location;
}

/* What the browser brings back. */
struct back {
    const char *state, *code;
};

static int param(const void *ctx, const char *name, const char **ret)
{
    const struct back *back = ctx;
    *ret = strcmp(name, "state") == 0 ? back->state : strcmp(name, "code") == 0 ? back->code : NULL;
    return *ret != NULL;
}

static int finish(const struct back *back, struct signin_done *done)
{
    const struct signin_oidc_answer answer = {.connection = "idp", .param = param, .params = back, .browser = BROWSER};
    char ref[SIGNINS_REF_SIZE];
    err_clear(&err);
    return signin_oidc_finish(&in, &answer, done, ref, &err);
}

static struct back answer_to(const char *location)
{
    return (struct back){param_of(location, "state"), "c-1"};
}

static void sign_in(struct signin_done *done)
{
    struct back back = answer_to(begin((struct signin_ask){.again = false}));
    ck_assert_msg(finish(&back, done) == 0, "%s", err.text);
}

static bool is_signed_in(const struct signin_done *done)
{
    struct signin_who who;
    int r = signin_who(&in, done->token, &who, &err);
    ck_assert_msg(r >= 0, "%s", err.text);
    return r == 1;
}

START_TEST(a_person_signs_in)
{
    struct signin_done done;
    struct signins_session session;
    const char *location = begin((struct signin_ask){.context = "urn:x"});
    ck_assert_str_eq(param_of(location, "login_hint"), "ann@example.com");
    ck_assert_str_eq(param_of(location, "acr_values"), "urn:x");
    ck_assert_str_eq(param_of(location, "redirect_uri"), "https://signin.example.com/oidc/callback/idp");
    ck_assert_ptr_null(strstr(location, "prompt="));
    struct back back = answer_to(location);
    /* The directory's id stands in a claim of its own. */
    ck_assert_int_eq(finish(&back, &done), -1);
    ck_assert_msg(strstr(err.text, "nobody with this immutable id"), "%s", err.text);
    now_at.claims = "{\"sub\": \"ann\"}";
    now_at.userinfo = "{\"sub\": \"ann\"}";
    ck_assert_msg(finish(&back, &done) == 0, "%s", err.text);
    ck_assert_str_eq(done.next, "/next");
    ck_assert(is_signed_in(&done));
    ck_assert_ptr_nonnull(strstr(now_at.form, "code=c-1"));
    ck_assert_ptr_null(strstr(now_at.form, "another"));
    ck_assert_int_eq(signins_session_get(in.signins, done.token, NOW, pool, &session, &err), 1);
    ck_assert_str_eq(session.name_id, "ann");
    ck_assert_str_eq(session.session_index, "there");
    ck_assert_int_eq(session.signed_in_at, NOW);
    ck_assert_uint_gt(strlen(session.hint), 100);
    ck_assert_int_eq(finish(&back, &done), -1);
    ck_assert_msg(strstr(err.text, "it answers no request of ours that is open"), "%s", err.text);
}
END_TEST

static void be_ann(void)
{
    now_at.claims = "{\"sub\": \"ann\"}";
    now_at.userinfo = "{\"sub\": \"ann\"}";
}

START_TEST(userinfo_is_asked_for_what_is_missing)
{
    struct signin_done done;
    be_ann();
    sign_in(&done);
    ck_assert_int_eq(now_at.userinfos, 1);
    now_at.claims = "{\"sub\": \"ann\", \"email\": \"ann@example.com\", \"given_name\": \"A\", \"family_name\": \"L\"}";
    struct back back = answer_to(begin((struct signin_ask){.again = false}));
    back.code = "c-2";
    ck_assert_msg(finish(&back, &done) == 0, "%s", err.text);
    ck_assert_int_eq(now_at.userinfos, 1);
}
END_TEST

START_TEST(who_has_to_sign_in_again_did)
{
    struct signin_done done;
    be_ann();
    const char *location = begin((struct signin_ask){.again = true});
    ck_assert_str_eq(param_of(location, "prompt"), "login");
    ck_assert_str_eq(param_of(location, "max_age"), "0");
    struct back back = answer_to(location);
    now_at.claims = "{\"sub\": \"ann\", \"auth_time\": null}";
    ck_assert_int_eq(finish(&back, &done), -1);
    ck_assert_msg(strstr(err.text, "(auth_time)"), "%s", err.text);
    now_at.claims = pool_printf(pool, "{\"sub\": \"ann\", \"auth_time\": %d}", NOW - 200);
    ck_assert_int_eq(finish(&back, &done), -1);
    ck_assert_msg(strstr(err.text, "we asked for now"), "%s", err.text);
    be_ann();
    ck_assert_msg(finish(&back, &done) == 0, "%s", err.text);
}
END_TEST

START_TEST(nobody_is_asked_about_strangers)
{
    static const struct back cases[] = {{NULL, "c"}, {"", "c"}, {"x", "c"}, {BROWSER, "c"}};
    struct signin_done done;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(finish(&cases[i], &done), -1);
        ck_assert(err.kind == ERR_REFUSED || err.kind == ERR_INPUT);
    }
    ck_assert_int_eq(now_at.calls, 0);
}
END_TEST

START_TEST(new_keys_are_fetched_and_then_not_again)
{
    struct signin_done done;
    be_ann();
    cjose_jwk_t *other = jose_key("two");
    now_at.keys = jose_set(pool, other);
    struct back back = answer_to(begin((struct signin_ask){.again = false}));
    now_at.keys = NULL;
    ck_assert_msg(finish(&back, &done) == 0, "%s", err.text);
    ck_assert_int_eq(now_at.keysets, 2);
    back = answer_to(begin((struct signin_ask){.again = false}));
    cjose_jwk_release(key);
    key = jose_key("three");
    ck_assert_int_eq(finish(&back, &done), -1);
    ck_assert_msg(strstr(err.text, "not among the provider's keys"), "%s", err.text);
    ck_assert_int_eq(now_at.keysets, 2);
    cjose_jwk_release(other);
}
END_TEST

/* Each check is in the report, whatever fails; its code says what did. */
START_TEST(every_check_is_listed)
{
    static const struct {
        const char *claims, *userinfo, *tokens, *code;
    } cases[] = {
        {"{\"sub\": \"ann\"}", "{\"sub\": \"ann\"}", "{}", ""},
        {"{\"sub\": \"ann\"}", "{\"sub\": \"ann\"}", "{\"token_type\": \"x\"}", "exchange"},
        {"{\"aud\": \"x\"}", "{}", "{}", "audience"},
        {"{\"nonce\": \"x\"}", "{}", "{}", "nonce"},
        {"{}", "{\"sub\": \"other\"}", "{}", "userinfo"},
        {"{}", "{\"email\": null}", "{}", "email-domain"},
        {"{}", "{\"email\": \"ann@other.example\"}", "{}", "email-domain"},
    };
    const char *location = begin((struct signin_ask){.again = false});
    struct returned returned;
    struct oidc_report report;
    size_t n = 0;
    ck_assert_int_eq(returned_find(&in, "idp", "oidc", param_of(location, "state"), BROWSER, &returned, &err), 0);
    const struct authresponse response = {.state = returned.handle, .code = "c"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *code = "";
        now_at.claims = cases[i].claims;
        now_at.userinfo = cases[i].userinfo;
        now_at.tokens = cases[i].tokens;
        int r = oidc_verify(&in, &returned, &response, &report, &err);
        ck_assert_int_eq(r == 0, report.identity != NULL);
        for (size_t c = report.nchecks; c-- > 0;)
            code = report.checks[c].outcome == CHECK_FAILED ? report.checks[c].code : code;
        ck_assert_msg(strcmp(code, cases[i].code) == 0, "%zu: %s: %s", i, code, err.text);
        ck_assert(i == 0 || report.nchecks == n);
        n = report.nchecks;
    }
    ck_assert_uint_ge(n, 19);
}
END_TEST

START_TEST(a_provider_that_is_away_is_said)
{
    struct signin_start start;
    char ref[SIGNINS_REF_SIZE];
    const struct signin_ask ask = {.email = "ann@example.com", .browser = BROWSER, .next = "/"};
    now_at.away = true;
    ck_assert_int_eq(signin_begin(&in, &ask, &start, ref, &err), -1);
    ck_assert_int_eq(err.kind, ERR_NETWORK);
    in.now += PROVIDERS_RETRY;
    now_at.away = false;
    ck_assert_msg(signin_begin(&in, &ask, &start, ref, &err) == 0, "%s", err.text);
}
END_TEST

/* --- and out ----------------------------------------------------------------------------------------------------------------- */

START_TEST(signing_out_goes_on_to_the_provider)
{
    struct signin_done done;
    struct signin_start start;
    const char *next = NULL;
    be_ann();
    sign_in(&done);
    const struct leave_ask ask = {.token = done.token, .browser = BROWSER, .next = "/out"};
    ck_assert_int_eq(signin_leave(&in, &ask, &start, &err), 1);
    ck_assert(!is_signed_in(&done));
    ck_assert_ptr_eq(strstr(start.location, ISSUER "/end?a=b&id_token_hint=ey"), start.location);
    ck_assert_str_eq(param_of(start.location, "post_logout_redirect_uri"),
                     "https://signin.example.com/oidc/signedout/idp");
    const char *state = param_of(start.location, "state");
    struct back back = {state, "c-9"};
    ck_assert_int_eq(finish(&back, &done), -1);
    ck_assert_msg(strstr(err.text, "signs nobody in"), "%s", err.text);
    ck_assert_int_eq(signin_left(&in, "idp", state, "b", &next, &err), 0);
    ck_assert_int_eq(signin_left(&in, "other", state, BROWSER, &next, &err), 0);
    ck_assert_int_eq(signin_left(&in, "idp", NULL, BROWSER, &next, &err), 0);
    ck_assert_int_eq(signin_left(&in, "idp", state, BROWSER, &next, &err), 1);
    ck_assert_str_eq(next, "/out");
    ck_assert_int_eq(signin_left(&in, "idp", state, BROWSER, &next, &err), 0);
    ck_assert_int_eq(signin_leave(&in, &ask, &start, &err), 0);
}
END_TEST

static int tell(const char *changes)
{
    const char *claims = jose_changed(
        pool,
        "{\"iss\": \"" ISSUER "\", \"aud\": \"us\", \"iat\": 1893456000, \"exp\": 1893456060, \"jti\": \"j\","
        " \"sub\": \"ann\", \"events\": {\"http://schemas.openid.net/event/backchannel-logout\": {}}}",
        changes);
    char ref[SIGNINS_REF_SIZE];
    int64_t ended = -1;
    err_clear(&err);
    int r = oidc_logout_told(&in, "idp", jose_sign(pool, key, "logout+jwt", claims), &ended, ref, &err);
    return r == 0 ? (int)ended : -1;
}

START_TEST(the_provider_ends_sessions)
{
    struct signin_done done;
    be_ann();
    sign_in(&done);
    ck_assert_int_eq(tell("{\"sub\": \"bob\", \"jti\": \"1\"}"), 0);
    ck_assert_int_eq(tell("{\"sid\": \"elsewhere\", \"jti\": \"2\"}"), 0);
    ck_assert_int_eq(tell("{\"sid\": \"there\", \"sub\": \"bob\", \"jti\": \"3\"}"), 0);
    ck_assert_int_eq(tell("{\"aud\": \"them\"}"), -1);
    ck_assert(is_signed_in(&done));
    ck_assert_int_eq(tell("{\"sid\": \"there\", \"sub\": null, \"jti\": \"4\"}"), 1);
    ck_assert(!is_signed_in(&done));
    ck_assert_int_eq(tell("{\"jti\": \"4\"}"), -1);
    ck_assert_msg(strstr(err.text, "it came before"), "%s", err.text);
}
END_TEST

START_TEST(a_frame_ends_the_session_that_it_names)
{
    struct signin_done done;
    const char *issuer = NULL;
    int64_t ended;
    be_ann();
    sign_in(&done);
    ck_assert_int_eq(oidc_logout_shown(&in, "idp", "https://evil.example", "there", &issuer, &ended, &err), -1);
    ck_assert_int_eq(oidc_logout_shown(&in, "idp", ISSUER, NULL, &issuer, &ended, &err), -1);
    ck_assert_int_eq(oidc_logout_shown(&in, "none", ISSUER, "there", &issuer, &ended, &err), -1);
    ck_assert_int_eq(oidc_logout_shown(&in, "idp", ISSUER, "other", &issuer, &ended, &err), 0);
    ck_assert(is_signed_in(&done) && ended == 0);
    ck_assert_int_eq(oidc_logout_shown(&in, "idp", ISSUER, "there", &issuer, &ended, &err), 0);
    ck_assert(!is_signed_in(&done) && ended == 1);
    ck_assert_str_eq(issuer, ISSUER);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oidc_signin");
    TCase *tc = tcase_create("oidc_signin");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, a_person_signs_in);
    tcase_add_test(tc, userinfo_is_asked_for_what_is_missing);
    tcase_add_test(tc, who_has_to_sign_in_again_did);
    tcase_add_test(tc, nobody_is_asked_about_strangers);
    tcase_add_test(tc, new_keys_are_fetched_and_then_not_again);
    tcase_add_test(tc, every_check_is_listed);
    tcase_add_test(tc, a_provider_that_is_away_is_said);
    tcase_add_test(tc, signing_out_goes_on_to_the_provider);
    tcase_add_test(tc, the_provider_ends_sessions);
    tcase_add_test(tc, a_frame_ends_the_session_that_it_names);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
