/*
 * Names of attributes as clients write them (RFC 7644, 3.10): "userName", "name.familyName", with the URN of their
 * schema in front, and an extension's URN alone.
 */
#ifndef SCIM_ATTRPATH_H
#define SCIM_ATTRPATH_H

#include <jansson.h>

#include "base/span.h"
#include "scim/schema.h"

struct scim_attrpath {
    const struct scim_schema *extension; /* that the attribute is in; NULL: the core schema or a common attribute */
    const struct scim_attr *attr;        /* NULL: the whole extension */
    const struct scim_attr *sub;         /* NULL: all of the attribute */
};

/*
 * false: there is no such attribute, or it is none at all; *ret is then untouched. An attribute without a URN that only
 * an extension has is found there, as clients expect.
 */
bool scim_attrpath_find(const struct scim_resource_type *type, struct span name, struct scim_attrpath *ret);

/*
 * ATTRNAME, or ATTRNAME.ATTRNAME, with or without a URN: the grammar alone (RFC 7644, figure 1; "$" because of $ref).
 */
bool scim_attrpath_is(struct span name);

/* What a resource has in the place of attr; sub is not looked at. Borrowed; NULL: nothing. */
json_t *scim_attrpath_get(const struct scim_attrpath *at, const json_t *resource);
/* "name.familyName" or "urn:…:User:manager.value", for messages: the name as the schema writes it. */
const char *scim_attrpath_name(struct pool *pool, const struct scim_attrpath *at);

#endif
