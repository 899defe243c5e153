/*
 * What a run did, beside what is there now: the rows from which its undo is planned.
 */
#ifndef STORE_UNDO_H
#define STORE_UNDO_H

#include "model/change.h"
#include "store/account.h"
#include "store/store.h"

/* One change of the run that moved a row, which repairs (CAUSE_DRIFT) do not. Texts are "" when absent and dead after the call. */
struct undo_row {
    uint32_t seq, person, object;
    enum op op;
    /* The account as it was before the change; ACCOUNT_NONE where the journal keeps none. */
    enum account_state before;
    const char *before_domain;
    int64_t before_email_hash;
    uint32_t group_was, group_is; /* of adopt-group: the entry that the platform's group had, and got */
    /* The account as it is now; ACCOUNT_NONE: there is none. */
    enum account_state state;
    const char *domain;
    struct span email, user_name;
    bool has; /* of seats and members: the account has it now */
};
int undo_each(struct store *store, int64_t team, int64_t run, void (*each)(void *ctx, const struct undo_row *row),
              void *ctx, struct err *err);

/* Every change that later runs of the team made, in their order, without repairs. */
int undo_each_later(struct store *store, int64_t team, int64_t run,
                    void (*each)(void *ctx, uint32_t later, enum op op, uint32_t person, uint32_t object), void *ctx,
                    struct err *err);
/* Every group that the team has on the platform, with the number of its members. */
int undo_each_group(struct store *store, int64_t team, void (*each)(void *ctx, uint32_t group, uint32_t members),
                    void *ctx, struct err *err);

/* The account as it was before change seq of the run; the texts live in the pool. 1: found; 0: the journal keeps none; -1 */
int undo_read(struct store *store, int64_t run, uint32_t seq, struct pool *pool, struct person_text *ret,
              struct err *err);
/* How many repairs the run made, which no undo takes back: they moved no row. */
int undo_repairs(struct store *store, int64_t run, int64_t *ret, struct err *err);
/* Was this run itself an undo? */
int undo_is_undo(struct store *store, int64_t run, bool *ret, struct err *err);

#endif
