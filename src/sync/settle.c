#include "sync/settle.h"

#include "base/mem.h"
#include "store/delivery.h"
#include "store/run.h"
#include "sync/send.h"

struct unanswered {
    struct errand *errands;
    size_t n, cap, held;
};

static void take(void *ctx, const struct delivery_row *row)
{
    struct unanswered *u = ctx;
    if (row->state != DELIVERY_SENT)
        return;
    if (!row->open)
        u->held++;
    else
        *MEM_PUSH(&u->errands, &u->n, &u->cap) =
            (struct errand){.change = row->change, .seq = row->seq, .attempts = row->attempts};
}

static int send_again(struct store *store, const struct settle_job *job, struct platform *platform,
                      struct unanswered *u, struct settled *ret, struct err *err)
{
    CLEANUP(sender_close) struct sender *sender = NULL;
    struct send_settings settings = {.store = store,
                                     .conf = job->conf,
                                     .section = job->platform,
                                     .connector = job->connector,
                                     .platform = platform,
                                     .take_over = job->take_over,
                                     .team = job->team,
                                     .run = job->run,
                                     .now = job->now,
                                     .done = job->done,
                                     .total = job->done + u->n,
                                     .progress = job->progress,
                                     .stop = job->stop,
                                     .ctx = job->ctx};
    if (sender_open(&settings, &sender, err) != 0)
        return -1;
    int r = sender_send(sender, u->errands, u->n, err);
    ret->confirmed = sender_done(sender) - job->done;
    ret->skipped = sender_skipped(sender);
    return r;
}

int settle_run(struct store *store, const struct settle_job *job, struct settled *ret, struct err *err)
{
    *ret = (struct settled){0};
    struct unanswered u = {0};
    int r = delivery_each(store, job->run, take, &u, err);
    ret->held = u.held;
    struct platform *platform = NULL;
    if (r == 0 && u.n)
        r = job->connector->open(job->platform, store, job->team, job->now, &platform, err);
    if (r == 0 && u.n)
        r = send_again(store, job, platform, &u, ret, err);
    if (platform)
        job->connector->close(&platform);
    free(u.errands);
    return r == 0 ? run_settle(store, job->now, err) : -1;
}
