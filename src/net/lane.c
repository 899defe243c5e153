#include "net/lane.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

struct lane {
    void (*work)(void *job);
    pthread_mutex_t lock;
    pthread_cond_t changed;
    void *waiting[LANE_WAITING_MAX]; /* a ring */
    unsigned first, n;
    bool stop;
    pthread_t *threads;
    unsigned nthreads;
};

/* NULL: it is over. */
static void *next(struct lane *lane)
{
    void *job = NULL;
    pthread_mutex_lock(&lane->lock);
    while (lane->n == 0 && !lane->stop)
        pthread_cond_wait(&lane->changed, &lane->lock);
    if (lane->n > 0) {
        job = lane->waiting[lane->first];
        lane->first = (lane->first + 1) % LANE_WAITING_MAX;
        lane->n--;
    }
    pthread_mutex_unlock(&lane->lock);
    return job;
}

static void *run(void *arg)
{
    struct lane *lane = arg;
    void *job;
    while ((job = next(lane)))
        lane->work(job);
    return NULL;
}

bool lane_put(struct lane *lane, void *job)
{
    pthread_mutex_lock(&lane->lock);
    bool room = lane->n < LANE_WAITING_MAX;
    if (room)
        lane->waiting[(lane->first + lane->n++) % LANE_WAITING_MAX] = job;
    pthread_cond_signal(&lane->changed);
    pthread_mutex_unlock(&lane->lock);
    return room;
}

void lane_stop(struct lane **lane)
{
    struct lane *l = *lane;
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    for (unsigned i = 0; i < l->nthreads; i++)
        pthread_join(l->threads[i], NULL);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->changed);
    free(l->threads);
    free(l);
    *lane = NULL;
}

/* Signals are for the thread that waits for them. */
static int start_threads(struct lane *lane, unsigned n)
{
    sigset_t all, before;
    int r = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (r == 0 && lane->nthreads < n) {
        r = pthread_create(&lane->threads[lane->nthreads], NULL, run, lane);
        lane->nthreads += r == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

int lane_start(unsigned threads, void (*work)(void *job), struct lane **ret, struct err *err)
{
    CLEANUP(lane_stop) struct lane *lane = mem_zero(sizeof *lane);
    lane->work = work;
    lane->threads = mem_resize(NULL, threads, sizeof *lane->threads);
    pthread_mutex_init(&lane->lock, NULL);
    pthread_cond_init(&lane->changed, NULL);
    int r = start_threads(lane, threads);
    if (r != 0)
        return err_set(err, ERR_FAILED, "web server: %u threads cannot be had: %s; raise the limits of the service",
                       threads, strerror(r));
    *ret = TAKE(lane);
    return 0;
}
