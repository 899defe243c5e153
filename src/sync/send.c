#include "sync/send.h"

#include <math.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/pace.h"
#include "store/run.h"
#include "sync/assign.h"
#include "sync/send_inner.h"

#define TICK 0.2 /* seconds between two looks at whether to stop */

DEFINE_CLEANUP(rollback, struct db *, db_rollback)

int64_t sender_now(const struct sender *s)
{
    return s->s.now + (int64_t)(clock_monotonic() - s->began);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

int sender_open(const struct send_settings *settings, struct sender **ret, struct err *err)
{
    CLEANUP(sender_close) struct sender *s = mem_zero(sizeof *s);
    s->s = *settings;
    s->done = settings->done;
    s->began = clock_monotonic();
    retry_init(&s->retry, settings->section);
    s->wave.pool = pool_new();
    s->depend = depend_new(settings->plan);
    if (mapper_open(settings->store, settings->section, settings->team, false, &s->mapper, err) != 0 ||
        delivery_open(settings->store, settings->run, settings->team, &s->delivery, err) != 0 ||
        roster_rows_open(settings->store, settings->team, settings->now, ACCOUNT_ACTIVE, false, &s->rows, err) != 0)
        return -1;
    *ret = TAKE(s);
    return 0;
}

void sender_close(struct sender **sender)
{
    struct sender *s = *sender;
    if (!s)
        return;
    delivery_close(&s->delivery);
    if (s->rows)
        roster_rows_close(&s->rows);
    depend_free(&s->depend);
    mapper_close(&s->mapper);
    pool_free(&s->wave.pool);
    free(s->wave.errands);
    free(s->wave.tasks);
    free(s->wave.answers);
    free(s->wave.keys);
    free(s->wave.outcomes);
    free(s);
    *sender = NULL;
}

size_t sender_done(const struct sender *s)
{
    return s->done;
}

size_t sender_skipped(const struct sender *s)
{
    return s->skipped;
}

/* --- choosing a wave ---------------------------------------------------------------------------------------------- */

static void make_room(struct sender *s, enum op op)
{
    struct wave *w = &s->wave;
    size_t width = s->s.connector->width(s->s.platform, op);
    width = width ? width : 1;
    if (width > w->cap) {
        w->errands = mem_resize(w->errands, width, sizeof *w->errands);
        w->tasks = mem_resize(w->tasks, width, sizeof *w->tasks);
        w->answers = mem_resize(w->answers, width, sizeof *w->answers);
        w->keys = mem_resize(w->keys, width, sizeof *w->keys);
        w->outcomes = mem_resize(w->outcomes, width, sizeof *w->outcomes);
    }
    w->cap = width;
}

static bool has_person(const struct wave *w, uint32_t person)
{
    for (size_t i = 0; person && i < w->n; i++)
        if (w->errands[i]->change.person == person)
            return true;
    return false;
}

/* Whoever is due, in this order; *ret_due is when the next will be, when nobody is. */
static void choose(struct sender *s, struct errand *const *errands, size_t n, double *ret_due)
{
    double now = clock_monotonic();
    struct wave *w = &s->wave;
    make_room(s, (enum op)errands[0]->change.op);
    w->n = 0;
    *ret_due = INFINITY;
    for (size_t i = 0; i < n && w->n < w->cap; i++) {
        double due = errands[i]->due > s->retry.rest_until ? errands[i]->due : s->retry.rest_until;
        if (errands[i]->answered)
            continue;
        if (due > now)
            *ret_due = due < *ret_due ? due : *ret_due;
        else if (!has_person(w, errands[i]->change.person))
            w->errands[w->n++] = errands[i];
    }
}

static int by_object(const void *left, const void *right)
{
    const struct errand *a = *(struct errand *const *)left, *b = *(struct errand *const *)right;
    if (a->change.object != b->change.object)
        return a->change.object < b->change.object ? -1 : 1;
    return (a->seq > b->seq) - (a->seq < b->seq);
}

/*
 * In the order of the journal; memberships by groups, as a platform changes many members of one at once, and in the journal
 * a group's are spread over all its people. Freed by the caller.
 */
static struct errand **in_order(struct errand *errands, size_t n)
{
    struct errand **order = mem_resize(NULL, n, sizeof *order);
    for (size_t i = 0; i < n; i++)
        order[i] = &errands[i];
    if (n && errands[0].change.person && errands[0].change.object && !op_changes_id((enum op)errands[0].change.op))
        qsort(order, n, sizeof *order, by_object);
    return order;
}

static int check_stop(struct sender *s, struct err *err)
{
    if (s->s.progress)
        s->s.progress(s->s.ctx, s->done + s->skipped, s->s.total);
    if (s->s.stop && s->s.stop(s->s.ctx))
        return err_set(err, ERR_FAILED, "ended by a signal");
    return 0;
}

/* A signal ends the pause early, so that a stop is seen at once. */
static int wait_until(struct sender *s, double due, struct err *err)
{
    double left;
    while ((left = due - clock_monotonic()) > 0) {
        if (check_stop(s, err) != 0)
            return -1;
        left = left < TICK ? left : TICK;
        nanosleep(&(struct timespec){.tv_nsec = (long)(left * 1e9)}, NULL);
    }
    return 0;
}

/* --- sending it --------------------------------------------------------------------------------------------------- */

/* A product is known by its section, which outlives its title. */
static void name_product(const struct sender *s, const char *section, struct platform_task *task)
{
    struct assign assign = assign_of(s->s.conf, section);
    task->object_uid = pool_printf(s->wave.pool, "product:%s", section);
    task->object_name = assign.title;
    task->assign = assign.how;
    task->value = assign.value;
}

static int make_task(struct sender *s, size_t i, struct err *err)
{
    const struct errand *e = s->wave.errands[i];
    struct platform_task *task = &s->wave.tasks[i];
    struct delivery_text text;
    if (delivery_text(s->delivery, &e->change, e->seq, s->wave.pool, &text, err) != 0)
        return -1;
    delivery_key(s->delivery, e->seq, s->wave.keys[i]);
    *task = (struct platform_task){.op = (enum op)e->change.op,
                                   .key = s->wave.keys[i],
                                   .person = text.person,
                                   .account = text.account,
                                   .active = text.active,
                                   .object = text.object,
                                   .object_uid = text.object_uid,
                                   .object_name = text.object_name,
                                   .former = text.former,
                                   .claim = e->change.cause == CAUSE_DRIFT,
                                   .first = e->attempts == e->unsent,
                                   .take_over = s->s.take_over};
    memcpy(task->attr, text.attr, sizeof task->attr);
    if (mapper_task(s->mapper, &e->change, s->s.run, e->seq, s->wave.pool, task, err) != 0)
        return -1;
    if (task->object_name && !task->object_uid)
        name_product(s, text.object_name, task);
    return 0;
}

/* Noted before the platform is asked: from here on it may be done. */
static int note_sent(struct sender *s, struct err *err)
{
    struct wave *w = &s->wave;
    pool_reset(w->pool);
    if (db_begin(s->s.store->db, err) != 0)
        return -1;
    CLEANUP(rollback) struct db *open = s->s.store->db;
    for (size_t i = 0; i < w->n; i++)
        if (make_task(s, i, err) != 0 ||
            delivery_sent(s->delivery, w->errands[i]->seq, w->errands[i]->attempts, sender_now(s), err) != 0)
            return -1;
    open = NULL;
    if (db_commit(s->s.store->db, err) != 0)
        return -1;
    for (size_t i = 0; i < w->n; i++)
        w->errands[i]->attempts++;
    return 0;
}

/* --- judging the answers ------------------------------------------------------------------------------------------ */

/* What stopped before it was ever sent otherwise was not done; of what was sent before, that is not known. */
static enum outcome judge(const struct sender *s, const struct errand *e, const struct platform_answer *a)
{
    switch (a->verdict) {
    case PLATFORM_DONE:
        return CONFIRMED;
    case PLATFORM_SKIP:
        return SKIPPED;
    case PLATFORM_STOP:
        return e->attempts == 1 ? SKIPPED : STOPPED;
    default:
        return retry_worn_out(&s->retry, e->tries, e->attempts - e->let) ? SKIPPED : AGAIN;
    }
}

/* While others get through, waiting for one's turn is no failure. */
static void count_tries(struct sender *s)
{
    struct wave *w = &s->wave;
    bool moves = retry_moves(w->answers, w->n);
    for (size_t i = 0; i < w->n; i++) {
        const struct platform_answer *a = &w->answers[i];
        bool counts = a->verdict != PLATFORM_RETRY || !moves || !(a->unsent || a->busy);
        w->errands[i]->unsent += a->verdict == PLATFORM_RETRY && a->unsent;
        w->errands[i]->tries += counts;
        w->errands[i]->let += !counts;
    }
}

static void judge_wave(struct sender *s)
{
    struct wave *w = &s->wave;
    retry_hear(&s->retry, w->answers, w->n);
    count_tries(s);
    for (size_t i = 0; i < w->n; i++)
        w->outcomes[i] = judge(s, w->errands[i], &w->answers[i]);
}

/* --- the wave as a whole ------------------------------------------------------------------------------------------ */

/* What is only in memory follows when the transaction stands. */
static void settle_wave(struct sender *s)
{
    struct wave *w = &s->wave;
    for (size_t i = 0; i < w->n; i++) {
        struct errand *e = w->errands[i];
        e->answered = w->outcomes[i] == CONFIRMED || w->outcomes[i] == SKIPPED;
        bool rests = w->answers[i].unsent && w->answers[i].wait > 0; /* all of them do, and that is enough */
        e->due = clock_monotonic() + (rests ? 0 : retry_wait(&s->retry, e->tries));
        s->done += w->outcomes[i] == CONFIRMED;
        s->skipped += w->outcomes[i] == SKIPPED;
        if (w->outcomes[i] == SKIPPED)
            depend_note_skipped(s->depend, &e->change, e->seq);
    }
}

static int check_wave(const struct sender *s, struct err *err)
{
    const struct wave *w = &s->wave;
    for (size_t i = 0; i < w->n; i++) {
        if (w->answers[i].verdict == PLATFORM_STOP) {
            *err = w->answers[i].why;
            return -1;
        }
    }
    if (retry_lost(&s->retry))
        return err_set(err, ERR_NETWORK, "platform %s: lost; %zu changes in a row had no answer, the last with: %s",
                       conf_name(s->s.section), s->retry.silent_changes, w->answers[w->n - 1].why.text);
    return 0;
}

static int send_wave(struct sender *s, struct err *err)
{
    struct wave *w = &s->wave;
    if (note_sent(s, err) != 0)
        return -1;
    memset(w->answers, 0, w->n * sizeof *w->answers);
    s->s.connector->send(s->s.platform, w->tasks, w->n, w->answers);
    judge_wave(s);
    if (keep_wave(s, err) != 0)
        return -1;
    settle_wave(s);
    return check_wave(s, err);
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

/* What depends on a change that was skipped is not tried. */
static int skip_dependents(struct sender *s, struct errand *errands, size_t n, struct err *err)
{
    CLEANUP(buf_release) struct buf why = BUF_INIT;
    if (!depend_any(s->depend))
        return 0;
    if (db_begin(s->s.store->db, err) != 0)
        return -1;
    CLEANUP(rollback) struct db *open = s->s.store->db;
    for (size_t i = 0; i < n; i++) {
        buf_clear(&why);
        if (!depend_hinders(s->depend, &errands[i].change, &why))
            continue;
        if (delivery_skipped(s->delivery, errands[i].seq, errands[i].attempts > 0, buf_str(&why), sender_now(s), err) !=
            0)
            return -1;
        errands[i].answered = true;
        s->skipped++;
        depend_note_skipped(s->depend, &errands[i].change, errands[i].seq);
    }
    open = NULL;
    return db_commit(s->s.store->db, err);
}

/* All of one kind, until nothing is left to be sent. */
static int send_kind(struct sender *s, struct errand *errands, size_t n, struct err *err)
{
    if (skip_dependents(s, errands, n, err) != 0)
        return -1;
    CLEANUP(freep) struct errand **order = in_order(errands, n);
    for (size_t first = 0;;) {
        double due;
        while (first < n && order[first]->answered)
            first++;
        if (first == n)
            return 0;
        if (check_stop(s, err) != 0)
            return -1;
        choose(s, order + first, n - first, &due);
        if (s->wave.n == 0 ? wait_until(s, due, err) != 0 : send_wave(s, err) != 0)
            return -1;
    }
}

/* What it took, for the next estimate; also when it was ended in the middle. */
static int send_measured(struct sender *s, struct errand *errands, size_t n, struct err *err)
{
    double began = clock_monotonic();
    size_t before = s->done;
    struct err ignored = ERR_INIT;
    int r = send_kind(s, errands, n, err);
    int64_t took = (int64_t)((clock_monotonic() - began) * 1000);
    if (s->done > before)
        pace_add(s->s.store, s->s.run, (enum op)errands->change.op, s->done - before, took, &ignored);
    return r;
}

int sender_send(struct sender *s, struct errand *errands, size_t n, struct err *err)
{
    for (size_t i = 0, some; i < n; i += some) {
        some = 1;
        while (i + some < n && errands[i + some].change.op == errands[i].change.op &&
               (errands[i + some].change.cause == CAUSE_UNDO) == (errands[i].change.cause == CAUSE_UNDO))
            some++;
        if (send_measured(s, errands + i, some, err) != 0)
            return -1;
    }
    log_debug("platform %s: %zu changes confirmed, %zu skipped", conf_name(s->s.section), s->done, s->skipped);
    return 0;
}
