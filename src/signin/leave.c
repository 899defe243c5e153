#include "signin/leave.h"

static const struct {
    const char *type;
    leave_with *leave;
} protocols[] = {{"saml", saml_leave}};

/* The session is gone by now, whatever comes of this. */
static int tell(const struct signin *in, const struct signins_session *session, const char *browser,
                struct signin_start *ret, struct err *err)
{
    const struct conf_section *connection = conf_find(in->conf, "connection", session->connection);
    for (size_t i = 0; connection && i < sizeof protocols / sizeof *protocols; i++)
        if (strcmp(conf_variant(connection), protocols[i].type) == 0)
            return protocols[i].leave(in, connection, session, browser, ret, err);
    return 0;
}

int signin_leave(const struct signin *in, const char *token, const char *browser, struct signin_start *ret,
                 struct err *ret_untold, struct err *err)
{
    struct signins_session session;
    *ret = (struct signin_start){.connection = NULL};
    int found = signins_session_get(in->signins, token, in->now, in->pool, &session, err);
    if (found < 0 || signin_end(in, token, err) != 0)
        return -1;
    if (found && tell(in, &session, browser, ret, ret_untold) != 0)
        *ret = (struct signin_start){.connection = session.connection};
    return 0;
}
