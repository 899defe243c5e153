#include "signin/forward.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "signin/standing.h"
#include "store/passes.h"

#define HOP_SECONDS  SIGNIN_REQUEST_SECONDS
#define CODE_SECONDS 60

/* --- where ----------------------------------------------------------------------------------------------------------- */

/* Printable ASCII, as a URL is; with a backslash browsers see another host than we do. */
static bool is_url(const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f || strchr("\\\"<>", text[i]))
            return false;
    return n > 0 && n <= FORWARD_URL_MAX;
}

/* What follows an origin must not belong to it: neither a port, nor more of the name, nor what would make it a user's name. */
static bool is_below(const char *origin, const char *url)
{
    size_t n = strlen(origin);
    return strncasecmp(url, origin, n) == 0 && strchr("/?", url[n]);
}

const char *forward_origin(const struct signin *in, const char *application, const char *url)
{
    const struct conf_section *section = conf_find(in->conf, "application", application);
    size_t n = section ? conf_count(section, "forward-auth") : 0;
    if (!url)
        return n == 1 ? conf_at(section, "forward-auth", 0) : NULL;
    for (size_t i = 0; i < n && is_url(url); i++)
        if (is_below(conf_at(section, "forward-auth", i), url))
            return conf_at(section, "forward-auth", i);
    return NULL;
}

static int find_origin(const struct signin *in, const char *application, const char *url, const char **ret,
                       struct err *err)
{
    *ret = forward_origin(in, application, url);
    if (*ret)
        return 0;
    const char *name = text_printable(in->pool, span_str(application));
    if (!conf_find(in->conf, "application", application))
        return err_set(err, ERR_REFUSED, "application %s: there is no such application", name);
    return err_set(err, ERR_REFUSED,
                   "application %s: '%.200s' is below none of its forward-auth lines; add its origin there, or look at what "
                   "the proxy sends as X-Original-URL",
                   name, url ? text_printable(in->pool, span_str(url)) : "");
}

static const char *with_param(const struct signin *in, const char *base, const char *name, const char *value)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    buf_printf(&text, "%s%s%s=", base, strchr(base, '?') ? "&" : "?", name);
    text_percent(&text, span_str(value));
    return pool_strdup(in->pool, buf_str(&text));
}

/* --- who ------------------------------------------------------------------------------------------------------------- */

static int find_who(const struct signin *in, const struct forward_ask *ask, const char *origin, struct signin_who *ret,
                    struct err *err)
{
    const char *sid;
    int found = ask->pass ? pass_get(in->signins, ask->pass, ask->application, origin, in->pool, &sid, err) : 0;
    if (found == 1)
        found = signin_who_named(in, sid, ret, err);
    if (found == 0 && ask->session)
        found = signin_who(in, ask->session, ret, err);
    return found;
}

int forward_check(const struct signin *in, const struct forward_ask *ask, struct signin_who *ret,
                  const char **ret_start, struct err *err)
{
    const char *origin;
    if (find_origin(in, ask->application, ask->url, &origin, err) != 0)
        return -1;
    int found = find_who(in, ask, origin, ret, err);
    if (found == 1)
        return standing_at(in, &ret->who, conf_find(in->conf, "application", ask->application), err) == 0 ? 1 : -1;
    *ret_start = with_param(
        in,
        with_param(in, pool_printf(in->pool, "%s/forward-auth/start", origin), "application", ask->application), "url",
        ask->url ? ask->url : pool_printf(in->pool, "%s/", origin));
    return found;
}

/* --- there and back -------------------------------------------------------------------------------------------------- */

int forward_start(const struct signin *in, const char *application, const char *url, const char *state,
                  const char **ret_location, struct err *err)
{
    char handle[TOKEN_SIZE];
    struct hop hop = {.application = application, .url = url};
    if (find_origin(in, application, url, &hop.origin, err) != 0)
        return -1;
    token_new(handle);
    *ret_location = pool_printf(in->pool, "%s/forward-auth/enter?for=%s",
                                conf_str(conf_find(in->conf, "organization", NULL), "url"), handle);
    return hop_put(in->signins, handle, state, &hop, in->now + HOP_SECONDS, err);
}

int forward_is_under_way(const struct signin *in, const char *handle, struct err *err)
{
    struct hop ignored;
    return hop_get(in->signins, handle, in->now, in->pool, &ignored, err);
}

static int grant(const struct signin *in, const char *handle, const struct hop *hop, const char *sid,
                 const char **ret_location, struct err *err)
{
    char code[TOKEN_SIZE];
    token_new(code);
    *ret_location = pool_printf(in->pool, "%s/forward-auth/callback?code=%s", hop->origin, code);
    int granted = hop_grant(in->signins, handle, code, sid, in->now + CODE_SECONDS, err);
    return granted == 0 ? err_set(err, ERR_REFUSED, "application %s: its handle was used at the same time",
                                  hop->application)
                        : granted;
}

int forward_enter(const struct signin *in, const char *handle, const char *session, const char **ret_location,
                  struct err *err)
{
    struct hop hop;
    struct signin_who who;
    const char *origin;
    int found = hop_get(in->signins, handle, in->now, in->pool, &hop, err);
    if (found == 0)
        return err_set(err, ERR_REFUSED,
                       "handle: nobody is on the way with it: it was used already, or begun more than %d minutes ago; "
                       "go to the site's address again",
                       HOP_SECONDS / 60);
    /* The configuration may be another one by now. */
    if (found < 0 || find_origin(in, hop.application, hop.url, &origin, err) != 0)
        return -1;
    found = session ? signin_who(in, session, &who, err) : 0;
    if (found != 1)
        return found;
    if (standing_at(in, &who.who, conf_find(in->conf, "application", hop.application), err) != 0)
        return -1;
    return grant(in, handle, &hop, who.session.sid, ret_location, err);
}

int forward_callback(const struct signin *in, const char *code, const char *state, struct forward_done *ret,
                     struct err *err)
{
    struct hop hop = {0};
    int taken = hop_take(in->signins, code, state ? state : "", in->now, in->pool, &hop, err);
    if (taken < 0)
        return -1;
    if (taken == 0)
        return err_set(err, ERR_REFUSED,
                       "code: it was used already, is more than %d seconds old, or was begun by another browser, or one "
                       "that keeps no cookies; go to the site's address again",
                       CODE_SECONDS);
    token_new(ret->pass);
    ret->application = hop.application;
    ret->origin = hop.origin;
    ret->url = hop.url;
    return pass_put(in->signins, ret->pass, &hop, err);
}
