#include "sync/draft.h"

#include "base/mem.h"
#include "sync/identity.h"
#include "sync/rank.h"

void draft_add(struct draft *d, struct change c)
{
    struct plan *p = d->plan;
    if (c.hold == HOLD_NONE && d->hold_removals && op_is_removal((enum op)c.op))
        c.hold = HOLD_GUARD;
    if (c.hold == HOLD_NONE) {
        *MEM_PUSH(&p->changes, &p->n, &p->cap) = c;
        p->counts[c.op]++;
    } else {
        *MEM_PUSH(&p->held, &p->nheld, &p->held_cap) = c;
        p->holds[c.hold]++;
        p->withheld += op_is_removal((enum op)c.op) && (c.hold == HOLD_GUARD || c.hold == HOLD_NEW_ID);
    }
}

/* A closed gate is said first: nothing can be decided before it is open. */
enum hold draft_giving_hold(const struct draft *d, const struct resident *r)
{
    if (!r->blocked)
        return (enum hold)r->hold;
    if (!r->twin || d->settings->approved)
        return HOLD_SAME_EMAIL;
    return r->hold != HOLD_NONE ? (enum hold)r->hold : HOLD_NEW_ID;
}

enum hold draft_taking_hold(const struct draft *d, const struct resident *r)
{
    bool waits = r->account_hold == HOLD_NONE && r->twin && !d->settings->approved;
    return waits ? HOLD_NEW_ID : (enum hold)r->account_hold;
}

void draft_release(struct draft *d)
{
    census_release(&d->census);
    free(d->stamp);
    free(d->via);
    free(d->entitled);
    tally_release(&d->by_base);
    tally_release(&d->by_group);
}

/*
 * One thing that people have or should have. In each round a person's stamp is 2 × round when entitled, and 2 × round + 1 when entitled and
 * already having it.
 */
struct round {
    struct draft *d;
    enum op give, take;
    uint32_t object;
    bool unresolved;   /* a group that may lead here was not found */
    bool unconfigured; /* nobody is entitled any more, because the configuration says so */
    uint32_t have, released, foreign;
    uint8_t kept; /* enum hold: why somebody keeps it who should not */
    uint8_t hold; /* enum hold: why it cannot be given to anybody */
};

static uint32_t stamp_entitled(const struct draft *d)
{
    return d->round * 2;
}

static void begin_round(struct draft *d)
{
    size_t n = (size_t)d->census.max_entry + 1;
    if (!d->stamp) {
        d->stamp = mem_zero(n * sizeof *d->stamp);
        d->via = mem_zero(n * sizeof *d->via);
    }
    d->round++;
    d->nentitled = 0;
}

static void meet_entitled(void *ctx, uint32_t person, uint32_t via)
{
    struct draft *d = ((struct round *)ctx)->d;
    if (person > d->census.max_entry || !resident_wanted(&d->census.by_entry[person]))
        return;
    d->stamp[person] = stamp_entitled(d);
    d->via[person] = via;
    *MEM_PUSH(&d->entitled, &d->nentitled, &d->entitled_cap) = person;
}

static struct change taking_away(const struct round *round, uint32_t person, const struct resident *r, uint32_t via)
{
    struct change c = {.person = person,
                       .op = (uint8_t)round->take,
                       .object = round->object,
                       .hold = (uint8_t)draft_taking_hold(round->d, r),
                       .other = r->twin};
    if (round->unconfigured) {
        c.cause = CAUSE_UNCONFIGURED;
    } else if (resident_wanted(r)) {
        c.cause = CAUSE_LEFT_GROUP;
        c.detail = via;
    } else {
        c.cause = r->away;
        c.detail = r->away == CAUSE_EXCLUDED ? r->excluded : 0;
    }
    bool by_absence = c.cause == CAUSE_LEFT_GROUP || c.cause == CAUSE_UNCONFIGURED;
    if (c.hold == HOLD_NONE &&
        ((by_absence && round->unresolved) || (c.cause == CAUSE_OUT_OF_SCOPE && round->d->census.scope_unresolved)))
        c.hold = HOLD_UNRESOLVED;
    if (c.hold == HOLD_NONE && round->d->hold_removals)
        c.hold = HOLD_GUARD;
    if (c.hold != HOLD_NEW_ID)
        c.other = 0;
    return c;
}

