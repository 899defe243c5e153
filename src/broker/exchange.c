#include "broker/exchange.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "broker/claims.h"
#include "crypto/token.h"
#include "oidc/authrequest.h"
#include "signin/record.h"
#include "store/grants.h"

#define VERIFIER_MIN 43
#define VERIFIER_MAX 128

struct call {
    const struct broker *broker;
    struct broker_params form;
    struct client_proof proof;
    broker_fault *fault;
    struct err *err;
};
#define REFUSE(c, code, ...) broker_refuse((c)->fault, code, (c)->err, __VA_ARGS__)

/* What is given: of the grant, with scope no wider than the grant's. */
struct giving {
    int64_t grant;
    const char *subject, *scope, *nonce;
    struct signin_who who;
    char access[TOKEN_SIZE], refresh[TOKEN_SIZE];
    int64_t access_until, refresh_until;
    const char *id_token;
};

/* --- pieces ---------------------------------------------------------------------------------------------------------- */

/* *ret NULL: not there. */
static int field(const struct call *c, const char *name, const char **ret)
{
    const char *value = NULL;
    if (c->form.get(c->form.ctx, name, &value) < 0)
        return REFUSE(c, "invalid_request",
                      "token: %s is there more than once, or is not clean text; look at what the application sends",
                      name);
    *ret = value && *value ? value : NULL;
    return 0;
}

static int needed(const struct call *c, const char *name, size_t max, const char **ret)
{
    if (field(c, name, ret) != 0)
        return -1;
    if (!*ret || strlen(*ret) > max)
        return REFUSE(c, "invalid_request",
                      "application %s: %s is missing, or longer than %zu bytes; look at what it sends",
                      c->proof.application->name, name, max);
    return 0;
}

bool exchange_verifier_fits(const char *verifier, const char *challenge)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    size_t n = strlen(verifier);
    if (n < VERIFIER_MIN || n > VERIFIER_MAX)
        return false;
    authrequest_challenge(verifier, &text);
    return token_same((struct span){text.data, text.len}, span_str(challenge));
}

/* The session is there, the person may still, and so may they with this application. */
static int check_person(const struct call *c, const char *sid, struct signin_who *ret)
{
    const struct application *application = c->proof.application;
    int found = signin_who_named(c->broker->in, sid, ret, c->err);
    if (found < 0)
        return -1;
    if (!found)
        return REFUSE(c, "invalid_grant",
                      "application %s: the session that this was given in has ended; the person has to sign in again",
                      application->name);
    if (claims_may_use(c->broker, application, ret, c->fault, c->err) == 0)
        return 0;
    *c->fault = *c->fault ? "invalid_grant" : NULL;
    return -1;
}

static int64_t ends(const struct call *c, const struct giving *g, const char *setting)
{
    int64_t until = c->broker->in->now + conf_int(c->proof.application->section, setting);
    return until < g->who.session.ends ? until : g->who.session.ends;
}

/* All that takes time, before anything is locked. */
static int make(const struct call *c, struct giving *g)
{
    CLEANUP(buf_release) struct buf id_token = BUF_INIT;
    const struct claims_token about = {c->proof.application, &g->who, g->subject, g->scope, g->nonce, g->access};
    token_new(g->access);
    token_new(g->refresh);
    g->access_until = ends(c, g, "access-token-lifetime");
    g->refresh_until = ends(c, g, "refresh-token-lifetime");
    if (claims_id_token(c->broker, &about, &id_token, c->err) != 0)
        return -1;
    g->id_token = pool_strdup(c->broker->in->pool, buf_str(&id_token));
    return 0;
}

static bool wants_refresh(const struct giving *g)
{
    return scope_has(g->scope, "offline_access");
}

static int put(const struct call *c, const struct giving *g, const char *refresh_scope)
{
    struct signins *signins = c->broker->in->signins;
    int64_t now = c->broker->in->now;
    if (token_put(signins, g->access, TOKEN_ACCESS, g->grant, g->scope, now, g->access_until, c->err) != 0)
        return -1;
    return wants_refresh(g)
               ? token_put(signins, g->refresh, TOKEN_REFRESH, g->grant, refresh_scope, now, g->refresh_until, c->err)
               : 0;
}

