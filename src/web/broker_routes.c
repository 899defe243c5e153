/* What applications and the people whom they send ask of us as an OpenID provider. */
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "broker/about.h"
#include "broker/access.h"
#include "broker/authorize.h"
#include "broker/exchange.h"
#include "crypto/token.h"
#include "web/answer.h"

#define FORM_MAX  16384
#define BEARER    "Bearer "
#define BUSY      "temporarily_unavailable"
#define CORS      "Access-Control-Allow-Origin"
#define TYPE_JSON "application/json"

static struct broker broker_of(struct call *call)
{
    return (struct broker){.in = &call->in,
                           .applications = call->site->applications,
                           .keys = call->site->ring,
                           .issuer = conf_str(conf_find(call->in.conf, "organization", NULL), "url")};
}

static int get_param(const void *request, const char *name, const char **ret)
{
    return request_param(request, name, ret);
}

static int get_field(const void *request, const char *name, const char **ret)
{
    return request_field(request, name, ret);
}

static struct broker_params form_of(const struct call *call)
{
    return (struct broker_params){get_field, call->request};
}

/* Without applications, and with nothing to read of them, there is no provider here. */
static bool is_provider(struct call *call)
{
    if (call->site->ring)
        return true;
    answer_fault(call, 404, FAULT_NOT_FOUND, NULL);
    return false;
}

/* --- for people ------------------------------------------------------------------------------------------------------ */

static void answer_authorize(struct call *call, const struct authorize_answer *answer, const struct err *err)
{
    if (*answer->ref) {
        answer_log(call, answer->ref, err);
        atomic_fetch_add(&call->web->counts[COUNT_REFUSED], 1);
    }
    switch (answer->outcome) {
    case AUTHORIZE_PAGE:
        answer_fault(call, 403, FAULT_REFUSED, answer->ref);
        break;
    case AUTHORIZE_ANSWER:
        answer_redirect(call, answer->location);
        break;
    case AUTHORIZE_SIGN_IN:
        answer_redirect(call, pool_printf(call->in.pool, "/signin?for=%s", answer->handle));
        break;
    case AUTHORIZE_RETRY:
        answer_redirect(call, pool_printf(call->in.pool, "/oauth2/authorize?for=%s", answer->handle));
        break;
    }
}

static void authorize(struct call *call, struct broker_params params, bool by_form)
{
    const struct broker broker = broker_of(call);
    const char *handle = NULL;
    bool is_new;
    struct authorize_answer answer;
    struct err err = ERR_INIT;
    if (!is_provider(call))
        return;
    const struct authorize_visitor visitor = {cookie_get(call, COOKIE_SESSION), cookie_browser(call, &is_new), by_form};
    bool again = !by_form && request_param(call->request, "for", &handle) == 1;
    int r = again ? authorize_go_on(&broker, handle, &visitor, &answer, &err)
                  : authorize_begin(&broker, params, &visitor, &answer, &err);
    if (r != 0) {
        answer_error(call, NULL, &err);
        return;
    }
    if (is_new && answer.handle)
        cookie_set(call, COOKIE_BROWSER, visitor.browser);
    answer_authorize(call, &answer, &err);
}

static void authorize_by_query(struct call *call)
{
    authorize(call, (struct broker_params){get_param, call->request}, false);
}

static void authorize_by_form(struct call *call)
{
    authorize(call, form_of(call), true);
}

/* --- for applications ------------------------------------------------------------------------------------------------ */

static void answer_json(struct call *call, int status, const char *json)
{
    call->response->status = status;
    call->response->type = TYPE_JSON;
    buf_adds(&call->response->body, json);
}

/* Why stays with us: the application gets the standard's word. */
static void answer_denial(struct call *call, broker_fault fault, const struct err *err)
{
    bool client = fault && strcmp(fault, "invalid_client") == 0, token = fault && strcmp(fault, "invalid_token") == 0;
    answer_log(call, NULL, err);
    atomic_fetch_add(&call->web->counts[fault ? COUNT_REFUSED : COUNT_FAULTS], 1);
    if (client)
        response_header(call->response, "WWW-Authenticate", "Basic realm=\"applications\"");
    if (token)
        response_header(call->response, "WWW-Authenticate", "Bearer error=\"invalid_token\"");
    answer_json(call,
                !fault            ? 503
                : client || token ? 401
                                  : 400,
                pool_printf(call->in.pool, "{\"error\":\"%s\"}", fault ? fault : BUSY));
}

