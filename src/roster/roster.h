/*
 * The built-in platform: accounts, groups, products and seats kept in Doorward's own database, for organisations that need no
 * vendor's service, and for trying things out.
 */
#ifndef ROSTER_ROSTER_H
#define ROSTER_ROSTER_H

#include "connectors/platform.h"

extern const struct platform_connector roster_platform;

#endif
