/*
 * The DNS servers that are asked: as the configuration writes them, and as the system names them.
 */
#ifndef NET_RESOLVERS_H
#define NET_RESOLVERS_H

#include <stddef.h>

#include "base/err.h"
#include "base/pool.h"

#define RESOLVERS_MAX      8
#define RESOLVERS_SYSTEM   "/etc/resolv.conf"
#define RESOLVERS_FILE_MAX 65536

/*
 * Is this "ADDRESS" or "ADDRESS@PORT", with an IPv4 or IPv6 address (a zone as in fe80::1%eth0 is allowed)? Otherwise
 * ERR_INPUT.
 */
int resolver_check(const char *text, struct err *err);

/*
 * The nameserver lines of a resolv.conf(5), at most RESOLVERS_MAX; lines with something else than an address are
 * passed over. The array and its texts live in the pool. A file that names none is ERR_INPUT, one that cannot be read
 * as file_read says.
 */
int resolvers_read(const char *path, struct pool *pool, const char *const **ret, size_t *ret_n, struct err *err);

#endif
