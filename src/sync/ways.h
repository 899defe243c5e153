/*
 * How the group that a change names leads to the product or synced group that the change is about.
 *
 *   ways_new -> ways_of… -> ways_free
 *
 * Mostly it is that group itself, which costs a look at the policy. The nesting of groups is read when the first one is
 * not, and searched upward from that group, past its few ancestors.
 */
#ifndef SYNC_WAYS_H
#define SYNC_WAYS_H

#include "model/change.h"
#include "sync/path.h"
#include "sync/plan.h"

struct ways;

/* policy and plan must outlive it. */
struct ways *ways_new(struct store *store, const struct policy *policy, const struct plan *plan);
void ways_free(struct ways **ways);

/*
 * From group to a group that the configuration names for the target: assign and unassign are about the product object,
 * join and leave about the synced group object. n 0: it does not lead there. The path lives in the pool.
 */
int ways_of(struct ways *ways, enum op op, uint32_t object, uint32_t group, struct pool *pool, struct path *ret,
            struct err *err);

#endif
