/* The order of a listing (RFC 7644, 3.4.2.3). */
#ifndef SCIM_ORDER_H
#define SCIM_ORDER_H

#include <jansson.h>

#include "scim/attrpath.h"

struct scim_order {
    bool asked; /* false: any order will do */
    bool descending;
    struct scim_attrpath at; /* the simple one that is compared */
};

/*
 * p NULL: not asked. sortBy that the type does not have, or cannot order by, is invalidPath; a strange sortOrder
 * invalidValue.
 */
int scim_order_read(const struct scim_resource_type *type, struct span sort_by, struct span sort_order,
                    struct scim_order *ret, struct scim_error *error);

/*
 * Puts resources in order, those that are equal in the one they had: ascending first to last, those without a value at
 * the end (descending: first). Of several values the primary one counts, or else the first; text that is not caseExact
 * is compared folded.
 */
void scim_order_sort(struct pool *pool, const struct scim_order *order, json_t **resources, size_t n);

#endif
