/*
 * push.db: what cloud directories pushed to us through the SCIM service, until a pull takes it into the mirror.
 *
 *   pushed_open -> pushed_directory -> pushed_begin -> look-ups and changes -> pushed_commit -> pushed_close    the service
 *   pushed_open_read -> pushed_directory -> pushed_snapshot -> pushed_each_since, pushed_members -> pushed_rollback    a pull
 *
 * A database of its own, because the web process writes it and never the main one. Several processes and threads may write, each with
 * a handle of its own, which one thread uses at a time. Functions return 0 or -1 (ERR_STORE, or ERR_CONFLICT when somebody kept the file
 * locked for seconds) but where it says otherwise. Texts that come back are in the pool, or dead behind a callback.
 *
 * A resource is the JSON text that the service made of it, without what the store knows better: id, meta, members, groups. Members stand in a
 * table of their own, so that one more among 50,000 is one row. Whoever is gone leaves a tombstone: no removal is ever to be inferred.
 *
 * Each change of a resource has a number, which is its version and its time, too: microseconds since 1970, one more than the last when
 * the clock stands still or goes back. So the numbers of a file that was put back from a backup do not come again.
 *
 * The file grows to 16 GB; then nothing more is taken (ERR_STORE). Tombstones stay in it for good: 200 bytes each.
 */
#ifndef STORE_PUSHED_H
#define STORE_PUSHED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"
#include "base/span.h"
#include "store/db.h"

#define PUSHED_ID_SIZE 37 /* of the id of a resource, or of the database: a UUID (RFC 9562) and NUL */

struct pushed;

/* Opens dir/push.db (mode 0600), making it when there is none; dir is there. ERR_STORE: damaged, not ours, or of a newer version. */
int pushed_open(const char *dir, struct pushed **ret, struct err *err);
/* Of the one handle that most is written with: a larger cache, which stays good as long as nobody else writes. */
int pushed_writes_much(struct pushed *pushed, struct err *err);
/* Brings what was written into the file itself, which nobody waits for: about once a second while much is written. */
int pushed_fold(struct pushed *pushed, struct err *err);
/* The same as pushed_open to read alone. ERR_NOT_FOUND: there is none, as nothing was ever pushed. */
int pushed_open_read(const char *dir, struct pushed **ret, struct err *err);
/* Whether there is a file at all. */
bool pushed_is_there(const char *dir);
/* The file was taken away or replaced, by a backup for example: the handle is to be closed, and another opened. */
bool pushed_is_moved(const struct pushed *pushed);
void pushed_close(struct pushed **pushed); /* NULL inside is fine; fits CLEANUP */

/* Random, made with the file: change numbers mean nothing in another one. Owned by pushed. */
const char *pushed_database(const struct pushed *pushed);

/* Around calls that count together or not at all. begin takes the writer's lock, snapshot reads one state and writes nothing. */
int pushed_begin(struct pushed *pushed, struct err *err);
int pushed_snapshot(struct pushed *pushed, struct err *err);
int pushed_commit(struct pushed *pushed, struct err *err); /* on -1 nothing was done */
void pushed_rollback(struct pushed *pushed);               /* no-op outside a transaction; ends a snapshot */
/* One part of a transaction that may fail alone: mark -> … -> keep | undo. Not within each other. */
int pushed_mark(struct pushed *pushed, struct err *err);
int pushed_keep(struct pushed *pushed, struct err *err);
void pushed_undo(struct pushed *pushed);

/* --- directories ------------------------------------------------------------------------------------------------------- */

/* The number of the directory of this name (of its section). 1: found; 0: nothing was pushed to it yet; -1 */
int pushed_directory(struct pushed *pushed, const char *name, int64_t *ret, struct err *err);
/* The same, making one; not within a snapshot. */
int pushed_directory_make(struct pushed *pushed, const char *name, int64_t *ret, struct err *err);

struct pushed_about {
    int64_t users, groups; /* that are there */
    int64_t change;        /* the last number; 0: nothing was ever pushed */
};
int pushed_about(struct pushed *pushed, int64_t directory, struct pushed_about *ret, struct err *err);

/* --- resources --------------------------------------------------------------------------------------------------------- */

/* Their numbers are those of the file. */
enum pushed_kind { PUSHED_USER, PUSHED_GROUP };

/* What resources are looked up by. A user's NAME is unique in its directory. Their numbers are those of the file. */
enum pushed_key_kind {
    PUSHED_NAME,     /* userName of users, displayName of groups: folded (scim_fold) */
    PUSHED_EXTERNAL, /* externalId, as sent */
    PUSHED_EMAIL,    /* emails.value, folded */
};
struct pushed_key {
    enum pushed_key_kind kind;
    struct span value;
};

struct pushed_resource {
    int64_t row; /* dense; how the functions below name it */
    enum pushed_kind kind;
    bool gone;           /* a tombstone: id, kind and change count, nothing else */
    const char *id;      /* for everybody else */
    const char *display; /* displayName, or what there is instead: what its memberships show */
    int64_t created;     /* microseconds since 1970 */
    int64_t change;
    struct span text; /* JSON; p NULL: not asked for */
};

