/* What a platform with SCIM has: its accounts, groups and members, as connectors/platform.h has it for read and differs. */
#ifndef CONNECTORS_SCIM_LOOK_H
#define CONNECTORS_SCIM_LOOK_H

#include "connectors/platform.h"
#include "connectors/scim/reader.h"

/*
 * A resource whose id cannot be used, a group that goes while it is read, and one that is too large leave the read partial. What
 * bears an id of ours the service's ids hear of; after a complete read, listed says so.
 */
int scim_look(struct scim_reader *reader, const struct platform_sink *sink, enum pull_result *ret, struct err *err);

/* As platform_connector.differs has it, of what the map writes, and of being usable. */
int scim_differs(const struct scim_map *map, const struct platform_task *task, const struct platform_found *found,
                 struct buf *ret);

#endif
