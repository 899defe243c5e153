/*
 * What of a plan only the plan for everybody can know, kept of the last one that was made of a team: the guard's limits that were passed,
 * and who waits for a seat. For telling of one person without planning for everybody.
 */
#ifndef STORE_LAST_PLAN_H
#define STORE_LAST_PLAN_H

#include "base/pool.h"
#include "crypto/digest.h"
#include "store/db.h"

struct last_trip {
    const char *what; /* as struct guard_trip has it */
    uint32_t group;
    int64_t removals, of, limit;
};

struct last_waiting {
    const char *product; /* section name */
    int64_t waiting;     /* people, for want of a seat */
};

struct last_plan {
    int64_t made_at;              /* 0: none is kept */
    char state[DIGEST_HEX_MAX];   /* of what the plan was made of */
    char content[DIGEST_HEX_MAX]; /* of what follows */
    struct last_trip *trips;
    size_t ntrips;
    struct last_waiting *waiting; /* only products for which somebody waits */
    size_t nwaiting;
};

/* In place of what was kept before, in a transaction of its own. */
int last_plan_put(struct db *db, int64_t team, const struct last_plan *plan, struct err *err);
/* The lists and texts live in the pool. */
int last_plan_get(struct db *db, int64_t team, struct pool *pool, struct last_plan *ret, struct err *err);

#endif
