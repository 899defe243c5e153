/* One person of a directory, by immutable id: whom a sign-in is of. */
#ifndef STORE_WHO_H
#define STORE_WHO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"
#include "store/db.h"

struct who {
    int64_t id; /* in the main database */
    const char *directory, *uid;
    const char *email, *domain, *name; /* "" when absent; the domain as an A-label; the name as people know it */
    bool active;
    unsigned excluded; /* number of the "exclude" line, or 0 */
};

/* Texts live in the pool. 1: found; 0: nobody, or gone from the directory; -1 */
int who_find(struct db *db, const char *directory, const char *uid, struct pool *pool, struct who *ret,
             struct err *err);

/* Has a seat of any product, on an account that is not suspended. */
int who_has_seat(struct db *db, int64_t person, bool *ret, struct err *err);

#endif