static void meet_having(void *ctx, uint32_t account, uint32_t via)
{
    struct round *round = ctx;
    struct draft *d = round->d;
    uint32_t person = account <= d->census.max_account ? d->census.person_of[account] : 0;
    round->have++;
    if (person == 0 || !d->census.by_entry[person].known) {
        round->foreign++;
        if (d->census.by_entry[person].twin && !d->settings->approved)
            round->kept = HOLD_NEW_ID;
        return; /* not ours: given locally, or from a directory that this team no longer has */
    }
    if (via)
        tally_have(&d->by_group, via);
    if (d->stamp[person] == stamp_entitled(d)) {
        d->stamp[person]++;
        return;
    }
    struct change c = taking_away(round, person, &d->census.by_entry[person], via);
    round->released += c.hold == HOLD_NONE;
    if (via && c.cause == CAUSE_LEFT_GROUP && c.hold == HOLD_NONE)
        tally_lose(&d->by_group, via);
    round->kept = c.hold != HOLD_NONE ? c.hold : round->kept;
    draft_add(d, c);
}

static void meet_member(void *ctx, uint32_t account)
{
    meet_having(ctx, account, 0);
}

static struct change giving(const struct round *round, uint32_t person, const struct resident *r)
{
    struct change c = {.person = person,
                       .op = (uint8_t)round->give,
                       .object = round->object,
                       .cause = CAUSE_GROUP,
                       .detail = round->d->via[person],
                       .other = r->other};
    if (!resident_live(r))
        c.hold = (uint8_t)draft_giving_hold(round->d, r);
    if (c.hold == HOLD_NONE && r->account && r->state != ACCOUNT_REMOVED)
        c.hold = r->account_hold;
    return c;
}

/* Gives to whoever is entitled and has it not, in the order in which the directory's people were first met, while seats last. */
static void give_all(struct round *round, struct seats *seats)
{
    struct draft *d = round->d;
    for (size_t i = 0; i < d->nentitled; i++) {
        uint32_t person = d->entitled[i];
        if (d->stamp[person] != stamp_entitled(d))
            continue; /* has it already */
        struct change c = giving(round, person, &d->census.by_entry[person]);
        if (c.hold == HOLD_NONE && round->hold != HOLD_NONE) {
            c.hold = round->hold;
            c.other = 0;
        }
        if (seats && seats->limited && c.hold == HOLD_NONE && seats->after >= seats->limit) {
            c.hold = HOLD_NO_SEAT;
            seats->waiting++;
            c.other = d->settings->only ? 0 : seats->waiting; /* one person's plan does not know who else waits */
        }
        if (seats && c.hold == HOLD_NONE)
            seats->after++;
        draft_add(d, c);
    }
}

/* Of the people whom one group entitled, how many would lose the seat because they left it. */
static void guard_groups(struct draft *d)
{
    for (size_t i = 0; i < d->by_group.n; i++)
        guard_count(d->guard, "members of group", d->by_group.v[i].number, d->by_group.v[i].lose,
                    d->by_group.v[i].have);
    tally_clear(&d->by_group);
}

static int meet_all_entitled(struct store *store, const struct target *t, struct round *round, struct err *err)
{
    uint32_t only = round->d->settings->only;
    if (!t)
        return 0;
    return only ? entitled_each_of(store->db, t->id, only, meet_entitled, round, err)
                : entitled_each(store->db, t->id, meet_entitled, round, err);
}

/* The account of whom the plan is for; 0 when it is for everybody, or there is none. */
static uint32_t only_account(const struct draft *d)
{
    uint32_t only = d->settings->only;
    return only && only <= d->census.max_entry ? d->census.by_entry[only].account : 0;
}

