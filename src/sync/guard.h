/*
 * The guard: when a plan would take away more than the limits allow, of a team's people, of those below one search base, of its
 * seats or of one group's members, all its removals are held and the rest proceeds.
 *
 *   guard_read -> (draft counts through guard_count_…) -> guard_trip -> the draft is made anew with its removals held
 *
 * Administrators of the team and people that the configuration protects are never removed at all.
 */
#ifndef SYNC_GUARD_H
#define SYNC_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "conf/conf.h"

#define GUARD_FLOOR 5 /* so many removals never trip the percentage */
#define GUARD_TRIPS 8 /* limits kept that were passed; more add nothing */

struct guard_limits {
    int64_t percent, count;
};

/* A limit that was passed. */
struct guard_trip {
    const char *what;     /* "people", "people below", "seats", "members of group", or REPAIR_MISSING (sync/repair.h) */
    uint32_t group, base; /* the group's entry; the number of the search base; else 0 */
    uint32_t removals, of, limit;
};

struct guard {
    struct guard_limits limits;
    struct guard_trip trips[GUARD_TRIPS];
    size_t ntrips;
};

void guard_read(const struct conf *conf, struct guard_limits *ret);
/* How many of these may be removed; pure. */
uint32_t guard_limit(const struct guard_limits *limits, uint32_t of);
/* Notes it when the removals pass the limit; of one group once, with the most. */
void guard_count(struct guard *guard, const char *what, uint32_t group, uint32_t removals, uint32_t of);
/* The same of the people below one search base. */
void guard_count_base(struct guard *guard, uint32_t base, uint32_t removals, uint32_t of);

/* Was a limit of this kind passed? */
bool guard_tripped(const struct guard *guard, const char *what);

/* Is this account an administrator's of the team, or protected? Addresses are compared without regard to case, in any script. */
bool guard_protects(const struct conf_section *team, struct span email, struct span user_name);

#endif
