/*
 * What stands in a query, in a form of application/x-www-form-urlencoded, and in a Cookie header: found by name in the octets that were
 * received, with nothing kept of what nobody asks for.
 */
#ifndef NET_FORM_H
#define NET_FORM_H

#include <stddef.h>

#include "base/pool.h"
#include "base/span.h"

/*
 * A value of this name in "a=b&c=d", decoded: "+" is a space, "%XX" any octet. 1: there once, *ret is in the pool and ends with a NUL that is not
 * counted; 0: not there; -1: more than once, or the text holds more than max pairs, or a "%" that begins no octet.
 */
int form_find(struct pool *pool, struct span text, const char *name, size_t max, struct span *ret);

/* The first cookie of this name in "a=b; c=d" (RFC 6265, 5.4), as it stands there; NULL: none. In the pool. */
const char *cookie_find(struct pool *pool, const char *header, const char *name);

#endif
