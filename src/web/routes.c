/* What is answered where: one table. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "gate/sp.h"
#include "model/domain.h"
#include "saml/response.h"
#include "signin/record.h"
#include "web/inner.h"
#include "web/pages.h"

#define FORM_MAX 4096
/* Base64 is a third longer, and a form may write each "+", "/" and "=" as three octets. */
#define ACS_MAX (SAML_RESPONSE_MAX / 3 * 4 + 64 * 1024)

#define HTML "text/html; charset=utf-8"

/* --- answers --------------------------------------------------------------------------------------------------------- */

static struct page_about about(const struct call *call)
{
    const struct conf_section *organization = conf_find(call->in.conf, "organization", NULL);
    return (struct page_about){conf_str(organization, "name"), conf_str(organization, "contact")};
}

static void html(struct call *call, int status)
{
    call->response->status = status;
    call->response->type = HTML;
}

static void go_on(struct call *call, const char *location)
{
    call->response->status = 303; /* whatever the method was: fetched by GET */
    response_header(call->response, "Location", location);
}

static void show_fault(struct call *call, int status, enum page_fault fault, const char *ref)
{
    struct page_about who = about(call);
    html(call, status);
    page_fault(&call->response->body, &who, fault, ref);
}

/* The reason is for administrators: it goes to the log, and a browser gets the number that leads there. */
static void log_fault(struct call *call, const char *ref, const struct err *err)
{
    log_event(LOG_LEVEL_WARNING, "%s %s: %s%s%s", request_method(call->request),
              text_printable(call->in.pool, span_str(request_path(call->request))), ref ? ref : "", ref ? ": " : "",
              err->text);
}

static bool is_refusal(const struct err *err)
{
    return err->kind == ERR_REFUSED || err->kind == ERR_INPUT;
}

static void show_error(struct call *call, const char *ref, const struct err *err)
{
    log_fault(call, ref, err);
    atomic_fetch_add(&call->web->counts[is_refusal(err) ? COUNT_REFUSED : COUNT_FAULTS], 1);
    if (is_refusal(err))
        show_fault(call, 403, FAULT_REFUSED, ref);
    else
        show_fault(call, 503, FAULT_BROKEN, ref);
}

/* --- cookies --------------------------------------------------------------------------------------------------------- */

enum cookie { COOKIE_SESSION, COOKIE_BROWSER };

/*
 * The identity provider's answer is a POST from another site: a browser brings a cookie along there only when it is SameSite=None, which
 * needs https. The session is not needed there.
 */
static const struct {
    const char *name, *site;
} cookies[] = {
    [COOKIE_SESSION] = {"doorward-session", "Lax"},
    [COOKIE_BROWSER] = {"doorward-browser", "None"},
};

static const char *cookie_name(const struct call *call, enum cookie which)
{
    return pool_printf(call->in.pool, "%s%s", call->web->site.secure ? "__Host-" : "", cookies[which].name);
}

/* NULL: none, or nothing that we gave. */
static const char *cookie_get(const struct call *call, enum cookie which)
{
    const char *value = request_cookie(call->request, cookie_name(call, which));
    return value && token_is_valid(value) ? value : NULL;
}

/* value NULL: it is taken back. */
static void cookie_set(struct call *call, enum cookie which, const char *value)
{
    bool secure = call->web->site.secure;
    response_header(call->response, "Set-Cookie",
                    pool_printf(call->in.pool, "%s=%s; Path=/; HttpOnly; SameSite=%s%s%s", cookie_name(call, which),
                                value ? value : "", secure ? cookies[which].site : "Lax", secure ? "; Secure" : "",
                                value ? "" : "; Max-Age=0"));
}

/* What proves that a form is ours: made of the session's secret, which no other site knows. */
static const char *guard_of(const struct call *call, const char *token)
{
    char hex[DIGEST_HEX_MAX];
    const char *text = pool_printf(call->in.pool, "sign out %s", token);
    digest_hex_of(text, strlen(text), hex);
    return pool_strdup(call->in.pool, hex);
}

/* --- routes ---------------------------------------------------------------------------------------------------------- */

static void show_style(struct call *call)
{
    call->response->status = 200;
    call->response->type = "text/css; charset=utf-8";
    buf_adds(&call->response->body, page_style);
}

static void show_home(struct call *call)
{
    const char *token = cookie_get(call, COOKIE_SESSION);
    struct page_about who = about(call);
    struct signin_who person;
    struct err err = ERR_INIT;
    int found = token ? signin_who(&call->in, token, &person, &err) : 0;
    if (found < 0) {
        show_error(call, NULL, &err);
        return;
    }
    if (!found) {
        go_on(call, "/signin");
        return;
    }
    html(call, 200);
    page_home(&call->response->body, &who, person.name, person.email, guard_of(call, token));
}

static void show_sign_in(struct call *call)
{
    struct page_about who = about(call);
    html(call, 200);
    page_sign_in(&call->response->body, &who, "", NULL);
}

