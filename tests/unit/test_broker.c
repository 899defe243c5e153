/* The rules of the provider for applications, each broken once: in process, with the time passed in. */
#include <check.h>
#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "broker/access.h"
#include "broker/authorize.h"
#include "broker/exchange.h"
#include "broker/jwk.h"
#include "cli/schema.h"
#include "crypto/keypair.h"
#include "oidc/encode.h"
#include "saml/saml.h"
#include "suite.h"

#define ISSUER    "https://signin.example.com"
#define BACK      "https://app.example.com/back"
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" /* RFC 7636, appendix B */
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define BROWSER   "browserbrowserbrowserbrowserbrow"
#define NOW       1000000
#define DAY       86400
#define JWT       "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

DEFINE_CLEANUP(biop, BIO *, BIO_free_all)

static char dir[64];
static struct signin in;
static struct conf *conf;
static struct broker broker;
static struct applications *applications;
static struct keyring *ring;
static struct keypair *app_key, *other_key;
static struct err err;
static broker_fault fault;

static const char text[] =
    "[organization]\nname = O\nurl = " ISSUER "\n[serve]\n[domain example.com]\nconnection = idp\n"
    "[connection idp]\ntype = oidc\nissuer = https://idp.example.com\nclient-id = d\n"
    "client-secret-file = secret\n"
    "[platform p]\ntype = roster\n[directory one]\ntype = ldif\nfile = conf\n"
    "[team first]\ndirectory = one\nplatform = p\nprimary-admin = a@example.com\n"
    "[product cad]\nteam = first\nname = CAD\ngroup = cn=cad\n"
    "[application hand]\nclient-secret-file = secret\nredirect-uri = " BACK "\n"
    "[application desk]\nredirect-uri = " BACK "\nredirect-uri = " BACK "/2\nsubject = pairwise\n"
    "[application key]\npublic-key-file = key.pub\nredirect-uri = " BACK "\n"
    "[application ec]\njwks-file = ec.json\nredirect-uri = " BACK "\nalgorithm = ES256\n"
    "[application cad]\nredirect-uri = " BACK "\nproduct = cad\n";

static const char rows[] =
    "INSERT INTO domain (name, token, created_at, state, method, proved_at, checked_at, connection) VALUES"
    " ('example.com', 't', 1, 'proved', 'dns', 1, 999999, 'idp');"
    "INSERT INTO connection (name, state, entity, tested_at, tested_as, activated_at, usable_until) VALUES"
    " ('idp', 'active', 'https://idp.example.com', 999999, 'x', 999999, 9999999999);"
    "INSERT INTO directory (id, name) VALUES (1, 'one');"
    "INSERT INTO entry (id, directory, kind, uid, fp_hi, fp_lo, gone_at) VALUES (1, 1, 0, 'ann', 0, 0, 0),"
    " (2, 1, 0, 'ben', 0, 0, 0);"
    "INSERT INTO person (id, name, email, domain, active, excluded, fp_hi, fp_lo, given_name, family_name) VALUES"
    " (1, 'cn=ann', 'ann@example.com', 'example.com', 1, 0, 0, 0, 'Ann', 'A'),"
    " (2, 'cn=ben', 'ben@example.com', 'example.com', 1, 0, 0, 0, 'Ben', 'B');";

static const char *path(const char *name)
{
    return pool_printf(in.pool, "%s/%s", dir, name);
}

static void write_file(const char *name, const void *data, size_t n)
{
    ck_assert_msg(file_replace(path(name), data, n, 0600, &err) == 0, "%s", err.text);
}

/* As a PEM public key, which is how an application hands it out. */
static void write_public(const struct keypair *pair, const char *name)
{
    CLEANUP(biop) BIO *out = BIO_new(BIO_s_mem());
    char *pem = NULL;
    PEM_write_bio_PUBKEY(out, keypair_cert(pair)->key);
    long n = BIO_get_mem_data(out, &pem);
    write_file(name, pem, (size_t)n);
}

static void put_session(const char *token, const char *uid, int64_t signed_in_at)
{
    const struct signins_session session = {.sid = pool_printf(in.pool, "sid-%s", token),
                                            .directory = "one",
                                            .uid = uid,
                                            .email = "x@example.com",
                                            .connection = "idp",
                                            .name_id = "n",
                                            .context = "urn:x",
                                            .signed_in_at = signed_in_at,
                                            .created = in.now,
                                            .expires = in.now + 30 * DAY};
    ck_assert_msg(signins_session_put(in.signins, token, &session, &err) == 0, "%s", err.text);
}

