/*
 * "type = scim-push": what clients pushed to us, read from push.db into the mirror.
 *
 * A pull brings what changed since the cursor, and who was deleted; it ends as PULL_CHANGES whatever happens, so that
 * no removal is ever inferred. The cursor is the database, the number of the last change, and how resources are read:
 * where one of them is another, everything is delivered anew.
 */
#ifndef PUSH_DIRECTORY_H
#define PUSH_DIRECTORY_H

#include "connectors/connector.h"

#define PUSH_DIRECTORY "scim-push"

extern const struct directory_connector push_connector;

#endif
