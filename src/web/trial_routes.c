/* The link that "doorward sso test" prints: a page with one button, which begins the real flow. Nobody is signed in by it. */
#include <string.h>

#include "crypto/token.h"
#include "signin/trial.h"
#include "web/answer.h"

static bool show_end(struct call *call)
{
    struct page_about who = answer_about(call);
    bool passed = strcmp(call->word, TRIAL_PASSED) == 0;
    if (!passed && strcmp(call->word, TRIAL_FAILED) != 0)
        return false;
    answer_html(call, 200);
    page_trial_over(&call->response->body, &who, passed);
    return true;
}

/* Looking at the page uses nothing up: mail programs and chats look at links, too. */
static void show(struct call *call)
{
    struct page_about who = answer_about(call);
    const char *connection;
    struct err err = ERR_INIT;
    if (show_end(call))
        return;
    int found = token_is_valid(call->word) ? signin_trial_find(&call->in, call->word, &connection, &err) : 0;
    if (found < 0) {
        answer_error(call, NULL, &err);
    } else if (!found) {
        answer_fault(call, 404, FAULT_TRIAL, NULL);
    } else {
        answer_html(call, 200);
        page_trial(&call->response->body, &who, connection, pool_printf(call->in.pool, "/sso-test/%s", call->word));
    }
}

static void begin(struct call *call)
{
    bool is_new;
    char ref[SIGNINS_REF_SIZE];
    struct signin_start start;
    struct err err = ERR_INIT;
    if (!token_is_valid(call->word)) {
        answer_fault(call, 404, FAULT_TRIAL, NULL);
        return;
    }
    const struct signin_ask ask = {.browser = cookie_browser(call, &is_new)};
    if (signin_trial_begin(&call->in, call->word, &ask, &start, ref, &err) == 0) {
        cookie_set(call, COOKIE_BROWSER, ask.browser);
        answer_start(call, &start);
        return;
    }
    if (answer_is_refusal(&err)) {
        answer_log(call, ref, &err);
        answer_fault(call, 404, FAULT_TRIAL, ref);
    } else {
        answer_error(call, ref, &err);
    }
}

#define FORM_MAX 4096

const struct route trial_routes[] = {
    {"GET", "/sso-test/", show, 0, false},
    {"POST", "/sso-test/", begin, FORM_MAX, ROUTE_FIRST},
    {0},
};
