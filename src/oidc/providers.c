#include "oidc/providers.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

struct entry;

/* What a thread holds does not change under it: who knows better puts another one in its place. */
struct snapshot {
    struct known known; /* first: it is what others hold */
    struct keyset *keys;
    struct pool *pool;
    struct entry *entry;
    unsigned holders;
};

struct entry {
    char *issuer, *ca_file;
    pthread_mutex_t fetching; /* taken before the lock of all */
    /* Under the lock of all. */
    struct snapshot *now; /* NULL: nothing is known */
    bool wanted;
    int64_t fetched_at, renewed_at, next_at; /* next_at: not before, after a fault */
    int64_t wait;
    struct err fault;
    unsigned sending, waiting;
    double moved_at, took; /* monotonic; took: seconds of a request, lately */
    struct entry *next;
};

struct providers {
    const struct caller *caller;
    pthread_mutex_t lock; /* held for moments only */
    pthread_cond_t turn;
    struct entry *entries; /* none is taken out: threads hold them */
};

/* --- snapshots -------------------------------------------------------------------------------------------------------- */

static void snapshot_free(struct snapshot *s)
{
    keyset_free(&s->keys);
    pool_free(&s->pool);
    free(s);
}

static struct snapshot *hold(struct snapshot *s)
{
    s->holders++;
    return s;
}

static void let_go(struct snapshot *s)
{
    if (s && --s->holders == 0)
        snapshot_free(s);
}

static int fetch(const struct caller *caller, struct entry *entry, struct snapshot **ret, struct err *err)
{
    struct snapshot *s = mem_zero(sizeof *s);
    s->pool = pool_new();
    s->entry = entry;
    s->holders = 1;
    if (call_discovery(s->pool, caller, entry->ca_file, entry->issuer, &s->known.provider, err) != 0 ||
        call_keyset(caller, entry->ca_file, &s->known.provider, &s->keys, err) != 0) {
        snapshot_free(s);
        return -1;
    }
    s->known.keys = s->keys;
    *ret = s;
    return 0;
}

/* The lock of all is held. */
static void note_success(struct entry *e, struct snapshot *fresh, int64_t now)
{
    let_go(e->now);
    e->now = fresh;
    e->fetched_at = now;
    e->next_at = e->wait = 0;
    err_clear(&e->fault);
}

static void note_fault(struct entry *e, const struct err *fault, int64_t now)
{
    e->wait = e->wait ? 2 * e->wait : PROVIDERS_RETRY;
    if (e->wait > PROVIDERS_WAIT)
        e->wait = PROVIDERS_WAIT;
    e->next_at = now + e->wait;
    e->fault = *fault;
}

/* e->fetching is held, and the lock of all is not. */
static void fetch_now(struct providers *p, struct entry *e, int64_t now)
{
    struct snapshot *fresh = NULL;
    struct err fault = ERR_INIT;
    int r = fetch(p->caller, e, &fresh, &fault);
    pthread_mutex_lock(&p->lock);
    if (r == 0)
        note_success(e, fresh, now);
    else
        note_fault(e, &fault, now);
    pthread_mutex_unlock(&p->lock);
}

/* --- all of them ------------------------------------------------------------------------------------------------------ */

struct providers *providers_new(const struct caller *caller)
{
    struct providers *p = mem_zero(sizeof *p);
    pthread_condattr_t monotonic;
    p->caller = caller;
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&p->turn, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return p;
}

void providers_free(struct providers **providers)
{
    struct providers *p = *providers;
    if (!p)
        return;
    while (p->entries) {
        struct entry *e = p->entries;
        p->entries = e->next;
        let_go(e->now);
        pthread_mutex_destroy(&e->fetching);
        free(e->issuer);
        free(e->ca_file);
        free(e);
    }
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->turn);
    free(p);
    *providers = NULL;
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static struct entry *find(struct providers *p, const char *issuer, const char *ca_file)
{
    for (struct entry *e = p->entries; e; e = e->next)
        if (strcmp(e->issuer, issuer) == 0 && same(e->ca_file, ca_file))
            return e;
    return NULL;
}

