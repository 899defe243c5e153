#include "connectors/scim/auth.h"

#include <math.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "oidc/call.h"

/* A token is left alone for the end of its time, so that no request sets out with one that dies on its way. */
#define MARGIN       60.0 /* seconds … */
#define MARGIN_SHARE 0.1  /* … or so much of a short life */

void scim_auth_init(struct scim_auth *auth, const struct conf_section *section)
{
    const char *url = conf_str(section, "token-url"), *way = conf_str(section, "client-authentication");
    const char *key = url ? "client-secret-file" : "token-file";
    *auth = (struct scim_auth){.file = {.key = key, .path = conf_str(section, key)},
                               .oauth = {.url = url,
                                         .id = conf_str(section, "client-id"),
                                         .scope = conf_str(section, "scope"),
                                         .by_post = way && strcmp(way, "client_secret_post") == 0},
                               .ca_file = conf_str(section, "ca-file")};
}

void scim_auth_release(struct scim_auth *auth)
{
    scim_token_release(&auth->file);
}

void scim_auth_proved(struct scim_auth *auth)
{
    auth->proved = true;
}

static void show(struct scim_auth *auth, struct http *http, const char *token)
{
    http_set_token(http, token);
    auth->generation++;
    auth->proved = false;
}

static int ready_file(struct scim_auth *auth, struct http *http, bool refused, struct err *err)
{
    bool changed = false;
    if (scim_token_refresh(&auth->file, &changed, err) != 0)
        return -1;
    if (changed)
        show(auth, http, auth->file.text.data);
    if (refused && !changed)
        return err_set(err, ERR_NOT_FOUND, "token-file %s: the token in it was refused; put a valid one there",
                       auth->file.path);
    return 0;
}

/* --- OAuth -------------------------------------------------------------------------------------------------------- */

static void wipe_reply(struct http_reply *reply)
{
    buf_wipe(&reply->body);
}

static int send(const struct scim_auth *auth, struct http_reply *ret, struct err *err)
{
    CLEANUP(buf_wipe) struct buf body = BUF_INIT;
    CLEANUP(buf_wipe) struct buf authorization = BUF_INIT;
    oauth_ask(&auth->oauth, auth->file.text.data, &body, &authorization);
    struct http_request request = {.method = "POST",
                                   .url = auth->oauth.url,
                                   .type = "application/x-www-form-urlencoded",
                                   .accept = "application/json",
                                   .authorization = authorization.data,
                                   .body = {body.data, body.len}};
    return call_send(auth->ca_file, &request, ret, err);
}

static int fetch(struct scim_auth *auth, struct http *http, struct err *err)
{
    CLEANUP(buf_wipe) struct buf token = BUF_INIT;
    CLEANUP(wipe_reply) struct http_reply reply = {0};
    double began = clock_monotonic(), seconds = 0;
    bool changed = false;
    if (scim_token_refresh(&auth->file, &changed, err) != 0)
        return -1;
    if (send(auth, &reply, err) != 0)
        return err_wrap(err, "token-url");
    if (oauth_read(&auth->oauth, auth->file.text.data, &reply, &token, &seconds, err) != 0)
        return -1;
    double margin = seconds * MARGIN_SHARE < MARGIN ? seconds * MARGIN_SHARE : MARGIN;
    auth->good_until = seconds > 0 ? began + seconds - margin : INFINITY;
    show(auth, http, token.data);
    return 0;
}

static int ready_oauth(struct scim_auth *auth, struct http *http, bool refused, struct err *err)
{
    if (refused && !auth->proved)
        return err_set(err, ERR_NOT_FOUND,
                       "token-url %s: the token that it gave was refused; mend scope, or what the "
                       "client may do",
                       auth->oauth.url);
    if (!refused && auth->generation && clock_monotonic() < auth->good_until)
        return 0;
    return fetch(auth, http, err);
}

int scim_auth_ready(struct scim_auth *auth, struct http *http, bool refused, struct err *err)
{
    return auth->oauth.url ? ready_oauth(auth, http, refused, err) : ready_file(auth, http, refused, err);
}
