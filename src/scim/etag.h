/*
 * Versions of resources (RFC 7644, 3.14). They are weak, as JSON may be written in several ways, and compared weakly,
 * also for If-Match, which RFC 7644 uses with weak ones.
 */
#ifndef SCIM_ETAG_H
#define SCIM_ETAG_H

#include "base/pool.h"
#include "base/span.h"

/* W/"VERSION". version: what the store has for it; letters, digits and -._ only. */
const char *scim_etag(struct pool *pool, const char *version);

enum scim_condition { SCIM_PROCEED, SCIM_NOT_MODIFIED /* 304 */, SCIM_PRECONDITION_FAILED /* 412 */ };

/*
 * What the headers say of a resource with this ETag (etag NULL: there is none). The spans are the headers' values, p
 * NULL: not sent. read: of a GET, for which If-None-Match answers 304 and not 412. What is no list of ETags matches
 * nothing.
 */
enum scim_condition scim_etag_check(struct span if_match, struct span if_none_match, const char *etag, bool read);

#endif
