#include "web/answer.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "crypto/digest.h"

/* --- answers --------------------------------------------------------------------------------------------------------- */

struct page_about answer_about(const struct call *call)
{
    const struct conf_section *organization = conf_find(call->in.conf, "organization", NULL);
    return (struct page_about){conf_str(organization, "name"), conf_str(organization, "contact")};
}

void answer_html(struct call *call, int status)
{
    call->response->status = status;
    call->response->type = "text/html; charset=utf-8";
}

void answer_redirect(struct call *call, const char *location)
{
    call->response->status = 303; /* whatever the method was: fetched by GET */
    response_header(call->response, "Location", location);
}

void answer_fault(struct call *call, int status, enum page_fault fault, const char *ref)
{
    struct page_about who = answer_about(call);
    answer_html(call, status);
    page_fault(&call->response->body, &who, fault, ref);
}

void answer_log(struct call *call, const char *ref, const struct err *err)
{
    log_event(LOG_LEVEL_WARNING, "%s %s: %s%s%s", request_method(call->request),
              text_printable(call->in.pool, span_str(request_path(call->request))), ref ? ref : "", ref ? ": " : "",
              err->text);
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
};

static const char *cookie_name(const struct call *call, enum cookie which)
{
    return pool_printf(call->in.pool, "%s%s", call->web->site.secure ? "__Host-" : "", cookies[which].name);
}

const char *cookie_get(const struct call *call, enum cookie which)
{
    const char *value = request_cookie(call->request, cookie_name(call, which));
    return value && token_is_valid(value) ? value : NULL;
}

void cookie_set(struct call *call, enum cookie which, const char *value)
{
    bool secure = call->web->site.secure;
    response_header(call->response, "Set-Cookie",
                    pool_printf(call->in.pool, "%s=%s; Path=/; HttpOnly; SameSite=%s%s%s", cookie_name(call, which),
                                value ? value : "", secure ? cookies[which].site : "Lax", secure ? "; Secure" : "",
                                value ? "" : "; Max-Age=0"));
}

const char *cookie_guard(const struct call *call, const char *token)
{
    char hex[DIGEST_HEX_MAX];
    const char *text = pool_printf(call->in.pool, "sign out %s", token);
    digest_hex_of(text, strlen(text), hex);
    return pool_strdup(call->in.pool, hex);
}

/* --- to the identity provider and back -------------------------------------------------------------------------------- */

void answer_start(struct call *call, const struct signin_start *start, const char *browser)
{
    struct page_about who = answer_about(call);
    cookie_set(call, COOKIE_BROWSER, browser);
    if (start->location) {
        answer_redirect(call, start->location);
        return;
    }
    answer_html(call, 200);
    page_continue(&call->response->body, &who, start->post_to, start->message, start->relay);
}

void answer_done(struct call *call, const struct signin_done *done)
{
    if (!done->trial) {
        atomic_fetch_add(&call->web->counts[COUNT_ACCEPTED], 1);
        cookie_set(call, COOKIE_SESSION, pool_strdup(call->in.pool, done->token));
    }
    answer_redirect(call, done->next);
}
