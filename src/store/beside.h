/*
 * Databases beside the main one (signin.db, push.db), which others than the sync write: made when there is none, and told from files of
 * somebody else.
 */
#ifndef STORE_BESIDE_H
#define STORE_BESIDE_H

#include "store/db.h"

struct beside {
    int application, version;                    /* kept in the file's head */
    const char *what;                            /* "Doorward's record of sign-ins" */
    const char *nothing;                         /* while there is none: "nobody has signed in yet" */
    int (*make)(struct db *db, struct err *err); /* its tables, in a transaction */
};

/*
 * dir/name, made when it is not there. Two processes may come to a new file at once. ERR_STORE: damaged, somebody else's, or of another version.
 */
int beside_open(const char *dir, const char *name, const struct beside *kind, struct db **ret, struct err *err);
/* The same to read alone, by somebody who need not be the file's owner. ERR_NOT_FOUND: there is none, or it is being made this very moment. */
int beside_open_read(const char *dir, const char *name, const struct beside *kind, struct db **ret, struct err *err);

#endif
