/* Every platform this program knows: the one in our own database and the connectors. */
#ifndef ROSTER_PLATFORMS_H
#define ROSTER_PLATFORMS_H

#include "connectors/platform.h"

/* NULL at the end; and by name (NULL: none). */
extern const struct platform_connector *const platform_connectors[];
const struct platform_connector *platform_connector_find(const char *name);

#endif
