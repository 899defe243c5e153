#include "roster/platforms.h"

#include "connectors/scim/platform.h"
#include "roster/roster.h"

const struct platform_connector *const platform_connectors[] = {&roster_platform, &scim_platform, NULL};

const struct platform_connector *platform_connector_find(const char *name)
{
    for (size_t i = 0; platform_connectors[i]; i++)
        if (strcmp(platform_connectors[i]->name, name) == 0)
            return platform_connectors[i];
    return NULL;
}
