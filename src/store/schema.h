/*
 * The tables, and how a database of an older program becomes one of ours: numbered migrations, each in one transaction.
 *
 * A database that is newer than the program is refused: an older program must not guess what newer rows mean.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/db.h"

/* The indexes that a bulk load drops and makes anew; the last two are for who is meant by an e-mail or a user name. */
#define SCHEMA_BULK_INDEXES                                                                                            \
    "CREATE INDEX ref_entry ON ref (entry); CREATE INDEX edge_ref ON edge (ref);"                                      \
    "CREATE INDEX person_email ON person (email_hash); CREATE INDEX person_user_name ON person (lower(user_name));"
#define SCHEMA_DROP_BULK_INDEXES                                                                                       \
    "DROP INDEX edge_ref; DROP INDEX ref_entry; DROP INDEX person_email; DROP INDEX person_user_name"

/* Brings the database to our version. ERR_STATE when it is newer than this program. */
int schema_migrate(struct db *db, struct err *err);
/* Refuses a database of any other version than ours; for readers, which migrate nothing. */
int schema_require(struct db *db, struct err *err);
int schema_version(void);

#endif
