#include "sync/guard.h"

#include "base/cleanup.h"
#include "base/pool.h"
#include "base/text.h"

void guard_read(const struct conf *conf, struct guard_limits *ret)
{
    const struct conf_section *sync = conf_find(conf, "sync", NULL);
    *ret =
        (struct guard_limits){.percent = conf_int(sync, "max-removals"), .count = conf_int(sync, "max-removals-count")};
}

uint32_t guard_limit(const struct guard_limits *limits, uint32_t of)
{
    int64_t by_percent = (int64_t)of * limits->percent / 100;
    if (by_percent < GUARD_FLOOR)
        by_percent = GUARD_FLOOR;
    return (uint32_t)(by_percent < limits->count ? by_percent : limits->count);
}

/* The trip to write into; NULL: there is room for no more. */
static struct guard_trip *trip_of(struct guard *guard, const char *what, uint32_t group, uint32_t base)
{
    for (size_t i = 0; i < guard->ntrips; i++) {
        struct guard_trip *t = &guard->trips[i];
        if (strcmp(t->what, what) == 0 && t->group == group && t->base == base)
            return t;
    }
    return guard->ntrips < GUARD_TRIPS ? &guard->trips[guard->ntrips++] : NULL;
}

static void count(struct guard *guard, struct guard_trip trip)
{
    trip.limit = guard_limit(&guard->limits, trip.of);
    if (trip.removals <= trip.limit)
        return;
    struct guard_trip *t = trip_of(guard, trip.what, trip.group, trip.base);
    if (t && trip.removals > t->removals)
        *t = trip;
}

void guard_count(struct guard *guard, const char *what, uint32_t group, uint32_t removals, uint32_t of)
{
    count(guard, (struct guard_trip){.what = what, .group = group, .removals = removals, .of = of});
}

void guard_count_base(struct guard *guard, uint32_t base, uint32_t removals, uint32_t of)
{
    count(guard, (struct guard_trip){.what = "people below", .base = base, .removals = removals, .of = of});
}

bool guard_tripped(const struct guard *guard, const char *what)
{
    for (size_t i = 0; i < guard->ntrips; i++)
        if (strcmp(guard->trips[i].what, what) == 0)
            return true;
    return false;
}

static bool is_admin(const struct conf_section *team, const char *key, const char *email)
{
    for (size_t i = 0; i < conf_count(team, key); i++)
        if (text_same(conf_at(team, key, i), email))
            return true;
    return false;
}

bool guard_protects(const struct conf_section *team, struct span email, struct span user_name)
{
    static const char *const roles[] = {"primary-admin", "secondary-admin", "sso-admin"};
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *address = pool_strndup(pool, email.p, email.n);
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (is_admin(team, roles[i], address))
            return true;
    for (size_t i = 0; i < conf_count(team, "protect"); i++)
        if (text_glob(conf_at(team, "protect", i), email) || text_glob(conf_at(team, "protect", i), user_name))
            return true;
    return false;
}
