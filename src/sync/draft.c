#include "sync/draft.h"

#include "base/mem.h"

void draft_add(struct draft *d, struct change c)
{
    struct plan *p = d->plan;
    bool repairs = c.cause == CAUSE_DRIFT, removes = op_is_removal((enum op)c.op);
    if (c.hold == HOLD_NONE && ((d->hold_removals && removes) || (d->hold_repairs && repairs)))
        c.hold = HOLD_GUARD;
    if (c.hold == HOLD_NONE) {
        *MEM_PUSH(&p->changes, &p->n, &p->cap) = c;
        p->counts[c.op]++;
        p->repairs += repairs;
    } else {
        *MEM_PUSH(&p->held, &p->nheld, &p->held_cap) = c;
        p->holds[c.hold]++;
        p->withheld += ((removes || repairs) && (c.hold == HOLD_GUARD || c.hold == HOLD_NEW_ID)) ||
                       (removes && c.hold == HOLD_UNCLEAR);
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
    if (r->account_hold == HOLD_UNCLEAR && d->settings->approved)
        return HOLD_NONE;
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
