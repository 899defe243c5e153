/*
 * A thread of the sign-in server beside those that answer requests, with handles of its own: does a round of something, waits, does the next.
 *
 *   worker_start -> rounds, in which worker_wait may be called -> worker_stop
 */
#ifndef WEB_WORKER_H
#define WEB_WORKER_H

#include "web/inner.h"

struct worker {
    struct web *web;
    struct desk *desk; /* open in a round; its store NULL as long as there is no state */
    /* -1 is logged once until it goes well again, and tried again after the usual wait. */
    int (*round)(struct worker *worker, struct err *err);
    const char *what; /* it does, for the log: "sessions cannot be looked at" */
    long milliseconds;
    void *ctx; /* the round's own */
    /* kept by worker.c */
    struct web_site *site; /* held from worker_enter to worker_leave */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool started, ending;
};

/* The first five members are filled, the others zero. It must not move until worker_stop. */
int worker_start(struct worker *worker, struct err *err);
/* False: it is time to end. */
bool worker_wait(struct worker *worker, long milliseconds);
/* The struct signin of one step; the configuration may be used until worker_leave. pool: the caller's. */
struct signin worker_enter(struct worker *worker, struct pool *pool);
void worker_leave(struct worker *worker);
void worker_stop(struct worker *worker); /* no-op when it was not started */

#endif
