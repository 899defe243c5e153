#include "sync/apply.h"

#include <inttypes.h>
#include <stdio.h>

#include "store/audit.h"
#include "store/run.h"

#define CHANGES_PER_TRANSACTION 5000

DEFINE_CLEANUP(rollback, struct db *, db_rollback)

struct applying {
    struct store *store;
    const struct apply_job *job;
    struct platform *platform;
    struct journal *journal;
    int64_t run;
};

/* How many changes from first on, before end, are of one kind. */
static size_t same_kind(const struct plan *plan, size_t first, size_t end)
{
    size_t n = 1;
    const struct change *c = plan->changes;
    while (first + n < end && c[first + n].op == c[first].op &&
           (c[first + n].cause == CAUSE_UNDO) == (c[first].cause == CAUSE_UNDO))
        n++;
    return n;
}

/*
 * Where a transaction ends: it is full, or accounts and groups got other ids, which the journal has to find when it writes down what the next
 * changes take away.
 */
static size_t end_of_some(const struct plan *plan, size_t first)
{
    size_t end = plan->n - first > CHANGES_PER_TRANSACTION ? first + CHANGES_PER_TRANSACTION : plan->n;
    for (size_t i = first + 1; i < end; i++)
        if (op_changes_id((enum op)plan->changes[i - 1].op) && !op_changes_id((enum op)plan->changes[i].op))
            return i;
    return end;
}

/* The changes from first on, as many as fit one transaction; all of them or none. */
static int carry_out_some(struct applying *a, size_t first, size_t *ret_end, struct err *err)
{
    const struct plan *plan = a->job->plan;
    size_t end = end_of_some(plan, first);
    if (db_begin(a->store->db, err) != 0)
        return -1;
    CLEANUP(rollback) struct db *open = a->store->db;
    if (journal_write(a->journal, first + 1, plan->changes + first, end - first, err) != 0)
        return -1;
    for (size_t i = first, n; i < end; i += n) {
        n = same_kind(plan, i, end);
        if (a->job->connector->carry_out(a->platform, a->run, plan->changes, i, n, err) != 0)
            return -1;
    }
    if (run_progress(a->store, a->run, end, err) != 0)
        return -1;
    open = NULL;
    if (db_commit(a->store->db, err) != 0)
        return -1;
    *ret_end = end;
    return 0;
}

static int carry_out_all(struct applying *a, size_t *ret_done, struct err *err)
{
    const struct plan *plan = a->job->plan;
    while (*ret_done < plan->n) {
        if (carry_out_some(a, *ret_done, ret_done, err) != 0)
            return -1;
        if (a->job->progress)
            a->job->progress(a->job->ctx, *ret_done, plan->n);
    }
    return 0;
}

static int apply(struct applying *a, size_t *ret_done, struct err *err)
{
    const struct plan *plan = a->job->plan;
    if (journal_open(a->store, a->run, plan->team_id, &a->journal, err) != 0 ||
        a->job->connector->open(a->job->platform, a->store, plan->team_id, plan->now, &a->platform, err) != 0)
        return -1;
    return carry_out_all(a, ret_done, err);
}

static int note_approval(struct applying *a, const char *run, struct err *err)
{
    const struct apply_job *job = a->job;
    if (!job->approved)
        return 0;
    return audit_write(
        a->store,
        &(struct audit_record){AUDIT_REMOVALS_APPROVED, run,
                               AUDIT_DETAIL(AUDIT_TEXT("team", job->plan->team), AUDIT_TEXT("plan", job->approved_plan),
                                            AUDIT_INT("removals", job->approved))},
        err);
}

static int begin(struct applying *a, struct err *err)
{
    const struct plan *plan = a->job->plan;
    char number[24];
    if (db_begin(a->store->db, err) != 0)
        return -1;
    CLEANUP(rollback) struct db *open = a->store->db;
    if (run_begin(a->store, plan->team_id, a->job->command, a->job->plan_id, plan->n, plan->nheld, plan->now, &a->run,
                  err) != 0)
        return -1;
    snprintf(number, sizeof number, "%" PRId64, a->run);
    if (audit_write(
            a->store,
            &(struct audit_record){AUDIT_RUN_BEGUN, number,
                                   AUDIT_DETAIL(AUDIT_TEXT("team", plan->team), AUDIT_TEXT("command", a->job->command),
                                                AUDIT_TEXT("plan", a->job->plan_id),
                                                AUDIT_TEXT("configuration", a->job->conf_digest),
                                                AUDIT_INT("changes", plan->n), AUDIT_INT("held", plan->nheld))},
            err) != 0 ||
        note_approval(a, number, err) != 0)
        return -1;
    open = NULL;
    return db_commit(a->store->db, err);
}

int apply_plan(struct store *store, const struct apply_job *job, int64_t *ret_run, size_t *ret_done, struct err *err)
{
    const struct plan *plan = job->plan;
    *ret_run = 0;
    *ret_done = 0;
    if (plan->n == 0)
        return 0;
    struct applying a = {.store = store, .job = job};
    if (begin(&a, err) != 0)
        return -1;
    *ret_run = a.run;
    int r = apply(&a, ret_done, err);
    if (a.platform)
        job->connector->close(&a.platform);
    journal_close(&a.journal);
    struct err ignored = ERR_INIT; /* the first fault is the one to report */
    int ended = run_end(store, a.run, r == 0 ? RUN_DONE : RUN_FAILED, r == 0 ? NULL : err->text, plan->now,
                        r == 0 ? err : &ignored);
    return r == 0 ? ended : -1;
}
