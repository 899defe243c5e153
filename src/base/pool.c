#include "base/pool.h"

#include <stdarg.h>
#include <stdalign.h>

#include "base/mem.h"

#define CHUNK 16384

struct chunk {
    struct chunk *next;
    size_t size, used;
    alignas(max_align_t) char data[];
};

struct pool {
    struct chunk *head;
};

static struct chunk *chunk_new(size_t size, struct chunk *next)
{
    struct chunk *c = mem_alloc(sizeof *c + size);
    c->next = next;
    c->size = size;
    c->used = 0;
    return c;
}

struct pool *pool_new(void)
{
    struct pool *pool = mem_alloc(sizeof *pool);
    pool->head = chunk_new(CHUNK, NULL);
    return pool;
}

static void free_chunks(struct chunk *c)
{
    while (c) {
        struct chunk *next = c->next;
        free(c);
        c = next;
    }
}

void pool_free(struct pool **pool)
{
    if (!*pool)
        return;
    free_chunks((*pool)->head);
    free(*pool);
    *pool = NULL;
}

void pool_reset(struct pool *pool)
{
    free_chunks(pool->head->next);
    pool->head->next = NULL;
    pool->head->used = 0;
    if (pool->head->size > CHUNK) {
        free(pool->head);
        pool->head = chunk_new(CHUNK, NULL);
    }
}

void *pool_alloc(struct pool *pool, size_t size)
{
    const size_t align = alignof(max_align_t);
    size = (size + align - 1) & ~(align - 1);
    if (pool->head->size - pool->head->used < size)
        pool->head = chunk_new(size > CHUNK ? size : CHUNK, pool->head);
    void *p = pool->head->data + pool->head->used;
    pool->head->used += size;
    return p;
}

void *pool_zero(struct pool *pool, size_t size)
{
    return memset(pool_alloc(pool, size), 0, size);
}

char *pool_strndup(struct pool *pool, const char *s, size_t n)
{
    char *copy = pool_alloc(pool, n + 1);
    if (n)
        memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *pool_strdup(struct pool *pool, const char *s)
{
    return pool_strndup(pool, s, strlen(s));
}

char *pool_printf(struct pool *pool, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    char *text = pool_alloc(pool, (size_t)(n < 0 ? 0 : n) + 1);
    text[0] = '\0';
    if (n > 0)
        vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(ap);
    return text;
}
