/*
 * A SCIM User or Group, as an entry that the sink takes: id, fingerprint, and only when the sink does not know it yet
 * the checks.
 *
 *   scim_entry_new -> (scim_entry_member… -> scim_entry_deliver | scim_entry_gone)… -> scim_entry_free
 *
 * Entries refer to each other by SCIM id. What is shown of them, and how the configuration names groups, is the
 * displayName.
 */
#ifndef CONNECTORS_SCIM_ENTRY_H
#define CONNECTORS_SCIM_ENTRY_H

#include "connectors/connector.h"
#include "connectors/scim_paths.h"

struct scim_entry;

/*
 * paths and sink outlive it. changes: the pull ends as PULL_CHANGES; then a resource whose id-attribute became another
 * reports the entry of the former as gone, which nobody else would.
 */
struct scim_entry *scim_entry_new(const struct scim_paths *paths, const struct sink *sink, bool changes);
void scim_entry_free(struct scim_entry **entry);

/* The id that the resource would have, in it or the pool; empty: none that can be used. */
struct span scim_entry_id(const struct scim_paths *paths, const json_t *resource, struct pool *pool);
/*
 * For PULL_CHANGES, when id-attribute is none of the service's own ids: does any other resource of the source have this id, too (1, 0, -1)? Asked
 * when an entry of a pull before has it. Without it the id is taken over: its former resource may be of a source that is no more.
 */
typedef int scim_entry_shared_fn(void *ctx, struct span id, struct err *err);
void scim_entry_ask_shared(struct scim_entry *entry, scim_entry_shared_fn *shared, void *ctx);

/* A member of the group that is delivered next, by SCIM id; beside those that stand in the resource itself. */
void scim_entry_member(struct scim_entry *entry, struct span id);

/*
 * Gives one resource to the sink, or its fault: -1 only when the sink ends the pull. resource may hold anything; it
 * is looked at as what a service answered (scim_resource_check) as far as it is wanted, and may be changed by that. A
 * resource without a usable id is a fault without one: the pull then proves no absence.
 */
int scim_entry_deliver(struct scim_entry *entry, enum entry_kind kind, json_t *resource, struct err *err);
/* The source reports the resource of this SCIM id as deleted. */
int scim_entry_gone(struct scim_entry *entry, enum entry_kind kind, struct span id, struct err *err);

/* How many were given to the sink so far, faults among them. */
size_t scim_entry_count(const struct scim_entry *entry, enum entry_kind kind);
size_t scim_entry_faults(const struct scim_entry *entry);

#endif
