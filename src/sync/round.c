#include "sync/round.h"

#include "base/mem.h"

static uint32_t stamp_entitled(const struct draft *d)
{
    return d->round * 2;
}

bool round_is_entitled(const struct draft *d, uint32_t person)
{
    return d->stamp[person] == stamp_entitled(d);
}

bool round_keeps(const struct draft *d, uint32_t person)
{
    return d->stamp[person] == stamp_entitled(d) + 1;
}

void round_begin(struct draft *d)
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

struct change round_taking(const struct round *round, uint32_t person, const struct resident *r, uint32_t via)
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
    if (c.hold == HOLD_NONE && round->unclear && !round->d->settings->approved)
        c.hold = HOLD_UNCLEAR;
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

void round_meet_having(void *ctx, uint32_t account, uint32_t via)
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
    if (round_is_entitled(d, person)) {
        d->stamp[person]++;
        return;
    }
    struct change c = round_taking(round, person, &d->census.by_entry[person], via);
    round->released += c.hold == HOLD_NONE;
    if (via && c.cause == CAUSE_LEFT_GROUP && c.hold == HOLD_NONE)
        tally_lose(&d->by_group, via);
    round->kept = c.hold != HOLD_NONE ? c.hold : round->kept;
    draft_add(d, c);
}

void round_meet_member(void *ctx, uint32_t account)
{
    round_meet_having(ctx, account, 0);
}

struct change round_giving(const struct round *round, uint32_t person, const struct resident *r)
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

void round_give(struct round *round, struct seats *seats)
{
    struct draft *d = round->d;
    for (size_t i = 0; i < d->nentitled; i++) {
        uint32_t person = d->entitled[i];
        if (!round_is_entitled(d, person))
            continue; /* has it already */
        struct change c = round_giving(round, person, &d->census.by_entry[person]);
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

int round_meet_entitled(struct store *store, const struct target *t, struct round *round, struct err *err)
{
    uint32_t only = round->d->settings->only;
    if (!t)
        return 0;
    return only ? entitled_each_of(store->db, t->id, only, meet_entitled, round, err)
                : entitled_each(store->db, t->id, meet_entitled, round, err);
}

uint32_t round_only_account(const struct draft *d)
{
    uint32_t only = d->settings->only;
    return only && only <= d->census.max_entry ? d->census.by_entry[only].account : 0;
}
