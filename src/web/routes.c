/* What is answered where: the tables of the routes, and what holds for each of them. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "web/answer.h"
#include "web/origins.h"

static const struct route *const tables[] = {signin_routes,  saml_routes,   oidc_routes, broker_routes,
                                             forward_routes, logout_routes, trial_routes, scim_routes};

/* NULL: not this path; else the word behind it, "" for none. */
static const char *match(const struct route *route, const char *path)
{
    size_t n = strlen(route->path);
    bool takes = n > 1 && route->path[n - 1] == '/';
    if (strncmp(path, route->path, n) != 0)
        return NULL;
    if (route->how & ROUTE_TREE)
        return path + n;
    if (!takes)
        return path[n] ? NULL : path + n;
    return path[n] && !strchr(path + n, '/') ? path + n : NULL;
}

/* *ret_allow: set when some route has the path, if not this method. */
static const struct route *find(const struct request *request, const char **ret_word, const char **ret_allow)
{
    const char *method = request_method(request), *path = request_path(request);
    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct route *route = tables[i]; route->path; route++) {
            const char *word = match(route, path);
            if (!word)
                continue;
            if (!route->method || strcmp(route->method, method) == 0) {
                *ret_word = word;
                return route;
            }
            *ret_allow = route->method;
        }
    return NULL;
}

size_t routes_body_max(void *web, const struct request *request)
{
    const char *word, *allow;
    const struct route *route = find(request, &word, &allow);
    if (route && route->how & ROUTE_TREE)
        return scim_body_max(web, request);
    return route ? route->body_max : 0;
}

bool routes_is_slow(void *ctx, const struct request *request)
{
    struct web *web = ctx;
    const char *word, *allow;
    const struct route *route = find(request, &word, &allow);
    if (route && route->how & ROUTE_TREE)
        return scim_is_slow(request);
    return route && (route->how & ROUTE_SLOW || (route->how & ROUTE_FIRST && !providers_known(web->providers)));
}

/*
 * Browsers apply form-action to every redirect behind a form, and identity providers redirect to others that nobody can name ahead: to a
 * federated one, say. A page whose form leads there allows HTTPS; the origins are for those that are reached without, on this machine.
 */
static const char *page_policy(const struct call *call)
{
    return pool_printf(call->in.pool,
                       "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'%s%s; "
                       "frame-ancestors 'none'; base-uri 'none'",
                       call->leads_away ? " https:" : "",
                       origins_add_providers(call->in.pool, call->site->origins, call->web->providers));
}

static void add_headers(const struct call *call)
{
    static const struct {
        const char *name, *value;
    } always[] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        response_header(call->response, always[i].name, always[i].value);
    response_header(call->response, "X-Request-Id", call->visitor.id);
    response_header(call->response, "Cache-Control", call->cacheable ? "public, max-age=3600" : "no-store");
    if (call->site->secure)
        response_header(call->response, "Strict-Transport-Security", "max-age=31536000");
    response_header(call->response, "Content-Security-Policy", call->policy ? call->policy : page_policy(call));
}

static void answer_route(struct call *call, const struct route *route)
{
    struct desk *desk = NULL;
    struct err err = ERR_INIT;
    if (route->how & ROUTE_STATELESS) {
        route->answer(call);
        return;
    }
    if (desk_take(call->web, &desk, &err) != 0) {
        answer_error(call, NULL, &err);
        return;
    }
    call->in.store = desk->store;
    call->in.signins = desk->signins;
    route->answer(call);
    desk_give(call->web, desk);
}

/* --- who may ask how often --------------------------------------------------------------------------------------------- */

/* Where people sign in, and where applications ask. The other ways write nothing, and cost next to nothing: a refusal is a record. */
static const struct {
    const char *method, *path, *rate; /* method NULL: any */
} limited[] = {
    {"POST", "/signin", "signin-rate"},
    {"POST", "/sso-test/", "signin-rate"},
    {NULL, "/saml/acs/", "signin-rate"},
    {NULL, "/saml/slo/", "signin-rate"},
    {NULL, "/oidc/callback/", "signin-rate"},
    {NULL, "/oidc/logout/", "signin-rate"},
    {NULL, "/oauth2/authorize", "signin-rate"},
    {NULL, "/oauth2/logout", "signin-rate"},
    {NULL, "/oauth2/goodbye", "signin-rate"},
    {NULL, "/forward-auth/start", "signin-rate"},
    {NULL, "/forward-auth/enter", "signin-rate"},
    {NULL, "/forward-auth/callback", "signin-rate"},
    {NULL, "/oauth2/token", "application-rate"},
    {NULL, "/oauth2/userinfo", "application-rate"},
    {NULL, "/oauth2/introspect", "application-rate"},
    {NULL, "/oauth2/revoke", "application-rate"},
};

