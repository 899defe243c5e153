/*
 * Which resources a filter can match at all, found by the tables: those that have the name, the id … that every match has to have.
 *
 *   candidates_choose -> candidates_each: each of them is still to be matched
 */
#ifndef PUSH_CANDIDATES_H
#define PUSH_CANDIDATES_H

#include "push/service_inner.h"

struct candidates {
    struct pushed_query query; /* after, skip, most, and the order by name, are the caller's to set */

    /* The rest is the module's own. */
    const struct service_type *type;
    const struct scim_filter *filter;
    bool one; /* only the resource "id" */
    struct span id;
    bool none;    /* there is nobody */
    bool members; /* the users that are members of the group query.member */
};

/* filter NULL: everything there is. -1: a fault of ours. */
int candidates_choose(struct service_call *call, const struct service_type *type, const struct scim_filter *filter,
                      struct candidates *ret);
/* With their texts, in the order of their rows. skip and most count only where there is no filter. */
int candidates_each(struct service_call *call, struct candidates *candidates, pushed_each_fn *each, void *ctx);

/* The id in 'members eq "…"', 'members.value eq "…"' or 'members[value eq "…"]', of a term that is known. p NULL: another term. */
struct span candidates_linked_id(const struct service_type *type, const struct scim_filter *term);

#endif
