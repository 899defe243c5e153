/*
 * Where a PATCH operation reaches (RFC 7644, 3.5.2, figure 7): an attribute, some of its values, a sub-attribute of
 * those.
 */
#ifndef SCIM_PATH_H
#define SCIM_PATH_H

#include "scim/filter.h"

struct scim_path {
    struct scim_attrpath at;         /* sub: the one behind the dot, or behind the brackets; NULL: none */
    const struct scim_filter *where; /* what the brackets say; NULL: all values */
};

/*
 * text: at most SCIM_PATH_MAX bytes. What the type does not have, and what is no path, is invalidPath; a fault in the
 * brackets is invalidFilter. What ret points to lives in the pool.
 */
int scim_path_parse(struct pool *pool, const struct scim_resource_type *type, struct span text, struct scim_path *ret,
                    struct scim_error *error);

#endif
