/* Accounts and groups of a SCIM 2.0 service. */
#ifndef CONNECTORS_SCIM_PLATFORM_H
#define CONNECTORS_SCIM_PLATFORM_H

#include "connectors/platform.h"

extern const struct platform_connector scim_platform;

#endif
