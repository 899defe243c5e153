#include "broker/authorize.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "broker/claims.h"
#include "crypto/token.h"
#include "oidc/encode.h"
#include "signin/record.h"
#include "store/visits.h"

#define CHALLENGE_LENGTH 43  /* SHA-256 as base64url (RFC 7636, 4.2) */
#define NOT_SEEN         "?" /* in place of a session's mark */
#define CLOCK_SKEW       180 /* seconds between an identity provider's clock and ours */

/* --- what is asked for ----------------------------------------------------------------------------------------------- */

struct reading {
    const struct broker *broker;
    struct broker_params params;
    struct authorization *ret;
    broker_fault *fault;
    struct err *err;
};

/* *ret: NULL when it is not there. Empty is not there (RFC 6749, 3.1). */
static int param(const struct reading *r, const char *name, const char **ret)
{
    const char *value = NULL;
    int found = r->params.get(r->params.ctx, name, &value);
    if (found < 0)
        return broker_refuse(
            r->fault, "invalid_request", r->err,
            "authorize: %s is there more than once, or is not clean text; look at what the application sends", name);
    if (found && strlen(value) > AUTHORIZE_VALUE_MAX)
        return broker_refuse(r->fault, "invalid_request", r->err,
                             "authorize: %s is longer than %d bytes; have the application send less", name,
                             AUTHORIZE_VALUE_MAX);
    *ret = found && *value ? value : NULL;
    return 0;
}

/* Until these two are known to belong together, there is nobody who could be told of a fault. */
static int read_client(struct reading *r, const struct application **ret)
{
    const char *id = NULL, *uri = NULL;
    if (param(r, "client_id", &id) != 0 || param(r, "redirect_uri", &uri) != 0)
        return -1;
    const struct application *application = id ? applications_find(r->broker->applications, id) : NULL;
    if (!application)
        return broker_refuse(r->fault, NULL, r->err,
                             "authorize: there is no application with client_id '%s'; check what it was given",
                             broker_shown(r->broker, id));
    if (!uri || !application_redirects_to(application, uri))
        return broker_refuse(r->fault, NULL, r->err,
                             "authorize: redirect_uri '%s' is none of application %s, byte for byte; check both sides",
                             broker_shown(r->broker, uri), application->name);
    r->ret->application = application->name;
    r->ret->redirect_uri = uri;
    *ret = application;
    return 0;
}

static int refuse_unsupported(struct reading *r)
{
    static const struct {
        const char *param, *code;
    } unsupported[] = {{"request", "request_not_supported"},
                       {"request_uri", "request_uri_not_supported"},
                       {"registration", "registration_not_supported"}};
    for (size_t i = 0; i < sizeof unsupported / sizeof *unsupported; i++) {
        const char *value = NULL;
        if (param(r, unsupported[i].param, &value) != 0)
            return -1;
        if (value)
            return broker_refuse(r->fault, unsupported[i].code, r->err,
                                 "authorize: %s is not supported; set the application to plain parameters",
                                 unsupported[i].param);
    }
    return 0;
}

static int read_kind(struct reading *r)
{
    const char *type = NULL, *mode = NULL, *scope = NULL;
    if (param(r, "response_type", &type) != 0 || param(r, "response_mode", &mode) != 0 ||
        param(r, "scope", &scope) != 0)
        return -1;
    if (!type)
        return broker_refuse(r->fault, "invalid_request", r->err,
                             "authorize: response_type is missing; set the application to the code flow");
    if (strcmp(type, "code") != 0)
        return broker_refuse(r->fault, "unsupported_response_type", r->err,
                             "authorize: response_type '%s' is not code; set the application to the code flow",
                             broker_shown(r->broker, type));
    if (mode && strcmp(mode, "query") != 0)
        return broker_refuse(
            r->fault, "invalid_request", r->err,
            "authorize: response_mode '%s' is not query; take response_mode out of the application's settings",
            broker_shown(r->broker, mode));
    if (!scope || !scope_has(scope, "openid"))
        return broker_refuse(r->fault, "invalid_scope", r->err,
                             "authorize: scope has no openid; add it in the application");
    r->ret->scope = scope_known(r->broker->in->pool, scope);
    return 0;
}

