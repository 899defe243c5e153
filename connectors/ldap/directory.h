/* The descriptor of "type = ldap", for the registry. */
#ifndef CONNECTORS_LDAP_LDAP_H
#define CONNECTORS_LDAP_LDAP_H

#include "connectors/connector.h"

extern const struct directory_connector ldap_connector;

#endif
