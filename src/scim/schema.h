/*
 * What resources are made of (RFC 7643): resource types, their schemas and attributes, as tables.
 *
 *   scim_users, scim_groups          the core types, User with the enterprise extension
 *   scim_schema_read -> scim_type_extend       an extension of somebody's own
 *   scim_schema_json, scim_type_json           how /Schemas and /ResourceTypes show them
 *
 * Everything is a constant or lives in the caller's pool, and is never changed, so that threads may share it.
 */
#ifndef SCIM_SCHEMA_H
#define SCIM_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>

#include "base/pool.h"
#include "base/span.h"
#include "scim/error.h"

#define SCIM_USER_URN       "urn:ietf:params:scim:schemas:core:2.0:User"
#define SCIM_GROUP_URN      "urn:ietf:params:scim:schemas:core:2.0:Group"
#define SCIM_ENTERPRISE_URN "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
#define SCIM_SCHEMA_URN     "urn:ietf:params:scim:schemas:core:2.0:Schema"
#define SCIM_TYPE_URN       "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
#define SCIM_CONFIG_URN     "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"

/* In each, 0 is what RFC 7643, 2.2 takes when nothing is said. */
enum scim_attr_type {
    SCIM_STRING,
    SCIM_BOOLEAN,
    SCIM_DECIMAL,
    SCIM_INTEGER,
    SCIM_DATETIME,
    SCIM_BINARY,
    SCIM_REFERENCE,
    SCIM_COMPLEX,
};
enum scim_mutability { SCIM_READ_WRITE, SCIM_READ_ONLY, SCIM_IMMUTABLE, SCIM_WRITE_ONLY };
enum scim_returned { SCIM_BY_DEFAULT, SCIM_ALWAYS, SCIM_NEVER, SCIM_ON_REQUEST };
enum scim_uniqueness { SCIM_UNIQUE_NONE, SCIM_UNIQUE_SERVER, SCIM_UNIQUE_GLOBAL };

struct scim_attr {
    const char *name, *description;
    const struct scim_attr *subs; /* of SCIM_COMPLEX; they have none themselves */
    size_t nsubs;
    const char *const *canonical;  /* suggested values, NULL behind the last; NULL: none. Others are accepted, too. */
    const char *const *references; /* referenceTypes, likewise */
    enum scim_attr_type type;
    enum scim_mutability mutability;
    enum scim_returned returned;
    enum scim_uniqueness uniqueness;
    bool multi, required, case_exact;
};

struct scim_schema {
    const char *id; /* its URN */
    const char *name, *description;
    const struct scim_attr *attrs;
    size_t nattrs;
};

struct scim_extension {
    const struct scim_schema *schema;
    bool required;
};

struct scim_resource_type {
    const char *name;     /* "User"; also its id */
    const char *endpoint; /* "/Users" */
    const char *description;
    const struct scim_schema *schema;
    const struct scim_extension *extensions;
    size_t nextensions;
};

extern const struct scim_resource_type scim_users, scim_groups;
extern const struct scim_schema scim_user_schema, scim_group_schema, scim_enterprise_schema;
/* How the service describes itself (RFC 7643, 5 to 7; pagination: RFC 9865, 4). */
extern const struct scim_schema scim_config_schema, scim_type_schema, scim_schema_schema;
/* schemas, id, externalId, meta: of every resource, shown in no schema (RFC 7643, 3.1). */
extern const struct scim_schema scim_common;

/* Names are compared without regard to case. NULL: no such one. */
const struct scim_attr *scim_attr_find(const struct scim_attr *attrs, size_t n, struct span name);
const struct scim_attr *scim_sub_find(const struct scim_attr *attr, const char *name);
/* The core schema's, or a common attribute. */
const struct scim_attr *scim_type_attr(const struct scim_resource_type *type, struct span name);
const struct scim_schema *scim_type_extension(const struct scim_resource_type *type, struct span urn);

/* A copy of the type with one more extension. Both stay in use by it. */
const struct scim_resource_type *scim_type_extend(struct pool *pool, const struct scim_resource_type *type,
                                                  const struct scim_schema *schema, bool required);

/* The resources that /Schemas and /ResourceTypes give; base: the address before "/Schemas". New references. */
json_t *scim_schema_json(const struct scim_schema *schema, const char *base);
json_t *scim_type_json(const struct scim_resource_type *type, const char *base);

/*
 * A Schema resource, as another service gives it or an administrator wrote it, as a table in the pool. Characteristics
 * that are left out have the RFC's defaults; words that are none are invalidValue. SCIM_SCHEMA_ATTRS_MAX attributes at
 * most.
 */
int scim_schema_read(struct pool *pool, const json_t *resource, const struct scim_schema **ret,
                     struct scim_error *error);

#endif