/* Of every application, also those that have a secret (RFC 9700, 2.1.1). */
static int read_challenge(struct reading *r)
{
    const char *challenge = NULL, *method = NULL;
    if (param(r, "code_challenge", &challenge) != 0 || param(r, "code_challenge_method", &method) != 0)
        return -1;
    if (!challenge)
        return broker_refuse(r->fault, "invalid_request", r->err,
                             "authorize: code_challenge is missing; turn PKCE on in the application");
    if (!method || strcmp(method, "S256") != 0)
        return broker_refuse(r->fault, "invalid_request", r->err,
                             "authorize: code_challenge_method is '%s' and not S256; set it in the application",
                             method ? broker_shown(r->broker, method) : "plain, as it is not written");
    if (strlen(challenge) != CHALLENGE_LENGTH || !encode_is_base64url(span_str(challenge)))
        return broker_refuse(
            r->fault, "invalid_request", r->err,
            "authorize: code_challenge is no SHA-256 in base64url; look at what the application sends");
    r->ret->challenge = challenge;
    return 0;
}

/* Consent is the organisation's, and was given with the configuration; whom to choose is what the sign-in page asks. */
static int read_prompt(struct reading *r)
{
    const char *prompt = NULL;
    if (param(r, "prompt", &prompt) != 0)
        return -1;
    if (!prompt)
        return 0;
    if (!scope_within(prompt, "none login consent select_account"))
        return broker_refuse(r->fault, "invalid_request", r->err,
                             "authorize: prompt '%s' is not known; take it out of the application's settings",
                             broker_shown(r->broker, prompt));
    r->ret->silent = scope_has(prompt, "none");
    r->ret->again = scope_has(prompt, "login") || scope_has(prompt, "select_account");
    if (r->ret->silent && strcmp(prompt, "none") != 0)
        return broker_refuse(r->fault, "invalid_request", r->err,
                             "authorize: prompt has none beside others; look at what the application sends");
    return 0;
}

static int read_max_age(struct reading *r)
{
    const char *text = NULL;
    if (param(r, "max_age", &text) != 0)
        return -1;
    if (!text)
        return 0;
    size_t n = strspn(text, "0123456789");
    if (text[n] || n > 9)
        return broker_refuse(r->fault, "invalid_request", r->err,
                             "authorize: max_age '%s' is no number of seconds; look at what the application sends",
                             broker_shown(r->broker, text));
    r->ret->max_age = strtol(text, NULL, 10);
    r->ret->again |= r->ret->max_age == 0;
    return 0;
}

int authorize_read(const struct broker *broker, struct broker_params params, struct authorization *ret,
                   broker_fault *ret_fault, struct err *err)
{
    const struct application *application = NULL;
    struct reading r = {broker, params, ret, ret_fault, err};
    *ret = (struct authorization){
        .max_age = -1, .created = broker->in->now, .expires = broker->in->now + AUTHORIZE_SECONDS};
    *ret_fault = NULL;
    if (read_client(&r, &application) != 0) {
        *ret_fault = NULL;
        return -1;
    }
    return param(&r, "state", &ret->state) != 0 || refuse_unsupported(&r) != 0 || read_kind(&r) != 0 ||
                   param(&r, "nonce", &ret->nonce) != 0 || read_challenge(&r) != 0 || read_prompt(&r) != 0 ||
                   read_max_age(&r) != 0 || param(&r, "acr_values", &ret->context) != 0 ||
                   param(&r, "login_hint", &ret->hint) != 0
               ? -1
               : 0;
}

/* --- answers --------------------------------------------------------------------------------------------------------- */

/* The query that a redirect_uri has stays (RFC 6749, 3.1.2). */
static const char *answer_url(const struct broker *broker, const struct authorization *a, const char *name,
                              const char *value)
{
    CLEANUP(buf_release) struct buf url = BUF_INIT;
    buf_adds(&url, a->redirect_uri);
    if (!strchr(a->redirect_uri, '?'))
        buf_addc(&url, '?');
    encode_param(name, value, &url);
    if (a->state && *a->state)
        encode_param("state", a->state, &url);
    encode_param("iss", broker->issuer, &url); /* against mix-up (RFC 9207) */
    return pool_strdup(broker->in->pool, buf_str(&url));
}

