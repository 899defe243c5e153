/* Ends sessions as soon as what let their people in is gone: at the next look after the main database moved. */
#include "signin/watch.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "web/notice.h"
#include "web/worker.h"

#define LOOK_MILLISECONDS 500 /* from one look whether anything moved to the next */
#define ROUND_SECONDS                                                                                                  \
    300 /* from one round to the next when nothing moved: for a sign-in that was under way at the last one */
#define BREAK_MILLISECONDS 5 /* from one step to the next: requests go first */

struct watching {
    struct worker worker;
    bool any;      /* a round was done: the first one is at the start, because something may have moved before it */
    int64_t store; /* what was there when the last one began */
    unsigned long reloads;
    double at;
    bool noticed; /* connections were looked at, with the configuration of so many reloads, at … */
    unsigned long noticed_reloads;
    double noticed_at;
};

static void tell(void *ctx, const struct signins_session *session, const char *application, const char *ref,
                 const char *reason)
{
    (void)ctx;
    if (application)
        log_event(LOG_LEVEL_INFO, "visit of %s to application %s ended: %s", session->email, application, reason);
    else
        log_event(LOG_LEVEL_INFO, "%s: session of %s (connection %s) ended: %s", ref, session->email,
                  session->connection, reason);
}

static int step(struct worker *worker, struct watch *watch, bool *ret_more, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const struct signin in = worker_enter(worker, pool);
    int r = watch_step(&in, watch, tell, NULL, ret_more, err);
    worker_leave(worker);
    return r;
}

static int go_round(struct worker *worker, struct err *err)
{
    struct watch watch = {""};
    bool more = true;
    while (more) {
        if (step(worker, &watch, &more, err) != 0)
            return -1;
        if (more && !worker_wait(worker, BREAK_MILLISECONDS))
            return 0;
    }
    return 0;
}

static int notice(struct worker *worker, struct err *err)
{
    struct watching *w = worker->ctx;
    CLEANUP(pool_free) struct pool *pool = pool_new();
    unsigned long reloads = atomic_load(&worker->web->reloads);
    double now = clock_monotonic();
    if (!worker->desk->store || (w->noticed && w->noticed_reloads == reloads && now < w->noticed_at + NOTICE_SECONDS))
        return 0;
    const struct signin in = worker_enter(worker, pool);
    int r = notice_connections(&in, err);
    worker_leave(worker);
    w->noticed = true;
    w->noticed_reloads = reloads;
    w->noticed_at = now;
    return r;
}

/* What moves during a round begins another one: both marks are taken before it. */
static int look(struct worker *worker, struct err *err)
{
    struct watching *w = worker->ctx;
    int64_t store = 0;
    unsigned long reloads = atomic_load(&worker->web->reloads);
    if (notice(worker, err) != 0)
        return -1;
    if (worker->desk->store && store_moves(worker->desk->store, &store, err) != 0)
        return -1;
    double now = clock_monotonic();
    if (w->any && w->store == store && w->reloads == reloads && now < w->at + ROUND_SECONDS)
        return 0;
    if (go_round(worker, err) != 0)
        return -1;
    w->any = true;
    w->store = store;
    w->reloads = reloads;
    w->at = now;
    return 0;
}

int watching_start(struct web *web, struct watching **ret, struct err *err)
{
    struct watching *w = mem_zero(sizeof *w);
    w->worker = (struct worker){
        .web = web, .round = look, .what = "sessions cannot be looked at", .milliseconds = LOOK_MILLISECONDS, .ctx = w};
    *ret = w;
    return worker_start(&w->worker, err);
}

void watching_stop(struct watching **watching)
{
    if (!*watching)
        return;
    worker_stop(&(*watching)->worker);
    free(*watching);
    *watching = NULL;
}
