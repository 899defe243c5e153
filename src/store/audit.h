/*
 * The audit log: who changed what, and when, each record chained by its digest to the one before.
 *
 *   audit_as, once -> (db_begin -> what is recorded -> audit_write -> db_commit)…
 *   audit_verify, audit_each: also for readers
 *
 * A record belongs into the transaction of what it records, so that neither is there without the other.
 *
 * The digest of a record is SHA-256 in hex over seven fields, each behind its length as 8 bytes, lowest first: the
 * digest of the record before (nothing for the first), number, seconds since 1970, actor, what, subject, detail as compact
 * JSON; numbers as decimal text. Whoever can write the file can make a whole new chain: only a digest kept elsewhere
 * (the head) tells such a log, or one whose end was cut off, from ours.
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "crypto/digest.h"
#include "store/store.h"

/* Words of the log: never change one, add. Subject: name of the domain, connection, team or directory, or the run's number. */
enum audit_what {
    AUDIT_DOMAIN_CHALLENGED,
    AUDIT_DOMAIN_PROVED,
    AUDIT_DOMAIN_LAPSED,
    AUDIT_DOMAIN_GIVEN_UP,
    AUDIT_CONNECTION_TESTED,
    AUDIT_CONNECTION_ACTIVATED,
    AUDIT_CONNECTION_DEACTIVATED,
    AUDIT_SYNC_ENABLED,
    AUDIT_SYNC_DISABLED,
    AUDIT_DIRECTORY_READ,
    AUDIT_GROUP_BOUND,
    AUDIT_GROUP_REBOUND,
    AUDIT_RUN_BEGUN,
    AUDIT_RUN_ENDED,
    AUDIT_REMOVALS_APPROVED,
    AUDIT_METADATA_ACCEPTED,
    AUDIT_KEY_ROLLED,
    AUDIT_TOKEN_MADE,
    AUDIT_TOKEN_REVOKED,
    AUDIT_COUNT,
};
extern const char *const audit_names[AUDIT_COUNT]; /* "domain-challenged", … */

/* One member of the detail. */
struct audit_field {
    const char *name, *text; /* text NULL and is_text: JSON null */
    int64_t number;
    bool is_text;
};
#define AUDIT_INT(n, v)  ((struct audit_field){.name = (n), .number = (int64_t)(v)})
#define AUDIT_TEXT(n, v) ((struct audit_field){.name = (n), .text = (v), .is_text = true})

struct audit_record {
    enum audit_what what;
    const char *subject;
    const struct audit_field *fields;
    size_t nfields;
};
/* The last members of a record: &(struct audit_record){AUDIT_RUN_ENDED, "7", AUDIT_DETAIL(AUDIT_INT("done", 3))} */
#define AUDIT_DETAIL(...)                                                                                              \
    (const struct audit_field[]){__VA_ARGS__},                                                                         \
        sizeof((const struct audit_field[]){__VA_ARGS__}) / sizeof(struct audit_field)

/* Whom and when the records of this store's opening name; the actor is copied. Without it: "unknown", at the clock's time. */
void audit_as(struct store *store, const char *actor, int64_t now);
int audit_write(struct store *store, const struct audit_record *record, struct err *err);

/* Texts are dead when each returns. */
struct audit_row {
    int64_t id, at;
    const char *actor, *what, *subject, *detail, *digest;
};
/* Oldest first. */
int audit_each(struct store *store, void (*each)(void *ctx, const struct audit_row *row), void *ctx, struct err *err);

struct audit_verdict {
    int64_t records, runs;     /* looked at; runs: ended ones, with their journal */
    char head[DIGEST_HEX_MAX]; /* of the last record; "" when there is none */
};
/*
 * Recomputes the whole chain and the digest of every ended run. ERR_STORE names the first record or run that does not
 * fit, and why. expect: a head that was kept elsewhere, which has to be in the chain; NULL: none was kept.
 */
int audit_verify(struct store *store, const char *expect, struct audit_verdict *ret, struct err *err);

#endif
