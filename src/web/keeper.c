#include "web/keeper.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

#define EVERY 5 /* seconds */

struct keeper {
    struct providers *providers;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool look, stop;
};

/* false: it is to end. */
static bool rest(struct keeper *k)
{
    struct timespec end;
    int late = 0;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += EVERY;
    pthread_mutex_lock(&k->lock);
    while (!k->look && !k->stop && late == 0)
        late = pthread_cond_timedwait(&k->changed, &k->lock, &end);
    k->look = false;
    bool on = !k->stop;
    pthread_mutex_unlock(&k->lock);
    return on;
}

static void *keep(void *arg)
{
    struct keeper *k = arg;
    do
        providers_keep(k->providers, clock_now());
    while (rest(k));
    return NULL;
}

/* Signals are for the thread that waits for them. */
static int start_thread(struct keeper *k)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&k->thread, NULL, keep, k);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

int keeper_start(struct providers *providers, struct keeper **ret, struct err *err)
{
    struct keeper *k = mem_zero(sizeof *k);
    k->providers = providers;
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->changed, NULL);
    int r = start_thread(k);
    if (r != 0) {
        free(k);
        return err_set(err, ERR_FAILED,
                       "no thread can be had for what is fetched from identity providers: %s; raise "
                       "the limits of the service",
                       strerror(r));
    }
    *ret = k;
    return 0;
}

static void tell(struct keeper *k, bool *what)
{
    pthread_mutex_lock(&k->lock);
    *what = true;
    pthread_cond_signal(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

void keeper_look(struct keeper *keeper)
{
    tell(keeper, &keeper->look);
}

void keeper_stop(struct keeper **keeper)
{
    struct keeper *k = *keeper;
    if (!k)
        return;
    tell(k, &k->stop);
    pthread_join(k->thread, NULL);
    pthread_mutex_destroy(&k->lock);
    pthread_cond_destroy(&k->changed);
    free(k);
    *keeper = NULL;
}
