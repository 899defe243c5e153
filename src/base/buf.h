/* A growing run of bytes, always NUL-terminated when it holds anything. Owned by whoever holds the struct. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>

struct buf {
    char *data; /* NULL until something was added */
    size_t len; /* without the NUL */
    size_t cap;
};

#define BUF_INIT                                                                                                       \
    {                                                                                                                  \
        NULL, 0, 0                                                                                                     \
    }

void buf_add(struct buf *b, const void *data, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Makes room for n more bytes and gives their address; the caller adds what it wrote to b->len. */
char *buf_reserve(struct buf *b, size_t n);
void buf_clear(struct buf *b);   /* empties it and keeps the memory */
void buf_release(struct buf *b); /* frees it; the struct may be used again */
/* As buf_release, of a secret: what was in its memory is gone. A buffer that grew left copies behind; reserve room in one piece. */
void buf_wipe(struct buf *b);
const char *buf_str(const struct buf *b); /* "" when empty */

#endif
