/* Where applications send people to sign out (OpenID Connect RP-Initiated Logout 1.0). */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "broker/logout_hint.h"
#include "signin/record.h"
#include "store/notices.h"
#include "store/visits.h"
#include "web/answer.h"

#define FORM_MAX (16 * 1024) /* with an ID token in it; it has to fit into an address, too */

/* What was asked, and by whom. */
struct parting {
    const char *hint, *client, *to, *state, *guard; /* as they came; NULL: not there */
    const struct conf_section *application;         /* who asks; NULL: nobody says */
    struct logout_hint hinted;                      /* sid "": there was no hint that stands */
    struct signins_session session;                 /* of this browser */
    const char *token;                              /* of its cookie; NULL: nobody is signed in */
};

/* --- reading ------------------------------------------------------------------------------------------------------------- */

static int read_values(const struct call *call, struct parting *p, struct err *err)
{
    const struct {
        const char *name;
        const char **value;
    } all[] = {{"id_token_hint", &p->hint},
               {"client_id", &p->client},
               {"post_logout_redirect_uri", &p->to},
               {"state", &p->state},
               {"guard", &p->guard}};
    bool form = strcmp(request_method(call->request), "POST") == 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        int found = form ? request_field(call->request, all[i].name, all[i].value)
                         : request_param(call->request, all[i].name, all[i].value);
        if (found < 0)
            return err_set(err, ERR_INPUT, "sign-out: %s is there twice, or is not clean text", all[i].name);
    }
    return 0;
}

/* A hint that does not stand is as good as none: the person is asked. */
static int find_application(const struct call *call, struct parting *p, struct err *err)
{
    struct err ignored = ERR_INIT;
    p->hinted.sid = "";
    if (p->client && !(p->application = application_section(call->in.conf, p->client)))
        return err_set(err, ERR_REFUSED, "sign-out: client_id '%.200s' is no application's",
                       text_printable(call->in.pool, span_str(p->client)));
    if (!p->hint || logout_hint_read(&call->in, call->site->ring, p->hint, &p->hinted, &ignored) != 0)
        return 0;
    const struct conf_section *hinted = conf_find(call->in.conf, "application", p->hinted.application);
    if (p->application && p->application != hinted)
        return err_set(err, ERR_REFUSED,
                       "sign-out: client_id is application %s, and id_token_hint is of application %s",
                       conf_name(p->application), p->hinted.application);
    p->application = hinted;
    return 0;
}

static int check_target(const struct call *call, const struct parting *p, struct err *err)
{
    if (!p->to)
        return 0;
    for (size_t i = 0; p->application && i < conf_count(p->application, "post-logout-uri"); i++)
        if (strcmp(conf_at(p->application, "post-logout-uri", i), p->to) == 0)
            return 0;
    const char *shown = text_printable(call->in.pool, span_str(p->to));
    if (!p->application)
        return err_set(err, ERR_REFUSED,
                       "sign-out: to '%.300s', and neither id_token_hint nor client_id says for which application",
                       shown);
    return err_set(err, ERR_REFUSED,
                   "sign-out: '%.300s' is no post-logout-uri of application %s, byte for byte; write it there", shown,
                   conf_name(p->application));
}

static int find_session(const struct call *call, struct parting *p, struct err *err)
{
    const char *token = cookie_get(call, COOKIE_SESSION);
    int found = token ? signins_session_get(call->in.signins, token, call->in.now, call->in.pool, &p->session, err) : 0;
    p->token = found == 1 ? token : NULL;
    return found < 0 ? -1 : 0;
}

static int read_parting(const struct call *call, struct parting *p, struct err *err)
{
    return read_values(call, p, err) != 0 || find_application(call, p, err) != 0 || check_target(call, p, err) != 0
               ? -1
               : find_session(call, p, err);
}

static void refuse(struct call *call, struct err *err)
{
    char ref[SIGNINS_REF_SIZE];
    record_refused(&call->in, "", NULL, err, ref);
    answer_error(call, ref, err);
}

/* --- going --------------------------------------------------------------------------------------------------------------- */

static void add_param(struct buf *out, const char *name, const char *value)
{
    if (!value)
        return;
    buf_printf(out, "%c%s=", strchr(buf_str(out), '?') ? '&' : '?', name);
    text_percent(out, span_str(value));
}