static struct entry *find_wanted(struct providers *p, const char *issuer)
{
    for (struct entry *e = p->entries; e; e = e->next)
        if (e->wanted && strcmp(e->issuer, issuer) == 0)
            return e;
    return NULL;
}

static struct entry *add(struct providers *p, const struct providers_wanted *wanted)
{
    struct entry *e = mem_zero(sizeof *e);
    e->issuer = mem_strdup(wanted->issuer);
    e->ca_file = wanted->ca_file ? mem_strdup(wanted->ca_file) : NULL;
    pthread_mutex_init(&e->fetching, NULL);
    e->next = p->entries;
    p->entries = e;
    return e;
}

void providers_want(struct providers *p, const struct providers_wanted *wanted, size_t n)
{
    pthread_mutex_lock(&p->lock);
    for (struct entry *e = p->entries; e; e = e->next)
        e->wanted = false;
    for (size_t i = 0; i < n; i++) {
        struct entry *e = find(p, wanted[i].issuer, wanted[i].ca_file);
        e = e ? e : add(p, &wanted[i]);
        e->wanted = true;
    }
    for (struct entry *e = p->entries; e; e = e->next)
        if (!e->wanted)
            let_go(TAKE(e->now));
    pthread_mutex_unlock(&p->lock);
}

/* --- turns ------------------------------------------------------------------------------------------------------------ */

static bool is_slow(const struct entry *e)
{
    return e->took > PROVIDERS_SLOW / 1000.0 || clock_monotonic() - e->moved_at > PROVIDERS_SLOW / 1000.0;
}

/* The lock of all is held. */
static void wait_for_turn(struct providers *p, struct entry *e)
{
    struct timespec end;
    int late = 0;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += PROVIDERS_TURN / 1000;
    e->waiting++;
    while (e->sending >= PROVIDERS_SENDING && late != ETIMEDOUT)
        late = pthread_cond_timedwait(&p->turn, &p->lock, &end);
    e->waiting--;
}

static int take_turn(struct providers *p, struct entry *e, double *ret_since, struct err *err)
{
    pthread_mutex_lock(&p->lock);
    bool crowded = e->sending >= PROVIDERS_SENDING && e->waiting >= PROVIDERS_WAITING && is_slow(e);
    if (!crowded)
        wait_for_turn(p, e);
    bool mine = !crowded && e->sending < PROVIDERS_SENDING;
    e->sending += mine;
    *ret_since = clock_monotonic();
    if (mine)
        e->moved_at = *ret_since;
    pthread_mutex_unlock(&p->lock);
    return mine ? 0
                : err_set(err, ERR_NETWORK, "provider '%s': it is slow, and %d requests wait for it already%s; try again",
                          e->issuer, PROVIDERS_SENDING, crowded ? ", and others for their turn" : "");
}

static void end_turn(struct providers *p, struct entry *e, double since)
{
    pthread_mutex_lock(&p->lock);
    e->sending--;
    e->moved_at = clock_monotonic();
    e->took = (3 * e->took + e->moved_at - since) / 4;
    pthread_cond_broadcast(&p->turn);
    pthread_mutex_unlock(&p->lock);
}

/* --- one of them ------------------------------------------------------------------------------------------------------ */

/* What is known or, after a fault of a moment ago, that; 0: neither. The lock of all is held. */
static int look(struct entry *e, int64_t now, const struct known **ret, struct err *err)
{
    if (e->now) {
        *ret = &hold(e->now)->known;
        return 1;
    }
    if (e->next_at <= now)
        return 0;
    *err = e->fault;
    return -1;
}

static int look_locked(struct providers *p, struct entry *e, int64_t now, const struct known **ret, struct err *err)
{
    pthread_mutex_lock(&p->lock);
    int r = look(e, now, ret, err);
    pthread_mutex_unlock(&p->lock);
    return r;
}

