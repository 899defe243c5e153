/*
 * How much a service lets us ask of it, from the headers of its replies: RateLimit (the drafts of
 * draft-ietf-httpapi-ratelimit-headers, old form and new), RateLimit-Remaining and -Reset, X-RateLimit-…,
 * X-Rate-Limit-….
 */
#ifndef NET_RATE_H
#define NET_RATE_H

#include <stdint.h>

struct rate_limit {
    int64_t left;  /* requests that are left until then; -1: not said */
    int64_t until; /* milliseconds until there are more; 0: not said */
};

#define RATE_LIMIT_NONE ((struct rate_limit){-1, 0})

/* The value of a header, in whatever case its name is; NULL: absent. Dead after the next call. */
typedef const char *rate_header(void *ctx, const char *name);

/*
 * now: the server's clock (its Date header) in seconds since 1970, or ours; some write the reset as such an instant, in
 * seconds or milliseconds. What is no number is taken as not said.
 */
void rate_limit_read(rate_header *header, void *ctx, int64_t now, struct rate_limit *ret);

#endif
