#include "sync/plan.h"

#include "base/mem.h"
#include "sync/census.h"
#include "sync/draft.h"
#include "sync/mapper.h"
#include "sync/repair.h"

static enum on_leave on_leave_of(const char *name)
{
    return strcmp(name, "remove") == 0     ? ON_LEAVE_REMOVE
           : strcmp(name, "unassign") == 0 ? ON_LEAVE_UNASSIGN
                                           : ON_LEAVE_SUSPEND;
}

void plan_settings_read(struct plan_settings *settings)
{
    const struct conf_section *sync = conf_find(settings->conf, "sync", NULL);
    settings->on_leave = on_leave_of(conf_str(sync, "on-leave"));
    settings->grace = conf_int(sync, "grace");
    guard_read(settings->conf, &settings->limits);
}

/* What the directory says of a wanted person, against the account. An update does not make an account anew. */
static bool plan_wanted(struct draft *d, uint32_t person, const struct resident *r)
{
    struct change c = {.person = person, .hold = (uint8_t)draft_giving_hold(d, r), .other = r->other};
    d->plan->people++;
    if (r->follows) {
        c.op = OP_ADOPT;
        c.object = r->follows;
        c.cause = CAUSE_NEW_ID;
    } else if (r->state == ACCOUNT_NONE || r->state == ACCOUNT_REMOVED) {
        c.op = OP_INVITE;
        c.cause = r->state == ACCOUNT_REMOVED ? CAUSE_RETURNED : CAUSE_IN_DIRECTORY;
    } else if (r->state == ACCOUNT_SUSPENDED) {
        c.op = OP_RESTORE;
        c.cause = CAUSE_RETURNED;
    } else if (r->differs) {
        c.op = OP_UPDATE;
        c.cause = CAUSE_ATTRIBUTES;
    } else {
        return false;
    }
    draft_add(d, c);
    return c.hold == HOLD_NONE && !(c.op == OP_UPDATE && r->adrift == OP_RESTORE);
}

/* Only those who left lose the account after the time of grace; who is merely disabled in the directory may come back any day. */
static bool plan_unwanted(struct draft *d, uint32_t person, const struct resident *r)
{
    const struct plan_settings *s = d->settings;
    struct change c = {.person = person, .cause = r->away, .hold = (uint8_t)draft_taking_hold(d, r)};
    if (c.hold == HOLD_NEW_ID)
        c.other = r->twin;
    if (r->away == CAUSE_EXCLUDED)
        c.detail = r->excluded;
    if (r->away == CAUSE_OUT_OF_SCOPE && d->census.scope_unresolved && c.hold == HOLD_NONE)
        c.hold = HOLD_UNRESOLVED;
    bool over = r->state == ACCOUNT_SUSPENDED && r->away != CAUSE_DISABLED && r->since + s->grace <= s->now;
    if (resident_live(r) && s->on_leave == ON_LEAVE_SUSPEND) {
        c.op = OP_SUSPEND;
    } else if (resident_live(r) && s->on_leave == ON_LEAVE_REMOVE) {
        c.op = r->away == CAUSE_DISABLED ? OP_SUSPEND : OP_REMOVE;
    } else if (over && s->on_leave != ON_LEAVE_UNASSIGN) {
        c.op = OP_REMOVE;
        c.cause = CAUSE_GRACE;
    } else {
        return false;
    }
    if (c.hold == HOLD_NONE && !d->hold_removals)
        tally_lose(&d->by_base, r->base);
    draft_add(d, c);
    return c.hold == HOLD_NONE && !d->hold_removals;
}

/* *ret_accounts: how many accounts there are to lose. */
static void plan_people(struct draft *d, uint32_t *ret_accounts)
{
    uint32_t accounts = 0, only = d->settings->only, last = only ? only : d->census.max_entry;
    for (uint32_t person = only ? only : 1; person <= last; person++) {
        const struct resident *r = &d->census.by_entry[person];
        if (!r->known)
            continue;
        if (r->account && r->state != ACCOUNT_REMOVED) {
            accounts++;
            tally_have(&d->by_base, r->base);
        }
        bool planned = (resident_wanted(r) ? plan_wanted : plan_unwanted)(d, person, r);
        if (r->adrift)
            repair_account(d, person, r, planned);
    }
    *ret_accounts = accounts;
}

