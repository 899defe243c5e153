/*
 * Everything that a SCIM service lists at one address, one resource after the other, over as many pages as it takes: by
 * index (RFC 7644, 3.4.2.4) or by cursor (RFC 9865), whichever the service offers.
 *
 * A listing is complete only when every page agreed with every other: totalResults stayed the same, no id came twice, and as many
 * resources came as were said to be there. By index each page begins with the last resource of the one before, so that one that
 * moved up or down in between shows. A listing that does not agree with itself changed while it was read: it is read
 * once again from its beginning, where what was delivered before is not delivered again.
 *
 * Memory: up to SCIM_AHEAD_MAX pages (ahead.h), and some 60 bytes for each resource.
 */
#ifndef CONNECTORS_SCIM_LISTING_H
#define CONNECTORS_SCIM_LISTING_H

#include "connectors/connector.h"
#include "connectors/scim/reader.h"
#include "scim/pieces.h"

struct scim_list_query {
    const char *path;   /* "/Users" */
    const char *object; /* for messages: "the list of users" */
    const char *filter; /* NULL: all */
    const char
        *attributes; /* names of what is wanted, with commas; NULL: everything. Left out where the service refuses it */
    const char *excluded; /* names of what is not wanted; NULL: nothing */
    const char *inner;    /* an array of each resource that may be large: "members"; NULL: none */
};

/*
 * Takes one resource, borrowed; it may have no id that can be used (scim_id_of). inner: the elements of the query's array, which is empty in the
 * resource. 1: what is in there is not SCIM, with err filled; -1 ends the reading, with err filled.
 */
typedef int scim_each(void *ctx, json_t *resource, struct scim_pieces *inner, struct err *err);

/*
 * 0: *ret is PULL_COMPLETE, or PULL_PARTIAL with err saying what cut it off or did not agree. -1: nothing could be read, or
 * each ended it. ret_count: of resources, of a complete one; may be NULL.
 */
int scim_listing_read(struct scim_reader *reader, const struct scim_list_query *query, scim_each *each, void *ctx,
                      enum pull_result *ret, size_t *ret_count, struct err *err);

/* How many there are, by totalResults; -1 in *ret: not said. -1: it cannot be read. */
int scim_listing_total(struct scim_reader *reader, const struct scim_list_query *query, int64_t *ret, struct err *err);
/* Whether there is nothing at all in it. */
int scim_listing_is_empty(struct scim_reader *reader, const struct scim_list_query *query, bool *ret, struct err *err);

#endif
