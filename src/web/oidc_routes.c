/* What browsers bring back from OpenID providers. */
#include "signin/leave.h"
#include "web/answer.h"

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
    atomic_fetch_add(&call->web->counts[COUNT_ACCEPTED], 1);
    cookie_set(call, COOKIE_SESSION, pool_strdup(call->in.pool, done.token));
    answer_redirect(call, done.next);
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

const struct route oidc_routes[] = {
    {"GET", "/oidc/callback/", finish, 0, false},
    {"GET", "/oidc/signedout/", show_left, 0, false},
    {0},
};