/* Is it about what the platform's own map gives? */
static int name_mapped(struct mapper *mapper, struct change *c, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct mapper_value *values;
    size_t n;
    if (mapper_compare(mapper, c->person, c->op == OP_ADOPT ? c->object : c->person, MAPPER_DIFFERS, pool, &values, &n,
                       err) != 0)
        return -1;
    if (n > 0)
        c->detail |= DETAIL_MAPPED;
    return 0;
}

/* Which attributes an update is about, or an adoption: read for the few that differ. */
static int name_attributes(struct store *store, struct plan *plan, struct mapper *mapper, struct change *changes,
                           size_t n, struct err *err)
{
    CLEANUP(person_reader_close) struct person_reader *reader = NULL;
    if (person_reader_open(store->db, plan->team_id, &reader, err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        bool adopts = changes[i].op == OP_ADOPT;
        if ((changes[i].op != OP_UPDATE && !adopts) || changes[i].cause == CAUSE_DRIFT)
            continue;
        struct person_text now, before;
        if (person_read(reader, changes[i].person, &now, err) != 1 ||
            account_read(reader, adopts ? changes[i].object : changes[i].person, &before, err) != 1)
            return -1;
        for (int a = 0; a < ATTR_COUNT; a++)
            if (!span_eq(now.attr[a], before.attr[a]))
                changes[i].detail |= 1u << a;
        if (mapper && name_mapped(mapper, &changes[i], err) != 0)
            return -1;
    }
    return 0;
}

static int by_rank_and_person(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    int first = change_rank(x), second = change_rank(y);
    if (first != second)
        return first < second ? -1 : 1;
    if (x->person != y->person)
        return x->person < y->person ? -1 : 1;
    return (x->object > y->object) - (x->object < y->object);
}

static void sort(struct change *changes, size_t n)
{
    if (n)
        qsort(changes, n, sizeof *changes, by_rank_and_person);
}

static void forget(struct plan *plan)
{
    for (size_t i = 0; i < plan->nseats; i++)
        free(plan->seats[i].section);
    free(plan->seats);
    plan->seats = NULL;
    plan->n = plan->nheld = plan->nseats = plan->people = plan->withheld = plan->repairs = 0;
    memset(plan->counts, 0, sizeof plan->counts);
    memset(plan->holds, 0, sizeof plan->holds);
}

/* Where all are below one base, its people are the team's, which are counted already. */
static void guard_people(struct draft *d, uint32_t accounts)
{
    const struct plan *plan = d->plan;
    guard_count(d->guard, "people", 0, plan->counts[OP_SUSPEND] + plan->counts[OP_REMOVE], accounts);
    guard_count(d->guard, REPAIR_MISSING, 0, d->census.missing, accounts);
    for (size_t i = 0; i < d->by_base.n && d->by_base.n > 1; i++)
        guard_count_base(d->guard, d->by_base.v[i].number, d->by_base.v[i].lose, d->by_base.v[i].have);
    tally_clear(&d->by_base);
}

static int compare(struct store *store, struct draft *d, struct err *err)
{
    struct plan *plan = d->plan;
    uint32_t accounts, seats = 0;
    plan_people(d, &accounts);
    guard_people(d, accounts);
    if (draft_products(store, d, err) != 0)
        return -1;
    for (size_t i = 0; i < plan->nseats; i++)
        seats += plan->seats[i].before;
    guard_count(d->guard, "seats", 0, plan->counts[OP_UNASSIGN], seats);
    return draft_groups(store, d, err);
}

static size_t keep_only(struct change *changes, size_t n, uint32_t person)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (changes[i].person == person)
            changes[kept++] = changes[i];
    return kept;
}

/* Of everybody's plan what is this person's. */
static void narrow(struct plan *plan, uint32_t person)
{
    plan->narrowed = true;
    plan->n = keep_only(plan->changes, plan->n, person);
    plan->nheld = keep_only(plan->held, plan->nheld, person);
    memset(plan->counts, 0, sizeof plan->counts);
    memset(plan->holds, 0, sizeof plan->holds);
    plan->repairs = 0;
    for (size_t i = 0; i < plan->n; i++) {
        plan->counts[plan->changes[i].op]++;
        plan->repairs += plan->changes[i].cause == CAUSE_DRIFT;
    }
    for (size_t i = 0; i < plan->nheld; i++)
        plan->holds[plan->held[i].hold]++;
}

