/* Every directory this program knows: the one that is pushed to us and the connectors. */
#ifndef PUSH_DIRECTORIES_H
#define PUSH_DIRECTORIES_H

#include "connectors/connector.h"

/* NULL at the end; and by name (NULL: none). */
extern const struct directory_connector *const directory_connectors[];
const struct directory_connector *directory_connector_find(const char *name);

#endif
