/* What browsers bring back from OpenID providers. */
#include <inttypes.h>

#include "base/log.h"
#include "oidc/logouttoken.h"
#include "signin/leave.h"
#include "signin/oidc_logout.h"
#include "signin/record.h"
#include "web/answer.h"
#include "web/origins.h"

static int read_param(const void *ctx, const char *name, const char **ret)
{
    return request_param(ctx, name, ret);
}

static void finish(struct call *call)
{
    const struct signin_oidc_answer answer = {.connection = call->word,
                                              .param = read_param,
                                              .params = call->request,
                                              .browser = cookie_get(call, COOKIE_BROWSER),
                                              .old_session = cookie_get(call, COOKIE_SESSION)};
    char ref[SIGNINS_REF_SIZE];
    struct signin_done done;
    struct err err = ERR_INIT;
    if (signin_oidc_finish(&call->in, &answer, &done, ref, &err) != 0) {
        answer_error(call, ref, &err);
        return;
    }
    answer_done(call, &done);
}

/* Who comes without having been sent away by us sees the same: nothing is done by it. */
static void show_left(struct call *call)
{
    const char *state = NULL, *next = "/signedout";
    struct err err = ERR_INIT;
    if (request_param(call->request, "state", &state) < 0)
        state = NULL;
    if (signin_left(&call->in, call->word, state, cookie_get(call, COOKIE_BROWSER), &next, &err) < 0) {
        answer_error(call, NULL, &err);
        return;
    }
    answer_redirect(call, next);
}

/* --- sessions that ended there ---------------------------------------------------------------------------------------------- */

/* The reference leads to the reason; whoever sent it is told no more. */
static void refuse_logout(struct call *call, const char *ref, const struct err *err)
{
    bool refused = answer_is_refusal(err);
    answer_log(call, ref, err);
    atomic_fetch_add(&call->web->counts[refused ? COUNT_REFUSED : COUNT_FAULTS], 1);
    call->response->status = refused ? 400 : 503;
    call->response->type = "application/json";
    buf_printf(&call->response->body, "{\"error\": \"%s\", \"error_description\": \"reference %s\"}\n",
               refused ? "invalid_request" : "temporarily_unavailable", ref);
}

static void take_logout(struct call *call)
{
    const char *token = NULL;
    char ref[SIGNINS_REF_SIZE] = "";
    int64_t ended = 0;
    struct err err = ERR_INIT;
    if (request_field(call->request, "logout_token", &token) != 1) {
        err_set(&err, ERR_INPUT, "logout token: the form has none, or several; look at what the provider sends");
        record_refused(&call->in, "", NULL, &err, ref);
    } else if (oidc_logout_told(&call->in, call->word, token, &ended, ref, &err) == 0) {
        log_event(LOG_LEVEL_INFO, "connection %s: the provider ended %" PRId64 " sessions", call->word, ended);
        call->response->status = 200;
        return;
    }
    refuse_logout(call, ref, &err);
}

/* The provider's page shows it in a frame that nobody sees. */
static void show_logout(struct call *call)
{
    const char *issuer = NULL, *session = NULL, *ours = NULL;
    int64_t ended = 0;
    struct err err = ERR_INIT;
    if (request_param(call->request, "iss", &issuer) < 0 || request_param(call->request, "sid", &session) < 0)
        issuer = NULL;
    if (oidc_logout_shown(&call->in, call->word, issuer, session, &ours, &ended, &err) != 0) {
        answer_error(call, NULL, &err);
        return;
    }
    answer_html(call, 200);
    answer_framed(call, origins_of(call->in.pool, ours));
    buf_adds(&call->response->body, "<!DOCTYPE html>\n<title>Signed out</title>\n");
}

#define LOGOUT_MAX (3 * LOGOUTTOKEN_MAX)

const struct route oidc_routes[] = {
    {"GET", "/oidc/callback/", finish, 0, ROUTE_SLOW},
    {"GET", "/oidc/signedout/", show_left, 0, false},
    {"POST", "/oidc/logout/", take_logout, LOGOUT_MAX, ROUTE_SLOW},
    {"GET", "/oidc/logout/", show_logout, 0, false},
    {0},
};
