#include "web/answer.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "signin/leave.h"

#define COOKIE_TEXT_MAX 1024
#define PATH_LOGGED     200           /* bytes */
#define COOKIE_KEPT     (180 * 86400) /* seconds */

/* --- answers --------------------------------------------------------------------------------------------------------- */

/* As far as it can stand in a page as it is; without the language, which is what is chosen anew. */
static const char *keep_query(const struct call *call)
{
    struct buf kept = BUF_INIT;
    struct span query = request_query(call->request);
    for (const char *p = query.p, *end = p + query.n; p < end;) {
        const char *mark = memchr(p, '&', (size_t)(end - p));
        size_t n = (size_t)((mark ? mark : end) - p);
        bool clean = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%=+") >= n;
        if (n && clean && strncmp(p, "lang=", 5) != 0)
            buf_printf(&kept, "%.*s&", (int)n, p);
        p += n + 1;
    }
    const char *text = pool_strdup(call->in.pool, buf_str(&kept));
    buf_release(&kept);
    return text;
}

/* A page that answers a form is not there to be asked for again; but for the one that has the form in it. */
static const char *own_query(const struct call *call)
{
    const char *method = request_method(call->request);
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return keep_query(call);
    return strcmp(request_path(call->request), "/signin") == 0 ? "" : NULL;
}

struct page_about answer_about(const struct call *call)
{
    const struct conf_section *organization = conf_find(call->in.conf, "organization", NULL);
    return (struct page_about){.organization = conf_str(organization, "name"),
                               .contact = conf_str(organization, "contact"),
                               .language = call->language,
                               .texts = &call->site->looks.texts,
                               .logo = call->site->looks.logo.n > 0,
                               .query = own_query(call)};
}

void answer_html(struct call *call, int status)
{
    call->response->status = status;
    call->response->type = "text/html; charset=utf-8";
    response_header(call->response, "Content-Language", languages[call->language].tag);
    response_header(call->response, "Vary", "Accept-Language, Cookie");
}

void answer_redirect(struct call *call, const char *location)
{
    call->response->status = 303; /* whatever the method was: fetched by GET */
    response_header(call->response, "Location", location);
}

void answer_framed(struct call *call, const char *origin)
{
    call->policy = pool_printf(call->in.pool, "default-src 'none'; frame-ancestors %s; base-uri 'none'",
                               *origin ? origin : "'none'");
}

bool answer_start(struct call *call, const struct signin_start *start)
{
    struct page_about who = answer_about(call);
    if (start->location) {
        answer_redirect(call, start->location);
    } else if (start->post_to) {
        answer_html(call, 200);
        call->leads_away = true;
        page_continue(&call->response->body, &who, start->post_to, start->answers ? "SAMLResponse" : "SAMLRequest",
                      start->message, start->relay);
    }
    return start->location || start->post_to;
}

void answer_fault(struct call *call, int status, enum page_fault fault, const char *ref)
{
    struct page_about who = answer_about(call);
    answer_html(call, status);
    page_fault(&call->response->body, &who, fault, ref);
}

/* Whatever follows such a beginning is a secret, whether a route takes it or not. */
static const char *const secret_behind[] = {"/sso-test/"};

const char *answer_logged_path(const struct call *call)
{
    struct span path = span_str(request_path(call->request));
    for (size_t i = 0; i < sizeof secret_behind / sizeof *secret_behind; i++)
        if (strncmp(path.p, secret_behind[i], strlen(secret_behind[i])) == 0)
            return pool_printf(call->in.pool, "%s...", secret_behind[i]);
    path.n = path.n > PATH_LOGGED ? PATH_LOGGED : path.n;
    return text_printable(call->in.pool, path);
}

void answer_log(struct call *call, const char *ref, const struct err *err)
{
    log_event(LOG_LEVEL_WARNING, "%s %s: %s%s%s", request_method(call->request), answer_logged_path(call),
              ref ? ref : "", ref ? ": " : "", err->text);
}

bool answer_is_refusal(const struct err *err)
{
    return err->kind == ERR_REFUSED || err->kind == ERR_INPUT;
}

void answer_error(struct call *call, const char *ref, const struct err *err)
{
    answer_log(call, ref, err);
    atomic_fetch_add(&call->web->counts[answer_is_refusal(err) ? COUNT_REFUSED : COUNT_FAULTS], 1);
    if (answer_is_refusal(err))
        answer_fault(call, 403, FAULT_REFUSED, ref);
    else
        answer_fault(call, 503, FAULT_BROKEN, ref);
}

/* --- cookies --------------------------------------------------------------------------------------------------------- */

