#include "net/watch.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"

struct watched {
    struct watched *next, *before;
    double since;
    int socket;
    bool busy;
};

struct watch {
    pthread_mutex_t lock;
    struct watched *first;
};

struct watch *watch_new(void)
{
    struct watch *watch = mem_zero(sizeof *watch);
    pthread_mutex_init(&watch->lock, NULL);
    return watch;
}

void watch_free(struct watch **watch)
{
    if (!*watch)
        return;
    pthread_mutex_destroy(&(*watch)->lock);
    free(*watch);
    *watch = NULL;
}

struct watched *watch_add(struct watch *watch, int socket)
{
    struct watched *who = mem_zero(sizeof *who);
    who->since = clock_monotonic();
    who->socket = socket;
    pthread_mutex_lock(&watch->lock);
    who->next = watch->first;
    if (who->next)
        who->next->before = who;
    watch->first = who;
    pthread_mutex_unlock(&watch->lock);
    return who;
}

static void set(struct watch *watch, struct watched *who, bool busy)
{
    if (!who)
        return;
    pthread_mutex_lock(&watch->lock);
    who->busy = busy;
    who->since = clock_monotonic();
    pthread_mutex_unlock(&watch->lock);
}

void watch_busy(struct watch *watch, struct watched *who)
{
    set(watch, who, true);
}

void watch_idle(struct watch *watch, struct watched *who)
{
    set(watch, who, false);
}

void watch_remove(struct watch *watch, struct watched *who)
{
    if (!who)
        return;
    pthread_mutex_lock(&watch->lock);
    if (who->before)
        who->before->next = who->next;
    else
        watch->first = who->next;
    if (who->next)
        who->next->before = who->before;
    pthread_mutex_unlock(&watch->lock);
    free(who);
}

/* The socket is shut, not closed: its owner sees the end of it, as if the client had gone. */
unsigned watch_cut(struct watch *watch, double seconds)
{
    unsigned n = 0;
    double now = clock_monotonic();
    pthread_mutex_lock(&watch->lock);
    for (struct watched *who = watch->first; who; who = who->next)
        if (!who->busy && now - who->since > seconds) {
            shutdown(who->socket, SHUT_RDWR);
            n++;
        }
    pthread_mutex_unlock(&watch->lock);
    return n;
}
