/* What is answered where: the tables of the routes, and what holds for each of them. */
#include <string.h>

#include "base/clock.h"
#include "web/answer.h"

static const struct route *const tables[] = {signin_routes, saml_routes, trial_routes};

/* NULL: not this path; else the word behind it, "" for none. */
static const char *match(const struct route *route, const char *path)
{
    size_t n = strlen(route->path);
    bool takes = n > 1 && route->path[n - 1] == '/';
    if (strncmp(path, route->path, n) != 0)
        return NULL;
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
            if (strcmp(route->method, method) == 0) {
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
    (void)web;
    return route ? route->body_max : 0;
}

static void add_headers(const struct call *call)
{
    static const struct {
        const char *name, *value;
    } always[] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cache-Control", "no-store"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        response_header(call->response, always[i].name, always[i].value);
    if (call->web->site.secure)
        response_header(call->response, "Strict-Transport-Security", "max-age=31536000");
    response_header(call->response, "Content-Security-Policy",
                    pool_printf(call->in.pool,
                                "default-src 'none'; style-src 'self'; form-action 'self'%s; frame-ancestors 'none'; "
                                "base-uri 'none'",
                                call->web->site.origins));
}

static void answer_route(struct call *call, const struct route *route)
{
    struct desk *desk = NULL;
    struct err err = ERR_INIT;
    if (route->stateless) {
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

void routes_answer(void *ctx, const struct request *request, struct response *response)
{
    struct web *web = ctx;
    const char *allow = NULL;
    pthread_rwlock_rdlock(&web->lock);
    struct call call = {
        .web = web,
        .request = request,
        .response = response,
        .in = {.conf = web->site.conf, .keys = &web->site.keys, .pool = request_pool(request), .now = clock_now()}};
    const struct route *route = find(request, &call.word, &allow);
    atomic_fetch_add(&web->counts[COUNT_REQUESTS], 1);
    add_headers(&call);
    if (route) {
        answer_route(&call, route);
    } else if (allow) {
        response_header(response, "Allow", allow);
        answer_fault(&call, 405, FAULT_METHOD, NULL);
    } else {
        answer_fault(&call, 404, FAULT_NOT_FOUND, NULL);
    }
    pthread_rwlock_unlock(&web->lock);
}
