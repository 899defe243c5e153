/*
 * What a service answers to a bulk request (RFC 7644, 3.7.3), as a pure function: a reply comes in, and a reply for each
 * operation comes out, as if it had been a request of its own.
 *
 *   scim_bulk_answer_read -> replies -> scim_bulk_answer_release
 */
#ifndef CONNECTORS_SCIM_BULK_ANSWER_H
#define CONNECTORS_SCIM_BULK_ANSWER_H

#include "connectors/scim/bulk.h"
#include "net/http.h"

struct scim_bulk_answer {
    struct http_reply **replies; /* by operation; NULL: what became of it is not known */
    size_t n;
    bool lies; /* something is not named, named twice, or somebody else: its bulk is not to be trusted */
};

/* base: the address before "/Bulk"; the i-th item has the bulkId i. reply: with a status below 300, and whole. */
void scim_bulk_answer_read(struct scim_bulk_answer *ret, const char *base, const struct scim_bulk_item *items, size_t n,
                           const struct http_reply *reply);
void scim_bulk_answer_release(struct scim_bulk_answer *answer);

#endif
