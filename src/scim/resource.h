/*
 * A resource as somebody sent it, made into one that can be kept, or refused.
 *
 *   scim_json_load -> scim_resource_check                         POST, and what another service answered
 *                  -> scim_resource_check -> scim_resource_agrees PUT
 *
 * Values stay as they were sent. What changes: names get the case of their schema; "False" becomes false where a
 * boolean belongs; null and [] go away, as both say "no value" (RFC 7643, 2.5); a manager that is a bare text becomes
 * {"value": …}; what is readOnly or unknown is ignored (RFC 7644, 3.3), as is the password, which nothing here may
 * keep; "schemas" lists what is used.
 */
#ifndef SCIM_RESOURCE_H
#define SCIM_RESOURCE_H

#include <jansson.h>

#include "scim/schema.h"

enum scim_check {
    SCIM_SENT,     /* by a client: readOnly is ignored, required has to be there */
    SCIM_ANSWERED, /* by a service: readOnly is what we asked for, and it may have left out anything */
};

/*
 * Changes the resource in place; after an error it is to be thrown away. Wrong types, two primaries, a required
 * attribute missing or empty, "schemas" without the type's own are invalidValue; a name that stands twice in different
 * case is invalidSyntax.
 */
int scim_resource_check(const struct scim_resource_type *type, enum scim_check how, json_t *resource,
                        struct scim_error *error);

/*
 * What replaces a resource has the same immutable values, where it had any (RFC 7644, 3.5.1); otherwise mutability.
 * Both went through scim_resource_check.
 */
int scim_resource_agrees(const struct scim_resource_type *type, const json_t *present, const json_t *replacement,
                         struct scim_error *error);

/* Sets "schemas" to the type's own and each extension that has values; drops extensions that have none. */
void scim_resource_schemas(const struct scim_resource_type *type, json_t *resource);

/*
 * The rules for one attribute: all of its values, or with "one" a single value of a multi-valued one. The value may be
 * changed in place. ret: a new reference to it or to what takes its place; NULL: nothing is left.
 */
int scim_value_check(const struct scim_attr *attr, bool one, enum scim_check how, json_t *value, json_t **ret,
                     struct scim_error *error);

/* Nothing of it is taken: no value (null, []), never returned, or readOnly and sent. */
bool scim_value_is_ignored(const struct scim_attr *attr, enum scim_check how, const json_t *value);
/* That all required ones among the attributes are in the object, and not empty texts. */
int scim_required_check(const struct scim_attr *attrs, size_t n, const json_t *object, struct scim_error *error);

/*
 * Values of it are the members of something, of which there may be many: a multi-valued attribute with immutable
 * values.
 */
bool scim_attr_is_membership(const struct scim_attr *attr);

#endif