static void setup(void)
{
    err = (struct err)ERR_INIT;
    snprintf(dir, sizeof dir, "/tmp/doorward-broker-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    in = (struct signin){.pool = pool_new(), .now = NOW};
    write_file("secret", "a secret\n", 9);
    ck_assert_int_eq(keypair_make(path("key.pem"), "app", 2048, 2, in.now, &err), 0);
    ck_assert_int_eq(keypair_make_ec(path("ec.pem"), "app", 2, in.now, &err), 0);
    ck_assert_int_eq(keypair_read(path("key.pem"), &app_key, &err), 0);
    ck_assert_int_eq(keypair_read(path("ec.pem"), &other_key, &err), 0);
    write_public(app_key, "key.pub");
    CLEANUP(buf_release) struct buf jwks = BUF_INIT;
    ck_assert_int_eq(jwk_read_pem(path("ec.pem"), &jwks, &err), 0); /* the certificate in it */
    write_file("ec.json", jwks.data, jwks.len);
    write_file("conf", text, sizeof text - 1);
    ck_assert_msg(conf_load(path("conf"), schema_get(), &conf, NULL, &err) == 0, "%s", err.text);
    in.conf = conf;
    ck_assert_msg(store_open(dir, STORE_WRITE, "test", &in.store, &err) == 0, "%s", err.text);
    ck_assert_msg(db_exec(in.store->db, rows, &err) == 0, "%s", err.text);
    ck_assert_msg(signins_open(dir, &in.signins, &err) == 0, "%s", err.text);
    ck_assert_msg(applications_read(conf, &applications, &err) == 0, "%s", err.text);
    ck_assert_msg(keyring_open(dir, 90 * DAY, in.now, &ring, &err) == 0, "%s", err.text);
    broker = (struct broker){&in, applications, ring, ISSUER};
    put_session("ann", "ann", NOW);
}

static void remove_folder(const char *folder)
{
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));)
        unlink(pool_printf(in.pool, "%s/%s", folder, e->d_name));
    if (d)
        closedir(d);
    rmdir(folder);
}

static void teardown(void)
{
    signins_close(&in.signins);
    store_close(&in.store);
    applications_free(&applications);
    keyring_free(&ring);
    keypair_free(&app_key);
    keypair_free(&other_key);
    remove_folder(path("keys"));
    remove_folder(dir);
    conf_free(&conf);
    pool_free(&in.pool);
    saml_shutdown();
}

/* --- parameters: pairs; a later one of the same name replaces an earlier; value NULL: not there; TWICE: there twice ---------- */

static const char TWICE[] = "(twice)";
#define PAIRS_MAX 24

static int get(const void *ctx, const char *name, const char **ret)
{
    const char *const *pairs = ctx;
    const char *value = NULL;
    for (size_t i = 0; pairs[i]; i += 2)
        if (strcmp(pairs[i], name) == 0)
            value = pairs[i + 1];
    if (value == TWICE)
        return -1;
    if (value)
        *ret = value;
    return value != NULL;
}

static struct broker_params params_of(const char *const *defaults, const char *name, const char *value)
{
    const char **pairs = pool_zero(in.pool, PAIRS_MAX * sizeof *pairs);
    size_t n = 0;
    for (; defaults[n]; n += 2) {
        pairs[n] = defaults[n];
        pairs[n + 1] = defaults[n + 1];
    }
    if (name) {
        pairs[n] = name;
        pairs[n + 1] = value;
    }
    return (struct broker_params){get, pairs};
}

static const char *const asked[] = {"client_id", "desk",  "redirect_uri",          BACK,      "response_type",
                                    "code",      "scope", "openid offline_access", "state",   "s",
                                    "nonce",     "n",     "code_challenge",        CHALLENGE, "code_challenge_method",
                                    "S256",      NULL};

static int read_with(const char *name, const char *value, struct authorization *ret)
{
    err_clear(&err);
    return authorize_read(&broker, params_of(asked, name, value), ret, &fault, &err);
}

/* --- authorize ------------------------------------------------------------------------------------------------------ */

