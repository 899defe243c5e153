/*
 * A plan in the making, and its parts that compare what people are entitled to with what they have: seats of products, members of groups.
 */
#ifndef SYNC_DRAFT_H
#define SYNC_DRAFT_H

#include "sync/census.h"
#include "sync/tally.h"

struct draft {
    struct plan *plan;
    const struct plan_settings *settings;
    struct census census;
    struct guard *guard;   /* counts what would be taken away */
    bool hold_removals;    /* the guard tripped: every removal is held */
    bool hold_repairs;     /* so many accounts are missing on the platform that every repair is */
    uint32_t *stamp, *via; /* by entry: the target it was last met for, and the group that leads there */
    uint32_t round;        /* counts targets, so that stamp needs no clearing */
    uint32_t *entitled;    /* the people of this round, in order */
    size_t nentitled, entitled_cap;
    bool undecided;        /* of a plan for one person: who gets the last seats takes everybody to say */
    struct tally by_base;  /* people below each search base */
    struct tally by_group; /* of one product, seats by the group that led there */
};

/* Why nothing new may be done for a wanted person: as the directory has it, and who else has the e-mail. */
enum hold draft_giving_hold(const struct draft *draft, const struct resident *r);
/* Why nothing may be taken from the account. */
enum hold draft_taking_hold(const struct draft *draft, const struct resident *r);
/* Into the plan's changes, or into its held ones. */
void draft_add(struct draft *draft, struct change change);
/* Every product of the team with its limit, into the plan's seats. */
int draft_list_products(struct store *store, struct draft *draft, struct err *err);
int draft_products(struct store *store, struct draft *draft, struct err *err);
int draft_groups(struct store *store, struct draft *draft, struct err *err);
/* What the draft needed itself; the plan is not touched. */
void draft_release(struct draft *draft);

#endif
