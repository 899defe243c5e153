/*
 * Which attributes an answer has (RFC 7644, 3.9, and "returned" of RFC 7643, 2.2).
 *
 *   scim_projection_read -> scim_projection_has (what has to be loaded at all) -> scim_project*
 */
#ifndef SCIM_PROJECTION_H
#define SCIM_PROJECTION_H

#include <jansson.h>

#include "scim/attrpath.h"

enum scim_projection_kind { SCIM_USUAL, SCIM_ONLY, SCIM_EXCEPT };

struct scim_projection {
    const struct scim_resource_type *type;
    enum scim_projection_kind kind;
    const struct scim_attrpath *names;
    size_t n;
};

/*
 * Lists with commas, as in the query; p NULL: not asked. Names that the type does not have change nothing. Both at once
 * are invalidValue, as they exclude each other; more than SCIM_NAMES_MAX names, too. What ret points to lives in the
 * pool.
 */
int scim_projection_read(struct pool *pool, const struct scim_resource_type *type, struct span attributes,
                         struct span excluded, struct scim_projection *ret, struct scim_error *error);

/* Whether the answer shows anything of the attribute. extension: that it is in; NULL: the core schema. */
bool scim_projection_has(const struct scim_projection *projection, const struct scim_schema *extension,
                         const struct scim_attr *attr);

/* What is to be shown of a resource: a new object that shares the values; the resource stays as it is. */
json_t *scim_project(const struct scim_projection *projection, const json_t *resource);

#endif
