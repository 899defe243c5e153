/*
 * From an entry as the source holds it to an entry as the sink takes it: id, fingerprint, and only when the sink does
 * not know it yet the checks, the keys and the members.
 *
 *   deliver_new -> deliver_entry… -> deliver_free
 */
#ifndef CONNECTORS_DELIVER_H
#define CONNECTORS_DELIVER_H

#include "connectors/attrmap.h"
#include "connectors/connector.h"
#include "connectors/raw.h"

struct deliver;

/*
 * map and sink outlive it. id_from_name: an entry without id is known by its name instead (for exports that leave the
 * id out); else it is a fault.
 */
struct deliver *deliver_new(const struct attrmap *map, const struct sink *sink, bool id_from_name);
void deliver_free(struct deliver **deliver);

/*
 * Gives one entry to the sink, or its fault; a container without a readable id or name is passed over. -1 only when the
 * sink ends the pull. Touches raw's next fields.
 */
int deliver_entry(struct deliver *deliver, enum entry_kind kind, struct raw *raw, struct err *err);

/* How many were given to the sink so far, faults among them. */
size_t deliver_count(const struct deliver *deliver, enum entry_kind kind);

#endif
