#include "cli/pace.h"

#include <inttypes.h>

#include "store/pace.h"

#define WORTH_TELLING 2.0 /* seconds */

/* What the kinds that were measured take; *ret_known is how many changes that are. */
static int add_kinds(struct store *store, const char *platform, const size_t n[static OP_COUNT], struct pace *ret,
                     size_t *ret_known, struct err *err)
{
    double longest = 0;
    for (int op = 0; op < OP_COUNT; op++) {
        struct pace_found found;
        int r = n[op] ? pace_find(store, platform, (enum op)op, n[op], &found, err) : 0;
        if (r < 0)
            return -1;
        if (r == 0)
            continue;
        double seconds = (double)n[op] * found.milliseconds / 1000;
        ret->seconds += seconds;
        *ret_known += n[op];
        if (seconds >= longest)
            ret->measured.run = found.run;
        longest = seconds > longest ? seconds : longest;
    }
    return 0;
}

int pace_read(struct cli *cli, const char *platform, const struct plan *plan, struct pace *ret, struct err *err)
{
    size_t n[OP_COUNT] = {0}, known = 0;
    *ret = (struct pace){0};
    for (size_t i = 0; i < plan->n; i++)
        n[plan->changes[i].op]++;
    if (add_kinds(cli->store, platform, n, ret, &known, err) != 0)
        return -1;
    if (known > 0) {
        ret->seconds *= (double)plan->n / (double)known;
        ret->measured.per_second = ret->seconds > 0 ? (double)plan->n / ret->seconds : 0;
        return 0;
    }
    int found = run_pace(cli->store, platform, &ret->measured, err);
    if (found == 1)
        ret->seconds = (double)plan->n / ret->measured.per_second;
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
