/*
 * Pages of a listing, or whole resources, that are fetched ahead of their turn, several at once, so that a far service does not cost its
 * latency for each. One that could not be had is simply not there: whoever needs it asks for it, with all tries.
 *
 *   (scim_ahead_fetch -> scim_ahead_take…)… -> scim_ahead_clear
 */
#ifndef CONNECTORS_SCIM_AHEAD_H
#define CONNECTORS_SCIM_AHEAD_H

#include "connectors/scim/reader.h"

#define SCIM_AHEAD_MAX  8                 /* pages */
#define SCIM_AHEAD_SIZE (4 * 1024 * 1024) /* bytes of a page; where they are larger nothing is fetched ahead */

struct scim_ahead {
    struct scim_ahead_page {
        size_t start; /* its startIndex, or whatever it is known by */
        struct buf body;
        bool good;
    } pages[SCIM_AHEAD_MAX];
    size_t n;
};

/* How many are worth fetching at once, 1 and up. */
size_t scim_ahead_width(const struct scim_reader *reader);
/* In place of what was there: those that begin at starts[0..n), n at most SCIM_AHEAD_MAX, one try each. */
void scim_ahead_fetch(struct scim_ahead *ahead, struct scim_reader *reader, const size_t *starts,
                      const char *const *urls, size_t n);
/* false: it is not there. Else its body is moved to *ret. */
bool scim_ahead_take(struct scim_ahead *ahead, size_t start, struct buf *ret);
void scim_ahead_clear(struct scim_ahead *ahead);

#endif
