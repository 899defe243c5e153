#include "signin/discover.h"
#include "signin/person.h"

/* Is what let this person in still so? */
static int still(const struct signin *in, const struct signins_session *session, struct who *ret, struct err *err)
{
    const char *domains[DISCOVER_DOMAINS_MAX];
    size_t n = 0;
    const struct conf_section *connection = conf_find(in->conf, "connection", session->connection);
    if (!connection || !in->store)
        return err_set(err, ERR_REFUSED, "connection %s: it is gone", session->connection);
    if (discover_domains(in, connection, domains, &n, err) != 0)
        return -1;
    return person_still(in, session->directory, session->uid, domains, n, ret, err);
}

/* 1: yes; 0: no longer; -1 */
static int judge(const struct signin *in, const struct signins_session *session, struct signin_who *ret,
                 struct err *err)
{
    struct who who;
    if (still(in, session, &who, err) == 0) {
        *ret = (struct signin_who){.name = who.name,
                                   .email = who.email,
                                   .uid = who.uid,
                                   .connection = session->connection,
                                   .session = *session};
        return 1;
    }
    if (err->kind != ERR_REFUSED)
        return -1;
    err_clear(err);
    return 0;
}

int signin_who(const struct signin *in, const char *token, struct signin_who *ret, struct err *err)
{
    struct signins_session session;
    int found = signins_session_get(in->signins, token, in->now, in->pool, &session, err);
    if (found != 1)
        return found;
    found = judge(in, &session, ret, err);
    return found == 0 ? signins_session_end(in->signins, token, err) : found;
}

int signin_who_named(const struct signin *in, const char *sid, struct signin_who *ret, struct err *err)
{
    struct signins_session session;
    int found = signins_session_named(in->signins, sid, in->now, in->pool, &session, err);
    return found == 1 ? judge(in, &session, ret, err) : found;
}

int signin_end(const struct signin *in, const char *token, struct err *err)
{
    return signins_session_end(in->signins, token, err);
}
