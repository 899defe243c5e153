#include "signin/leave.h"

#include "base/log.h"

static const struct {
    const char *type;
    leave_with *leave;
} protocols[] = {{"saml", saml_leave}, {"oidc", oidc_leave}};

static leave_with *way_of(const struct conf_section *connection)
{
    for (size_t i = 0; connection && i < sizeof protocols / sizeof *protocols; i++)
        if (strcmp(conf_variant(connection), protocols[i].type) == 0)
            return protocols[i].leave;
    return NULL;
}

static int keep(const struct signin *in, const struct conf_section *connection, const struct leave_ask *ask,
                const struct signin_start *start, const char *handle, struct err *err)
{
    return signins_request_put(in->signins,
                               &(struct signins_request){.handle = handle,
                                                         .id = start->id ? start->id : "",
                                                         .connection = conf_name(connection),
                                                         .browser = ask->browser,
                                                         .next = ask->next,
                                                         .leaving = true,
                                                         .created = in->now,
                                                         .expires = in->now + SIGNIN_REQUEST_SECONDS},
                               err);
}

/* Whoever is signed out here is so, whatever becomes of the rest. */
static int go_there(const struct signin *in, const struct signins_session *session, const struct leave_ask *ask,
                    struct signin_start *ret)
{
    char handle[TOKEN_SIZE];
    struct err err = ERR_INIT;
    const struct conf_section *connection = conf_find(in->conf, "connection", session->connection);
    leave_with *leave = ask->browser ? way_of(connection) : NULL;
    if (!leave)
        return 0;
    token_new(handle);
    *ret = (struct signin_start){.connection = conf_name(connection)};
    int r = leave(in, connection, session, handle, ret, &err);
    if (r == 1 && keep(in, connection, ask, ret, handle, &err) == 0)
        return 1;
    if (err.kind != ERR_NONE)
        log_debug("connection %s: nobody can be signed out there: %s", conf_name(connection), err.text);
    return 0;
}

int signin_leave(const struct signin *in, const struct leave_ask *ask, struct signin_start *ret, struct err *err)
{
    struct signins_session session;
    int found = signins_session_get(in->signins, ask->token, in->now, in->pool, &session, err);
    if (found != 1)
        return found;
    if (signin_end(in, ask->token, err) != 0)
        return -1;
    return go_there(in, &session, ask, ret);
}

int signin_left(const struct signin *in, const char *connection, const char *handle, const char *browser,
                const char **ret_next, struct err *err)
{
    struct signins_request request;
    bool other = false;
    int found = handle && browser
                    ? signins_request_get(in->signins, handle, browser, in->now, in->pool, &request, &other, err)
                    : 0;
    if (found != 1)
        return found;
    if (!request.leaving || strcmp(request.connection, connection) != 0)
        return 0;
    *ret_next = request.next;
    return signins_request_take(in->signins, handle, err);
}