static void say_goodbye(struct call *call, const struct parting *p)
{
    CLEANUP(buf_release) struct buf url = BUF_INIT;
    struct page_about who = answer_about(call);
    if (!p->to) {
        answer_html(call, 200);
        page_signed_out(&call->response->body, &who);
        return;
    }
    buf_adds(&url, p->to);
    add_param(&url, "state", p->state);
    answer_redirect(call, pool_strdup(call->in.pool, buf_str(&url)));
}

/* The one that asks knows already; all others are told when the session ends. */
static int end_own_visit(const struct call *call, const struct parting *p, struct err *err)
{
    struct signins *signins = call->in.signins;
    if (!*p->hinted.sid)
        return 0;
    if (signins_begin(signins, err) != 0)
        return -1;
    if (visits_end(signins, p->session.sid, p->hinted.application, err) >= 0 &&
        notices_skip(signins, p->session.sid, p->hinted.application, err) == 0)
        return signins_commit(signins, err);
    signins_rollback(signins);
    return -1;
}

/* Where to go on when the identity provider sent the browser back: what was asked stands in the address, and is looked at again there. */
static const char *goodbye_path(const struct call *call, const struct parting *p)
{
    CLEANUP(buf_release) struct buf path = BUF_INIT;
    buf_adds(&path, "/oauth2/goodbye");
    if (p->to) {
        const char *client = conf_str(p->application, "client-id");
        add_param(&path, "client_id", client ? client : conf_name(p->application));
        add_param(&path, "post_logout_redirect_uri", p->to);
        add_param(&path, "state", p->state);
    }
    return pool_strdup(call->in.pool, buf_str(&path));
}

static void end_session(struct call *call, const struct parting *p)
{
    struct err err = ERR_INIT;
    if (end_own_visit(call, p, &err) != 0)
        answer_error(call, NULL, &err);
    else if (!answer_leave(call, p->token, goodbye_path(call, p)))
        say_goodbye(call, p);
}

static void ask(struct call *call, const struct parting *p)
{
    struct page_about who = answer_about(call);
    const struct page_leave leave = {.email = p->session.email,
                                     .guard = cookie_guard(call, p->token),
                                     .client =
                                         p->application ? p->client ? p->client : conf_name(p->application) : NULL,
                                     .to = p->to,
                                     .state = p->state};
    answer_html(call, 200);
    page_leave(&call->response->body, &who, &leave);
}

/* Another site can send a browser here, so only who knows of this very session ends it unasked. */
static bool may_end(const struct call *call, const struct parting *p)
{
    if (*p->hinted.sid && strcmp(p->hinted.sid, p->session.sid) == 0)
        return true;
    return p->guard && token_same(span_str(p->guard), span_str(cookie_guard(call, p->token)));
}

/* A form of the application's site comes without our cookie (SameSite=Lax); a redirect from here brings it along. */
static void come_again(struct call *call, const struct parting *p)
{
    CLEANUP(buf_release) struct buf url = BUF_INIT;
    buf_adds(&url, "/oauth2/logout");
    add_param(&url, "id_token_hint", p->hint);
    add_param(&url, "client_id", p->client);
    add_param(&url, "post_logout_redirect_uri", p->to);
    add_param(&url, "state", p->state);
    answer_redirect(call, pool_strdup(call->in.pool, buf_str(&url)));
}

static void leave(struct call *call)
{
    struct parting p = {NULL};
    struct err err = ERR_INIT;
    if (read_parting(call, &p, &err) != 0) {
        if (answer_is_refusal(&err))
            refuse(call, &err);
        else
            answer_error(call, NULL, &err);
        return;
    }
    if (!cookie_get(call, COOKIE_SESSION) && strcmp(request_method(call->request), "POST") == 0) {
        come_again(call, &p);
        return;
    }
    if (p.token && !may_end(call, &p)) {
        ask(call, &p);
        return;
    }
    if (p.token) {
        end_session(call, &p);
        return;
    }
    cookie_set(call, COOKIE_SESSION, NULL);
    say_goodbye(call, &p);
}

static void goodbye(struct call *call)
{
    struct parting p = {NULL};
    struct err err = ERR_INIT;
    if (read_parting(call, &p, &err) == 0)
        say_goodbye(call, &p);
    else if (answer_is_refusal(&err))
        refuse(call, &err);
    else
        answer_error(call, NULL, &err);
}

const struct route logout_routes[] = {
    {"GET", "/oauth2/logout", leave, 0, ROUTE_FIRST},
    {"POST", "/oauth2/logout", leave, FORM_MAX, ROUTE_FIRST},
    {"GET", "/oauth2/goodbye", goodbye, 0, false},
    {0},
};