/* Seconds to wait; 0: none. */
static unsigned hold_up(const struct call *call, const struct route *route)
{
    const struct conf_section *serve = conf_find(call->in.conf, "serve", NULL);
    for (size_t i = 0; !call->visitor.is_local && i < sizeof limited / sizeof *limited; i++)
        if (strcmp(limited[i].path, route->path) == 0 &&
            (!limited[i].method || strcmp(limited[i].method, route->method) == 0))
            return limit_take(call->web->limit, limited[i].rate, call->visitor.client, conf_int(serve, limited[i].rate),
                              clock_monotonic());
    return 0;
}

static void answer_held_up(struct call *call, unsigned wait)
{
    atomic_fetch_add(&call->web->counts[COUNT_HELD_UP], 1);
    response_header(call->response, "Retry-After", pool_printf(call->in.pool, "%u", wait));
    answer_fault(call, 429, FAULT_TOO_MANY, NULL);
}

/* --- a request --------------------------------------------------------------------------------------------------------- */

/* What was asked for in so many words, here or before, else what the browser prefers. */
static enum language choose_language(struct call *call)
{
    const char *asked = NULL, *kept = cookie_text(call, COOKIE_LANGUAGE);
    enum language language = LANGUAGES;
    if (request_param(call->request, "lang", &asked) == 1)
        language = language_listed(asked);
    if (language < LANGUAGES)
        cookie_keep(call, COOKIE_LANGUAGE, languages[language].tag);
    else if (kept)
        language = language_listed(kept);
    return language < LANGUAGES ? language : language_accepted(request_header_lines(call->request, "Accept-Language"));
}

static void answer(struct call *call)
{
    const char *allow = NULL;
    const struct route *route = find(call->request, &call->word, &allow);
    unsigned wait = route ? hold_up(call, route) : 0;
    if (route && route->how & ROUTE_TREE) {
        answer_route(call, route);
    } else if (request_is_too_large(call->request)) {
        answer_fault(call, 413, FAULT_TOO_LARGE, NULL);
    } else if (wait) {
        answer_held_up(call, wait);
    } else if (route) {
        answer_route(call, route);
    } else if (allow) {
        response_header(call->response, "Allow", allow);
        answer_fault(call, 405, FAULT_METHOD, NULL);
    } else {
        answer_fault(call, 404, FAULT_NOT_FOUND, NULL);
    }
}

static void log_answer(const struct call *call, double began)
{
    log_event_with(LOG_LEVEL_INFO,
                   pool_printf(call->in.pool, "status=%d ms=%.1f client=%s%s",
                               request_is_too_large(call->request) ? 413 : call->response->status,
                               (clock_monotonic() - began) * 1000, call->visitor.client,
                               call->noted ? call->noted : ""),
                   "%s %s", request_method(call->request), answer_logged_path(call));
}

void routes_answer(void *ctx, const struct request *request, struct response *response)
{
    struct web *web = ctx;
    double began = clock_monotonic();
    CLEANUP(site_give) struct web_site *site = site_hold(web);
    struct call call = {.web = web,
                        .site = site,
                        .request = request,
                        .response = response,
                        .in = {.conf = site->conf,
                               .keys = &site->keys,
                               .pool = request_pool(request),
                               .now = clock_now(),
                               .providers = web->providers}};
    visitor_read(conf_find(call.in.conf, "serve", NULL), request, &call.visitor);
    call.in.client = call.visitor.client;
    log_set_request(call.visitor.id);
    call.language = choose_language(&call);
    atomic_fetch_add(&web->counts[COUNT_REQUESTS], 1);
    answer(&call);
    add_headers(&call);
    log_answer(&call, began);
    log_set_request(NULL);
}
