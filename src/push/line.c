#include "push/line.h"

#include <pthread.h>

#include "base/cleanup.h"
#include "base/mem.h"

/* One that waits; it lives on its thread's stack. */
struct waiting {
    line_work *work;
    void *job;
    struct err *err;
    int result;
    bool done, leads; /* leads: it is this thread's turn to carry out */
    struct waiting *next;
};

struct line {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    struct waiting *first, **last;
    bool led;              /* some thread carries out … */
    struct pushed *pushed; /* … with this handle; NULL: not opened yet */
    char *dir;
};

struct line *line_new(const char *dir)
{
    struct line *line = mem_zero(sizeof *line);
    pthread_mutex_init(&line->lock, NULL);
    pthread_cond_init(&line->moved, NULL);
    line->last = &line->first;
    line->dir = mem_strdup(dir);
    return line;
}

void line_free(struct line **line)
{
    if (!*line)
        return;
    pthread_mutex_destroy(&(*line)->lock);
    pthread_cond_destroy(&(*line)->moved);
    pushed_close(&(*line)->pushed);
    free((*line)->dir);
    free(*line);
    *line = NULL;
}

/* --- a transaction ------------------------------------------------------------------------------------------------------- */

/* -1: a fault of ours, after which nothing of the transaction can be trusted. */
static int carry_out_one(struct pushed *pushed, struct waiting *w, struct err *err)
{
    if (pushed_mark(pushed, err) != 0)
        return -1;
    w->result = w->work(w->job, pushed, w->err);
    if (w->result < 0) {
        *err = *w->err;
        return -1;
    }
    if (w->result == 0)
        return pushed_keep(pushed, err);
    pushed_undo(pushed);
    return 0;
}

static int carry_out_all(struct pushed *pushed, struct waiting *first, struct err *err)
{
    if (pushed_begin(pushed, err) != 0)
        return -1;
    for (struct waiting *w = first; w; w = w->next)
        if (carry_out_one(pushed, w, err) != 0) {
            pushed_rollback(pushed);
            return -1;
        }
    return pushed_commit(pushed, err);
}

static int open_line(struct line *line, struct err *err)
{
    CLEANUP(pushed_close) struct pushed *pushed = NULL;
    if (line->pushed && !pushed_is_moved(line->pushed))
        return 0;
    pushed_close(&line->pushed);
    if (pushed_open(line->dir, &pushed, err) != 0 || pushed_writes_much(pushed, err) != 0)
        return -1;
    line->pushed = TAKE(pushed);
    return 0;
}

static void carry_out(struct line *line, struct waiting *first)
{
    struct err err = ERR_INIT;
    if (open_line(line, &err) == 0 && carry_out_all(line->pushed, first, &err) == 0)
        return;
    for (struct waiting *w = first; w; w = w->next) {
        w->result = -1;
        *w->err = err;
    }
}

/* --- the line ------------------------------------------------------------------------------------------------------------- */

static struct waiting *take_some(struct line *line)
{
    struct waiting *first = line->first, *end = first;
    for (int n = 1; n < LINE_AT_ONCE && end->next; n++)
        end = end->next;
    line->first = end->next;
    if (!line->first)
        line->last = &line->first;
    end->next = NULL;
    return first;
}

/* With the lock held, but for the work itself. Who leads is in what it takes. */
static void lead(struct line *line)
{
    struct waiting *some = take_some(line);
    pthread_mutex_unlock(&line->lock);
    carry_out(line, some);
    pthread_mutex_lock(&line->lock);
    for (struct waiting *next = NULL; some; some = next) {
        next = some->next; /* its thread may go on as soon as it is done */
        some->done = true;
    }
    line->led = line->first != NULL;
    if (line->first)
        line->first->leads = true;
    pthread_cond_broadcast(&line->moved);
}

int line_pass(struct line *line, line_work *work, void *job, struct err *err)
{
    struct waiting own = {.work = work, .job = job, .err = err};
    pthread_mutex_lock(&line->lock);
    *line->last = &own;
    line->last = &own.next;
    if (!line->led)
        line->led = own.leads = true;
    while (!own.done && !own.leads)
        pthread_cond_wait(&line->moved, &line->lock);
    if (!own.done)
        lead(line);
    pthread_mutex_unlock(&line->lock);
    return own.result;
}
