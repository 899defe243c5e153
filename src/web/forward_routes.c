/* What a reverse proxy asks about each request to a site behind it (auth_request), and what it hands on to us. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "signin/forward.h"
#include "signin/record.h"
#include "signin/standing.h"
#include "store/holdings.h"
#include "web/answer.h"

#define STATE_COOKIE "doorward-hop"
#define PASS_COOKIE  "doorward-pass"
#define STATE_AGE    SIGNIN_REQUEST_SECONDS
#define GROUPS_BYTES 4000 /* of a header: proxies have little room for one */

/* --- cookies of the site ---------------------------------------------------------------------------------------------- */

/* One for each application, as several may be on one host. __Host- keeps other hosts of the domain from setting it. */
static const char *cookie_name(const struct call *call, const char *base, const char *application, const char *origin)
{
    char hex[DIGEST_HEX_MAX];
    bool secure = strncasecmp(origin, "https://", 8) == 0;
    digest_hex_of(application, strlen(application), hex);
    return pool_printf(call->in.pool, "%s%s-%.8s", secure ? "__Host-" : "", base, hex);
}

static const char *get_cookie(const struct call *call, const char *base, const char *application, const char *origin)
{
    const char *value = request_cookie(call->request, cookie_name(call, base, application, origin));
    return value && token_is_valid(value) ? value : NULL;
}

static void set_cookie(struct call *call, const char *name, const char *value, int age)
{
    response_header(call->response, "Set-Cookie",
                    pool_printf(call->in.pool, "%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s", name, value ? value : "",
                                strncmp(name, "__Host-", 7) == 0 ? "; Secure" : "",
                                age < 0 ? "" : pool_printf(call->in.pool, "; Max-Age=%d", age)));
}

/*
 * The secret of a browser that is on its way from a site. Any host of the domain can set the cookie of a site without https: what comes in it is
 * worth nothing to a site with. One that is there stays, because several pages may be on their way at once.
 */
static const char *state_in(const struct call *call, bool secure)
{
    const char *value = request_cookie(call->request, secure ? "__Host-" STATE_COOKIE : STATE_COOKIE);
    return value && token_is_valid(value) ? value : NULL;
}

static const char *state_of(const struct call *call, bool secure, const char *value)
{
    return secure ? value : pool_printf(call->in.pool, "http %s", value);
}

/* --- who it is, as headers ---------------------------------------------------------------------------------------------- */

/* Headers are ASCII: what is not, and what would end a list or an escape, is written as in a URL. */
static void add_value(struct buf *out, const char *value)
{
    for (; *value; value++)
        if (*value < ' ' || *value >= 0x7f || *value == '%' || *value == ',')
            buf_printf(out, "%%%02X", (unsigned char)*value);
        else
            buf_addc(out, *value);
}

static void add_header(struct call *call, const char *name, const struct buf *value)
{
    response_header(call->response, name, pool_strdup(call->in.pool, buf_str(value)));
}

static void add_text(struct call *call, const char *name, const char *text)
{
    CLEANUP(buf_release) struct buf value = BUF_INIT;
    add_value(&value, text);
    add_header(call, name, &value);
}

struct list {
    struct buf text;
    bool cut;
};

static void list_release(struct list *list)
{
    buf_release(&list->text);
}

/* Whole names only: one that is cut could be another's. */
static void add_name(void *ctx, const char *name)
{
    struct list *list = ctx;
    size_t before = list->text.len;
    if (list->cut)
        return;
    if (before)
        buf_addc(&list->text, ',');
    add_value(&list->text, name);
    list->cut = list->text.len > GROUPS_BYTES;
    if (list->cut)
        list->text.data[list->text.len = before] = '\0';
}

static int add_holdings(struct call *call, const struct conf_section *application, const struct signin_who *who,
                        struct err *err)
{
    CLEANUP(list_release) struct list products = {BUF_INIT, false};
    CLEANUP(list_release) struct list groups = {BUF_INIT, false};
    struct db *db = call->in.store->db;
    const char *which = conf_str(application, "groups"), *dir = who->session.directory;
    const char *team = standing_team(&call->in, application);
    int r = holdings_products(db, dir, who->uid, team, add_name, &products, err);
    if (r == 0 && strcmp(which, "synced") == 0)
        r = holdings_synced_groups(db, dir, who->uid, team, add_name, &groups, err);
    else if (r == 0 && strcmp(which, "directory") == 0)
        r = holdings_directory_groups(db, dir, who->uid, add_name, &groups, err);
    if (r != 0)
        return -1;
    add_header(call, "Remote-Products", &products.text);
    add_header(call, "Remote-Groups", &groups.text);
    return 0;
}