static int answer(const struct call *c, const struct giving *g, const char **ret_json)
{
    CLEANUP(buf_wipe) struct buf text = BUF_INIT;
    buf_printf(
        &text,
        "{\"access_token\":\"%s\",\"token_type\":\"Bearer\",\"expires_in\":%lld,\"scope\":\"%s\",\"id_token\":\"%s\"",
        g->access, (long long)(g->access_until - c->broker->in->now), g->scope, g->id_token);
    if (wants_refresh(g))
        buf_printf(&text, ",\"refresh_token\":\"%s\"", g->refresh);
    buf_addc(&text, '}');
    *ret_json = pool_strdup(c->broker->in->pool, buf_str(&text));
    return 0;
}

/* It was used before, so that one of two who hold it should not: whoever has what came of it loses it. */
static int revoke(const struct call *c, int64_t grant, const char *what)
{
    struct signins *signins = c->broker->in->signins;
    if (grant_revoke(signins, grant, c->err) != 0)
        return -1;
    return REFUSE(c, "invalid_grant",
                  "application %s: the %s was used before; what came of it is revoked, look for who holds a copy",
                  c->proof.application->name, what);
}

/* --- a code ---------------------------------------------------------------------------------------------------------- */

static int check_code(const struct call *c, const struct grant *grant, const char *redirect_uri, const char *verifier)
{
    const char *name = c->proof.application->name;
    if (strcmp(grant->application, name) != 0)
        return REFUSE(c, "invalid_grant",
                      "application %s: the code was given to application %s; look for who passes codes on", name,
                      grant->application);
    if (!grant->redeemed && grant->code_expires <= c->broker->in->now)
        return REFUSE(c, "invalid_grant", "application %s: the code expired; it has to be exchanged at once", name);
    if (strcmp(grant->redirect_uri, redirect_uri) != 0)
        return REFUSE(c, "invalid_grant",
                      "application %s: redirect_uri is not that of the code; it has to send the one that it asked with",
                      name);
    if (!*grant->challenge)
        return REFUSE(
            c, "invalid_grant",
            "application %s: there is a verifier, and the code was asked for without a challenge; turn PKCE on there",
            name);
    if (!exchange_verifier_fits(verifier, grant->challenge))
        return REFUSE(c, "invalid_grant",
                      "application %s: code_verifier is not that of the code's challenge; look for who passes codes on",
                      name);
    return 0;
}

/* In one transaction; of two at once, the second finds the code used. */
static int redeem(const struct call *c, const struct giving *g)
{
    struct signins *signins = c->broker->in->signins;
    if (clientauth_use_up(c->broker, &c->proof, c->fault, c->err) != 0)
        return -1;
    int first = grant_redeem(signins, g->grant, c->err);
    if (first <= 0)
        return first < 0 ? -1 : revoke(c, g->grant, "code");
    return put(c, g, g->scope);
}

/* A refusal is kept as well: what it used up and what it revoked. */
static int in_one(const struct call *c, const struct giving *g,
                  int (*work)(const struct call *c, const struct giving *g))
{
    struct signins *signins = c->broker->in->signins;
    struct err ours = ERR_INIT;
    if (signins_begin(signins, c->err) != 0)
        return -1;
    int r = work(c, g);
    if (r == 0)
        return signins_commit(signins, c->err);
    if (!*c->fault) {
        signins_rollback(signins);
        return -1;
    }
    if (signins_commit(signins, &ours) == 0)
        return -1;
    *c->fault = NULL;
    *c->err = ours;
    return -1;
}

static int by_code(const struct call *c, const char **ret_json)
{
    const char *code, *redirect_uri, *verifier;
    struct grant grant;
    struct giving g = {0};
    if (needed(c, "code", BROKER_CODE_MAX, &code) != 0 ||
        needed(c, "redirect_uri", CONF_VALUE_MAX, &redirect_uri) != 0 ||
        needed(c, "code_verifier", VERIFIER_MAX, &verifier) != 0)
        return -1;
    int found = grant_of_code(c->broker->in->signins, code, c->broker->in->pool, &grant, c->err);
    if (found < 0)
        return -1;
    if (!found)
        return REFUSE(c, "invalid_grant", "application %s: there is no such code; it has to begin again",
                      c->proof.application->name);
    if (check_code(c, &grant, redirect_uri, verifier) != 0)
        return -1;
    g = (struct giving){.grant = grant.id, .subject = grant.subject, .scope = grant.scope, .nonce = grant.nonce};
    if (grant.redeemed)
        return in_one(c, &g, redeem);
    if (check_person(c, grant.sid, &g.who) != 0 || make(c, &g) != 0 || in_one(c, &g, redeem) != 0)
        return -1;
    return answer(c, &g, ret_json);
}

