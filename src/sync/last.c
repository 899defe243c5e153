#include "sync/last.h"

#include "base/mem.h"
#include "store/drift.h"
#include "store/report.h"

static void add_number(struct digest *d, int64_t number)
{
    digest_add(d, &number, sizeof number);
}

int last_state(struct store *store, const struct plan_settings *settings, char ret[static DIGEST_HEX_MAX],
               struct err *err)
{
    const struct policy *p = settings->policy;
    int64_t mirror, run;
    char drift[DIGEST_HEX_MAX] = "";
    if (report_mirror_version(store, p->directory, &mirror, err) != 0 ||
        report_last_run_number(store, p->team, &run, err) != 0)
        return -1;
    CLEANUP(digest_free) struct digest *d = digest_new();
    digest_start(d);
    digest_field(d, span_str(conf_digest(settings->conf)));
    for (size_t i = 0; i < settings->gate->n; i++)
        add_number(d, settings->gate->domains[i].open);
    add_number(d, p->enabled_at != 0);
    add_number(d, mirror);
    add_number(d, run);
    add_number(d, settings->drift);
    if (settings->drift && drift_state(store->db, p->team, drift, err) != 0)
        return -1;
    digest_field(d, span_str(drift));
    digest_hex(d, ret);
    return 0;
}

static void take_trips(const struct plan *plan, struct pool *pool, struct last_plan *ret)
{
    ret->ntrips = plan->holds[HOLD_GUARD] ? plan->guard.ntrips : 0;
    ret->trips = pool_zero(pool, (ret->ntrips + 1) * sizeof *ret->trips);
    for (size_t i = 0; i < ret->ntrips; i++) {
        const struct guard_trip *t = &plan->guard.trips[i];
        ret->trips[i] = (struct last_trip){t->what, t->group, t->removals, t->of, t->limit};
    }
}

static void take_waiting(const struct plan *plan, struct pool *pool, struct last_plan *ret)
{
    ret->waiting = pool_zero(pool, (plan->nseats + 1) * sizeof *ret->waiting);
    for (size_t i = 0; i < plan->nseats; i++)
        if (plan->seats[i].waiting)
            ret->waiting[ret->nwaiting++] = (struct last_waiting){plan->seats[i].section, plan->seats[i].waiting};
}

static void make_content(struct last_plan *p)
{
    CLEANUP(digest_free) struct digest *d = digest_new();
    digest_start(d);
    for (size_t i = 0; i < p->ntrips; i++) {
        const struct last_trip *t = &p->trips[i];
        digest_field(d, span_str(t->what));
        const int64_t numbers[] = {t->group, t->removals, t->of, t->limit};
        digest_add(d, numbers, sizeof numbers);
    }
    for (size_t i = 0; i < p->nwaiting; i++) {
        digest_field(d, span_str(p->waiting[i].product));
        add_number(d, p->waiting[i].waiting);
    }
    digest_hex(d, p->content);
}

int last_note(struct store *store, const struct plan_settings *settings, const struct plan *plan, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct last_plan now = {.made_at = plan->now}, kept;
    take_trips(plan, pool, &now);
    take_waiting(plan, pool, &now);
    make_content(&now);
    if (last_state(store, settings, now.state, err) != 0 ||
        last_plan_get(store->db, plan->team_id, pool, &kept, err) != 0)
        return -1;
    if (strcmp(now.state, kept.state) == 0 && strcmp(now.content, kept.content) == 0)
        return 0;
    return last_plan_put(store->db, plan->team_id, &now, err);
}