/*
 * The identity provider's answer is a POST from another site: a browser brings a cookie along there only when it is SameSite=None, which
 * needs https. The session is not needed there.
 */
static const struct {
    const char *name, *site;
} cookies[] = {
    [COOKIE_SESSION] = {"doorward-session", "Lax"},
    [COOKIE_BROWSER] = {"doorward-browser", "None"},
    [COOKIE_LANGUAGE] = {"doorward-language", "Lax"},
    [COOKIE_ADDRESS] = {"doorward-address", "Lax"},
};

static const char *cookie_name(const struct call *call, enum cookie which)
{
    return pool_printf(call->in.pool, "%s%s", call->site->secure ? "__Host-" : "", cookies[which].name);
}

const char *cookie_get(const struct call *call, enum cookie which)
{
    const char *value = request_cookie(call->request, cookie_name(call, which));
    return value && token_is_valid(value) ? value : NULL;
}

const char *cookie_browser(const struct call *call, bool *ret_new)
{
    const char *browser = cookie_get(call, COOKIE_BROWSER);
    char made[TOKEN_SIZE];
    *ret_new = !browser;
    if (browser)
        return browser;
    token_new(made);
    return pool_strdup(call->in.pool, made);
}

void cookie_set(struct call *call, enum cookie which, const char *value)
{
    bool secure = call->site->secure;
    response_header(call->response, "Set-Cookie",
                    pool_printf(call->in.pool, "%s=%s; Path=/; HttpOnly; SameSite=%s%s%s", cookie_name(call, which),
                                value ? value : "", secure ? cookies[which].site : "Lax", secure ? "; Secure" : "",
                                value ? "" : "; Max-Age=0"));
}

static int hex_digit(char c)
{
    const char *digits = "0123456789ABCDEF", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

const char *cookie_text(const struct call *call, enum cookie which)
{
    const char *value = request_cookie(call->request, cookie_name(call, which));
    size_t n = 0;
    if (!value || strlen(value) > COOKIE_TEXT_MAX)
        return NULL;
    char *text = pool_alloc(call->in.pool, strlen(value) + 1);
    for (const char *p = value; *p; p++) {
        int high = *p == '%' ? hex_digit(p[1]) : -1, low = high >= 0 ? hex_digit(p[2]) : -1;
        if (*p == '%' && low < 0)
            return NULL;
        text[n++] = *p == '%' ? (char)(high * 16 + low) : *p;
        p += *p == '%' ? 2 : 0;
    }
    text[n] = '\0';
    return n && strlen(text) == n && text_is_clean((struct span){text, n}) ? text : NULL;
}

void cookie_keep(struct call *call, enum cookie which, const char *text)
{
    struct buf value = BUF_INIT;
    text_percent(&value, span_str(text));
    response_header(call->response, "Set-Cookie",
                    pool_printf(call->in.pool, "%s=%s; Path=/; HttpOnly; SameSite=%s%s; Max-Age=%d",
                                cookie_name(call, which), buf_str(&value), cookies[which].site,
                                call->site->secure ? "; Secure" : "", COOKIE_KEPT));
    buf_release(&value);
}

const char *cookie_guard(const struct call *call, const char *token)
{
    char hex[DIGEST_HEX_MAX];
    const char *text = pool_printf(call->in.pool, "sign out %s", token);
    digest_hex_of(text, strlen(text), hex);
    return pool_strdup(call->in.pool, hex);
}

/* --- back from the identity provider -------------------------------------------------------------------------------- */

void answer_done(struct call *call, const struct signin_done *done)
{
    if (!done->trial) {
        atomic_fetch_add(&call->web->counts[COUNT_ACCEPTED], 1);
        cookie_set(call, COOKIE_SESSION, pool_strdup(call->in.pool, done->token));
    }
    answer_redirect(call, done->next);
}

/* --- and away ------------------------------------------------------------------------------------------------------- */

bool answer_leave(struct call *call, const char *token, const char *next)
{
    bool is_new;
    struct signin_start start = {.connection = NULL};
    struct err err = ERR_INIT;
    const struct leave_ask ask = {.token = token, .browser = cookie_browser(call, &is_new), .next = next};
    int go_on = signin_leave(&call->in, &ask, &start, &err);
    if (go_on < 0) {
        answer_error(call, NULL, &err);
        return true;
    }
    cookie_set(call, COOKIE_SESSION, NULL);
    if (go_on && is_new)
        cookie_set(call, COOKIE_BROWSER, ask.browser);
    return go_on && answer_start(call, &start);
}
