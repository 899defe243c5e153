/*
 * What the roster does to its rows, which are also our picture of a platform elsewhere: the changes of one kind at a time, taken from the journal, which is so the one list of what was done.
 *
 *   roster_rows_open -> roster_rows_change… -> roster_rows_close
 */
#ifndef STORE_ROSTER_H
#define STORE_ROSTER_H

#include "model/change.h"
#include "store/account.h"
#include "store/store.h"

struct roster_rows;

/*
 * invited_as: the state of a new account: ACCOUNT_INVITED, or ACCOUNT_ACTIVE where no acceptance is needed. invites: an invitation of ours goes
 * with a new account; a platform elsewhere has its own.
 */
int roster_rows_open(struct store *store, int64_t team, int64_t now, enum account_state invited_as, bool invites,
                     struct roster_rows **ret, struct err *err);
void roster_rows_close(struct roster_rows **rows);
/*
 * Carries out the changes first..last of the run's journal, which are all of this kind; those of an undo (CAUSE_UNDO) put back what the journal
 * kept, where others take what the directory has. ERR_CONFLICT when one does not fit what is there (no such
 * account): the plan was made from another state, and the caller rolls back.
 */
int roster_rows_change(struct roster_rows *rows, int64_t run, enum op op, bool undo, size_t first, size_t last,
                       struct err *err);

/* An invited person signed in for the first time. No-op for other states. */
int account_activate(struct store *store, int64_t team, uint32_t person, int64_t now, struct err *err);

#endif
