/* What the parts of sending share: send.c chooses, sends and judges a wave, keep.c keeps what was answered. */
#ifndef SYNC_SEND_INNER_H
#define SYNC_SEND_INNER_H

#include "store/delivery.h"
#include "store/roster.h"
#include "sync/depend.h"
#include "sync/mapper.h"
#include "sync/retry.h"
#include "sync/send.h"

enum outcome { CONFIRMED, SKIPPED, AGAIN, STOPPED };

/* One change on its way: the errand, what the platform is told of it, and what it answers. */
struct wave {
    struct errand **errands;
    struct platform_task *tasks;
    struct platform_answer *answers;
    char (*keys)[DELIVERY_KEY_MAX];
    enum outcome *outcomes;
    size_t n, cap;
    struct pool *pool; /* owns the texts of the tasks */
};

struct sender {
    struct send_settings s;
    struct delivery *delivery;
    struct roster_rows *rows;
    struct depend *depend;
    struct mapper *mapper; /* NULL: nothing to map */
    struct wave wave;
    struct retry retry;
    double began;
    size_t done, skipped;
};

/* The time that what happens now is stamped with. */
int64_t sender_now(const struct sender *sender);

/*
 * Keeps what was answered to a wave that was judged, in one transaction: rows of accounts, seats and groups,
 * deliveries, ids, drift. An outcome may become SKIPPED by it: of a run that is settled, when something else moved
 * the row since.
 */
int keep_wave(struct sender *sender, struct err *err);

#endif