/* fault NULL: nobody can be told. The reason stays in err. */
static int refuse(const struct broker *broker, const struct authorization *a, broker_fault fault, const char *email,
                  struct authorize_answer *ret, struct err *err)
{
    if (err->kind != ERR_REFUSED && err->kind != ERR_INPUT)
        return -1;
    struct signin with = *broker->in;
    with.application = a->application;
    record_refused(&with, "", email, err, ret->ref);
    ret->outcome = fault ? AUTHORIZE_ANSWER : AUTHORIZE_PAGE;
    ret->location = fault ? answer_url(broker, a, "error", fault) : NULL;
    return 0;
}

/* The person's code; what was kept is used up with it. */
static int give_code(const struct broker *broker, const struct authorization *a, const char *handle,
                     const struct application *application, const struct signin_who *who, struct authorize_answer *ret,
                     struct err *err)
{
    struct signin own = *broker->in, *in = &own;
    char code[TOKEN_SIZE], ref[SIGNINS_REF_SIZE];
    own.application = a->application;
    token_new(code);
    const struct grant grant = {.sid = who->session.sid,
                                .application = a->application,
                                .subject = claims_subject(broker, application, who->session.directory, who->uid),
                                .redirect_uri = a->redirect_uri,
                                .scope = a->scope,
                                .nonce = a->nonce,
                                .challenge = a->challenge,
                                .created = in->now,
                                .code_expires = in->now + conf_int(application->section, "code-lifetime")};
    if (signins_begin(in->signins, err) != 0)
        return -1;
    struct signins_session session; /* may have ended meanwhile: then nothing may hang on it */
    int taken = signins_session_named(in->signins, who->session.sid, in->now, in->pool, &session, err);
    if (taken == 1 && handle)
        taken = authorization_take(in->signins, handle, err);
    if (taken == 1 && grant_put(in->signins, code, &grant, err) == 0 &&
        visits_put(in->signins, grant.sid, grant.application, grant.subject, in->now, err) == 0 &&
        record_accepted(in, who->connection, who->email, ref, err) == 0) {
        ret->outcome = AUTHORIZE_ANSWER;
        ret->location = answer_url(broker, a, "code", code);
        return signins_commit(in->signins, err);
    }
    signins_rollback(in->signins);
    if (taken != 0)
        return -1;
    err_set(err, ERR_REFUSED,
            "authorize: it was answered at the same time by another copy of it, or the session has just ended; begin "
            "at the application again");
    return refuse(broker, a, NULL, who->email, ret, err);
}

/* --- who it is ------------------------------------------------------------------------------------------------------- */

/* Did they sign in since it was asked for? */
static bool is_new(const struct authorization *a, const struct signin_who *who)
{
    return strcmp(who->session.mark, a->before) != 0;
}

/* Did the person sign in as lately as is asked for? The provider's clock is not ours. */
static bool is_fresh(const struct authorization *a, const struct signin_who *who, int64_t now)
{
    if (a->again && who->session.signed_in_at + CLOCK_SKEW < a->created)
        return false;
    return a->max_age < 0 || who->session.signed_in_at + a->max_age >= (is_new(a, who) ? a->created - CLOCK_SKEW : now);
}

/* One of the ways to sign in that are asked for; they are a wish (OpenID Connect Core, 3.1.2.1). */
static bool fits_context(const struct authorization *a, const struct signin_who *who)
{
    return !a->context || !*a->context || scope_has(a->context, who->session.context);
}

/* who NULL: nobody is signed in. Whoever just did is not sent away a second time, whatever the provider made of it. */
static bool has_to_sign_in(const struct authorization *a, const struct signin_who *who, int64_t now)
{
    if (!who)
        return true;
    if (is_new(a, who))
        return false;
    return a->again || !is_fresh(a, who, now) || (!a->silent && !fits_context(a, who));
}

