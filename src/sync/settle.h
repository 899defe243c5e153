/*
 * Settles a run that was cut off: what was sent to a platform elsewhere and not answered is sent again, under the same keys, and the run is
 * closed. What was only intended is not done; the next plan compares anew.
 */
#ifndef SYNC_SETTLE_H
#define SYNC_SETTLE_H

#include "connectors/platform.h"
#include "store/store.h"

struct settle_job {
    int64_t run, team, now;
    size_t done; /* changes of the run that were confirmed before */
    const struct conf *conf;
    const struct conf_section *platform;
    bool take_over;                             /* adopt = yes in the team's section */
    const struct platform_connector *connector; /* with send */
    void (*progress)(void *ctx, size_t done, size_t total);
    bool (*stop)(void *ctx);
    void *ctx;
};

struct settled {
    size_t confirmed, skipped;
    size_t held; /* the gate of the person is closed: nothing may be sent, and the run stays open */
};

/* -1: ended early, as sender_send; the run stays open for the next time. */
int settle_run(struct store *store, const struct settle_job *job, struct settled *ret, struct err *err);

#endif