/* One answer for every address that leads nowhere, whatever the reason. */
static void show_unknown(struct call *call, const char *email, const char *ref, const struct err *err)
{
    struct page_about who = about(call);
    log_fault(call, ref, err);
    atomic_fetch_add(&call->web->counts[COUNT_REFUSED], 1);
    html(call, 403);
    page_sign_in(&call->response->body, &who, strlen(email) <= EMAIL_MAX ? email : "", ref);
}

static void begin(struct call *call)
{
    const char *email = "", *browser = cookie_get(call, COOKIE_BROWSER);
    char made[TOKEN_SIZE], ref[SIGNINS_REF_SIZE];
    struct page_about who = about(call);
    struct signin_start start;
    struct err err = ERR_INIT;
    request_field(call->request, "email", &email);
    if (!browser)
        token_new(made);
    if (signin_begin(&call->in, email, browser ? browser : made, &start, ref, &err) != 0) {
        if (is_refusal(&err))
            show_unknown(call, email, ref, &err);
        else
            show_error(call, ref, &err);
        return;
    }
    atomic_fetch_add(&call->web->counts[COUNT_STARTED], 1);
    cookie_set(call, COOKIE_BROWSER, browser ? browser : made);
    if (start.location) {
        go_on(call, start.location);
        return;
    }
    html(call, 200);
    page_continue(&call->response->body, &who, start.post_to, start.message, start.relay);
}

static void finish(struct call *call)
{
    struct signin_answer answer = {.connection = call->word,
                                   .browser = cookie_get(call, COOKIE_BROWSER),
                                   .old_session = cookie_get(call, COOKIE_SESSION)};
    char ref[SIGNINS_REF_SIZE];
    struct signin_done done;
    struct err err = ERR_INIT;
    if (request_field_octets(call->request, "SAMLResponse", &answer.response) != 1 ||
        request_field(call->request, "RelayState", &answer.relay) < 0) {
        err_set(&err, ERR_INPUT, "response: the form has no SAMLResponse, or a field twice");
        record_refused(&call->in, "", NULL, &err, ref);
        show_error(call, ref, &err);
        return;
    }
    if (signin_finish(&call->in, &answer, &done, ref, &err) != 0) {
        show_error(call, ref, &err);
        return;
    }
    atomic_fetch_add(&call->web->counts[COUNT_ACCEPTED], 1);
    cookie_set(call, COOKIE_SESSION, pool_strdup(call->in.pool, done.token));
    go_on(call, done.next);
}

static void sign_out(struct call *call)
{
    const char *token = cookie_get(call, COOKIE_SESSION), *guard = "";
    struct page_about who = about(call);
    struct err err = ERR_INIT;
    if (token && (request_field(call->request, "guard", &guard) != 1 ||
                  !token_same(span_str(guard), span_str(guard_of(call, token))))) {
        show_fault(call, 403, FAULT_FORM, NULL);
        return;
    }
    if (token && signin_end(&call->in, token, &err) != 0) {
        show_error(call, NULL, &err);
        return;
    }
    cookie_set(call, COOKIE_SESSION, NULL);
    html(call, 200);
    page_signed_out(&call->response->body, &who);
}

static void show_metadata(struct call *call)
{
    struct err err = ERR_INIT;
    const struct conf_section *connection = conf_find(call->in.conf, "connection", call->word);
    struct sp sp = call->web->site.keys;
    if (!connection || strcmp(conf_variant(connection), "saml") != 0) {
        show_fault(call, 404, FAULT_NOT_FOUND, NULL);
        return;
    }
    if (sp_names(call->in.conf, connection, call->in.pool, &sp, &err) != 0 ||
        sp_metadata(call->in.conf, &sp, call->in.now, &call->response->body, &err) != 0) {
        buf_clear(&call->response->body);
        show_error(call, NULL, &err);
        return;
    }
    call->response->status = 200;
    call->response->type = "application/samlmetadata+xml";
}

/* --- the table ------------------------------------------------------------------------------------------------------- */

static const struct route {
    const char *method, *path; /* a path that ends in "/" takes one more word, but for "/" itself */
    void (*answer)(struct call *call);
    size_t body_max;
    bool stateless; /* needs no database */
} routes[] = {
    {"GET", "/", show_home, 0, false},
    {"GET", "/signin", show_sign_in, 0, true},
    {"POST", "/signin", begin, FORM_MAX, false},
    {"POST", "/signout", sign_out, FORM_MAX, false},
    {"GET", "/saml/metadata/", show_metadata, 0, true},
    {"POST", "/saml/acs/", finish, ACS_MAX, false},
    {"GET", "/style.css", show_style, 0, true},
};
#define ROUTES (sizeof routes / sizeof *routes)

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
    for (size_t i = 0; i < ROUTES; i++) {
        const char *word = match(&routes[i], path);
        if (!word)
            continue;
        if (strcmp(routes[i].method, method) == 0) {
            *ret_word = word;
            return &routes[i];
        }
        *ret_allow = routes[i].method;
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
        show_error(call, NULL, &err);
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
        show_fault(&call, 405, FAULT_METHOD, NULL);
    } else {
        show_fault(&call, 404, FAULT_NOT_FOUND, NULL);
    }
    pthread_rwlock_unlock(&web->lock);
}