/* Of this directory alone, and of this kind; a tombstone is not there. 1: found; 0: not there; -1 */
int pushed_get(struct pushed *pushed, int64_t directory, enum pushed_kind kind, struct span id, bool with_text,
               struct pool *pool, struct pushed_resource *ret, struct err *err);
/* The same of any kind: a member may be a user or a group. The span may hold anything. */
int pushed_get_any(struct pushed *pushed, int64_t directory, struct span id, struct pool *pool,
                   struct pushed_resource *ret, struct err *err);
/* A resource, or a tombstone, by its row. */
int pushed_get_row(struct pushed *pushed, int64_t row, bool with_text, struct pool *pool, struct pushed_resource *ret,
                   struct err *err);
/* The one user of this directory who has the (folded) userName. 1: *ret_row; 0: nobody; -1 */
int pushed_user_named(struct pushed *pushed, int64_t directory, struct span name, int64_t *ret_row, struct err *err);

/* Gets one after the other; texts are dead behind it. 0: go on; 1: enough; -1: it failed, and err says why. It may read, not write. */
typedef int pushed_each_fn(void *ctx, const struct pushed_resource *resource, struct err *err);

enum pushed_way {
    PUSHED_ALL,       /* by row */
    PUSHED_BY_NAME,   /* by the key NAME, then by row */
    PUSHED_KEYED,     /* who has the key, by row */
    PUSHED_SINCE,     /* changed behind "since", by change */
    PUSHED_MEMBER_OF, /* groups that "member" is in, by row */
};
struct pushed_query {
    int64_t directory;
    enum pushed_kind kind;
    enum pushed_way way;
    struct pushed_key key; /* of KEYED */
    int64_t since;         /* of SINCE */
    int64_t member;        /* of MEMBER_OF: a row */
    int64_t after;         /* by row: only those behind this one; 0: all */
    int64_t skip, most;    /* of what there is: skip so many, give at most so many; most 0: no limit */
    bool descending;       /* of BY_NAME */
    bool with_text;
};
/* Those that are there, no tombstones. */
int pushed_each(struct pushed *pushed, const struct pushed_query *query, pushed_each_fn *each, void *ctx,
                struct err *err);

/*
 * For a pull: users and groups with a change number above since, tombstones among them, in the order of the numbers, with their texts. 0:
 * everything. Within a snapshot, so that pushed_members fits and pushed_about gives the number to begin with next time.
 */
int pushed_each_since(struct pushed *pushed, int64_t directory, int64_t since, pushed_each_fn *each, void *ctx,
                      struct err *err);

/* --- changes: within pushed_begin ---------------------------------------------------------------------------------------- */

struct pushed_content {
    struct span text;
    const char *display;
    const struct pushed_key *keys; /* the same one twice counts once */
    size_t nkeys;
};
/*
 * A new resource; now: microseconds. 1: made, and *ret says row, id and change; 0: another user has the name; -1. Nothing was done unless 1.
 */
int pushed_create(struct pushed *pushed, int64_t directory, enum pushed_kind kind, const struct pushed_content *content,
                  int64_t now, struct pool *pool, struct pushed_resource *ret, struct err *err);
/* Other content; 1, 0, -1 likewise. resource->change becomes the new number. */
int pushed_replace(struct pushed *pushed, struct pushed_resource *resource, int64_t directory,
                   const struct pushed_content *content, int64_t now, struct err *err);
/* Its members changed: another number. */
int pushed_touch(struct pushed *pushed, struct pushed_resource *resource, int64_t directory, int64_t now,
                 struct err *err);
/* A tombstone stays. Its own members are let go, and it leaves its groups, each of which gets another number, too. */
int pushed_delete(struct pushed *pushed, const struct pushed_resource *resource, int64_t directory, int64_t now,
                  struct err *err);

/* --- members ------------------------------------------------------------------------------------------------------------ */

/* 1: it joined, or left; 0: it was one already, or was none; -1. Both rows are of the same directory: the caller looks. */
int pushed_member_add(struct pushed *pushed, int64_t group, int64_t member, struct err *err);
int pushed_member_remove(struct pushed *pushed, int64_t group, int64_t member, struct err *err);
/* *ret: how many left. */
int pushed_members_clear(struct pushed *pushed, int64_t group, int64_t *ret, struct err *err);
/* 1: it is a direct member; 0; -1 */
int pushed_is_member(struct pushed *pushed, int64_t group, int64_t member, struct err *err);
int pushed_member_count(struct pushed *pushed, int64_t group, int64_t *ret, struct err *err);
/* Direct members, users and groups, by row; without texts. */
int pushed_members(struct pushed *pushed, int64_t group, pushed_each_fn *each, void *ctx, struct err *err);

#endif