/* --- a refresh token ------------------------------------------------------------------------------------------------- */

struct renewal {
    struct giving g; /* first: what work is handed */
    const char *old, *scope;
};

static int renew(const struct call *c, const struct giving *g)
{
    const struct renewal *r = (const struct renewal *)g;
    if (clientauth_use_up(c->broker, &c->proof, c->fault, c->err) != 0)
        return -1;
    int first = token_use(c->broker->in->signins, r->old, c->err);
    if (first <= 0)
        return first < 0 ? -1 : revoke(c, g->grant, "refresh token");
    return put(c, g, r->scope);
}

static int by_refresh(const struct call *c, const char **ret_json)
{
    const char *old, *scope, *name = c->proof.application->name;
    struct token token;
    if (needed(c, "refresh_token", BROKER_CODE_MAX, &old) != 0 || field(c, "scope", &scope) != 0)
        return -1;
    int found = token_get(c->broker->in->signins, old, c->broker->in->now, c->broker->in->pool, &token, c->err);
    if (found < 0)
        return -1;
    if (!found || token.kind != TOKEN_REFRESH)
        return REFUSE(c, "invalid_grant",
                      "application %s: there is no such refresh token, or it or its session has ended; the person has "
                      "to sign in again",
                      name);
    if (strcmp(token.application, name) != 0)
        return REFUSE(c, "invalid_grant",
                      "application %s: the refresh token was given to application %s; look for who passes tokens on",
                      name, token.application);
    if (scope && !scope_within(scope, token.scope))
        return REFUSE(c, "invalid_scope",
                      "application %s: scope '%s' is more than was given; ask for it at the next sign-in", name,
                      broker_shown(c->broker, scope));
    struct renewal r = {.old = old,
                        .scope = token.scope,
                        .g = {.grant = token.grant, .subject = token.subject, .scope = token.scope, .nonce = ""}};
    if (token.used)
        return in_one(c, &r.g, renew);
    if (scope) /* less than it has, for this once; the next refresh token stays as wide */
        r.g.scope = scope_known(c->broker->in->pool, pool_printf(c->broker->in->pool, "%s offline_access", scope));
    if (check_person(c, token.sid, &r.g.who) != 0 || make(c, &r.g) != 0 || in_one(c, &r.g, renew) != 0)
        return -1;
    return answer(c, &r.g, ret_json);
}

/* --- both ------------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *grant_type;
    int (*give)(const struct call *c, const char **ret_json);
} kinds[] = {{"authorization_code", by_code}, {"refresh_token", by_refresh}};

static int give(struct call *c, const char *authorization, const char **ret_json)
{
    const char *type = NULL;
    if (clientauth_read(c->broker, c->form, authorization, &c->proof, c->fault, c->err) != 0 ||
        field(c, "grant_type", &type) != 0)
        return -1;
    for (size_t i = 0; type && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(type, kinds[i].grant_type) == 0)
            return kinds[i].give(c, ret_json);
    return REFUSE(
        c, type ? "unsupported_grant_type" : "invalid_request",
        "application %s: grant_type '%s' is neither authorization_code nor refresh_token; set it to the code flow",
        c->proof.application->name, broker_shown(c->broker, type));
}

/* Of applications that there are: who knows no client id leaves nothing but a line in the log. */
static void record(const struct call *c)
{
    struct signin in = *c->broker->in;
    char ref[SIGNINS_REF_SIZE];
    if (!*c->fault || !c->proof.application)
        return;
    in.application = c->proof.application->name;
    record_refused(&in, "", NULL, c->err, ref);
}

int exchange(const struct broker *broker, struct broker_params form, const char *authorization, const char **ret_json,
             broker_fault *ret_fault, struct err *err)
{
    struct call c = {.broker = broker, .form = form, .fault = ret_fault, .err = err};
    *ret_fault = NULL;
    if (give(&c, authorization, ret_json) == 0)
        return 0;
    record(&c);
    return -1;
}
