#include "web/worker.h"

#include <time.h>

#include "base/clock.h"
#include "base/log.h"

bool worker_wait(struct worker *worker, long milliseconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += milliseconds % 1000 * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&worker->lock);
    while (!worker->ending && pthread_cond_timedwait(&worker->wake, &worker->lock, &until) == 0)
        ;
    bool go_on = !worker->ending;
    pthread_mutex_unlock(&worker->lock);
    return go_on;
}

static int open_desk(struct worker *worker, struct err *err)
{
    return worker->desk ? desk_open(worker->web, worker->desk, err) : desk_take(worker->web, &worker->desk, err);
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    bool told = false;
    do {
        struct err err = ERR_INIT;
        bool good = open_desk(worker, &err) == 0 && worker->round(worker, &err) == 0;
        if (!good && !told)
            log_event(LOG_LEVEL_ERROR, "%s, and it is tried again: %s", worker->what, err.text);
        told = !good;
    } while (worker_wait(worker, worker->milliseconds));
    return NULL;
}

int worker_start(struct worker *worker, struct err *err)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    worker->started = pthread_create(&worker->thread, NULL, work, worker) == 0;
    return worker->started ? 0 : err_set(err, ERR_FAILED, "%s: no thread could be started for it", worker->what);
}

struct signin worker_enter(struct worker *worker, struct pool *pool)
{
    worker->site = site_hold(worker->web);
    return (struct signin){.conf = worker->site->conf,
                           .keys = &worker->site->keys,
                           .store = worker->desk->store,
                           .signins = worker->desk->signins,
                           .pool = pool,
                           .now = clock_now()};
}

void worker_leave(struct worker *worker)
{
    site_give(&worker->site);
}

void worker_stop(struct worker *worker)
{
    if (!worker->started)
        return;
    pthread_mutex_lock(&worker->lock);
    worker->ending = true;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
    pthread_cond_destroy(&worker->wake);
    pthread_mutex_destroy(&worker->lock);
    if (worker->desk)
        desk_give(worker->web, worker->desk);
    worker->started = false;
}
