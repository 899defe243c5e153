/*
 * "type = scim": a directory that speaks SCIM, read over HTTP.
 *
 * A pull is complete when both listings are (connectors/scim/listing.h), people first. Between complete ones it asks only for what changed
 * since, as long as the service can be believed there (connectors/scim/changes.h); such a pull is PULL_CHANGES.
 */
#ifndef CONNECTORS_SCIM_DIRECTORY_H
#define CONNECTORS_SCIM_DIRECTORY_H

#include "connectors/connector.h"

extern const struct directory_connector scim_directory;

#endif
