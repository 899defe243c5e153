/* Where people are seen and asked who they are. */
#include <string.h>

#include "model/domain.h"
#include "web/answer.h"

static void show_style(struct call *call)
{
    call->response->status = 200;
    call->response->type = "text/css; charset=utf-8";
    buf_adds(&call->response->body, page_style);
}

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
    page_home(&call->response->body, &who, person.name, person.email, cookie_guard(call, token));
}

static void show_sign_in(struct call *call)
{
    struct page_about who = answer_about(call);
    answer_html(call, 200);
    page_sign_in(&call->response->body, &who, "", NULL);
}

/* One answer for every address that leads nowhere, whatever the reason. */
static void show_unknown(struct call *call, const char *email, const char *ref, const struct err *err)
{
    struct page_about who = answer_about(call);
    answer_log(call, ref, err);
    atomic_fetch_add(&call->web->counts[COUNT_REFUSED], 1);
    answer_html(call, 403);
    page_sign_in(&call->response->body, &who, strlen(email) <= EMAIL_MAX ? email : "", ref);
}

static void begin(struct call *call)
{
    const char *email = "", *browser = cookie_get(call, COOKIE_BROWSER);
    char made[TOKEN_SIZE], ref[SIGNINS_REF_SIZE];
    struct signin_start start;
    struct err err = ERR_INIT;
    request_field(call->request, "email", &email);
    if (!browser)
        token_new(made);
    const struct signin_ask ask = {.email = email, .browser = browser ? browser : made, .next = "/"};
    if (signin_begin(&call->in, &ask, &start, ref, &err) != 0) {
        if (answer_is_refusal(&err))
            show_unknown(call, email, ref, &err);
        else
            answer_error(call, ref, &err);
        return;
    }
    atomic_fetch_add(&call->web->counts[COUNT_STARTED], 1);
    answer_start(call, &start, ask.browser);
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
    {"GET", "/style.css", show_style, 0, true},  {0},
};
