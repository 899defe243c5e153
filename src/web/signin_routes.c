/* Where people are seen and asked who they are. */
#include <string.h>

#include "base/cleanup.h"
#include "model/domain.h"
#include "signin/forward.h"
#include "store/grants.h"
#include "web/answer.h"

static void show_style(struct call *call)
{
    call->response->status = 200;
    call->response->type = "text/css; charset=utf-8";
    call->cacheable = true;
    buf_adds(&call->response->body, page_style);
    buf_adds(&call->response->body, call->site->looks.style);
}

/* A picture may be a document of its own (SVG): nothing in it runs or is fetched, wherever it is looked at. */
static void show_logo(struct call *call)
{
    const struct looks *looks = &call->site->looks;
    if (looks->logo.n == 0) {
        answer_fault(call, 404, FAULT_NOT_FOUND, NULL);
        return;
    }
    call->response->status = 200;
    call->response->type = looks->logo_type;
    call->policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
    call->cacheable = true;
    buf_add(&call->response->body, looks->logo.p, looks->logo.n);
}

/* Browsers ask for it by themselves. */
static void show_icon(struct call *call)
{
    if (call->site->looks.logo.n) {
        show_logo(call);
        return;
    }
    call->response->status = 204;
    call->cacheable = true;
}

/* --- who was here before ---------------------------------------------------------------------------------------------- */

/*
 * The domain is remembered by itself: it is the organisation's, whose pages these are. The address only for whoever ticks the box,
 * because the next one at this device may be somebody else. Both are looked at as if they were typed.
 */
static bool is_ours(const struct call *call, const char *email, const char *domain)
{
    CLEANUP(freep) char *name = NULL;
    struct err ignored = ERR_INIT;
    return (email ? email_domain(email, &name, &ignored) : domain_normalise(domain, &name, &ignored)) == 0 &&
           conf_find(call->in.conf, "domain", name);
}

static struct page_ask recall(const struct call *call)
{
    const char *text = cookie_text(call, COOKIE_ADDRESS);
    if (text && *text == '@' && is_ours(call, NULL, text + 1))
        return (struct page_ask){.email = "", .domain = text + 1};
    if (text && *text != '@' && is_ours(call, text, NULL))
        return (struct page_ask){.email = text, .remember = true};
    return (struct page_ask){.email = ""};
}

static void remember(struct call *call, const struct signin_ask *ask)
{
    const char *yes, *at = strrchr(ask->email, '@');
    if (ask->domain)
        cookie_keep(call, COOKIE_ADDRESS, pool_printf(call->in.pool, "@%s", ask->domain));
    else if (at)
        cookie_keep(call, COOKIE_ADDRESS, request_field(call->request, "remember", &yes) == 1 ? ask->email : at);
}

/* --- pages ------------------------------------------------------------------------------------------------------------ */

static void show_home(struct call *call)
{
    const char *token = cookie_get(call, COOKIE_SESSION);
    struct page_about who = answer_about(call);
    struct signin_who person;
    struct err err = ERR_INIT;
    int found = token ? signin_who(&call->in, token, &person, &err) : 0;
    if (found < 0) {
        answer_error(call, NULL, &err);
        return;
    }
    if (!found) {
        answer_redirect(call, "/signin");
        return;
    }
    answer_html(call, 200);
    call->leads_away = true;
    page_home(&call->response->body, &who, person.name, person.email, cookie_guard(call, token));
}

/* What an application asked for in this browser, by its handle. 1: there; 0: there is none; -1 */
static int find_asked(struct call *call, const char *handle, struct authorization *ret, struct err *err)
{
    const char *browser = cookie_get(call, COOKIE_BROWSER);
    if (!token_is_valid(handle) || !browser)
        return 0;
    return authorization_get(call->in.signins, handle, browser, call->in.now, call->in.pool, ret, err);
}

/* … or a site behind a proxy. */
static int find_hop(const struct call *call, const char *handle, struct err *err)
{
    return token_is_valid(handle) ? forward_is_under_way(&call->in, handle, err) : 0;
}

static void show_sign_in(struct call *call)
{
    struct page_about who = answer_about(call);
    struct page_ask ask = recall(call);
    struct authorization asked = {.hint = ""};
    const char *handle = "";
    struct err err = ERR_INIT;
    /* When it is not known, the application is told nothing, but the person may sign in. */
    if (request_param(call->request, "for", &handle) == 1 &&
        (find_asked(call, handle, &asked, &err) == 1 || find_hop(call, handle, &err) == 1))
        ask.handle = handle;
    if (*asked.hint && strlen(asked.hint) <= EMAIL_MAX)
        ask = (struct page_ask){.email = asked.hint, .handle = ask.handle};
    answer_html(call, 200);
    call->leads_away = true;
    page_sign_in(&call->response->body, &who, &ask);
}

