/*
 * References and memberships of one directory while a pull runs.
 *
 * A group's members are names. Each name has a dense number (a reference) that says which entry bears it now, or none. refs_name_entry
 * moves names when entries are renamed; refs_set_members compares a group's members with what was known and keeps only the difference.
 * Whoever is concerned by a change is told through the callback given to refs_load.
 */
#ifndef SYNC_REFS_H
#define SYNC_REFS_H

#include <stdbool.h>

#include "store/mirror.h"

struct refs;

int refs_load(struct mirror *mirror, uint32_t max_entry, uint32_t max_ref,
              void (*concerned)(void *ctx, uint32_t entry, bool is_group), void *ctx, struct refs **ret,
              struct err *err);
void refs_free(struct refs **refs);

/* Said once for each group known before, after refs_load: concerned() has to tell groups from people. */
void refs_mark_group(struct refs *refs, uint32_t entry);

/* The entry bears these names now (alias may be zero), and no others. */
int refs_name_entry(struct refs *refs, uint32_t entry, bool is_group, struct key128 key, struct key128 alias,
                    struct err *err);
/* Who bears the name; 0: nobody. */
uint32_t refs_bearer(const struct refs *refs, struct key128 key);
/* The group has exactly these members. */
int refs_set_members(struct refs *refs, uint32_t group, const struct key128 *members, size_t n, struct err *err);
/* Writes what is still in memory. Call once, at the end. */
int refs_flush(struct refs *refs, struct err *err);

#endif
