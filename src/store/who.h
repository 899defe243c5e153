/* One person of a directory, by immutable id: whom a sign-in is of. */
#ifndef STORE_WHO_H
#define STORE_WHO_H

#include <stdbool.h>

#include "base/pool.h"
#include "store/db.h"

struct who {
    const char *directory, *uid;
    const char *email, *domain, *name; /* "" when absent; the domain as an A-label; the name as people know it */
    bool active;
    unsigned excluded; /* number of the "exclude" line, or 0 */
};

/* Texts live in the pool. 1: found; 0: nobody, or gone from the directory; -1 */
int who_find(struct db *db, const char *directory, const char *uid, struct pool *pool, struct who *ret,
             struct err *err);

#endif