START_TEST(what_is_asked_for_is_judged)
{
    static const struct {
        const char *name, *value, *fault, *reason;
    } cases[] = {
        {"client_id", NULL, NULL, "no application with client_id ''"},
        {"client_id", "Desk", NULL, "no application with client_id 'Desk'"},
        {"client_id", TWICE, NULL, "client_id is there more than once"},
        {"redirect_uri", NULL, NULL, "none of application desk"},
        {"redirect_uri", TWICE, NULL, "redirect_uri is there more than once"},
        {"redirect_uri", BACK "/", NULL, "none of application desk"},
        {"redirect_uri", "https://app.example.com/bacK", NULL, "none of application desk"},
        {"redirect_uri", "https://app.example.com/bac", NULL, "none of application desk"},
        {"redirect_uri", "http://app.example.com/back", NULL, "none of application desk"},
        {"redirect_uri", "https://app.example.com:443/back", NULL, "none of application desk"},
        {"state", TWICE, "invalid_request", "state is there more than once"},
        {"response_type", NULL, "invalid_request", "response_type is missing"},
        {"response_type", "token", "unsupported_response_type", "is not code"},
        {"response_type", "code token", "unsupported_response_type", "is not code"},
        {"response_mode", "form_post", "invalid_request", "is not query"},
        {"scope", NULL, "invalid_scope", "no openid"},
        {"scope", "openidx email", "invalid_scope", "no openid"},
        {"request", "x", "request_not_supported", "request is not supported"},
        {"request_uri", "x", "request_uri_not_supported", "request_uri is not supported"},
        {"registration", "x", "registration_not_supported", "registration is not supported"},
        {"code_challenge", NULL, "invalid_request", "turn PKCE on"},
        {"code_challenge", TWICE, "invalid_request", "code_challenge is there more than once"},
        {"code_challenge", "short", "invalid_request", "no SHA-256"},
        {"code_challenge", CHALLENGE "=", "invalid_request", "no SHA-256"},
        {"code_challenge_method", NULL, "invalid_request", "not S256"},
        {"code_challenge_method", "plain", "invalid_request", "'plain' and not S256"},
        {"code_challenge_method", "s256", "invalid_request", "not S256"},
        {"prompt", "none login", "invalid_request", "none beside others"},
        {"prompt", "x", "invalid_request", "is not known"},
        {"max_age", "-1", "invalid_request", "no number of seconds"},
        {"max_age", "9999999999", "invalid_request", "no number of seconds"},
        {"nonce", TWICE, "invalid_request", "nonce is there more than once"},
    };
    struct authorization a;
    ck_assert_msg(read_with(NULL, NULL, &a) == 0, "%s", err.text);
    ck_assert_str_eq(a.scope, "openid offline_access");
    ck_assert_int_eq(a.max_age, -1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(read_with(cases[i].name, cases[i].value, &a) == -1, "%s=%s was taken", cases[i].name,
                      cases[i].value);
        ck_assert_int_eq(err.kind, ERR_REFUSED);
        ck_assert_pstr_eq(fault, cases[i].fault);
        ck_assert_msg(strstr(err.text, cases[i].reason) && strstr(err.text, "; "), "%s=%s: %s", cases[i].name,
                      cases[i].value, err.text);
    }
}
END_TEST

static struct authorize_answer visit(const char *session, const char *name, const char *value)
{
    const struct authorize_visitor visitor = {session, BROWSER, false};
    struct authorize_answer answer;
    err_clear(&err);
    ck_assert_msg(authorize_begin(&broker, params_of(asked, name, value), &visitor, &answer, &err) == 0, "%s",
                  err.text);
    return answer;
}

static struct authorize_answer come_back(const char *session, const char *browser, const char *handle)
{
    const struct authorize_visitor visitor = {session, browser, false};
    struct authorize_answer answer;
    err_clear(&err);
    ck_assert_msg(authorize_go_on(&broker, handle, &visitor, &answer, &err) == 0, "%s", err.text);
    return answer;
}

static const char *code_of(const struct authorize_answer *answer)
{
    ck_assert_int_eq(answer->outcome, AUTHORIZE_ANSWER);
    const char *code = strstr(answer->location, "?code=");
    ck_assert_msg(code != NULL, "%s", answer->location);
    ck_assert_ptr_nonnull(strstr(answer->location, "&state=s&iss=https%3A%2F%2Fsignin.example.com"));
    return pool_strndup(in.pool, code + 6, strcspn(code + 6, "&"));
}

START_TEST(nobody_is_answered_without_a_session)
{
    struct authorize_answer answer = visit(NULL, NULL, NULL);
    ck_assert_int_eq(answer.outcome, AUTHORIZE_SIGN_IN);
    ck_assert_int_eq(come_back(NULL, BROWSER, answer.handle).outcome, AUTHORIZE_SIGN_IN);
    ck_assert_int_eq(come_back("ann", "another", answer.handle).outcome, AUTHORIZE_PAGE);
    ck_assert_msg(strstr(err.text, "in this browser under this handle"), "%s", err.text);
    struct authorize_answer done = come_back("ann", BROWSER, answer.handle);
    code_of(&done);
    ck_assert_int_eq(come_back("ann", BROWSER, answer.handle).outcome, AUTHORIZE_PAGE);
    answer = visit(NULL, NULL, NULL);
    in.now += AUTHORIZE_SECONDS;
    ck_assert_int_eq(come_back("ann", BROWSER, answer.handle).outcome, AUTHORIZE_PAGE);
    answer = visit(NULL, "prompt", "none");
    ck_assert_str_eq(answer.location, BACK "?error=login_required&state=s&iss=https%3A%2F%2Fsignin.example.com");
}
END_TEST

