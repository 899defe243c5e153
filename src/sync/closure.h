/*
 * Which groups lead to which targets, through any nesting, cycles included.
 *
 *   closure_new -> closure_nest…, closure_root… -> closure_solve -> closure_targets… -> closure_free
 *
 * Only groups stand here, never people: a person's targets are those of the groups the person is directly in. So one person's change costs
 * what that person's own groups cost, however large they are.
 */
#ifndef SYNC_CLOSURE_H
#define SYNC_CLOSURE_H

#include <stddef.h>
#include <stdint.h>

struct closure;

/* Groups are entry ids up to max_entry; targets are numbered by the caller from 0. */
struct closure *closure_new(uint32_t max_entry);
void closure_free(struct closure **closure);

void closure_nest(struct closure *closure, uint32_t parent, uint32_t child); /* child is a member of parent */
void closure_root(struct closure *closure, uint32_t target, uint32_t group); /* group leads to target */
void closure_solve(struct closure *closure);
/* The targets that membership in group leads to, ascending. Gives their number. */
size_t closure_targets(const struct closure *closure, uint32_t group, const uint32_t **ret);

#endif
