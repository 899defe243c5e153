/* What a platform with SCIM has: its accounts, groups and members, as connectors/platform.h has it for read and differs. */
#ifndef CONNECTORS_SCIM_LOOK_H
#define CONNECTORS_SCIM_LOOK_H

#include "connectors/platform.h"
#include "connectors/scim/reader.h"
#include "scim/map.h"

/*
 * mark: what stands ahead of the ids (job.h). A resource whose id cannot be used, or a group that goes while it is read, leaves the read
 * partial.
 */
int scim_look(struct scim_reader *reader, const char *mark, const struct platform_sink *sink, enum pull_result *ret,
              struct err *err);

/* As platform_connector.differs has it, of what the map writes, and of being usable. */
int scim_differs(const struct scim_map *map, const struct platform_task *task, const struct platform_found *found,
                 struct buf *ret);

#endif