START_TEST(a_new_sign_in_is_a_new_one)
{
    struct authorize_answer answer = visit("ann", "prompt", "login");
    ck_assert_int_eq(answer.outcome, AUTHORIZE_SIGN_IN);
    ck_assert_int_eq(come_back("ann", BROWSER, answer.handle).outcome, AUTHORIZE_SIGN_IN); /* the same session */
    in.now += 1000;
    answer = visit("ann", "prompt", "login");
    put_session("stale", "ann", NOW); /* the provider passed the old one on */
    struct authorize_answer stale = come_back("stale", BROWSER, answer.handle);
    ck_assert_ptr_nonnull(strstr(stale.location, "?error=login_required&"));
    put_session("fresh", "ann", in.now);
    struct authorize_answer fresh = come_back("fresh", BROWSER, answer.handle);
    code_of(&fresh);
    fresh = visit("ann", "max_age", "1000");
    code_of(&fresh);
    ck_assert_int_eq(visit("ann", "max_age", "999").outcome, AUTHORIZE_SIGN_IN);
    ck_assert_int_eq(visit("fresh", "max_age", "0").outcome, AUTHORIZE_SIGN_IN);
    ck_assert_int_eq(visit("fresh", "acr_values", "urn:y urn:z").outcome, AUTHORIZE_SIGN_IN);
    fresh = visit("fresh", "acr_values", "urn:y urn:x");
    code_of(&fresh);
}
END_TEST

START_TEST(only_who_holds_the_product_is_let_in)
{
    struct authorize_answer answer = visit("ann", "client_id", "cad");
    ck_assert_ptr_nonnull(strstr(answer.location, "?error=access_denied&"));
    ck_assert_msg(strstr(err.text, "no seat of product cad"), "%s", err.text);
    ck_assert_int_eq(strlen(answer.ref), SIGNINS_REF_SIZE - 1);
}
END_TEST

/* --- the token endpoint ------------------------------------------------------------------------------------------------- */

static const char *json;

static const char *get_code(const char *application)
{
    struct authorize_answer answer = visit("ann", "client_id", application);
    return code_of(&answer);
}

static int exchange_with(const char *application, const char *code, const char *name, const char *value)
{
    const char *const form[] = {"grant_type", "authorization_code", "client_id", application,     "code",
                                code,         "redirect_uri",       BACK,        "code_verifier", VERIFIER,
                                NULL};
    err_clear(&err);
    return exchange(&broker, params_of(form, name, value), NULL, &json, &fault, &err);
}

static const char *member(const char *name)
{
    const char *at = strstr(json, pool_printf(in.pool, "\"%s\":\"", name));
    ck_assert_msg(at != NULL, "%s in %s", name, json);
    at += strlen(name) + 4;
    return pool_strndup(in.pool, at, strcspn(at, "\""));
}

static void check_refused(int r, const char *code, const char *reason)
{
    ck_assert_msg(r == -1, "taken, and not refused for: %s", reason);
    ck_assert_int_eq(err.kind, ERR_REFUSED);
    ck_assert_pstr_eq(fault, code);
    ck_assert_msg(strstr(err.text, reason) && strstr(err.text, "; "), "%s, and not: %s", err.text, reason);
}

START_TEST(a_code_is_exchanged_by_its_own_rules)
{
    static const struct {
        const char *name, *value, *fault, *reason;
    } cases[] = {
        {"code", "x", "invalid_grant", "no such code"},
        {"code", TWICE, "invalid_request", "code is there more than once"},
        {"code", NULL, "invalid_request", "code is missing"},
        {"redirect_uri", BACK "/2", "invalid_grant", "redirect_uri is not that of the code"},
        {"redirect_uri", NULL, "invalid_request", "redirect_uri is missing"},
        {"code_verifier", NULL, "invalid_request", "code_verifier is missing"},
        {"code_verifier", CHALLENGE, "invalid_grant", "not that of the code's challenge"},
        {"code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXkdBjftJeZ4CVP", "invalid_grant",
         "not that of the"},
        {"grant_type", "implicit", "unsupported_grant_type", "is neither"},
        {"grant_type", TWICE, "invalid_request", "grant_type is there more than once"},
        {"client_id", "cad", "invalid_grant", "was given to application desk"},
        {"client_id", "hand", "invalid_client", "did not show who it is"},
        {"client_id", "nobody", "invalid_client", "no application with client_id"},
        {"client_secret", "x", "invalid_client", "not configured with one"},
    };
    const char *code = get_code("desk");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_refused(exchange_with("desk", code, cases[i].name, cases[i].value), cases[i].fault, cases[i].reason);
    ck_assert_msg(exchange_with("desk", code, NULL, NULL) == 0, "%s", err.text);
    in.now += 60;
    code = get_code("desk");
    in.now += 60;
    check_refused(exchange_with("desk", code, NULL, NULL), "invalid_grant", "the code expired");
}
END_TEST

