#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <sysexits.h>

static void *checked(void *p)
{
    if (p)
        return p;
    fputs("doorward: out of memory\n", stderr);
    _Exit(EX_OSERR);
}

void *mem_alloc(size_t size)
{
    return checked(malloc(size ? size : 1));
}

void *mem_zero(size_t size)
{
    return checked(calloc(1, size ? size : 1));
}

void *mem_resize(void *p, size_t count, size_t size)
{
    return checked(reallocarray(p, count ? count : 1, size));
}

char *mem_strdup(const char *s)
{
    return checked(strdup(s));
}

char *mem_strndup(const char *s, size_t n)
{
    return checked(strndup(s, n));
}

char *mem_printf(const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    return checked(n < 0 ? NULL : text);
}

void *mem_push(void **arr, size_t *n, size_t *cap, size_t size)
{
    if (*n == *cap) {
        *cap = *cap ? *cap * 2 : 16;
        *arr = mem_resize(*arr, *cap, size);
    }
    return (char *)*arr + size * (*n)++;
}
