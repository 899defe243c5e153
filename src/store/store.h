/*
 * The state folder: one database, one writer.
 *
 *   store_open -> the functions of src/store/ -> store_close
 *
 * A writer holds a lock from open to close. A second one is refused with who holds it and since when; it does not wait, because what it
 * would have read by then is another state. Readers (reports) need no lock.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "store/db.h"

enum store_mode { STORE_READ, STORE_WRITE };

struct store {
    struct db *db;
    char *dir;   /* the state folder */
    int lock;    /* descriptor that holds the lock; -1 for readers */
    struct db *signins; /* signin.db, to be read: store/renewals.h; NULL: not open */
    char *actor; /* whom and when the audit log names: audit_as */
    int64_t now;
};

/*
 * Opens dir/doorward.db, making folder (0700) and database when writing. command is what the lock names to others ("doorward apply").
 * ERR_CONFLICT: somebody else is writing. ERR_NOT_FOUND: a reader found no state yet. ERR_STORE: damaged, too new, not ours.
 */
int store_open(const char *dir, enum store_mode mode, const char *command, struct store **ret, struct err *err);
void store_close(struct store **store);
/* A number that is another one, each time it is asked for, when somebody else committed something meanwhile. */
int store_moves(struct store *store, int64_t *ret, struct err *err);

#endif