static int refresh_with(const char *application, const char *token, const char *scope)
{
    const char *const form[] = {"grant_type", "refresh_token", "client_id", application, "refresh_token", token, NULL};
    err_clear(&err);
    return exchange(&broker, params_of(form, "scope", scope), NULL, &json, &fault, &err);
}

static int use(const char *token)
{
    err_clear(&err);
    return access_userinfo(&broker, token, &json, &fault, &err);
}

START_TEST(what_is_used_twice_takes_back_what_it_gave)
{
    const char *code = get_code("desk");
    ck_assert_int_eq(exchange_with("desk", code, NULL, NULL), 0);
    const char *access = member("access_token"), *refresh = member("refresh_token");
    ck_assert_msg(use(access) == 0, "%s", err.text);
    check_refused(exchange_with("desk", code, NULL, NULL), "invalid_grant", "the code was used before");
    check_refused(use(access), "invalid_token", "there is none like this");
    check_refused(refresh_with("desk", refresh, NULL), "invalid_grant", "no such refresh token");

    ck_assert_int_eq(exchange_with("desk", get_code("desk"), NULL, NULL), 0);
    access = member("access_token"), refresh = member("refresh_token");
    check_refused(refresh_with("cad", refresh, NULL), "invalid_grant", "was given to application desk");
    check_refused(refresh_with("desk", access, NULL), "invalid_grant", "no such refresh token");
    check_refused(refresh_with("desk", refresh, "openid email"), "invalid_scope", "more than was given");
    check_refused(use(refresh), "invalid_token", "there is none like this");
    ck_assert_msg(refresh_with("desk", refresh, NULL) == 0, "%s", err.text);
    const char *second = member("refresh_token"), *later = member("access_token");
    ck_assert_str_ne(second, refresh);
    check_refused(refresh_with("desk", refresh, NULL), "invalid_grant", "the refresh token was used before");
    check_refused(refresh_with("desk", second, NULL), "invalid_grant", "no such refresh token");
    check_refused(use(later), "invalid_token", "there is none like this");
}
END_TEST

START_TEST(tokens_end_in_time_and_with_session_and_person)
{
    ck_assert_int_eq(exchange_with("desk", get_code("desk"), NULL, NULL), 0);
    const char *access = member("access_token"), *refresh = member("refresh_token");
    in.now += 599;
    ck_assert_int_eq(use(access), 0);
    in.now += 1;
    check_refused(use(access), "invalid_token", "has ended");
    ck_assert_int_eq(refresh_with("desk", refresh, NULL), 0);
    access = member("access_token"), refresh = member("refresh_token");
    in.now += 8 * 3600;
    check_refused(refresh_with("desk", refresh, NULL), "invalid_grant", "has ended");

    put_session("two", "ann", in.now);
    struct authorize_answer answer = visit("two", NULL, NULL);
    ck_assert_int_eq(exchange_with("desk", code_of(&answer), NULL, NULL), 0);
    access = member("access_token"), refresh = member("refresh_token");
    answer = visit("two", NULL, NULL);
    const char *code = code_of(&answer);
    ck_assert_int_eq(use(access), 0);
    ck_assert_int_eq(db_exec(in.store->db, "UPDATE person SET active = 0 WHERE id = 1", &err), 0);
    ck_assert_int_eq(use(access), -1);
    ck_assert_pstr_eq(fault, "invalid_token");
    ck_assert_int_eq(exchange_with("desk", code, NULL, NULL), -1);
    ck_assert_pstr_eq(fault, "invalid_grant");
    ck_assert_int_eq(refresh_with("desk", refresh, NULL), -1);
    ck_assert_pstr_eq(fault, "invalid_grant");
}
END_TEST

static int with_secret(const char *authorization, const char *code)
{
    const char *const form[] = {"grant_type", "authorization_code", "code",   code, "redirect_uri",
                                BACK,         "code_verifier",      VERIFIER, NULL};
    err_clear(&err);
    return exchange(&broker, params_of(form, NULL, NULL), authorization, &json, &fault, &err);
}

