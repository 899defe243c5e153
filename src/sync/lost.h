/*
 * The containers of a directory that went, or got another name, found by the names that people still have who went with
 * them.
 *
 *   lost_load -> lost_above… -> lost_failed -> lost_free
 */
#ifndef SYNC_LOST_H
#define SYNC_LOST_H

#include "store/container.h"
#include "store/store.h"

struct lost;

struct lost_container {
    uint32_t number;   /* 0, 1, …: one container may stand here under a name that it had, and one that it has */
    uint32_t id, base; /* the entry, and the number of the search base it was read through */
    const char *name, *moved_to; /* moved_to: NULL when it is not known to be anywhere */
    bool asked;                  /* the source said where it is, or that it is nowhere */
    const char *form;            /* of one that is met still: the normal form of moved_to; else NULL */
};

/* Texts live in the pool. */
int lost_load(struct store *store, const char *directory, struct pool *pool, struct lost **ret, struct err *err);
void lost_free(struct lost **lost);

/*
 * The topmost container above this person's name that went in the same read, and is not met still below the person's
 * base. NULL: none did. Lives as long as lost.
 */
const struct lost_container *lost_above(struct lost *lost, const struct gone_row *person);
const struct lost_container *lost_at(const struct lost *lost, uint32_t number);
/* Is this name below the search base of this number? */
bool lost_is_inside(struct lost *lost, const char *name, uint32_t base);
/* -1 with err when a look-up within one of these failed. */
int lost_failed(const struct lost *lost, struct err *err);

#endif