/* What an application asks for with a form and its proof of who it is. */
typedef int ask_with(const struct broker *broker, struct broker_params form, const char *authorization,
                     const char **ret_json, broker_fault *ret_fault, struct err *err);

static void answer_application(struct call *call, ask_with *ask)
{
    const struct broker broker = broker_of(call);
    const char *json = NULL;
    broker_fault fault = NULL;
    struct err err = ERR_INIT;
    if (!is_provider(call))
        return;
    if (ask(&broker, form_of(call), request_header(call->request, "Authorization"), &json, &fault, &err) != 0)
        answer_denial(call, fault, &err);
    else
        answer_json(call, 200, json);
}

static void token(struct call *call)
{
    answer_application(call, exchange);
}

static void introspect(struct call *call)
{
    answer_application(call, access_introspect);
}

static void revoke(struct call *call)
{
    const struct broker broker = broker_of(call);
    broker_fault fault = NULL;
    struct err err = ERR_INIT;
    if (!is_provider(call))
        return;
    if (access_revoke(&broker, form_of(call), request_header(call->request, "Authorization"), &fault, &err) != 0)
        answer_denial(call, fault, &err);
    else
        answer_json(call, 200, "{}");
}

/* In the header, or in a form, and not in both (RFC 6750, 2). Never in the query, which ends up in logs. */
static int read_bearer(struct call *call, const char **ret)
{
    const char *header = request_header(call->request, "Authorization"), *field = NULL;
    int there = request_field(call->request, "access_token", &field);
    bool bearer = header && strncasecmp(header, BEARER, sizeof BEARER - 1) == 0;
    *ret = bearer ? header + sizeof BEARER - 1 : field;
    return there < 0 || (bearer && field) ? -1 : 0;
}

static void userinfo(struct call *call)
{
    const struct broker broker = broker_of(call);
    const char *bearer = NULL, *json = NULL;
    broker_fault fault = NULL;
    struct err err = ERR_INIT;
    if (!is_provider(call))
        return;
    response_header(call->response, CORS, "*");
    if (read_bearer(call, &bearer) != 0) {
        broker_refuse(&fault, "invalid_request", &err, "userinfo: the token is there in two ways at once");
    } else if (!bearer) {
        response_header(call->response, "WWW-Authenticate", "Bearer");
        call->response->status = 401; /* nothing was asked for: no code (RFC 6750, 3.1) */
        return;
    } else if (access_userinfo(&broker, bearer, &json, &fault, &err) == 0) {
        answer_json(call, 200, json);
        return;
    }
    answer_denial(call, fault, &err);
}

/* A browser's program asks first whether it may send its token along. */
static void allow_userinfo(struct call *call)
{
    if (!is_provider(call))
        return;
    response_header(call->response, CORS, "*");
    response_header(call->response, "Access-Control-Allow-Headers", "Authorization");
    response_header(call->response, "Access-Control-Allow-Methods", "GET, POST");
    call->response->status = 204;
}

static void jwks(struct call *call)
{
    if (!is_provider(call))
        return;
    response_header(call->response, CORS, "*");
    answer_json(call, 200, "");
    keyring_jwks(call->site->ring, &call->response->body);
}

static void about(struct call *call)
{
    if (!is_provider(call))
        return;
    response_header(call->response, CORS, "*");
    answer_json(call, 200, "");
    about_write(broker_of(call).issuer, &call->response->body);
}

const struct route broker_routes[] = {
    {"GET", "/oauth2/authorize", authorize_by_query, 0, false},
    {"POST", "/oauth2/authorize", authorize_by_form, FORM_MAX, false},
    {"POST", "/oauth2/token", token, FORM_MAX, false},
    {"GET", "/oauth2/userinfo", userinfo, 0, false},
    {"POST", "/oauth2/userinfo", userinfo, FORM_MAX, false},
    {"OPTIONS", "/oauth2/userinfo", allow_userinfo, 0, true},
    {"POST", "/oauth2/introspect", introspect, FORM_MAX, false},
    {"POST", "/oauth2/revoke", revoke, FORM_MAX, false},
    {"GET", "/oauth2/jwks", jwks, 0, true},
    {"GET", "/.well-known/openid-configuration", about, 0, true},
    {"GET", "/.well-known/oauth-authorization-server", about, 0, true},
    {0},
};