START_TEST(a_secret_is_shown_in_one_way)
{
    static const struct {
        const char *header, *fault, *reason;
    } cases[] = {
        {NULL, "invalid_client", "no application with client_id ''"},
        {"Basic aGFuZDphIHNlY3JldHg=", "invalid_client", "its secret is wrong"}, /* hand:a secretx */
        {"Basic aGFuZDo=", "invalid_client", "its secret is wrong"},
        {"Basic aGFuZA==", "invalid_client", "as in a form"},
        {"Basic aGFuZDolMDA=", "invalid_client", "as in a form"}, /* hand:%00 */
        {"Basic aGFuZDolMQ==", "invalid_client", "as in a form"}, /* hand:%1 */
        {"Basic ????", "invalid_client", "no Basic one"},
        {"Negotiate x", "invalid_client", "not Basic"},
    };
    const char *code = get_code("hand");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_refused(with_secret(cases[i].header, code), cases[i].fault, cases[i].reason);
    ck_assert_msg(with_secret("Basic aGFuZDphK3NlY3JldA==", code) == 0, "%s", err.text); /* hand:a+secret */
    check_refused(exchange_with("hand", get_code("hand"), "client_secret", "a secre"), "invalid_client",
                  "secret is wrong");
    ck_assert_msg(exchange_with("hand", get_code("hand"), "client_secret", "a secret") == 0, "%s", err.text);
}
END_TEST

/* --- signed words ---------------------------------------------------------------------------------------------------- */

static void sign_rsa(struct span word, struct buf *ret)
{
    ck_assert_int_eq(keypair_sign(app_key, word, ret, &err), 0);
}

static void sign_ec(struct span word, struct buf *ret)
{
    ck_assert_int_eq(keypair_sign(other_key, word, ret, &err), 0);
}

static void sign_nothing(struct span word, struct buf *ret)
{
    (void)word, (void)ret;
}

/* With the public key as if it were a shared secret, which everybody knows. */
static void sign_hmac(struct span word, struct buf *ret)
{
    CLEANUP(buf_release) struct buf pem = BUF_INIT;
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    ck_assert_int_eq(file_read(path("key.pub"), 65536, &pem, &err), 0);
    HMAC(EVP_sha256(), pem.data, (int)pem.len, (const unsigned char *)word.p, word.n, mac, &n);
    buf_add(ret, mac, n);
}

static const char *word_of(const char *header, const char *claims, void (*sign)(struct span word, struct buf *ret))
{
    CLEANUP(buf_release) struct buf word = BUF_INIT;
    CLEANUP(buf_release) struct buf signature = BUF_INIT;
    encode_base64url(span_str(header), &word);
    buf_addc(&word, '.');
    encode_base64url(span_str(claims), &word);
    sign((struct span){word.data, word.len}, &signature);
    buf_addc(&word, '.');
    encode_base64url((struct span){signature.len ? signature.data : "", signature.len}, &word);
    return pool_strdup(in.pool, buf_str(&word));
}

static int with_word(const char *application, const char *word, const char *code)
{
    const char *const form[] = {"grant_type",
                                "authorization_code",
                                "client_id",
                                application,
                                "code",
                                code,
                                "redirect_uri",
                                BACK,
                                "code_verifier",
                                VERIFIER,
                                "client_assertion_type",
                                JWT,
                                "client_assertion",
                                word,
                                NULL};
    err_clear(&err);
    return exchange(&broker, params_of(form, NULL, NULL), NULL, &json, &fault, &err);
}

#define RS256 "{\"alg\":\"RS256\",\"kid\":\"any\"}"
#define CLAIMS(iss, sub, aud, jti, times)                                                                              \
    "{\"iss\":\"" iss "\",\"sub\":\"" sub "\",\"aud\":" aud ",\"jti\":\"" jti "\"," times "}"
#define GOOD_TIMES "\"exp\":1000060,\"iat\":1000000"
#define US         "\"" ISSUER "\""