static void answer_good(struct call *call, const char *application, const struct signin_who *who)
{
    struct err err = ERR_INIT;
    if (add_holdings(call, conf_find(call->in.conf, "application", application), who, &err) != 0) {
        answer_error(call, NULL, &err);
        return;
    }
    add_text(call, "Remote-User", who->email);
    add_text(call, "Remote-Email", who->email);
    add_text(call, "Remote-Name", who->name);
    add_text(call, "Remote-Id", who->uid);
    call->response->status = 200;
}

/* --- routes --------------------------------------------------------------------------------------------------------------- */

/*
 * nginx sends X-Original-URL as we tell it to; Traefik and Caddy send three headers by themselves, and pass on what a browser sent of the
 * other. With both there nobody knows which is the proxy's: they have to agree, or it is no URL.
 */
static const char *original_url(const struct call *call)
{
    const char *url = request_header(call->request, "X-Original-URL");
    const char *scheme = request_header(call->request, "X-Forwarded-Proto");
    const char *host = request_header(call->request, "X-Forwarded-Host");
    const char *path = request_header(call->request, "X-Forwarded-Uri");
    if (!scheme || !host || !path)
        return url;
    const char *said = pool_printf(call->in.pool, "%s://%s%s", scheme, host, path);
    return !url || strcmp(url, said) == 0 ? said : "";
}

static void refuse(struct call *call, struct err *err)
{
    char ref[SIGNINS_REF_SIZE];
    bool refused = answer_is_refusal(err);
    if (refused)
        record_refused(&call->in, "", NULL, err, ref);
    answer_error(call, refused ? ref : NULL, err);
}

static void check(struct call *call)
{
    const char *redirect = "", *start = NULL, *origin;
    struct forward_ask ask = {
        .application = "", .url = original_url(call), .session = cookie_get(call, COOKIE_SESSION)};
    struct signin_who who;
    struct err err = ERR_INIT;
    if (request_param(call->request, "application", &ask.application) != 1 ||
        request_param(call->request, "redirect", &redirect) < 0) {
        err_set(&err, ERR_INPUT, "forward-auth: the address needs one ?application=NAME; mend it in the proxy");
        answer_error(call, NULL, &err);
        return;
    }
    origin = forward_origin(&call->in, ask.application, ask.url);
    ask.pass = origin ? get_cookie(call, PASS_COOKIE, ask.application, origin) : NULL;
    int found = forward_check(&call->in, &ask, &who, &start, &err);
    if (found < 0) {
        answer_error(call, NULL, &err); /* nobody sees it but the proxy, which may ask many times */
    } else if (found) {
        answer_good(call, ask.application, &who);
    } else {
        response_header(call->response, "Location", start);
        call->response->status = *redirect ? 303 : 401;
    }
}

static void start(struct call *call)
{
    const char *application = "", *url = "", *location;
    char made[TOKEN_SIZE];
    struct err err = ERR_INIT;
    if (request_param(call->request, "application", &application) != 1 ||
        request_param(call->request, "url", &url) != 1) {
        err_set(&err, ERR_INPUT, "forward-auth: the address needs application and url, each once");
        refuse(call, &err);
        return;
    }
    bool secure = strncasecmp(url, "https://", 8) == 0;
    const char *state = state_in(call, secure);
    if (!state) {
        token_new(made);
        state = pool_strdup(call->in.pool, made);
    }
    if (forward_start(&call->in, application, url, state_of(call, secure, state), &location, &err) != 0) {
        refuse(call, &err);
        return;
    }
    set_cookie(call, secure ? "__Host-" STATE_COOKIE : STATE_COOKIE, state, STATE_AGE);
    answer_redirect(call, location);
}

static void enter(struct call *call)
{
    const char *handle = "", *location = NULL;
    struct err err = ERR_INIT;
    if (request_param(call->request, "for", &handle) != 1)
        handle = "";
    int entered = forward_enter(&call->in, handle, cookie_get(call, COOKIE_SESSION), &location, &err);
    if (entered < 0)
        refuse(call, &err);
    else
        answer_redirect(call, entered ? location : pool_printf(call->in.pool, "/signin?for=%s", handle));
}

static const char *get_state(const struct call *call)
{
    const char *secure = state_in(call, true), *plain = secure ? NULL : state_in(call, false);
    return plain ? state_of(call, false, plain) : secure;
}

static void callback(struct call *call)
{
    const char *code = "";
    struct forward_done done;
    struct err err = ERR_INIT;
    if (request_param(call->request, "code", &code) != 1)
        code = "";
    if (forward_callback(&call->in, code, get_state(call), &done, &err) != 0) {
        refuse(call, &err);
        return;
    }
    set_cookie(call, cookie_name(call, PASS_COOKIE, done.application, done.origin),
               pool_strdup(call->in.pool, done.pass), -1);
    answer_redirect(call, done.url);
}

const struct route forward_routes[] = {
    {"GET", "/forward-auth", check, 0, false},
    {"GET", "/forward-auth/start", start, 0, false},
    {"GET", "/forward-auth/enter", enter, 0, false},
    {"GET", "/forward-auth/callback", callback, 0, false},
    {0},
};