static int decide(const struct broker *broker, const struct authorization *a, const char *handle,
                  const struct signin_who *who, struct authorize_answer *ret, struct err *err)
{
    const struct application *application = applications_named(broker->applications, a->application);
    broker_fault fault = NULL;
    if (!application) {
        err_set(err, ERR_REFUSED,
                "authorize: application %s is gone from the configuration; write it there again, or take it out of use",
                a->application);
        return refuse(broker, a, NULL, who->email, ret, err);
    }
    if (!is_fresh(a, who, broker->in->now)) {
        broker_refuse(&fault, "login_required", err,
                      "application %s: it asked for a new sign-in, and the identity provider passed an old one on; "
                      "look at its settings for ForceAuthn or prompt=login",
                      a->application);
        return refuse(broker, a, fault, who->email, ret, err);
    }
    if (claims_may_use(broker, application, who, &fault, err) != 0)
        return refuse(broker, a, fault, who->email, ret, err);
    return give_code(broker, a, handle, application, who, ret, err);
}

static int keep(const struct broker *broker, const struct authorization *a, const struct authorize_visitor *visitor,
                struct authorize_answer *ret, struct err *err)
{
    char handle[TOKEN_SIZE];
    token_new(handle);
    ret->handle = pool_strdup(broker->in->pool, handle);
    return authorization_put(broker->in->signins, handle, visitor->browser, a, err);
}

/* handle NULL: it was asked for just now, and is not kept yet. */
static int go(const struct broker *broker, struct authorization *a, const char *handle,
              const struct authorize_visitor *visitor, struct authorize_answer *ret, struct err *err)
{
    struct signin_who who;
    broker_fault fault = NULL;
    int found = visitor->session ? signin_who(broker->in, visitor->session, &who, err) : 0;
    if (found < 0)
        return -1;
    if (!handle)
        a->before = found ? who.session.mark : "";
    if (!has_to_sign_in(a, found ? &who : NULL, broker->in->now))
        return decide(broker, a, handle, &who, ret, err);
    if (a->silent) {
        broker_refuse(&fault, "login_required", err,
                      "application %s: it asked without a page (prompt=none), and nobody is signed in, or too long "
                      "ago; it should ask again with one",
                      a->application);
        return refuse(broker, a, fault, NULL, ret, err);
    }
    ret->outcome = AUTHORIZE_SIGN_IN;
    ret->handle = handle;
    return handle ? 0 : keep(broker, a, visitor, ret, err);
}

int authorize_begin(const struct broker *broker, struct broker_params params, const struct authorize_visitor *visitor,
                    struct authorize_answer *ret, struct err *err)
{
    struct authorization a = {0};
    broker_fault fault = NULL;
    *ret = (struct authorize_answer){.outcome = AUTHORIZE_PAGE};
    if (authorize_read(broker, params, &a, &fault, err) != 0)
        return refuse(broker, &a, fault, NULL, ret, err);
    if (!visitor->by_form)
        return go(broker, &a, NULL, visitor, ret, err);
    ret->outcome = AUTHORIZE_RETRY;
    a.before = NOT_SEEN;
    return keep(broker, &a, visitor, ret, err);
}

/* By form nobody saw whether there was a session: it counts as asked for now. 1; 0: somebody else took it; -1 */
static int settle(const struct broker *broker, const struct authorization *a, const char **handle, struct err *err)
{
    if (strcmp(a->before, NOT_SEEN) != 0)
        return 1;
    const char *old = *handle;
    *handle = NULL;
    return authorization_take(broker->in->signins, old, err);
}

int authorize_go_on(const struct broker *broker, const char *handle, const struct authorize_visitor *visitor,
                    struct authorize_answer *ret, struct err *err)
{
    struct authorization a = {0};
    *ret = (struct authorize_answer){.outcome = AUTHORIZE_PAGE};
    int found =
        authorization_get(broker->in->signins, handle, visitor->browser, broker->in->now, broker->in->pool, &a, err);
    if (found == 1)
        found = settle(broker, &a, &handle, err);
    if (found < 0)
        return -1;
    if (found)
        return go(broker, &a, handle, visitor, ret, err);
    err_set(err, ERR_REFUSED,
            "authorize: nothing was asked for in this browser under this handle, or too long ago; begin at the "
            "application again");
    return refuse(broker, &a, NULL, NULL, ret, err);
}
