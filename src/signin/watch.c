#include "signin/watch.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "signin/record.h"
#include "signin/standing.h"
#include "store/visits.h"

/* One end that was found; application NULL: of the whole session. */
struct end {
    const struct signins_session *session;
    const char *application, *reason;
    char ref[SIGNINS_REF_SIZE];
    bool done;
};

struct ends {
    struct end *list;
    size_t n, cap;
};

static void ends_release(struct ends *ends)
{
    free(ends->list);
}

static void push(const struct signin *in, struct ends *ends, const struct signins_session *session,
                 const char *application, struct err *err)
{
    *MEM_PUSH(&ends->list, &ends->n, &ends->cap) =
        (struct end){.session = session, .application = application, .reason = pool_strdup(in->pool, err->text)};
    err_clear(err);
}

/* --- what is over? ----------------------------------------------------------------------------------------------------- */

static int look_at_visits(const struct signin *in, const struct signins_session *session, const struct who *who,
                          struct ends *ends, struct err *err)
{
    const char *visits[VISITS_MAX];
    int n = visits_of(in->signins, session->sid, in->pool, visits, err);
    if (n < 0)
        return -1;
    for (int i = 0; i < n; i++) {
        const struct conf_section *application = conf_find(in->conf, "application", visits[i]);
        if (application && standing_at(in, who, application, err) == 0)
            continue;
        if (!application)
            err_set(err, ERR_REFUSED, "application %s: it is no longer configured", visits[i]);
        if (err->kind != ERR_REFUSED)
            return -1;
        push(in, ends, session, visits[i], err);
    }
    return 0;
}

static int look_at(const struct signin *in, const struct signins_session *session, struct grounds *grounds,
                   struct ends *ends, struct err *err)
{
    enum standing standing;
    struct who who;
    if (standing_of(in, session, grounds, &standing, &who, err) != 0)
        return -1;
    if (standing == STANDING_OVER)
        push(in, ends, session, NULL, err);
    if (standing != STANDING_GOOD) {
        err_clear(err);
        return 0;
    }
    return look_at_visits(in, session, &who, ends, err);
}

/* --- then it ends -------------------------------------------------------------------------------------------------------- */

static int end_one(const struct signin *in, struct end *end, struct err *err)
{
    int r = end->application ? visits_end(in->signins, end->session->sid, end->application, err)
                             : signins_session_end_sid(in->signins, end->session->sid, err);
    end->done = r == 1;
    if (r == 1 && !end->application)
        r = record_ended(in, end->session->connection, end->session->email, end->reason, end->ref, err);
    return r < 0 ? -1 : 0;
}

/* All ends of a step are one transaction: each costs a sync of the disk, for which others wait. */
static int end_all(const struct signin *in, struct ends *ends, struct err *err)
{
    if (ends->n == 0)
        return 0;
    if (signins_begin(in->signins, err) != 0)
        return -1;
    for (size_t i = 0; i < ends->n; i++)
        if (end_one(in, &ends->list[i], err) != 0) {
            signins_rollback(in->signins);
            return -1;
        }
    return signins_commit(in->signins, err);
}

static int step(const struct signin *in, const struct signins_session *sessions, int n, struct grounds *grounds,
                struct ends *ends, struct err *err)
{
    for (int i = 0; i < n; i++)
        if (look_at(in, &sessions[i], grounds, ends, err) != 0)
            return -1;
    return end_all(in, ends, err);
}

int watch_step(const struct signin *in, struct watch *watch, watch_ended *ended, void *ctx, bool *ret_more,
               struct err *err)
{
    CLEANUP(grounds_release) struct grounds grounds = {0};
    CLEANUP(ends_release) struct ends ends = {0};
    struct signins_session *sessions = pool_alloc(in->pool, WATCH_MOST * sizeof *sessions);
    int n = signins_session_next(in->signins, watch->after, in->now, WATCH_MOST, in->pool, sessions, err);
    if (n < 0 || step(in, sessions, n, &grounds, &ends, err) != 0)
        return -1;
    for (size_t i = 0; i < ends.n; i++)
        if (ends.list[i].done)
            ended(ctx, ends.list[i].session, ends.list[i].application, ends.list[i].ref, ends.list[i].reason);
    *ret_more = n == WATCH_MOST;
    if (n)
        snprintf(watch->after, sizeof watch->after, "%s", sessions[n - 1].sid);
    return 0;
}
