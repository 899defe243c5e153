#include "net/form.h"

#include <stdbool.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes the part before the separator, and the separator, from *rest. */
static struct span take_part(struct span *rest, char separator)
{
    const char *end = rest->n ? memchr(rest->p, separator, rest->n) : NULL;
    struct span part = {rest->p, end ? (size_t)(end - rest->p) : rest->n};
    size_t used = part.n + (end != NULL);
    *rest = (struct span){rest->p + used, rest->n - used};
    return part;
}

/* The octet that text begins with, and how many characters it takes; 0: a "%" that begins none. */
static size_t decode_one(struct span text, char *ret)
{
    if (text.p[0] != '%') {
        *ret = text.p[0] == '+' ? ' ' : text.p[0];
        return 1;
    }
    int high = text.n >= 3 ? hex_digit(text.p[1]) : -1, low = text.n >= 3 ? hex_digit(text.p[2]) : -1;
    if (high < 0 || low < 0)
        return 0;
    *ret = (char)(high << 4 | low);
    return 3;
}

static bool can_be_decoded(struct span text)
{
    char c;
    if (text.n == 0)
        return true;
    for (const char *p = text.p, *end = text.p + text.n; p < end && (p = memchr(p, '%', (size_t)(end - p))); p += 3)
        if (decode_one((struct span){p, (size_t)(end - p)}, &c) == 0)
            return false;
    return true;
}

/* The next two take what can be decoded. */
static bool is_name(struct span text, const char *name)
{
    size_t used;
    char c;
    for (; text.n && *name; text.p += used, text.n -= used, name++)
        if ((used = decode_one(text, &c)) == 0 || c != *name)
            return false;
    return text.n == 0 && !*name;
}

static struct span decode(struct pool *pool, struct span text)
{
    char *out = pool_alloc(pool, text.n + 1);
    size_t n = 0, used;
    for (; text.n && (used = decode_one(text, &out[n])) > 0; text.p += used, text.n -= used)
        n++;
    out[n] = '\0';
    return (struct span){out, n};
}

int form_find(struct pool *pool, struct span text, const char *name, size_t max, struct span *ret)
{
    struct span found = {0};
    size_t times = 0, pairs = 0;
    if (!can_be_decoded(text))
        return -1;
    while (text.n) {
        struct span value = take_part(&text, '&');
        if (++pairs > max)
            return -1;
        if (!is_name(take_part(&value, '='), name))
            continue;
        found = value;
        times++;
    }
    if (times == 1)
        *ret = decode(pool, found);
    return times > 1 ? -1 : (int)times;
}

static struct span without_blanks(struct span s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s.p++, s.n--;
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

const char *cookie_find(struct pool *pool, const char *header, const char *name)
{
    struct span rest = span_str(header);
    while (rest.n) {
        struct span value = take_part(&rest, ';'), found = without_blanks(take_part(&value, '='));
        if (found.n != strlen(name) || memcmp(found.p, name, found.n) != 0)
            continue;
        value = without_blanks(value);
        return pool_strndup(pool, value.p, value.n);
    }
    return NULL;
}