int providers_get(struct providers *p, const char *issuer, int64_t now, const struct known **ret, struct err *err)
{
    pthread_mutex_lock(&p->lock);
    struct entry *e = find_wanted(p, issuer);
    int r = e ? look(e, now, ret, err) : 0;
    pthread_mutex_unlock(&p->lock);
    if (!e)
        return err_set(err, ERR_REFUSED, "provider '%s': no connection names it; reload the configuration", issuer);
    if (r != 0)
        return r > 0 ? 0 : -1;
    double since;
    if (take_turn(p, e, &since, err) != 0)
        return -1;
    pthread_mutex_lock(&e->fetching); /* who comes second finds what the first one fetched */
    r = look_locked(p, e, now, ret, err);
    if (r == 0) {
        fetch_now(p, e, now);
        r = look_locked(p, e, now, ret, err);
    }
    pthread_mutex_unlock(&e->fetching);
    end_turn(p, e, since);
    return r > 0 ? 0 : -1;
}

static bool may_renew(struct providers *p, struct entry *e, const struct known *than, int64_t now)
{
    pthread_mutex_lock(&p->lock);
    bool may = e->now && &e->now->known == than && e->renewed_at + PROVIDERS_RENEW <= now && e->next_at <= now;
    if (may)
        e->renewed_at = now;
    pthread_mutex_unlock(&p->lock);
    return may;
}

/* Who cannot have a turn takes what the others found. */
static void look_anew(struct providers *p, struct entry *e, const struct known *than, int64_t now)
{
    struct err ignored = ERR_INIT;
    double since;
    if (take_turn(p, e, &since, &ignored) != 0)
        return;
    pthread_mutex_lock(&e->fetching);
    if (may_renew(p, e, than, now))
        fetch_now(p, e, now);
    pthread_mutex_unlock(&e->fetching);
    end_turn(p, e, since);
}

int providers_renew(struct providers *p, int64_t now, const struct known **known)
{
    struct entry *e = ((const struct snapshot *)*known)->entry;
    look_anew(p, e, *known, now);
    pthread_mutex_lock(&p->lock);
    bool other = e->now && &e->now->known != *known;
    if (other) {
        let_go((struct snapshot *)*known);
        *known = &hold(e->now)->known;
    }
    pthread_mutex_unlock(&p->lock);
    return other;
}

void providers_give(struct providers *p, const struct known **known)
{
    if (!*known)
        return;
    pthread_mutex_lock(&p->lock);
    let_go((struct snapshot *)*known);
    pthread_mutex_unlock(&p->lock);
    *known = NULL;
}

/* --- requests --------------------------------------------------------------------------------------------------------- */

int providers_send(struct providers *p, const struct known *known, const struct http_request *request,
                   struct http_reply *ret, struct err *err)
{
    struct entry *e = ((const struct snapshot *)known)->entry;
    double since;
    if (take_turn(p, e, &since, err) != 0)
        return -1;
    int r = p->caller->send(p->caller->ctx, e->ca_file, request, ret, err);
    end_turn(p, e, since);
    return r;
}

/* --- keeping ---------------------------------------------------------------------------------------------------------- */

static bool is_due(struct providers *p, const struct entry *e, int64_t now)
{
    pthread_mutex_lock(&p->lock);
    bool due = e->wanted && e->next_at <= now && (!e->now || e->fetched_at + PROVIDERS_FRESH <= now);
    pthread_mutex_unlock(&p->lock);
    return due;
}

static struct entry *first(struct providers *p)
{
    pthread_mutex_lock(&p->lock);
    struct entry *e = p->entries;
    pthread_mutex_unlock(&p->lock);
    return e;
}

void providers_keep(struct providers *p, int64_t now)
{
    for (struct entry *e = first(p); e; e = e->next) {
        if (!is_due(p, e, now))
            continue;
        pthread_mutex_lock(&e->fetching);
        if (is_due(p, e, now))
            fetch_now(p, e, now);
        pthread_mutex_unlock(&e->fetching);
    }
}

bool providers_known(struct providers *p)
{
    bool all = true;
    pthread_mutex_lock(&p->lock);
    for (const struct entry *e = p->entries; e; e = e->next)
        all &= !e->wanted || e->now;
    pthread_mutex_unlock(&p->lock);
    return all;
}

void providers_each(struct providers *p, void (*each)(void *ctx, const struct provider *provider), void *ctx)
{
    pthread_mutex_lock(&p->lock);
    for (const struct entry *e = p->entries; e; e = e->next)
        if (e->wanted && e->now)
            each(ctx, &e->now->known.provider);
    pthread_mutex_unlock(&p->lock);
}