START_TEST(a_signed_word_is_judged)
{
    static const struct {
        const char *header, *claims;
        void (*sign)(struct span word, struct buf *ret);
        const char *reason;
    } cases[] = {
        {"{\"alg\":\"none\"}", CLAIMS("key", "key", US, "a", GOOD_TIMES), sign_nothing,
         "'none' of its signed word is not accepted"},
        {"{\"alg\":\"HS256\"}", CLAIMS("key", "key", US, "a", GOOD_TIMES), sign_hmac,
         "'HS256' of its signed word is not accepted"},
        {"{\"alg\":\"ES256\"}", CLAIMS("key", "key", US, "a", GOOD_TIMES), sign_ec, "of which none is configured"},
        {"{\"alg\":\"RS512\"}", CLAIMS("key", "key", US, "a", GOOD_TIMES), sign_rsa,
         "signature of its signed word does not stand"},
        {RS256, CLAIMS("key", "key", US, "a", GOOD_TIMES), sign_hmac, "does not stand"},
        {RS256, CLAIMS("key", "key", US, "a", GOOD_TIMES), sign_nothing, "signed word"},
        {"{\"alg\":\"RS256\",\"crit\":[\"x\"],\"x\":1}", CLAIMS("key", "key", US, "a", GOOD_TIMES), sign_rsa,
         "signed word"},
        {RS256, CLAIMS("desk", "key", US, "a", GOOD_TIMES), sign_rsa, "iss of its signed word"},
        {RS256, CLAIMS("key", "desk", US, "a", GOOD_TIMES), sign_rsa, "sub of its signed word"},
        {RS256, CLAIMS("key", "key", US "-x", "a", GOOD_TIMES), sign_rsa, "no JSON object"},
        {RS256, CLAIMS("key", "key", "\"" ISSUER "/oauth2/token\"", "a", GOOD_TIMES), sign_rsa, "for nobody else"},
        {RS256, CLAIMS("key", "key", "[" US ",\"https://other.example\"]", "a", GOOD_TIMES), sign_rsa,
         "for nobody else"},
        {RS256, CLAIMS("key", "key", "[]", "a", GOOD_TIMES), sign_rsa, "for nobody else"},
        {RS256, CLAIMS("key", "key", US, "", GOOD_TIMES), sign_rsa, "no id of 1 to"},
        {RS256, CLAIMS("key", "key", US, "a", "\"iat\":1000000"), sign_rsa, "until when it stands"},
        {RS256, CLAIMS("key", "key", US, "a", "\"exp\":\"1000060\""), sign_rsa, "until when it stands"},
        {RS256, CLAIMS("key", "key", US, "a", "\"exp\":999940"), sign_rsa, "expired"},
        {RS256, CLAIMS("key", "key", US, "a", "\"exp\":1000661"), sign_rsa, "more than 600 seconds"},
        {RS256, CLAIMS("key", "key", US, "a", "\"exp\":1000060,\"nbf\":1000061"), sign_rsa, "from the future"},
        {RS256, CLAIMS("key", "key", US, "a", "\"exp\":1000060,\"iat\":1000061"), sign_rsa, "from the future"},
    };
    const char *code = get_code("key");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_refused(with_word("key", word_of(cases[i].header, cases[i].claims, cases[i].sign), code),
                      "invalid_client", cases[i].reason);
    check_refused(with_word("key", "eyJhbGciOiJSUzI1NiJ9.e30.AAAAA", code), "invalid_client",
                  "no signed token in compact form");
    check_refused(with_word("key", "a.b", code), "invalid_client", "no signed token in compact form");
    check_refused(with_word("desk", "a.b.c", code), "invalid_client", "no key of it is configured");
    const char *good = word_of(RS256, CLAIMS("key", "key", "[" US "]", "once", GOOD_TIMES), sign_rsa);
    check_refused(exchange_with("key", code, "client_assertion", good), "invalid_client", "client_assertion_type");
    ck_assert_msg(with_word("key", good, code) == 0, "%s", err.text);
    check_refused(with_word("key", good, get_code("key")), "invalid_client", "was used before (jti)");
    const char *ec = word_of("{\"alg\":\"ES256\"}", CLAIMS("ec", "ec", US, "once", GOOD_TIMES), sign_ec);
    ck_assert_msg(with_word("ec", ec, get_code("ec")) == 0, "%s", err.text);
}
END_TEST

/* --- introspection and revocation ------------------------------------------------------------------------------------- */

static int ask(int (*about)(const struct broker *, struct broker_params, const char *, const char **, broker_fault *,
                            struct err *),
               const char *application, const char *token)
{
    const char *const form[] = {"client_id", application, "token", token, NULL};
    const char *secret = strcmp(application, "hand") == 0 ? "client_secret" : NULL;
    err_clear(&err);
    return about(&broker, params_of(form, secret, "a secret"), NULL, &json, &fault, &err);
}

static int revoke_own(const struct broker *b, struct broker_params form, const char *header, const char **ret,
                      broker_fault *f, struct err *e)
{
    *ret = "";
    return access_revoke(b, form, header, f, e);
}

