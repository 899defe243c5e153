/*
 * Why a DNS server gave nothing: one plain question to each, over UDP, for the message only. What it says is never
 * evidence for a name.
 */
#ifndef NET_PROBE_H
#define NET_PROBE_H

#include <stddef.h>

#include "base/pool.h"

#define PROBE_SECONDS 1 /* for all servers together */

/*
 * "192.0.2.53 answers SERVFAIL; 192.0.2.54@5353 does not answer", from the pool. The servers as resolver_check takes
 * them, at most RESOLVERS_MAX; name is in A-labels.
 */
const char *probe_resolvers(const char *const *resolvers, size_t n, const char *name, struct pool *pool);

/* "SERVFAIL", "RCODE 11" */
const char *probe_rcode(struct pool *pool, int rcode);

#endif
