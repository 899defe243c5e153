/*
 * What the rules of a platform's own map look at and gave: further attributes of people in the mirror, and values of
 * accounts by target, each kept as one JSON text.
 */
#ifndef STORE_MAPPED_H
#define STORE_MAPPED_H

#include "base/pool.h"
#include "model/entry.h"
#include "store/store.h"

/* As kept: an object of texts. NULL for none. The caller frees it. */
char *named_values_text(const struct named_value *values, size_t n);
/* The other way; text empty: none. What is no such text holds none. Values live in the pool. */
size_t named_values_read(struct span text, struct pool *pool, const struct named_value **ret);

/* A person and the account, where there is one; dead after the call. */
struct mapped_row {
    uint32_t person;
    struct span uid, attr[ATTR_COUNT], extra; /* as the directory has the person; extra: as kept */
    bool has_account;
    struct span given[ATTR_COUNT], mapped; /* as the account was given them; mapped: as kept */
};

/* Everybody who has an account of the team that is not removed. */
int mapped_each(struct db *db, int64_t team, int (*each)(void *ctx, const struct mapped_row *row, struct err *err),
                void *ctx, struct err *err);
/* One person, and the account that is another entry's (holder) or the person's own. 1; 0: no such person; -1 */
int mapped_one(struct db *db, int64_t team, uint32_t person, uint32_t holder,
               int (*each)(void *ctx, const struct mapped_row *row, struct err *err), void *ctx, struct err *err);
/* Has any account of the team something that rules gave? */
int mapped_any(struct db *db, int64_t team, bool *ret, struct err *err);

/* What the account was given now. Of a person without an account nothing happens. */
int mapped_keep(struct db *db, int64_t team, uint32_t person, const struct named_value *values, size_t n,
                struct err *err);
/*
 * What the journal keeps with change seq of the run: what the account was given before, or, of an undo, what it gets
 * back (after). The texts live in the pool.
 */
int mapped_of_change(struct db *db, int64_t run, uint32_t seq, bool after, struct pool *pool,
                     const struct named_value **ret, size_t *ret_n, struct err *err);

#endif
