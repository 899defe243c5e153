/*
 * A query for resources: the parameters of a GET, or the body of a POST to /.search (RFC 7644, 3.4.2 and 3.4.3), which
 * mean the same.
 *
 *   scim_params_search (for /.search) -> scim_query_read
 */
#ifndef SCIM_QUERY_H
#define SCIM_QUERY_H

#include "scim/filter.h"
#include "scim/order.h"
#include "scim/page.h"
#include "scim/projection.h"

#define SCIM_SEARCH_URN "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

/* As sent, percent-decoded; p NULL: not sent. */
struct scim_params {
    struct span attributes, excluded, filter, sort_by, sort_order, start_index, count, cursor;
};

struct scim_query {
    const struct scim_filter *filter; /* NULL: all */
    struct scim_projection projection;
    struct scim_order order;
    struct scim_page page;
};

/* The parameters that a SearchRequest has. They live in the pool. Other types than the RFC's are invalidValue. */
int scim_params_search(struct pool *pool, const json_t *message, struct scim_params *ret, struct scim_error *error);

/* by_cursor: the service's own way of paging. Pages are SCIM_PAGE_DEFAULT long, SCIM_PAGE_MAX at most. */
int scim_query_read(struct pool *pool, const struct scim_resource_type *type, const struct scim_params *params,
                    bool by_cursor, struct scim_query *ret, struct scim_error *error);

#endif
