/*
 * How many requests a client may make in a minute: a token bucket for each address, in memory that does not grow.
 *
 *   limit_new -> limit_take… from any thread -> limit_free
 *
 * An IPv6 network of /64 is one client, because whoever has one has all of its addresses. When more clients come than there is room for, those
 * whose buckets are fullest are forgotten.
 */
#ifndef WEB_LIMIT_H
#define WEB_LIMIT_H

#include <stdint.h>

struct limit;

struct limit *limit_new(void);
void limit_free(struct limit **limit); /* NULL inside is fine */

/*
 * One request of this client (numeric address), of this kind. now: seconds that only move forward. A bucket holds as many as come in a minute.
 * 0: it may go on; else the seconds to wait. Who comes from this very machine is not held up by its caller (visitor.h).
 */
unsigned limit_take(struct limit *limit, const char *kind, const char *client, int64_t per_minute, double now);

#endif
