#include "sync/repair.h"

#include "base/mem.h"
#include "store/drift.h"

/* --- reading ------------------------------------------------------------------------------------------------------ */

static void hold_unclear(struct resident *r)
{
    if (r->account_hold == HOLD_NONE)
        r->account_hold = HOLD_UNCLEAR;
    if (r->hold == HOLD_NONE)
        r->hold = HOLD_UNCLEAR;
}

static void take_account_row(struct census *c, const struct drift_row *row)
{
    uint32_t person = row->account <= c->max_account && c->person_of ? c->person_of[row->account] : 0;
    struct resident *r = &c->by_entry[person];
    if (!person || !r->account)
        return;
    if (row->stance == DRIFT_UNCLEAR && row->op == OP_REMOVE)
        hold_unclear(r);
    if (row->stance != DRIFT_REPAIR)
        return;
    r->adrift = (uint8_t)row->op;
    r->found = row->print;
    c->missing += row->op == OP_RESTORE;
}

/* Among what is by kinds of repairs: a group of which it is not clear whose it is. Nothing is repaired by this kind. */
#define UNCLEAR_GROUP OP_ADOPT_GROUP

static void take_row(void *ctx, const struct drift_row *row)
{
    struct census *c = ctx;
    bool unclear = row->stance == DRIFT_UNCLEAR && !row->account;
    if (row->account && !row->object)
        take_account_row(c, row);
    else if (row->stance == DRIFT_REPAIR || row->stance == DRIFT_FOREIGN || unclear)
        *MEM_PUSH(&c->drifted, &c->ndrifted, &c->drifted_cap) =
            (struct drifted){.op = (uint8_t)(unclear ? UNCLEAR_GROUP : row->op),
                             .account = row->account,
                             .object = row->object,
                             .found = row->print};
}

/* Whose something is does not become clear by a look that failed. */
static void take_unclear(void *ctx, const struct drift_row *row)
{
    if (row->stance == DRIFT_UNCLEAR)
        take_row(ctx, row);
}

static int by_op_and_object(const void *left, const void *right)
{
    const struct drifted *a = left, *b = right;
    if (a->op != b->op)
        return a->op < b->op ? -1 : 1;
    if (a->object != b->object)
        return a->object < b->object ? -1 : 1;
    return (a->account > b->account) - (a->account < b->account);
}

int repair_load(struct store *store, const struct plan_settings *settings, struct census *c, struct err *err)
{
    if (drift_each(store->db, settings->policy->team, settings->drift ? take_row : take_unclear, c, err) != 0)
        return -1;
    if (c->ndrifted)
        qsort(c->drifted, c->ndrifted, sizeof *c->drifted, by_op_and_object);
    return 0;
}

/* The rows of one object are neighbours; *ret_n counts them. */
static const struct drifted *drifted_of(const struct census *c, enum op op, uint32_t object, size_t *ret_n)
{
    const struct drifted wanted = {.op = (uint8_t)op, .object = object};
    size_t from = 0, to = c->ndrifted;
    *ret_n = 0;
    if (!to)
        return NULL;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (by_op_and_object(&c->drifted[middle], &wanted) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    while (from + *ret_n < c->ndrifted && c->drifted[from + *ret_n].op == op &&
           c->drifted[from + *ret_n].object == object)
        ++*ret_n;
    return &c->drifted[from];
}

/* --- accounts ----------------------------------------------------------------------------------------------------- */

void repair_account(struct draft *d, uint32_t person, const struct resident *r, bool superseded)
{
    struct change c = {.person = person, .op = r->adrift, .cause = CAUSE_DRIFT, .detail = r->found};
    bool gives = r->adrift == OP_RESTORE || r->adrift == OP_UPDATE;
    if (!r->adrift || superseded)
        return;
    if (gives ? !resident_wanted(r) || !resident_live(r) : r->state != ACCOUNT_SUSPENDED)
        return;
    c.hold = gives ? r->account_hold : (uint8_t)draft_taking_hold(d, r);
    if (c.hold == HOLD_NEW_ID)
        c.other = r->twin;
    if (r->adrift == OP_SUSPEND && c.hold == HOLD_NONE && !d->hold_removals)
        tally_lose(&d->by_base, r->base);
    draft_add(d, c);
}

/* --- seats and memberships ---------------------------------------------------------------------------------------- */

static const struct resident *whose(const struct draft *d, const struct drifted *row, uint32_t *ret_person)
{
    const struct census *c = &d->census;
    *ret_person = row->account <= c->max_account && c->person_of ? c->person_of[row->account] : 0;
    const struct resident *r = &c->by_entry[*ret_person];
    bool asked = !d->settings->only || d->settings->only == *ret_person;
    return *ret_person && r->known && asked ? r : NULL;
}

static void give_back(struct round *round, const struct drifted *row)
{
    struct draft *d = round->d;
    uint32_t person;
    const struct resident *r = whose(d, row, &person);
    if (!r || !round_keeps(d, person))
        return;
    struct change c = {.person = person,
                       .op = (uint8_t)round->give,
                       .object = round->object,
                       .cause = CAUSE_DRIFT,
                       .detail = row->found,
                       .hold = (uint8_t)(resident_live(r) ? (enum hold)r->account_hold : draft_giving_hold(d, r))};
    if (c.hold == HOLD_SAME_EMAIL)
        c.other = r->other;
    if (c.hold == HOLD_NONE)
        c.hold = round->hold;
    draft_add(d, c);
}

/* Of whoever is entitled to it the directory's own change makes a member. */
static void take_back(struct round *round, const struct drifted *row)
{
    struct draft *d = round->d;
    uint32_t person;
    const struct resident *r = whose(d, row, &person);
    if (!r || round_is_entitled(d, person) || round_keeps(d, person))
        return;
    struct change c = round_taking(round, person, r, 0);
    c.cause = CAUSE_DRIFT;
    c.detail = row->found;
    round->have++;
    round->released += c.hold == HOLD_NONE;
    round->kept = c.hold != HOLD_NONE ? c.hold : round->kept;
    draft_add(d, c);
}

void repair_round(struct round *round, uint32_t object)
{
    const struct census *c = &round->d->census;
    size_t n;
    const struct drifted *row = drifted_of(c, round->give, object, &n);
    for (size_t i = 0; i < n; i++)
        give_back(round, &row[i]);
    row = drifted_of(c, round->take, object, &n);
    for (size_t i = 0; i < n; i++)
        take_back(round, &row[i]);
}

/* --- groups ------------------------------------------------------------------------------------------------------- */

void repair_group(struct draft *d, uint32_t group, enum hold hold, bool renamed)
{
    static const enum op ops[] = {OP_ADD_GROUP, OP_RENAME_GROUP};
    for (int i = 0; i < 2; i++) {
        size_t n;
        const struct drifted *row = drifted_of(&d->census, ops[i], group, &n);
        if (n && !(renamed && ops[i] == OP_RENAME_GROUP))
            draft_add(d, (struct change){.object = group,
                                         .op = (uint8_t)ops[i],
                                         .cause = CAUSE_DRIFT,
                                         .detail = row->found,
                                         .hold = (uint8_t)hold});
    }
}

bool repair_is_unclear(const struct draft *d, uint32_t group)
{
    size_t n;
    drifted_of(&d->census, UNCLEAR_GROUP, group, &n);
    return n > 0;
}

bool repair_has_foreign(const struct draft *d, uint32_t group)
{
    size_t n;
    drifted_of(&d->census, OP_DROP_GROUP, group, &n);
    return n > 0;
}
