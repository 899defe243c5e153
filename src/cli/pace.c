#include "cli/pace.h"

#include <inttypes.h>

#define WORTH_TELLING 2.0 /* seconds */

int pace_read(struct cli *cli, const char *platform, size_t changes, struct pace *ret, struct err *err)
{
    *ret = (struct pace){0};
    int found = run_pace(cli->store, platform, &ret->measured, err);
    if (found == 1)
        ret->seconds = (double)changes / ret->measured.per_second;
    return found < 0 ? -1 : 0;
}

static const char *duration(double seconds, struct pool *pool)
{
    static const struct {
        double size, from;
        const char *one, *many;
    } units[] = {{3600, 5400, "hour", "hours"}, {60, 90, "minute", "minutes"}, {1, 0, "second", "seconds"}};
    size_t i = 0;
    while (seconds < units[i].from)
        i++;
    int64_t n = (int64_t)(seconds / units[i].size + 0.5);
    return pool_printf(pool, "%" PRId64 " %s", n, n == 1 ? units[i].one : units[i].many);
}

/* "45 changes a second", and of a slow platform so many a minute or hour. */
static const char *speed(double per_second, struct pool *pool)
{
    static const struct {
        double seconds;
        const char *name;
    } units[] = {{1, "a second"}, {60, "a minute"}, {3600, "an hour"}};
    size_t i = 0;
    while (i < 2 && per_second * units[i].seconds < 1)
        i++;
    double n = per_second * units[i].seconds;
    return pool_printf(pool, "%.*f changes %s", n < 10 ? 1 : 0, n, units[i].name);
}

const char *pace_text(const struct pace *p, struct pool *pool)
{
    if (p->seconds <= WORTH_TELLING)
        return NULL;
    return pool_printf(pool, "about %s, at %s as in run %" PRId64, duration(p->seconds, pool),
                       speed(p->measured.per_second, pool), p->measured.run);
}
