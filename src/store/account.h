/*
 * Rows of what a platform holds: accounts, seats, groups and their members, of one team.
 *
 * For the roster these rows are the platform itself; for other platforms they are what was last seen or done there.
 */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H

#include "base/key.h"
#include "base/pool.h"
#include "model/entry.h"
#include "store/db.h"

enum account_state {
    ACCOUNT_NONE,
    ACCOUNT_INVITED,
    ACCOUNT_ACTIVE,
    ACCOUNT_SUSPENDED,
    ACCOUNT_REMOVED,
    ACCOUNT_STATES
};
extern const char *const account_state_names[];        /* "none", "invited" … */
enum account_state account_state_of(const char *name); /* ACCOUNT_NONE for any other text */

struct account_row {
    uint32_t id, person;
    enum account_state state;
    int64_t since; /* when it got into this state */
    int64_t email_hash;
    struct key128 fingerprint; /* of the attributes it was given */
    const char *domain;
};
int account_each(struct db *db, int64_t team, void (*each)(void *ctx, const struct account_row *row), void *ctx,
                 struct err *err);
/* The same of one person's account. */
int account_each_of(struct db *db, int64_t team, uint32_t person,
                    void (*each)(void *ctx, const struct account_row *row), void *ctx, struct err *err);

/* By which an account is known to people, of every account of the team: cheaper than one by one for more than a few thousand. */
int account_each_address(struct db *db, int64_t team,
                         void (*each)(void *ctx, uint32_t person, struct span email, struct span user_name), void *ctx,
                         struct err *err);

struct person_row {
    uint32_t id;
    bool active, gone;
    unsigned excluded;
    uint32_t base;      /* number of the search base, or 0 */
    const char *domain; /* "" when there is no usable e-mail */
    int64_t email_hash;
    struct key128 fingerprint;
};
/* Every person of the directory, gone ones too. */
int person_each(struct db *db, const char *directory, void (*each)(void *ctx, const struct person_row *row), void *ctx,
                struct err *err);
/* The same of one person. */
int person_each_of(struct db *db, const char *directory, uint32_t person,
                   void (*each)(void *ctx, const struct person_row *row), void *ctx, struct err *err);
/*
 * The person, and everybody who has or ever had the e-mail that the person has now, in ascending order: an account's e-mail is
 * one that its person has or had, so these are all whose rows can decide whose the e-mail is.
 */
int person_each_near(struct db *db, uint32_t person, void (*each)(void *ctx, uint32_t near), void *ctx,
                     struct err *err);

int product_get(struct db *db, int64_t team, const char *name, uint32_t *ret,
                struct err *err); /* makes the row when there is none */
int product_name(struct db *db, uint32_t product, struct pool *pool, const char **ret,
                 struct err *err); /* *ret NULL: none */
/* Every product that the team ever had. */
int product_each(struct db *db, int64_t team, void (*each)(void *ctx, uint32_t product, const char *name), void *ctx,
                 struct err *err);
int seat_each(struct db *db, uint32_t product, void (*each)(void *ctx, uint32_t account, uint32_t via), void *ctx,
              struct err *err);
/* The same of one account. */
int seat_each_of(struct db *db, uint32_t product, uint32_t account,
                 void (*each)(void *ctx, uint32_t account, uint32_t via), void *ctx, struct err *err);
int seat_count(struct db *db, uint32_t product, uint32_t *ret, struct err *err);
/* How many people before this one are entitled to the target and have no seat of the product. */
int seat_count_before(struct db *db, int64_t team, uint32_t product, uint32_t target, uint32_t person, uint32_t *ret,
                      struct err *err);
/*
 * Does anybody have a seat of the product who is not active, not in the directory, excluded, out of scope (scope 0: there is none),
 * or not entitled to the target (0: nobody is)? If not, no seat is going to be released.
 */
int seat_any_to_release(struct db *db, uint32_t product, uint32_t target, uint32_t scope, bool *ret, struct err *err);
/* The team's groups on the platform: the entry each stands for, and the name it has there. */
int synced_group_each(struct db *db, int64_t team,
                      void (*each)(void *ctx, uint32_t id, uint32_t group, const char *name), void *ctx,
                      struct err *err);
int synced_member_each(struct db *db, uint32_t synced_group, void (*each)(void *ctx, uint32_t account), void *ctx,
                       struct err *err);

/* The same of one account. */
int synced_member_each_of(struct db *db, uint32_t synced_group, uint32_t account,
                          void (*each)(void *ctx, uint32_t account), void *ctx, struct err *err);

/* One person as the directory has it, or as the account has it: for showing. Texts are "" when absent and live in the statement. */
struct person_text {
    struct span uid, name; /* immutable id; DN */
    struct span attr[ATTR_COUNT];
    enum account_state state; /* of the account, where there is one */
};
struct person_reader;
int person_reader_open(struct db *db, int64_t team, struct person_reader **ret, struct err *err);
void person_reader_close(struct person_reader **reader);
/* ret lives until the next call of the same function. 1: found; 0: no such row; -1. */
int person_read(struct person_reader *reader, uint32_t person, struct person_text *ret, struct err *err);
/* Only the name people know (display name, else e-mail, user name, DN) and the e-mail. */
int person_read_name(struct person_reader *reader, uint32_t person, struct span *ret_name, struct span *ret_email,
                     struct err *err);
/* The same of everybody, in one pass: cheaper than one by one for more than a few thousand. */
int person_each_name(struct db *db, void (*each)(void *ctx, uint32_t person, struct span name, struct span email),
                     void *ctx, struct err *err);
int account_read(struct person_reader *reader, uint32_t person, struct person_text *ret, struct err *err);
int group_read(struct person_reader *reader, uint32_t group, struct span *ret_display, struct span *ret_name,
               struct err *err);

/* The directory that an entry came from, as its section was called then. */
int entry_directory(struct db *db, uint32_t entry, struct pool *pool, const char **ret, struct err *err);
/* The domain that the gate judges this person by: the account's, or the directory's where there is no account. "" when there is none. */
int person_domain(struct db *db, int64_t team, uint32_t person, char *ret, size_t size, struct err *err);

#endif
