#include "base/mem.h"
#include "sync/rank.h"
#include "sync/repair.h"

/* Of the people whom one group entitled, how many would lose the seat because they left it. */
static void guard_groups(struct draft *d)
{
    for (size_t i = 0; i < d->by_group.n; i++)
        guard_count(d->guard, "members of group", d->by_group.v[i].number, d->by_group.v[i].lose,
                    d->by_group.v[i].have);
    tally_clear(&d->by_group);
}

static int meet_all_seats(struct store *store, const struct seats *seats, struct round *round, struct err *err)
{
    struct draft *d = round->d;
    if (!d->settings->only)
        return seat_each(store->db, seats->product, round_meet_having, round, err);
    uint32_t account = round_only_account(d);
    if (account && seat_each_of(store->db, seats->product, account, round_meet_having, round, err) != 0)
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
    if (!only || !seats->limited || !d->nentitled || !round_is_entitled(d, only) ||
        round_giving(round, only, &d->census.by_entry[only]).hold != HOLD_NONE)
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
    round_begin(d);
    struct round round = {.d = d,
                          .give = OP_ASSIGN,
                          .take = OP_UNASSIGN,
                          .object = seats->product,
                          .unresolved = t && t->unresolved,
                          .unconfigured = !t};
    if (round_meet_entitled(store, t, &round, err) != 0 || meet_all_seats(store, seats, &round, err) != 0 ||
        decide_seat(store, &round, t, seats, err) != 0)
        return -1;
    repair_round(&round, seats->product);
    guard_groups(d);
    seats->before = round.have;
    seats->after = round.have - round.released;
    if (t && seats->limited && rank_entitled(store, d, t, err) != 0)
        return -1;
    round_give(&round, seats);
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
