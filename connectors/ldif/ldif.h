/* The descriptor of "type = ldif", for the registry. */
#ifndef CONNECTORS_LDIF_LDIF_H
#define CONNECTORS_LDIF_LDIF_H

#include "connectors/connector.h"

extern const struct directory_connector ldif_connector;

#endif
