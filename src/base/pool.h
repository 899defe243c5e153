/*
 * Memory for one unit of work (one request, one page, one run): handed out in small pieces, freed all at once.
 * Nothing taken from a pool is freed by itself.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

struct pool;

struct pool *pool_new(void);
void pool_free(struct pool **pool); /* NULL inside is fine; also fits CLEANUP(pool_free) */
/* Gives everything back for reuse and keeps one chunk. Pointers taken before are dead. */
void pool_reset(struct pool *pool);

void *pool_alloc(struct pool *pool, size_t size); /* aligned for any type, not zeroed */
void *pool_zero(struct pool *pool, size_t size);
char *pool_strdup(struct pool *pool, const char *s);
char *pool_strndup(struct pool *pool, const char *s, size_t n);
char *pool_printf(struct pool *pool, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
