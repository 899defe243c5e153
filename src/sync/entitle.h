/*
 * Who is entitled to what: kept in the database beside the mirror, moved in the same transaction, and only for the people whom a
 * change concerns.
 *
 * Everybody is looked at again when the policy changed, when groups were nested or taken apart, or when so many are concerned that one
 * pass over all memberships is cheaper.
 */
#ifndef SYNC_ENTITLE_H
#define SYNC_ENTITLE_H

#include "sync/policy.h"

int entitle_update(struct store *store, const struct policy *policy, const uint32_t *people, size_t n, bool all,
                   struct err *err);

#endif
