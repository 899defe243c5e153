#include "signin/oidc_verify.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "signin/oidc_provider.h"

#define CHECKS_MAX 32

struct verifying {
    const struct signin *in;
    const struct returned *returned;
    const struct authresponse *response;
    struct oidc_provider provider;
    struct rp rp;
    struct tokens tokens;
    const char *userinfo;
    struct identity who;
    struct check *checks;
    struct oidc_report *report;
    const char *detail;
};

static void release_body(struct http_reply *reply)
{
    if (reply->body.data)
        explicit_bzero(reply->body.data, reply->body.len);
    buf_release(&reply->body);
}

/* --- the rules; those that fail fill err --------------------------------------------------------------------------------- */

static int find_provider(struct verifying *v, struct err *err)
{
    if (oidc_provider_find(v->in, v->returned->connection, &v->provider, err) != 0)
        return -1;
    v->detail = v->provider.known->provider.issuer;
    return 0;
}

static int check_answer(struct verifying *v, struct err *err)
{
    v->detail = "it answers our request, and brings a code";
    return authresponse_check(v->response, &v->provider.known->provider, v->returned->handle, err);
}

static int exchange(struct verifying *v, struct err *err)
{
    struct http_request request;
    CLEANUP(release_body) struct http_reply reply = {0};
    if (rp_read(v->returned->connection, &v->rp, err) != 0 ||
        tokencall_build(v->in->pool, &v->provider.known->provider, &v->rp.client, v->response->code,
                        v->provider.names.redirect_uri, v->returned->request.verifier, v->in->now, &request,
                        err) != 0 ||
        providers_send(v->in->providers, v->provider.known, &request, &reply, err) != 0 ||
        tokencall_read(v->in->pool, &reply, &v->tokens, err) != 0)
        return -1;
    v->detail = "the provider gave tokens for the code";
    return 0;
}

/* The ID token has to be of a sign-in since we asked, where that was asked for: the age that it may have. */
static int64_t age_asked(const struct verifying *v)
{
    int64_t age = v->in->now - v->returned->request.created;
    return !v->returned->request.again ? 0 : age > 0 ? age : 1;
}

static int verify_token(struct verifying *v, struct idtoken_report *ret, struct err *err)
{
    struct idtoken_policy policy = {.issuer = conf_str(v->returned->connection, "issuer"),
                                    .client_id = v->rp.client.id,
                                    .nonce = v->returned->request.id,
                                    .access_token = v->tokens.access_token,
                                    .now = v->in->now,
                                    .skew = IDTOKEN_SKEW_MAX,
                                    .max_age = age_asked(v),
                                    .keys = v->provider.known->keys};
    struct span token = span_str(v->tokens.id_token);
    if (idtoken_verify(v->in->pool, token, &policy, ret, err) == 0)
        return 0;
    if (!ret->unknown_key || !providers_renew(v->in->providers, v->in->now, &v->provider.known))
        return -1;
    err_clear(err); /* the provider has new keys */
    policy.keys = v->provider.known->keys;
    return idtoken_verify(v->in->pool, token, &policy, ret, err);
}

static struct identity_policy policy_of(const struct verifying *v)
{
    static const char *const keys[SAML_FIELD_COUNT] = {[SAML_EMAIL] = "attribute-email",
                                                       [SAML_GIVEN_NAME] = "attribute-given-name",
                                                       [SAML_FAMILY_NAME] = "attribute-family-name",
                                                       [SAML_IMMUTABLE_ID] = "attribute-id",
                                                       [SAML_DISPLAY_NAME] = "attribute-display-name"};
    struct identity_policy policy = {.domains = v->returned->domains, .ndomains = v->returned->ndomains};
    for (int f = 0; f < SAML_FIELD_COUNT; f++)
        policy.claim[f] = conf_str(v->returned->connection, keys[f]);
    return policy;
}

static int read_person(struct verifying *v, struct err *err)
{
    const struct identity_policy policy = policy_of(v);
    return identity_read(v->in->pool, v->report->token, v->userinfo, &policy, &v->who, err);
}

/* Userinfo costs a call: it is asked for what the ID token leaves out. */
static int ask_userinfo(struct verifying *v, struct err *err)
{
    const struct provider *provider = &v->provider.known->provider;
    struct http_request request;
    struct err ignored = ERR_INIT;
    CLEANUP(release_body) struct http_reply reply = {0};
    bool whole = read_person(v, &ignored) == 0;
    for (int f = 0; f < SAML_FIELD_COUNT; f++)
        whole &= f == SAML_DISPLAY_NAME || v->who.field[f];
    v->detail = whole ? "not needed: the ID token says it all" : "the provider has none";
    if (whole || !provider->userinfo)
        return 1;
    userinfo_build(v->in->pool, provider, &v->rp.client, v->tokens.access_token, &request);
    if (providers_send(v->in->providers, v->provider.known, &request, &reply, err) != 0 ||
        userinfo_read(v->in->pool, &reply, v->report->token->subject, &v->userinfo, err) != 0)
        return -1;
    v->detail = "it is about who signed in";
    return 0;
}

