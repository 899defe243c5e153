#include "store/drift.h"
#include "store/run.h"
#include "sync/send_inner.h"

DEFINE_CLEANUP(rollback, struct db *, db_rollback)

/* An id that the platform names is kept; that of an account which was removed is none any more. */
static int keep_ids(struct sender *s, size_t i, struct err *err)
{
    const struct platform_answer *a = &s->wave.answers[i];
    const struct change *c = &s->wave.errands[i]->change;
    if ((*a->account || c->op == OP_REMOVE) && c->person &&
        delivery_keep_account(s->delivery, c->person, *a->account ? a->account : NULL, err) != 0)
        return -1;
    if (!*a->object || !c->object)
        return 0;
    return delivery_keep_object(s->delivery, c, s->wave.errands[i]->seq, a->object, err);
}

static int move_rows(struct sender *s, const struct errand *first, size_t n, struct err *err)
{
    return roster_rows_change(s->rows, s->s.run, (enum op)first->change.op, first->change.cause == CAUSE_UNDO,
                              first->seq, first->seq + n - 1, err);
}

/*
 * Of a run that is settled, something else may have moved a row since. Then the change stays without effect here and
 * is given up, or the run could never be closed; the next plan compares again.
 */
static int move_row_if_it_fits(struct sender *s, size_t i, struct err *err)
{
    const struct errand *e = s->wave.errands[i];
    struct err why = ERR_INIT;
    if (db_exec(s->s.store->db, "SAVEPOINT one_row", err) != 0)
        return -1;
    if (move_rows(s, e, 1, &why) != 0) {
        if (why.kind != ERR_CONFLICT) {
            *err = why;
            return -1;
        }
        s->wave.outcomes[i] = SKIPPED;
        s->wave.answers[i].why = why;
        if (db_exec(s->s.store->db, "ROLLBACK TO one_row", err) != 0)
            return -1;
    }
    return db_exec(s->s.store->db, "RELEASE one_row", err);
}

/* A repair moves none: the platform follows the rows. */
static bool moves_row(const struct wave *w, size_t i)
{
    return w->outcomes[i] == CONFIRMED && w->errands[i]->change.cause != CAUSE_DRIFT;
}

/* How many from the i-th on are confirmed and follow each other in the journal. */
static size_t row_of_confirmed(const struct wave *w, size_t i)
{
    size_t n = 1;
    while (i + n < w->n && moves_row(w, i + n) && w->errands[i + n]->seq == w->errands[i]->seq + n)
        n++;
    return n;
}

static int keep_rows(struct sender *s, struct err *err)
{
    struct wave *w = &s->wave;
    for (size_t i = 0, n; i < w->n; i += n) {
        n = 1;
        if (!moves_row(w, i))
            continue;
        if (!s->s.plan) {
            if (move_row_if_it_fits(s, i, err) != 0)
                return -1;
            continue;
        }
        n = row_of_confirmed(w, i);
        if (move_rows(s, w->errands[i], n, err) != 0)
            return -1;
    }
    return 0;
}

static int keep_confirmed(struct sender *s, size_t i, struct err *err)
{
    const struct errand *e = s->wave.errands[i];
    const char *note = s->wave.answers[i].taken_over ? "the account had been there, and was taken over" : NULL;
    return delivery_confirmed(s->delivery, e->seq, note, sender_now(s), err) != 0 ||
                   mapper_done(s->mapper, &e->change, &s->wave.tasks[i], err) != 0 || keep_ids(s, i, err) != 0 ||
                   drift_settled(s->s.store->db, s->s.team, &e->change, sender_now(s), err) != 0
               ? -1
               : 0;
}

static int keep_outcome(struct sender *s, size_t i, struct err *err)
{
    uint32_t seq = s->wave.errands[i]->seq;
    if (s->wave.outcomes[i] == CONFIRMED)
        return keep_confirmed(s, i, err);
    if (s->wave.outcomes[i] != SKIPPED)
        return 0;
    if (s->wave.answers[i].verdict == PLATFORM_SKIP &&
        drift_refused(s->s.store->db, s->s.team, &s->wave.errands[i]->change, sender_now(s), err) != 0)
        return -1;
    return delivery_skipped(s->delivery, seq, true, s->wave.answers[i].why.text, sender_now(s), err);
}

int keep_wave(struct sender *s, struct err *err)
{
    struct wave *w = &s->wave;
    size_t done = s->done;
    if (db_begin(s->s.store->db, err) != 0)
        return -1;
    CLEANUP(rollback) struct db *open = s->s.store->db;
    if (keep_rows(s, err) != 0)
        return -1;
    for (size_t i = 0; i < w->n; i++) {
        if (keep_outcome(s, i, err) != 0)
            return -1;
        done += w->outcomes[i] == CONFIRMED;
    }
    if (run_progress(s->s.store, s->s.run, done, err) != 0)
        return -1;
    open = NULL;
    return db_commit(s->s.store->db, err);
}