static int meet_all_seats(struct store *store, const struct seats *seats, struct round *round, struct err *err)
{
    struct draft *d = round->d;
    if (!d->settings->only)
        return seat_each(store->db, seats->product, meet_having, round, err);
    uint32_t account = only_account(d);
    if (account && seat_each_of(store->db, seats->product, account, meet_having, round, err) != 0)
        return -1;
    return seats->limited ? seat_count(store->db, seats->product, &round->have, err) : 0;
}

/*
 * Of a plan for one person: is there a seat, whatever becomes of those who come before; or none, because none is released? Otherwise it
 * takes the whole plan to say.
 */
static int decide_seat(struct store *store, const struct round *round, const struct target *t, struct seats *seats,
                       struct err *err)
{
    struct draft *d = round->d;
    uint32_t only = d->settings->only, before;
    if (!only || !seats->limited || !d->nentitled || d->stamp[only] != stamp_entitled(d) ||
        giving(round, only, &d->census.by_entry[only]).hold != HOLD_NONE)
        return 0;
    if (conf_count(t->section, "priority")) {
        d->undecided = true; /* others may come before whoever they are */
        return 0;
    }
    if (seat_count_before(store->db, d->settings->policy->team, seats->product, t->id, only, &before, err) != 0)
        return -1;
    if ((uint64_t)round->have + before < seats->limit)
        return 0;
    int scope = policy_scope(d->settings->policy);
    bool released = false;
    if (!d->hold_removals &&
        seat_any_to_release(store->db, seats->product, t->id, scope < 0 ? 0 : d->settings->policy->targets[scope].id,
                            &released, err) != 0)
        return -1;
    d->undecided |= released || round->have < seats->limit;
    return 0;
}

static int draft_product(struct store *store, struct draft *d, const struct target *t, struct seats *seats,
                         struct err *err)
{
    begin_round(d);
    struct round round = {.d = d,
                          .give = OP_ASSIGN,
                          .take = OP_UNASSIGN,
                          .object = seats->product,
                          .unresolved = t && t->unresolved,
                          .unconfigured = !t};
    if (meet_all_entitled(store, t, &round, err) != 0 || meet_all_seats(store, seats, &round, err) != 0 ||
        decide_seat(store, &round, t, seats, err) != 0)
        return -1;
    guard_groups(d);
    seats->before = round.have;
    seats->after = round.have - round.released;
    if (t && seats->limited && rank_entitled(store, d, t, err) != 0)
        return -1;
    give_all(&round, seats);
    return 0;
}

static const struct target *target_of_product(const struct policy *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->targets[i].kind == TARGET_PRODUCT && strcmp(p->targets[i].name, name) == 0)
            return &p->targets[i];
    return NULL;
}

struct listing {
    struct seats *seats;
    size_t n, cap;
};

static void list_product(void *ctx, uint32_t product, const char *name)
{
    struct listing *l = ctx;
    *MEM_PUSH(&l->seats, &l->n, &l->cap) = (struct seats){.product = product, .section = mem_strdup(name)};
}

static void read_limit(struct seats *seats, const struct target *t)
{
    seats->title = seats->section;
    if (!t)
        return;
    if (conf_str(t->section, "name"))
        seats->title = conf_str(t->section, "name");
    seats->limited = conf_has(t->section, "seats");
    seats->limit = (uint32_t)conf_int(t->section, "seats");
}

static bool is_named(const struct listing *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->seats[i].section, name) == 0)
            return true;
    return false;
}

/* A product that was never seen before has no row yet; without writing, its number is one that no row will ever have. */
static int number_products(struct store *store, struct draft *d, struct listing *l, struct err *err)
{
    const struct policy *p = d->settings->policy;
    uint32_t number;
    for (size_t i = 0; i < p->n && !d->settings->read_only; i++)
        if (p->targets[i].kind == TARGET_PRODUCT &&
            product_get(store->db, p->team, p->targets[i].name, &number, err) != 0)
            return -1;
    if (product_each(store->db, p->team, list_product, l, err) != 0)
        return -1;
    for (size_t i = 0; i < p->n; i++)
        if (p->targets[i].kind == TARGET_PRODUCT && !is_named(l, p->targets[i].name))
            list_product(l, UINT32_MAX - (uint32_t)i, p->targets[i].name);
    return 0;
}

