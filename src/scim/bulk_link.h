/*
 * References between the operations of a bulk request: found when it is read, put in order, filled in when carried out.
 */
#ifndef SCIM_BULK_LINK_H
#define SCIM_BULK_LINK_H

#include "scim/bulk.h"

struct scim_bulk_link {
    size_t from, to; /* operations: from refers to what "to" makes, or has to come behind it */
    bool deferred;   /* "from" is made without it */

    json_t *in; /* the object or array with the text "bulkId:…"; NULL: there is none, the link is for the order */
    const char *key;
    size_t index;

    /* What is left out when deferred: one value of "path", an attribute of the data. */
    json_t *unit; /* counted */
    json_t *container;
    const char *path, *name;
    bool multi;
};

/* A bulkId and the operation that has it, sorted by scim_bulk_names_sort. */
struct scim_bulk_name {
    const char *bulk_id;
    size_t op;
};

/* The reference in "bulkId:x", or NULL: the text is none. */
const char *scim_bulk_reference(const char *text);
/* The operation that makes it; SCIM_NO_OP: none. */
size_t scim_bulk_lookup(const struct scim_bulk_name *names, size_t n, const char *bulk_id);

/* Adds a link for each reference in the operation's data. An unknown one becomes the operation's error. */
void scim_bulk_find_links(struct scim_bulk *bulk, size_t op, const struct scim_bulk_name *names, size_t nnames);
void scim_bulk_add_link(struct scim_bulk *bulk, struct scim_bulk_link link);

/* Fills bulk->steps. */
void scim_bulk_put_in_order(struct scim_bulk *bulk);

#endif
