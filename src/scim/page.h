/*
 * Which part of a listing is asked for, and the listing itself (RFC 7644, 3.4.2.4; by cursor: RFC 9865).
 *
 *   scim_page_read -> (the store reads page.count from page.start, or from page.cursor on) -> scim_list_json
 *
 * Cursors are the store's: opaque here, made of letters, digits and -._~ so that they stand in an address as they are.
 * A cursor that the store does not know is scim_error_set(…, SCIM_WRONG_CURSOR), one that has run out
 * SCIM_WRONG_CURSOR_EXPIRED.
 */
#ifndef SCIM_PAGE_H
#define SCIM_PAGE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/span.h"
#include "scim/error.h"

#define SCIM_LIST_URN "urn:ietf:params:scim:api:messages:2.0:ListResponse"

struct scim_page {
    bool by_cursor;
    struct span cursor; /* by_cursor: empty for the first page */
    size_t start;       /* otherwise: of the first resource, from 1 */
    size_t count;       /* at most so many; 0: none, only how many there are */
};

/*
 * p NULL: not sent. startIndex below 1 is 1, a negative count is 0, a large one is "most" (never more than asked). What
 * is no whole number is invalidValue; by cursor invalidCount, as is a negative count. A cursor with startIndex is
 * invalidValue. by_cursor: the method when neither is sent.
 */
int scim_page_read(struct span start_index, struct span count, struct span cursor, size_t usual, size_t most,
                   bool by_cursor, struct scim_page *ret, struct scim_error *error);

/*
 * A ListResponse. resources: an array, taken over. total: of all pages; negative: not known, by cursor only. next,
 * previous: cursors, NULL: none. A new reference.
 */
json_t *scim_list_json(const struct scim_page *page, int64_t total, json_t *resources, const char *next,
                       const char *previous);

/* What another service answered. */
struct scim_list {
    int64_t total;           /* -1: not said */
    int64_t start;           /* 1 when not said */
    const json_t *resources; /* an array, borrowed; NULL: none, as some services leave it out when empty */
    const char *next;        /* borrowed; NULL: there is no next page, or the service does not page by cursor */
};

/*
 * What is no ListResponse, has other types, negative numbers, more resources than its total, or a cursor of other
 * letters: invalidValue.
 */
int scim_list_read(const json_t *body, struct scim_list *ret, struct scim_error *error);

#endif