int draft_list_products(struct store *store, struct draft *d, struct err *err)
{
    const struct policy *p = d->settings->policy;
    struct listing l = {0};
    int r = number_products(store, d, &l, err);
    d->plan->seats = l.seats;
    d->plan->nseats = l.n;
    for (size_t i = 0; i < l.n; i++)
        read_limit(&l.seats[i], target_of_product(p, l.seats[i].section));
    return r;
}

int draft_products(struct store *store, struct draft *d, struct err *err)
{
    int r = draft_list_products(store, d, err);
    for (size_t i = 0; r == 0 && i < d->plan->nseats; i++) {
        struct seats *seats = &d->plan->seats[i];
        r = draft_product(store, d, target_of_product(d->settings->policy, seats->section), seats, err);
    }
    return r;
}

/* A group on the platform, or one that should be there. */
struct platform_group {
    uint32_t id, group; /* id 0: not there yet */
    char *name;
    uint32_t from; /* the entry that it has to leave for group; 0: none */
    size_t twin;   /* of one that should be there: the one that looks like it under another id, from 1; 0: none */
    uint8_t kept;  /* enum hold: why somebody stays in it who should not */
    bool adopted;  /* another one has taken its place */
};

struct groups {
    struct platform_group *v;
    size_t n, cap;
};

static void list_group(void *ctx, uint32_t id, uint32_t group, const char *name)
{
    struct groups *g = ctx;
    *MEM_PUSH(&g->v, &g->n, &g->cap) = (struct platform_group){.id = id, .group = group, .name = mem_strdup(name)};
}

/* A group has no domain of its own: the platform's groups are changed when the gate is open for anybody. */
static enum hold group_hold(const struct draft *d)
{
    if (gate_all_closed(d->settings->gate))
        return HOLD_GATE;
    return d->settings->policy->enabled_at ? HOLD_NONE : HOLD_DISABLED_SYNC;
}

static int draft_members(struct store *store, const struct platform_group *g, const struct target *t,
                         struct round *round, struct err *err)
{
    struct draft *d = round->d;
    begin_round(d);
    uint32_t account = only_account(d);
    if (meet_all_entitled(store, t, round, err) != 0 ||
        (g->id && !d->settings->only && synced_member_each(store->db, g->id, meet_member, round, err) != 0) ||
        (g->id && account && synced_member_each_of(store->db, g->id, account, meet_member, round, err) != 0))
        return -1;
    guard_count(d->guard, "members of group", g->group, round->released, round->have - round->foreign);
    give_all(round, NULL);
    return 0;
}

/* Only an empty group can be dropped: not while somebody's leaving is held, and not at all with members that are not ours. */
static void drop_group(struct draft *d, const struct round *round)
{
    if (round->foreign)
        return;
    struct change c = {
        .op = OP_DROP_GROUP, .object = round->object, .cause = CAUSE_UNCONFIGURED, .hold = (uint8_t)group_hold(d)};
    if (c.hold == HOLD_NONE)
        c.hold = round->unresolved ? HOLD_UNRESOLVED : round->kept;
    draft_add(d, c);
}

static int draft_group(struct store *store, struct draft *d, struct person_reader *reader, struct platform_group *g,
                       uint8_t hold, const struct target *t, bool unresolved, struct err *err)
{
    struct change c = {.object = g->group, .hold = (uint8_t)group_hold(d)};
    struct round round = {.d = d,
                          .give = OP_JOIN,
                          .take = OP_LEAVE,
                          .object = g->group,
                          .unresolved = unresolved,
                          .unconfigured = !t,
                          .hold = hold};
    struct span display, name;
    if (d->settings->only)
        return draft_members(store, g, t, &round, err);
    int found = group_read(reader, g->group, &display, &name, err);
    if (found < 0 || draft_members(store, g, t, &round, err) != 0)
        return -1;
    g->kept = round.kept;
    if (c.hold == HOLD_NONE)
        c.hold = hold;
    if (!t) {
        drop_group(d, &round);
    } else if (g->from) {
        c.op = OP_ADOPT_GROUP;
        c.object = g->from;
        c.detail = g->group;
        c.cause = CAUSE_NEW_ID;
        draft_add(d, c);
    } else if (!g->id) {
        c.op = OP_ADD_GROUP;
        c.cause = CAUSE_CONFIGURED;
        draft_add(d, c);
    } else if (found && !span_eq(display.n ? display : name, span_str(g->name))) {
        c.op = OP_RENAME_GROUP;
        c.cause = CAUSE_RENAMED;
        draft_add(d, c);
    }
    return 0;
}

