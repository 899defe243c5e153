#include "sync/apply.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/audit.h"
#include "store/delivery.h"
#include "store/run.h"
#include "sync/send.h"

#define CHANGES_PER_TRANSACTION 5000

DEFINE_CLEANUP(rollback, struct db *, db_rollback)

struct applying {
    struct store *store;
    const struct apply_job *job;
    struct platform *platform;
    struct journal *journal_writer;
    int64_t run;
    size_t skipped;
    double began, journal, commit; /* seconds of the monotonic clock: began at; spent on the journal, on commits */
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

static int write_journal(struct applying *a, size_t first, size_t end, struct err *err)
{
    double began = clock_monotonic();
    int r = journal_write(a->journal_writer, first + 1, a->job->plan->changes + first, end - first, err);
    a->journal += clock_monotonic() - began;
    return r;
}

static int commit(struct applying *a, struct err *err)
{
    double began = clock_monotonic();
    int r = db_commit(a->store->db, err);
    a->commit += clock_monotonic() - began;
    return r;
}

/* The changes from first on, as many as fit one transaction; all of them or none. */
static int carry_out_some(struct applying *a, size_t first, size_t *ret_end, struct err *err)
{
    const struct plan *plan = a->job->plan;
    size_t end = end_of_some(plan, first);
    if (db_begin(a->store->db, err) != 0)
        return -1;
    CLEANUP(rollback) struct db *open = a->store->db;
    if (write_journal(a, first, end, err) != 0)
        return -1;
    for (size_t i = first, n; i < end; i += n) {
        n = same_kind(plan, i, end);
        if (a->job->connector->carry_out(a->platform, a->run, plan->changes, i, n, err) != 0)
            return -1;
    }
    if (run_progress(a->store, a->run, end, err) != 0)
        return -1;
    open = NULL;
    if (commit(a, err) != 0)
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

/* Elsewhere: as many changes are intended, with their rows of the journal, before the first of them is sent. */
static int intend_some(struct applying *a, size_t first, size_t end, struct err *err)
{
    if (db_begin(a->store->db, err) != 0)
        return -1;
    CLEANUP(rollback) struct db *open = a->store->db;
    if (write_journal(a, first, end, err) != 0)
        return -1;
    open = NULL;
    return commit(a, err);
}

static int send_some(struct applying *a, struct sender *sender, size_t first, size_t *ret_end, struct err *err)
{
    size_t end = end_of_some(a->job->plan, first);
    if (intend_some(a, first, end, err) != 0)
        return -1;
    CLEANUP(freep) struct errand *errands = mem_zero((end - first) * sizeof *errands);
    for (size_t i = first; i < end; i++)
        errands[i - first] = (struct errand){.change = a->job->plan->changes[i], .seq = (uint32_t)i + 1};
    *ret_end = end;
    return sender_send(sender, errands, end - first, err);
}

static int send_all(struct applying *a, size_t *ret_done, struct err *err)
{
    const struct apply_job *job = a->job;
    CLEANUP(sender_close) struct sender *sender = NULL;
    struct send_settings settings = {.store = a->store,
                                     .conf = job->conf,
                                     .section = job->platform,
                                     .connector = job->connector,
                                     .platform = a->platform,
                                     .plan = job->plan,
                                     .take_over = job->take_over,
                                     .team = job->plan->team_id,
                                     .run = a->run,
                                     .now = job->plan->now,
                                     .total = job->plan->n,
                                     .progress = job->progress,
                                     .stop = job->stop,
                                     .ctx = job->ctx};
    if (sender_open(&settings, &sender, err) != 0)
        return -1;
    int r = 0;
    for (size_t first = 0; r == 0 && first < job->plan->n;)
        r = send_some(a, sender, first, &first, err);
    *ret_done = sender_done(sender);
    a->skipped = sender_skipped(sender);
    return r;
}

static int apply(struct applying *a, size_t *ret_done, struct err *err)
{
    const struct plan *plan = a->job->plan;
    if (journal_open(a->store, a->run, plan->team_id, &a->journal_writer, err) != 0 ||
        a->job->connector->open(a->job->platform, a->store, plan->team_id, plan->now, &a->platform, err) != 0)
        return -1;
    return a->job->connector->send ? send_all(a, ret_done, err) : carry_out_all(a, ret_done, err);
}

/* What is unanswered keeps the run open, until it is settled. */
static int end_failed(struct applying *a, const char *message, struct err *err)
{
    int64_t unanswered;
    if (delivery_unanswered(a->store, a->run, &unanswered, err) != 0)
        return -1;
    if (unanswered)
        return run_interrupt(a->store, a->run, message, a->job->plan->now, err);
    return run_end(a->store, a->run, RUN_FAILED, message, a->job->plan->now, err);
}

static int end_done(struct applying *a, struct err *err)
{
    CLEANUP(freep) char *message = NULL;
    if (a->skipped)
        message = mem_printf("%zu changes were skipped; doorward runs show %" PRId64 " says why", a->skipped, a->run);
    return run_end(a->store, a->run, RUN_DONE, message, a->job->plan->now, err);
}

static int end(struct applying *a, int r, struct err *err)
{
    double now = clock_monotonic();
    struct err ignored = ERR_INIT; /* the first fault is the one to report */
    struct err *own = r == 0 ? err : &ignored;
    int ended = run_took(a->store, a->run, (int64_t)((now - a->began) * 1000), own);
    if (ended == 0)
        ended = r == 0 ? end_done(a, own) : end_failed(a, err->text, own);
    log_debug("run %" PRId64 ": %.3f s, of these %.3f s to write the journal, %.3f s to commit; %.3f s to vouch for it",
              a->run, clock_monotonic() - a->began, a->journal, a->commit, clock_monotonic() - now);
    return r == 0 ? ended : -1;
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
                  err) != 0 ||
        run_goes_to(a->store, a->run, conf_name(a->job->platform), a->job->connector->send != NULL, err) != 0)
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
    struct applying a = {.store = store, .job = job, .began = clock_monotonic()};
    if (begin(&a, err) != 0)
        return -1;
    *ret_run = a.run;
    int r = apply(&a, ret_done, err);
    if (a.platform)
        job->connector->close(&a.platform);
    journal_close(&a.journal_writer);
    return end(&a, r, err);
}
