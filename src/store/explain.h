/*
 * What is told of one person: who is meant by what was typed, the person's rows, and what runs did to the person.
 *
 *   explain_begin -> explain_find… -> explain_person, explain_account, … -> db_rollback
 *
 * Reads only; each call costs one person's rows, but for finding somebody by a display name or a DN that nobody bears any more (one pass
 * over the people).
 */
#ifndef STORE_EXPLAIN_H
#define STORE_EXPLAIN_H

#include "base/key.h"
#include "store/account.h"
#include "store/run.h"

/* One state of the database for all that follows, though somebody may be writing; needs no lock. Ended by db_rollback. */
int explain_begin(struct db *db, struct err *err);

/* What of a person is compared with what was typed, the surest first. */
enum explain_by {
    EXPLAIN_BY_UID,
    EXPLAIN_BY_DN, /* as written; explain_find_key compares by the directory's own rules */
    EXPLAIN_BY_EMAIL,
    EXPLAIN_BY_ACCOUNT_EMAIL,
    EXPLAIN_BY_USER_NAME,
    EXPLAIN_BY_DISPLAY_NAME,
    EXPLAIN_BY_COUNT,
};
typedef void explain_met(void *ctx, uint32_t person, bool gone);
/* Texts are compared without regard to ASCII case; e-mails by the hash of their folded form. */
int explain_find(struct db *db, enum explain_by by, const char *text, int64_t email_hash, explain_met *each, void *ctx,
                 struct err *err);
int explain_find_key(struct db *db, const char *directory, struct key128 key, explain_met *each, void *ctx,
                     struct err *err);

/* When the directory was last read completely; 0: never. */
int explain_read_at(struct db *db, const char *directory, int64_t *ret, struct err *err);

/* The person's entry; texts in the pool, attributes "" when absent. */
struct explain_person {
    uint32_t id;
    const char *directory; /* section name */
    int64_t read_at;       /* end of the directory's last complete read */
    int64_t gone_at;       /* 0: there */
    bool active;
    unsigned excluded;
    const char *domain; /* "": no usable e-mail */
    int64_t email_hash;
    const char *uid, *dn;
    const char *attr[ATTR_COUNT];
};
/* 1: found; 0; -1 */
int explain_person(struct db *db, uint32_t person, struct pool *pool, struct explain_person *ret, struct err *err);

struct explain_account {
    uint32_t id; /* 0: there is none */
    enum account_state state;
    int64_t since, activated_at;
    const char *domain;
    const char *attr[ATTR_COUNT];
};
int explain_account(struct db *db, int64_t team, uint32_t person, struct pool *pool, struct explain_account *ret,
                    struct err *err);

/* Others with this e-mail: people who are in the directory (state ACCOUNT_NONE), and accounts of the team. */
int explain_same_email(struct db *db, int64_t team, const struct explain_person *person,
                       void (*each)(void *ctx, uint32_t person, enum account_state state), void *ctx, struct err *err);

/* When the account got its seat of this product; 0: it has none. */
int explain_seat(struct db *db, int64_t team, const char *product, uint32_t account, int64_t *ret_since,
                 struct err *err);
/* The products that the account has seats of, whatever the configuration says. */
int explain_seats(struct db *db, uint32_t account, void (*each)(void *ctx, const char *product), void *ctx,
                  struct err *err);
/* The groups that the account is in on the platform. */
int explain_memberships(struct db *db, uint32_t account, void (*each)(void *ctx, uint32_t group), void *ctx,
                        struct err *err);

struct explain_change {
    struct change change;
    int64_t run, at;
    const char *command;
    enum run_state state;
};
#define EXPLAIN_RUNS 200
/* What the team's last EXPLAIN_RUNS runs did to this person, newest first, at most limit. */
int explain_changes(struct db *db, int64_t team, uint32_t person, size_t limit,
                    void (*each)(void *ctx, const struct explain_change *change), void *ctx, struct err *err);

#endif
