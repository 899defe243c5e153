/*
 * The tables, and how a database of an older program becomes one of ours: numbered migrations, each in one transaction.
 *
 * A database that is newer than the program is refused: an older program must not guess what newer rows mean.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/db.h"

/* The indexes that a bulk load drops and makes anew. */
#define SCHEMA_EDGE_INDEXES "CREATE INDEX ref_entry ON ref (entry); CREATE INDEX edge_ref ON edge (ref);"
/*
 * By which somebody is found: an e-mail, a user name, a DN. Made at the end of the first complete read, in one go, which takes a fraction of
 * the time; no-op from then on.
 */
#define SCHEMA_SEARCH_INDEXES                                                                                          \
    "CREATE INDEX IF NOT EXISTS person_email ON person (email_hash);"                                                  \
    "CREATE INDEX IF NOT EXISTS person_user_name ON person (lower(user_name));"                                        \
    "CREATE INDEX IF NOT EXISTS ref_key ON ref (key_hi);"

/* Brings the database to our version. ERR_STORE when it is newer than this program. */
int schema_migrate(struct db *db, struct err *err);
/* Refuses a database of any other version than ours; for readers, which migrate nothing. */
int schema_require(struct db *db, struct err *err);
int schema_version(void);

#endif
