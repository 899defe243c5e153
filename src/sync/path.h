/*
 * How a person comes to be in a group: the shortest way through the nesting of groups.
 *
 *   paths_new -> paths_nest…, paths_start… -> paths_solve -> paths_to… -> paths_free
 *
 * One breadth-first search from the person's own groups upward answers for every group. Cycles are welcome; a group is visited once.
 */
#ifndef SYNC_PATH_H
#define SYNC_PATH_H

#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"

struct paths;

struct paths *paths_new(void);
void paths_free(struct paths **paths);

void paths_nest(struct paths *paths, uint32_t parent, uint32_t child); /* child is a member of parent */
void paths_start(struct paths *paths, uint32_t group);                 /* the person is directly in group */
void paths_solve(struct paths *paths);
/* Forgets the starts and what was solved, and keeps the nestings: for the next paths_start and paths_solve. */
void paths_restart(struct paths *paths);

struct path {
    const uint32_t *groups; /* from the group that the person is directly in to the one asked for */
    size_t n;               /* 0: the person is not in it */
};
/* The way to a group; lives in the pool. Of several shortest ones always the same. */
struct path paths_to(const struct paths *paths, uint32_t group, struct pool *pool);

#endif
