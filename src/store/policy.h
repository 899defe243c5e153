/* Rows of teams, of what their people can be entitled to, and of who is. */
#ifndef STORE_POLICY_H
#define STORE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/key.h"
#include "store/db.h"

struct team_row {
    int64_t id;
    int64_t enabled_at; /* 0: sync is off */
    char *policy;       /* digest of what the entitlements were made from; NULL: none were; owned by the struct */
};

/* Makes the row when there is none. */
int team_get(struct db *db, const char *name, struct team_row *ret, struct err *err);
/* The same without making it: a team without a row comes back with id 0. */
int team_find(struct db *db, const char *name, struct team_row *ret, struct err *err);
void team_row_release(struct team_row *row);
int team_enable(struct db *db, int64_t team, int64_t when, struct err *err); /* when 0: off */
int team_set_policy(struct db *db, int64_t team, const char *digest, struct err *err);

enum target_kind { TARGET_SCOPE, TARGET_PRODUCT, TARGET_GROUP, TARGET_PRIORITY };

/* The number of a target, made when there is none. group: the entry for TARGET_GROUP, else 0. */
int target_get(struct db *db, int64_t team, enum target_kind kind, const char *name, uint32_t group, uint32_t *ret,
               struct err *err);
/* The same without making it: *ret is 0 when there is none. */
int target_find(struct db *db, int64_t team, enum target_kind kind, const char *name, uint32_t *ret, struct err *err);
/* Drops every target of the team that is not among keep (sorted ascending), with its entitlements. */
int target_drop_others(struct db *db, int64_t team, const uint32_t *keep, size_t n, struct err *err);

/* The entry to which a configured group name was bound at first sight, 0: not yet. */
int target_bound(struct db *db, uint32_t target, const char *configured, uint32_t *ret_group, struct err *err);
int target_bind(struct db *db, uint32_t target, const char *configured, uint32_t group, struct err *err);

/*
 * A group's entry: *ret_there is false when it is gone, no group, or of another directory; *ret_name is what the
 * directory calls it (pass to free).
 */
int group_get(struct db *db, const char *directory, uint32_t group, bool *ret_there, char **ret_name, struct err *err);
/* Is it in the directory, and is anybody or any group in it who is there too? */
int group_state(struct db *db, uint32_t group, bool *ret_there, bool *ret_any, struct err *err);
/* The group of this directory that bears the name with this key; 0: none. */
int group_by_key(struct db *db, const char *directory, struct key128 key, uint32_t *ret, struct err *err);
/*
 * The groups of this directory that are called so, without regard to the case of ASCII letters: how many, and the
 * oldest (0: none).
 */
int group_named(struct db *db, const char *directory, const char *name, uint32_t *ret, size_t *ret_n, struct err *err);
/* Every group of the directory that is there. */
int group_each(struct db *db, const char *directory, void (*each)(void *ctx, uint32_t group), void *ctx,
               struct err *err);
/* Every nesting of one group of a directory in another: member is in group. */
int group_nestings(struct db *db, const char *directory, void (*each)(void *ctx, uint32_t group, uint32_t member),
                   void *ctx, struct err *err);
/* The same of one member: the groups that it is directly in. */
int group_parents(struct db *db, const char *directory, uint32_t member, void (*each)(void *ctx, uint32_t group),
                  void *ctx, struct err *err);
/* Every membership of a person of the directory, in the order of groups. Gone people and groups do not appear. */
int group_members(struct db *db, const char *directory, void (*each)(void *ctx, uint32_t group, uint32_t person),
                  void *ctx, struct err *err);
/* The groups that one person is directly in. */
int person_groups(struct db *db, uint32_t person, void (*each)(void *ctx, uint32_t group), void *ctx, struct err *err);

/* Entitlements of a target or of one person: via is the group that the person is directly in. */
int entitled_clear(struct db *db, uint32_t target, struct err *err);
int entitled_drop(struct db *db, uint32_t target, uint32_t person, struct err *err);
/* A statement for many entitled_put in a row; given back with stmt_free. */
int entitled_begin(struct db *db, struct stmt **ret, struct err *err);
int entitled_put(struct stmt *put, uint32_t target, uint32_t person, uint32_t via, struct err *err);
int entitled_each(struct db *db, uint32_t target, void (*each)(void *ctx, uint32_t person, uint32_t via), void *ctx,
                  struct err *err);
/* The same of one person. */
int entitled_each_of(struct db *db, uint32_t target, uint32_t person,
                     void (*each)(void *ctx, uint32_t person, uint32_t via), void *ctx, struct err *err);
int max_entry(struct db *db, uint32_t *ret, struct err *err);

#endif
