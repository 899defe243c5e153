/*
 * What the map of a team's platform makes of people, beside what their accounts were given.
 *
 *   mapper_open -> mapper_differing, mapper_compare, mapper_task… -> mapper_close
 *
 * Of the nine attributes that are kept of everybody the rows of accounts tell by themselves; here it is about the
 * rules that somebody wrote. A map that changed is so found as what it is: other values for whom it concerns.
 */
#ifndef SYNC_MAPPER_H
#define SYNC_MAPPER_H

#include "connectors/mapping.h"
#include "connectors/platform.h"
#include "model/change.h"
#include "store/store.h"

struct mapper;

/*
 * platform: its section, may be NULL. *ret NULL: it gets the attributes as they are; or (unless always) as the
 * defaults have them, and so did every account. Tables are read anew.
 */
int mapper_open(struct store *store, const struct conf_section *platform, int64_t team, bool always,
                struct mapper **ret, struct err *err);
void mapper_close(struct mapper **mapper);
/* Digest of the tables that the rules look things up in, which no digest of the configuration covers; "": none. */
const char *mapper_tables(const struct mapper *mapper);

/* Everybody whose account, that is not removed, was given something else than it would be given now. */
int mapper_differing(struct mapper *mapper, void (*each)(void *ctx, uint32_t person), void *ctx, struct err *err);

/* One rule for one person. Texts live in the pool or in the mapper. */
struct mapper_value {
    const char *target, *source;
    const char *where;         /* "FILE:LINE" of the rule; NULL: it is a default */
    struct span before, after; /* what the account was given, and what it would be; empty: nothing */
    bool known;                /* there is an account, and before counts */
    const char *why;           /* NULL, or why there is nothing although the source has something */
};
enum mapper_scope {
    MAPPER_OWN,     /* the rules that somebody wrote, and what accounts still have of such that are no more */
    MAPPER_DIFFERS, /* of these, what differs */
    MAPPER_ALL,     /* every rule that writes */
};
/* holder: whose account it is until now; else the person. No such person: nothing. */
int mapper_compare(struct mapper *mapper, uint32_t person, uint32_t holder, enum mapper_scope scope, struct pool *pool,
                   struct mapper_value **ret, size_t *ret_n, struct err *err);
/*
 * What an undo of change seq of run puts back, as far as it differs from what the account of holder has. attr: the
 * attributes that it puts back with it.
 */
int mapper_compare_undo(struct mapper *mapper, int64_t run, uint32_t seq, uint32_t holder, const struct span *attr,
                        struct pool *pool, struct mapper_value **ret, size_t *ret_n, struct err *err);

/*
 * Fills mapped of a task with attributes: from the directory as the mirror has it; of an undo (CAUSE_UNDO), which is
 * change seq of run, what the journal keeps; of a repair (CAUSE_DRIFT) what the account was given. mapper may be NULL.
 */
int mapper_task(struct mapper *mapper, const struct change *change, int64_t run, uint32_t seq, struct pool *pool,
                struct platform_task *task, struct err *err);
/* The same of what an account was given: attr are its attributes; kept: account.mapped. */
void mapper_given(const struct mapper *mapper, const struct span *attr, struct span kept, struct pool *pool,
                  struct platform_task *task);
/* After it was done: keeps what the account was given. mapper may be NULL. */
int mapper_done(struct mapper *mapper, const struct change *change, const struct platform_task *task, struct err *err);

/*
 * The further attributes that the platforms' maps of this directory's teams ask for: in lower case, ordered, each
 * once, in the pool.
 * names: the same with commas between them.
 */
int mapper_wants(const struct conf *conf, const struct conf_section *directory, struct pool *pool,
                 const char *const **ret, size_t *ret_n, const char **ret_names, struct err *err);

#endif