static int check_id(struct verifying *v, struct err *err)
{
    if (read_person(v, err) != 0)
        return -1;
    v->report->claimed = &v->who;
    v->detail =
        pool_printf(v->in->pool, "%s (from %s)", v->who.field[SAML_IMMUTABLE_ID], v->who.source[SAML_IMMUTABLE_ID]);
    return 0;
}

static int check_email(struct verifying *v, struct err *err)
{
    const struct identity *who = &v->who;
    const char *said = who->unbelieved_email ? who->unbelieved_email : who->field[SAML_EMAIL];
    if (!said)
        return err_set(err, ERR_REFUSED,
                       "claims: the e-mail address is missing; release it at the provider (scope email), or name the "
                       "claim that holds it with attribute-email of the connection");
    if (!who->email_vouched)
        return err_set(err, ERR_REFUSED,
                       "claims: the e-mail '%s' is in no domain that this connection signs in; bind its domain to the "
                       "connection, or correct the address at the provider",
                       text_printable(v->in->pool, span_str(said)));
    v->detail = said;
    return 0;
}

/* --- all of them ---------------------------------------------------------------------------------------------------------- */

/* 0: passed, with detail; 1: passed over, with detail; -1 */
typedef int rule(struct verifying *v, struct err *err);

static const struct listed {
    const char *code, *title;
    rule *check;
} before[] = {{"provider", "The provider is known", find_provider},
              {"answer", "The browser brings the provider's answer to our request", check_answer},
              {"exchange", "The provider gives tokens for it", exchange}},
  after[] = {{"userinfo", "What else the provider says is about the same person", ask_userinfo},
             {"immutable-id", "It has the person's immutable id", check_id},
             {"email-domain", "The e-mail is in a domain of this connection", check_email}};

static void list(struct verifying *v, const char *code, const char *title, enum check_outcome outcome,
                 const char *detail)
{
    if (v->report->nchecks < CHECKS_MAX)
        v->checks[v->report->nchecks++] =
            (struct check){code, title, outcome, text_printable(v->in->pool, span_str(detail))};
}

/* After the first that failed nothing can be looked at. */
static int run(struct verifying *v, const struct listed *rules, size_t n, bool over, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        v->detail = "not looked at, because of what failed before";
        int r = over ? 1 : rules[i].check(v, err);
        enum check_outcome outcome = r < 0 ? CHECK_FAILED : r > 0 ? CHECK_SKIPPED : CHECK_PASSED;
        list(v, rules[i].code, rules[i].title, outcome, r < 0 ? err->text : v->detail);
        over |= r < 0;
    }
    return over ? -1 : 0;
}

static int run_token(struct verifying *v, bool over, struct err *err)
{
    struct idtoken_report report;
    int r = -1;
    if (over)
        idtoken_unseen(v->in->pool, &report);
    else
        r = verify_token(v, &report, err);
    for (size_t i = 0; i < report.nchecks; i++)
        list(v, report.checks[i].code, report.checks[i].title, report.checks[i].outcome, report.checks[i].detail);
    if (r == 0) {
        v->report->token = report.token;
        v->report->id_token = v->tokens.id_token;
    }
    return r;
}

static void release(struct verifying **v)
{
    oidc_provider_release(&(*v)->provider);
    rp_release(&(*v)->rp);
}

#define COUNT(a) (sizeof(a) / sizeof *(a))

int oidc_verify(const struct signin *in, const struct returned *returned, const struct authresponse *response,
                struct oidc_report *ret, struct err *err)
{
    CLEANUP(release) struct verifying *v = pool_zero(in->pool, sizeof *v);
    *ret = (struct oidc_report){.nchecks = 0};
    *v = (struct verifying){.in = in,
                            .returned = returned,
                            .response = response,
                            .checks = pool_zero(in->pool, CHECKS_MAX * sizeof *v->checks),
                            .report = ret};
    ret->checks = v->checks;
    int r = run(v, before, COUNT(before), false, err);
    r = run_token(v, r != 0, err);
    r = run(v, after, COUNT(after), r != 0, err);
    if (r == 0)
        ret->identity = &v->who;
    return r;
}
