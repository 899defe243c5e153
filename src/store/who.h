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
    const char *given_name, *family_name;  /* "" when absent */
    bool active;
    unsigned excluded; /* number of the "exclude" line, or 0 */
};

/* Texts live in the pool. 1: found; 0: nobody, or gone from the directory; -1 */
int who_find(struct db *db, const char *directory, const char *uid, struct pool *pool, struct who *ret,
             struct err *err);

/*
 * An entry with this id, in whatever directory and gone or not. 1: *ret_directory, and *ret_gone_at (0: it is there); 0: none ever was;
 * -1. The newest when there are several.
 */
int who_was(struct db *db, const char *uid, struct pool *pool, const char **ret_directory, int64_t *ret_gone_at,
            struct err *err);
/* Who has this e-mail, or had it when they went: by its hash (sync/derive.h). 1: *ret_directory and *ret_uid; 0: nobody; -1 */
int who_has_email(struct db *db, int64_t email_hash, struct pool *pool, const char **ret_directory,
                  const char **ret_uid, struct err *err);
/* Was any directory of this name read to its end? 1, 0, -1 */
int who_was_read(struct db *db, const char *directory, struct err *err);
/* Has a seat of any product, on an account that is not suspended. */
int who_has_seat(struct db *db, int64_t person, bool *ret, struct err *err);
/* … of this one. */
int who_holds(struct db *db, int64_t person, const char *team, const char *product, bool *ret, struct err *err);

#endif