START_TEST(a_token_is_its_applications)
{
    ck_assert_int_eq(exchange_with("desk", get_code("desk"), NULL, NULL), 0);
    const char *desk = member("access_token");
    ck_assert_int_eq(exchange_with("hand", get_code("hand"), "client_secret", "a secret"), 0);
    const char *hand = member("access_token"), *refresh = member("refresh_token");
    ck_assert_int_eq(ask(access_introspect, "hand", desk), 0);
    ck_assert_str_eq(json, "{\"active\":false}");
    ck_assert_int_eq(ask(access_introspect, "hand", hand), 0);
    ck_assert_str_eq(member("aud"), "hand");
    ck_assert_int_eq(ask(access_introspect, "hand", refresh), 0);
    ck_assert_str_eq(member("token_type"), "refresh_token");
    check_refused(ask(access_introspect, "desk", desk), "invalid_client", "may not ask about tokens");
    check_refused(ask(access_introspect, "key", desk), "invalid_client", "did not show who it is");
    check_refused(ask(access_introspect, "hand", NULL), "invalid_request", "token is missing");
    check_refused(ask(revoke_own, "desk", hand), "invalid_grant", "was given to application hand");
    ck_assert_int_eq(use(hand), 0);
    ck_assert_int_eq(ask(revoke_own, "hand", "nothing"), 0);
    ck_assert_int_eq(ask(revoke_own, "hand", refresh), 0);
    check_refused(use(hand), "invalid_token", "there is none like this");
    ck_assert_int_eq(ask(revoke_own, "desk", desk), 0);
    check_refused(use(desk), "invalid_token", "there is none like this");
}
END_TEST

/* --- keys ------------------------------------------------------------------------------------------------------------- */

static size_t keys_at(int64_t now, char ret_signer[static 64])
{
    CLEANUP(keyring_free) struct keyring *r = NULL;
    CLEANUP(buf_release) struct buf jwks = BUF_INIT;
    CLEANUP(buf_release) struct buf token = BUF_INIT;
    size_t n = 0;
    ck_assert_msg(keyring_open(dir, 90 * DAY, now, &r, &err) == 0, "%s", err.text);
    ck_assert(!keyring_due(r, now));
    keyring_jwks(r, &jwks);
    for (const char *p = buf_str(&jwks); (p = strstr(p, "\"ES256\"")); p++)
        n++;
    ck_assert_int_eq(keyring_sign(r, "ES256", "JWT", "{}", now, &token, &err), 0);
    snprintf(ret_signer, 64, "%.60s", buf_str(&token) + 20); /* of the header, behind alg and typ: the key's name */
    return n;
}

START_TEST(keys_follow_one_another)
{
    char first[64], signer[64];
    ck_assert_uint_eq(keys_at(NOW, first), 1);
    static const struct {
        int64_t after;
        size_t keys;
        bool first;
    } steps[] = {
        {89 * DAY - 1, 1, true},  {89 * DAY, 2, true},  {90 * DAY - 1, 2, true}, {90 * DAY, 2, false},
        {92 * DAY - 1, 2, false}, {92 * DAY, 1, false}, {95 * DAY, 1, false},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        ck_assert_uint_eq(keys_at(NOW + steps[i].after, signer), steps[i].keys);
        ck_assert_msg((strcmp(signer, first) == 0) == steps[i].first, "step %zu", i);
    }
    ck_assert(keyring_due(ring, NOW + 89 * DAY) && !keyring_due(ring, NOW + 89 * DAY - 1));
}
END_TEST

START_TEST(pairwise_subjects_stay_over_a_restart)
{
    CLEANUP(keyring_free) struct keyring *again = NULL;
    ck_assert_int_eq(keyring_open(dir, 90 * DAY, NOW + 500 * DAY, &again, &err), 0);
    ck_assert_mem_eq(keyring_salt(again), keyring_salt(ring), KEYRING_SALT);
    write_file("keys/app-subjects", "short", 5);
    keyring_free(&again);
    ck_assert_int_eq(keyring_open(dir, 90 * DAY, NOW, &again, &err), -1);
    ck_assert_msg(strstr(err.text, "backup"), "%s", err.text);
}
END_TEST

int main(void)
{
    const struct TTest *const tests[] = {what_is_asked_for_is_judged,
                                         nobody_is_answered_without_a_session,
                                         a_new_sign_in_is_a_new_one,
                                         only_who_holds_the_product_is_let_in,
                                         a_code_is_exchanged_by_its_own_rules,
                                         what_is_used_twice_takes_back_what_it_gave,
                                         tokens_end_in_time_and_with_session_and_person,
                                         a_secret_is_shown_in_one_way,
                                         a_signed_word_is_judged,
                                         a_token_is_its_applications,
                                         keys_follow_one_another,
                                         pairwise_subjects_stay_over_a_restart};
    Suite *suite = suite_create("broker");
    TCase *tc = tcase_create("rules");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(tc, tests[i]);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
