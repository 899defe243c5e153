/* Where people are seen and asked who they are. */
#include <string.h>

#include "base/cleanup.h"
#include "model/domain.h"
#include "web/answer.h"

static void show_style(struct call *call)
{
    call->response->status = 200;
    call->response->type = "text/css; charset=utf-8";
    call->cacheable = true;
    buf_adds(&call->response->body, page_style);
    buf_adds(&call->response->body, call->web->site.looks.style);
}

/* A picture may be a document of its own (SVG): nothing in it runs or is fetched, wherever it is looked at. */
static void show_logo(struct call *call)
{
    const struct looks *looks = &call->web->site.looks;
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
    if (call->web->site.looks.logo.n) {
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

static void show_sign_in(struct call *call)
{
    struct page_about who = answer_about(call);
    struct page_ask ask = recall(call);
    answer_html(call, 200);
    call->leads_away = true;
    page_sign_in(&call->response->body, &who, &ask);
}

/* One answer for every address that leads nowhere, whatever the reason. */
static void show_unknown(struct call *call, const char *email, const char *ref, const struct err *err)
{
    struct page_about who = answer_about(call);
    const struct page_ask ask = {.email = strlen(email) <= EMAIL_MAX ? email : "", .ref = ref};
    answer_log(call, ref, err);
    atomic_fetch_add(&call->web->counts[COUNT_REFUSED], 1);
    answer_html(call, 403);
    call->leads_away = true;
    page_sign_in(&call->response->body, &who, &ask);
}

static void begin(struct call *call)
{
    const char *email = "", *domain = NULL, *browser = cookie_get(call, COOKIE_BROWSER);
    char made[TOKEN_SIZE], ref[SIGNINS_REF_SIZE];
    struct page_about who = answer_about(call);
    struct signin_start start;
    struct err err = ERR_INIT;
    if (request_field(call->request, "email", &email) == 0)
        request_field(call->request, "domain", &domain);
    if (!browser)
        token_new(made);
    const struct signin_ask ask = {.email = email, .domain = domain, .browser = browser ? browser : made, .next = "/"};
    if (signin_begin(&call->in, &ask, &start, ref, &err) != 0) {
        if (answer_is_refusal(&err))
            show_unknown(call, email, ref, &err);
        else
            answer_error(call, ref, &err);
        return;
    }
    atomic_fetch_add(&call->web->counts[COUNT_STARTED], 1);
    cookie_set(call, COOKIE_BROWSER, ask.browser);
    remember(call, &ask);
    if (start.location) {
        answer_redirect(call, start.location);
        return;
    }
    answer_html(call, 200);
    call->leads_away = true;
    page_continue(&call->response->body, &who, start.post_to, start.message, start.relay);
}

static void sign_out(struct call *call)
{
    const char *token = cookie_get(call, COOKIE_SESSION), *guard = "";
    struct page_about who = answer_about(call);
    struct err err = ERR_INIT;
    if (token && (request_field(call->request, "guard", &guard) != 1 ||
                  !token_same(span_str(guard), span_str(cookie_guard(call, token))))) {
        answer_fault(call, 403, FAULT_FORM, NULL);
        return;
    }
    if (token && signin_end(&call->in, token, &err) != 0) {
        answer_error(call, NULL, &err);
        return;
    }
    cookie_set(call, COOKIE_SESSION, NULL);
    answer_html(call, 200);
    page_signed_out(&call->response->body, &who);
}

#define FORM_MAX 4096

const struct route signin_routes[] = {
    {"GET", "/", show_home, 0, false},           {"GET", "/signin", show_sign_in, 0, true},
    {"POST", "/signin", begin, FORM_MAX, false}, {"POST", "/signout", sign_out, FORM_MAX, false},
    {"GET", "/style.css", show_style, 0, true},  {"GET", "/logo", show_logo, 0, true},
    {"GET", "/favicon.ico", show_icon, 0, true}, {0},
};
