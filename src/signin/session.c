#include "base/cleanup.h"
#include "signin/record.h"
#include "signin/standing.h"

/* A use is written down when it moves the end by more than this part of session-idle: not every request is a write. */
#define TOUCH_PART 10

static int touch(const struct signin *in, const struct signins_session *session, struct err *err)
{
    int64_t idle = conf_int(conf_find(in->conf, "serve", NULL), "session-idle");
    int64_t until = standing_until(in, session->ends);
    if (until - session->expires <= idle / TOUCH_PART)
        return 0;
    return signins_session_touch(in->signins, session->sid, until, err);
}

/* err: why it is over. */
static int end_over(const struct signin *in, const struct signins_session *session, struct err *err)
{
    char ref[SIGNINS_REF_SIZE];
    const char *reason = pool_strdup(in->pool, err->text);
    err_clear(err);
    if (signins_begin(in->signins, err) != 0)
        return -1;
    int r = signins_session_end_sid(in->signins, session->sid, err);
    if (r == 0 || (r == 1 && record_ended(in, session->connection, session->email, reason, ref, err) == 0))
        return signins_commit(in->signins, err);
    signins_rollback(in->signins);
    return -1;
}

int session_still(const struct signin *in, const struct signins_session *session, struct who *ret, struct err *err)
{
    CLEANUP(grounds_release) struct grounds grounds = {0};
    enum standing standing;
    if (standing_of(in, session, &grounds, &standing, ret, err) != 0)
        return -1;
    if (standing == STANDING_GOOD)
        return touch(in, session, err) == 0 ? 1 : -1;
    if (standing == STANDING_OVER)
        return end_over(in, session, err);
    err_clear(err);
    return 0;
}

static int judge(const struct signin *in, const struct signins_session *session, struct signin_who *ret,
                 struct err *err)
{
    struct who who;
    int still = session_still(in, session, &who, err);
    if (still == 1)
        *ret = (struct signin_who){.name = who.name,
                                   .email = who.email,
                                   .uid = who.uid,
                                   .connection = session->connection,
                                   .session = *session,
                                   .who = who};
    return still;
}

int signin_who(const struct signin *in, const char *token, struct signin_who *ret, struct err *err)
{
    struct signins_session session;
    int found = signins_session_get(in->signins, token, in->now, in->pool, &session, err);
    return found == 1 ? judge(in, &session, ret, err) : found;
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
