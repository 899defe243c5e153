/*
 * The SCIM service of a directory with type = scim-push (RFC 7644): a request, without HTTP, becomes an answer and rows of push.db.
 *
 *   service_answer, for each request; src/web/scim_routes.c carries them, and has looked at the token before
 *
 * Everything in a request is hostile. What is wrong with it is answered as a SCIM error, and then nothing of it was done. An answer to a change is
 * given once the change is on the disk.
 */
#ifndef PUSH_SERVICE_H
#define PUSH_SERVICE_H

#include "base/buf.h"
#include "push/line.h"
#include "scim/query.h"
#include "store/pushed.h"

/* Resources of a directory, tombstones apart; more are refused, whatever is sent to us. */
#define SERVICE_RESOURCES_MAX 2000000
/* Bytes of one, members apart, and of a request that is about a user. */
#define SERVICE_RESOURCE_MAX (1024 * 1024)
/* Rows of members that a request may look through, beside those that it names. */
#define SERVICE_ROWS_MAX 500000
/* Members that one answer shows; a page with more ends early, a single group is shown whole. */
#define SERVICE_MEMBERS_SHOWN 100000
/* Bytes of resources after which a page ends, and that are put in order at once. */
#define SERVICE_PAGE_BYTES (16 * 1024 * 1024)
#define SERVICE_SORT_BYTES (64 * 1024 * 1024)
/* Seconds for a query where the request does not say; then it is tooMany. */
#define SERVICE_SEARCH_SECONDS 5
/* Resources that are put in order by something else than their names. */
#define SERVICE_SORT_MAX 20000

struct service_request {
    const char *method; /* "GET"; HEAD is the caller's */
    const char *path;   /* decoded, below the base: "/Users/2819c223"; "" for the base itself */
    struct scim_params params;
    struct span body;
    const char *content_type;            /* NULL: not sent */
    struct span if_match, if_none_match; /* p NULL: not sent */
    const char *base;                    /* the address of the base, without "/" at the end */
    int64_t now;                         /* microseconds since 1970 */
    double seconds;                      /* for a query; 0: SERVICE_SEARCH_SECONDS */
    struct line *line; /* for changes, with those of other threads; NULL: each is a transaction of its own */
};

/* What was done; of a request that was refused, nothing. */
struct service_tally {
    unsigned long created, changed, deleted; /* users and groups */
    unsigned long joined, left;              /* memberships */
    unsigned long failed;                    /* operations of a bulk request that was answered as such */
};

struct service_answer {
    int status;
    struct buf body;      /* JSON; empty: none. Released by the caller */
    const char *location; /* headers; NULL: none. They live in the pool */
    const char *etag;
    const char *allow;
    struct service_tally tally;
};

/*
 * name: of the directory's section, which bounds all that is seen. ret: zeroed by the caller. -1: a fault of our own (ERR_STORE, ERR_CONFLICT);
 * nothing was done but parts of a bulk request, and no answer was made.
 */
int service_answer(struct pushed *pushed, const char *name, const struct service_request *request, struct pool *pool,
                   struct service_answer *ret, struct err *err);

#endif