static bool any_unresolved(const struct policy *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->targets[i].unresolved)
            return true;
    return false;
}

static const struct target *target_of_group(const struct policy *p, uint32_t group)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->targets[i].kind == TARGET_GROUP && p->targets[i].group == group)
            return &p->targets[i];
    return NULL;
}

/* The new one takes the platform's group over, or waits for what becomes of it. */
static void pair(const struct draft *d, struct platform_group *was, struct platform_group *is, size_t twin)
{
    if (!d->census.identity.adopt) {
        is->twin = twin;
        return;
    }
    is->id = was->id;
    is->from = was->group;
    was->adopted = true;
}

static int recognise_groups(struct store *store, struct draft *d, struct groups *g, size_t there, struct err *err)
{
    CLEANUP(freep) uint32_t *entries = mem_alloc((g->n + 1) * sizeof *entries);
    CLEANUP(freep) size_t *twins = mem_zero((g->n - there + 1) * sizeof *twins);
    for (size_t i = 0; i < g->n; i++)
        entries[i] = g->v[i].group;
    if (identity_match_groups(store, d->settings->policy->directory, entries, there, entries + there, g->n - there,
                              twins, err) != 0)
        return -1;
    for (size_t i = 0; i < g->n - there; i++)
        if (twins[i])
            pair(d, &g->v[twins[i] - 1], &g->v[there + i], twins[i]);
    for (size_t i = 0; i < g->n - there && d->settings->only; i++)
        d->undecided |= g->v[there + i].twin != 0; /* whether it waits depends on who was in the other one */
    return 0;
}

static bool is_listed(const struct groups *g, size_t n, uint32_t group)
{
    for (size_t i = 0; i < n; i++)
        if (g->v[i].group == group)
            return true;
    return false;
}

static int draft_all_groups(struct store *store, struct draft *d, struct groups *g, struct err *err)
{
    const struct policy *p = d->settings->policy;
    CLEANUP(person_reader_close) struct person_reader *reader = NULL;
    if (person_reader_open(store->db, p->team, &reader, err) != 0 ||
        synced_group_each(store->db, p->team, list_group, g, err) != 0)
        return -1;
    size_t there = g->n;
    for (size_t i = 0; i < p->n; i++)
        if (p->targets[i].kind == TARGET_GROUP && !is_listed(g, there, p->targets[i].group))
            list_group(g, 0, p->targets[i].group, "");
    if (recognise_groups(store, d, g, there, err) != 0)
        return -1;
    bool unresolved = any_unresolved(p);
    for (size_t i = 0; i < g->n; i++) {
        enum hold kept = g->v[i].twin ? (enum hold)g->v[g->v[i].twin - 1].kept : HOLD_NONE;
        bool waits = kept == HOLD_NEW_ID || kept == HOLD_GUARD;
        if (!g->v[i].adopted && draft_group(store, d, reader, &g->v[i], waits ? HOLD_NEW_ID : HOLD_NONE,
                                            target_of_group(p, g->v[i].group), unresolved, err) != 0)
            return -1;
    }
    return 0;
}

int draft_groups(struct store *store, struct draft *d, struct err *err)
{
    struct groups g = {0};
    int r = draft_all_groups(store, d, &g, err);
    for (size_t i = 0; i < g.n; i++)
        free(g.v[i].name);
    free(g.v);
    return r;
}
