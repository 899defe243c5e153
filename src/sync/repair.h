/*
 * Repairs: the changes of a draft that put right what drifted on the platform (store/drift.h), laid over those that
 * follow from the directory.
 *
 *   repair_load, behind the census -> repair_account, repair_round, repair_group while the draft is made
 *
 * A repair makes the platform as our rows say, and only where the rows stay as they are: what the directory changes
 * anyway is changed by its own change. Only who is wanted gets anything back. Where more accounts are missing than
 * the guard would let go at once, nothing is repaired before somebody approved it: it may be another platform that
 * answers.
 */
#ifndef SYNC_REPAIR_H
#define SYNC_REPAIR_H

#include "sync/round.h"

/* What the guard calls accounts that are not there, or not usable. */
#define REPAIR_MISSING "accounts missing on the platform"

/*
 * Reads what was found into the census; unless settings->drift, only what was unclear when last looked at, which is held
 * until a look has shown it again.
 */
int repair_load(struct store *store, const struct plan_settings *settings, struct census *census, struct err *err);

/* The person's account itself. superseded: another change, which is not held, makes the account as it should be. */
void repair_account(struct draft *draft, uint32_t person, const struct resident *r, bool superseded);
/* Seats or memberships of this round, by the object's number in the rows; before its removals are counted. */
void repair_round(struct round *round, uint32_t object);
/* The group itself; renamed: another change gives it a name. */
void repair_group(struct draft *draft, uint32_t group, enum hold hold, bool renamed);
/* Is it unclear whose the group is there? By its number in the rows. */
bool repair_is_unclear(const struct draft *draft, uint32_t group);
/* Has the group members on the platform that are not ours? */
bool repair_has_foreign(const struct draft *draft, uint32_t group);

#endif