/*
 * When the guard trips, everything is compared once more with removals held: who gets a seat depends on which seats are released.
 */
static int compare_all(struct store *store, struct draft *d, struct err *err)
{
    struct plan *plan = d->plan;
    d->guard = &plan->guard;
    if (census_take(store, d->settings, &d->census, err) != 0 || compare(store, d, err) != 0)
        return -1;
    plan->identity = d->census.identity;
    if (plan->guard.ntrips && !d->settings->approved) {
        struct guard uncounted = {.limits = plan->guard.limits};
        d->guard = &uncounted;
        d->hold_removals = true;
        d->hold_repairs = guard_tripped(&plan->guard, REPAIR_MISSING);
        forget(plan);
        if (compare(store, d, err) != 0)
            return -1;
    }
    return 0;
}

/* For one person: nobody is counted, so that the guard has nothing to say but what is known of it. *ret_decided: it could be done so. */
static int compare_one(struct store *store, struct draft *d, bool *ret_decided, struct err *err)
{
    struct guard uncounted = {.limits = d->plan->guard.limits};
    d->guard = &uncounted;
    d->hold_removals = d->settings->guarded;
    d->hold_repairs = d->settings->missing_guarded;
    if (census_take(store, d->settings, &d->census, err) != 0 || compare(store, d, err) != 0)
        return -1;
    *ret_decided = !d->undecided;
    return 0;
}

static int compare_in_all(struct store *store, struct draft *d, struct err *err)
{
    struct plan_settings all = *d->settings;
    struct draft whole = {.plan = d->plan, .settings = &all};
    all.only = 0;
    forget(d->plan);
    int r = compare_all(store, &whole, err);
    draft_release(&whole);
    narrow(d->plan, d->settings->only);
    return r;
}

static int make(struct store *store, struct draft *d, struct err *err)
{
    struct plan *plan = d->plan;
    CLEANUP(mapper_close) struct mapper *mapper = NULL;
    bool decided = false;
    if (d->settings->only ? compare_one(store, d, &decided, err) != 0 : compare_all(store, d, err) != 0)
        return -1;
    if (d->settings->only && !decided && compare_in_all(store, d, err) != 0)
        return -1;
    sort(plan->changes, plan->n);
    sort(plan->held, plan->nheld);
    if (mapper_open(store, d->settings->policy->platform, plan->team_id, false, &mapper, err) != 0 ||
        name_attributes(store, plan, mapper, plan->changes, plan->n, err) != 0 ||
        name_attributes(store, plan, mapper, plan->held, plan->nheld, err) != 0)
        return -1;
    return 0;
}

int plan_make(struct store *store, const struct plan_settings *settings, struct plan **ret, struct err *err)
{
    CLEANUP(plan_free) struct plan *plan = mem_zero(sizeof *plan);
    plan->team = settings->policy->team_name;
    plan->directory = settings->policy->directory;
    plan->team_id = settings->policy->team;
    plan->now = settings->now;
    plan->guard.limits = settings->limits;
    struct draft d = {.plan = plan, .settings = settings};
    int r = make(store, &d, err);
    draft_release(&d);
    if (r != 0)
        return -1;
    *ret = TAKE(plan);
    return 0;
}

void plan_free(struct plan **plan)
{
    if (!*plan)
        return;
    forget(*plan);
    free((*plan)->changes);
    free((*plan)->held);
    free(*plan);
    *plan = NULL;
}

bool plan_gate_held(const struct plan *plan)
{
    return plan->holds[HOLD_GATE] > 0 || plan->holds[HOLD_DISABLED_SYNC] > 0;
}

uint32_t *plan_waiting(const struct plan *plan, const struct seats *seats)
{
    uint32_t *people = mem_zero(((size_t)seats->waiting + 1) * sizeof *people);
    for (size_t i = 0; i < plan->nheld; i++) {
        const struct change *c = &plan->held[i];
        if (c->hold == HOLD_NO_SEAT && c->object == seats->product && c->other - 1 < seats->waiting)
            people[c->other - 1] = c->person;
    }
    return people;
}