/* One answer for every address that leads nowhere, whatever the reason. */
static void show_unknown(struct call *call, const char *email, const char *handle, const char *ref,
                         const struct err *err)
{
    struct page_about who = answer_about(call);
    const struct page_ask ask = {.email = strlen(email) <= EMAIL_MAX ? email : "", .ref = ref, .handle = handle};
    answer_log(call, ref, err);
    atomic_fetch_add(&call->web->counts[COUNT_REFUSED], 1);
    answer_html(call, 403);
    call->leads_away = true;
    page_sign_in(&call->response->body, &who, &ask);
}

/* Where to go on afterwards: home, or where an application waits. false: it was answered already. */
static bool read_asked(struct call *call, struct signin_ask *ask, const char **ret_handle)
{
    struct authorization asked;
    struct err err = ERR_INIT;
    const char *handle = "";
    int there = request_field(call->request, "for", &handle);
    int found = there == 1 ? find_asked(call, handle, &asked, &err) : 0;
    int hop = there == 1 && found == 0 ? find_hop(call, handle, &err) : 0;
    if (hop == 1) {
        *ret_handle = handle;
        ask->next = pool_printf(call->in.pool, "/forward-auth/enter?for=%s", handle);
        return true;
    }
    if (found < 0 || hop < 0) {
        answer_error(call, NULL, &err);
        return false;
    }
    if (there != 0 && !found) {
        answer_fault(call, 403, FAULT_FORM, NULL);
        return false;
    }
    if (!found)
        return true;
    *ret_handle = handle;
    ask->next = pool_printf(call->in.pool, "/oauth2/authorize?for=%s", handle);
    call->in.application = asked.application;
    ask->again = asked.again || asked.max_age >= 0;
    size_t first = strcspn(asked.context, " ");
    ask->context = first ? pool_strndup(call->in.pool, asked.context, first) : NULL;
    return true;
}

static void begin(struct call *call)
{
    const char *email = "", *domain = NULL, *handle = NULL;
    bool is_new;
    char ref[SIGNINS_REF_SIZE];
    struct signin_start start;
    struct err err = ERR_INIT;
    if (request_field(call->request, "email", &email) == 0)
        request_field(call->request, "domain", &domain);
    struct signin_ask ask = {.email = email, .domain = domain, .browser = cookie_browser(call, &is_new), .next = "/"};
    if (!read_asked(call, &ask, &handle))
        return;
    if (signin_begin(&call->in, &ask, &start, ref, &err) != 0) {
        if (answer_is_refusal(&err))
            show_unknown(call, email, handle, ref, &err);
        else
            answer_error(call, ref, &err);
        return;
    }
    atomic_fetch_add(&call->web->counts[COUNT_STARTED], 1);
    cookie_set(call, COOKIE_BROWSER, ask.browser);
    remember(call, &ask);
    answer_start(call, &start);
}

static void show_signed_out(struct call *call)
{
    struct page_about who = answer_about(call);
    answer_html(call, 200);
    page_signed_out(&call->response->body, &who);
}

static void sign_out(struct call *call)
{
    const char *token = cookie_get(call, COOKIE_SESSION), *guard = "";
    if (token && (request_field(call->request, "guard", &guard) != 1 ||
                  !token_same(span_str(guard), span_str(cookie_guard(call, token))))) {
        answer_fault(call, 403, FAULT_FORM, NULL);
        return;
    }
    if (!token)
        cookie_set(call, COOKIE_SESSION, NULL);
    if (!token || !answer_leave(call, token, "/signedout"))
        show_signed_out(call);
}

#define FORM_MAX 4096

const struct route signin_routes[] = {
    {"GET", "/", show_home, 0, false},
    {"GET", "/signin", show_sign_in, 0, false},
    {"POST", "/signin", begin, FORM_MAX, ROUTE_FIRST},
    {"POST", "/signout", sign_out, FORM_MAX, ROUTE_FIRST},
    {"GET", "/style.css", show_style, 0, true},
    {"GET", "/logo", show_logo, 0, true},
    {"GET", "/signedout", show_signed_out, 0, true},
    {"GET", "/favicon.ico", show_icon, 0, true},
    {0},
};
