/*
 * Carries out a plan: every change goes into the journal first, then to the platform, in transactions of many changes, so that whatever
 * ends the run leaves the journal and the platform agreeing. A platform elsewhere cannot be part of a transaction: sync/send.h keeps what
 * was sent, and sync/settle.h what was left unanswered.
 */
#ifndef SYNC_APPLY_H
#define SYNC_APPLY_H

#include "connectors/platform.h"
#include "sync/plan.h"

struct apply_job {
    const struct plan *plan;
    const char *plan_id;
    const char *conf_digest;   /* for the audit log; NULL: not known */
    const char *command;       /* for the list of runs: "apply" */
    uint32_t approved;         /* removals above the limits that somebody let through, for the audit log; 0: none */
    const char *approved_plan; /* … and the id of the plan that withheld them */
    const struct conf_section *platform;
    const struct platform_connector *connector;
    bool take_over;          /* adopt = yes in the team's section */
    const struct conf *conf; /* for the names of products elsewhere; NULL on the roster */
    void (*progress)(void *ctx, size_t done, size_t total); /* may be NULL */
    bool (*stop)(void *ctx);                                /* elsewhere: is the run to end? May be NULL */
    void *ctx;
};

/*
 * *ret_run is set as soon as the run exists, *ret_done counts what was done; both also on -1. A plan without changes makes no run: 0. On a platform
 * elsewhere less than the whole may be done also on 0: the rest was skipped, with reasons (store/delivery.h).
 */
int apply_plan(struct store *store, const struct apply_job *job, int64_t *ret_run, size_t *ret_done, struct err *err);

#endif
