#include "net/resolvers.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define ADDRESS_MAX 64

static bool is_port(const char *s)
{
    size_t n = strlen(s);
    if (n < 1 || n > 5 || strspn(s, "0123456789") != n)
        return false;
    long port = strtol(s, NULL, 10);
    return port >= 1 && port <= 65535;
}

/* The zone says by which interface a link-local address is meant; inet_pton knows only what stands before it. */
static bool is_address(const char *s, size_t n)
{
    char text[ADDRESS_MAX];
    unsigned char bytes[sizeof(struct in6_addr)];
    const char *zone = memchr(s, '%', n);
    if (zone && (zone == s + n - 1 || strncasecmp(s, "fe80:", 5) != 0))
        return false;
    if (zone)
        n = (size_t)(zone - s);
    if (n == 0 || n >= sizeof text)
        return false;
    memcpy(text, s, n);
    text[n] = '\0';
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool is_resolver(const char *text)
{
    if (strlen(text) >= ADDRESS_MAX)
        return false;
    const char *at = strchr(text, '@');
    return is_address(text, at ? (size_t)(at - text) : strlen(text)) && (!at || is_port(at + 1));
}

int resolver_check(const char *text, struct err *err)
{
    if (is_resolver(text))
        return 0;
    CLEANUP(pool_free) struct pool *pool = pool_new();
    return err_set(
        err, ERR_INPUT,
        "resolver '%s': not an IP address; write the address of a DNS server, as in 192.0.2.53 or 192.0.2.53@5353",
        text_printable(pool, (struct span){text, strnlen(text, ADDRESS_MAX)}));
}

/* The address of a "nameserver ADDRESS" line, or NULL. */
static const char *nameserver(struct pool *pool, struct span line)
{
    static const char word[] = "nameserver";
    const size_t n = sizeof word - 1;
    if (line.n <= n || memcmp(line.p, word, n) != 0 || !isblank((unsigned char)line.p[n]))
        return NULL;
    const char *from = line.p + n, *end = line.p + line.n;
    while (from < end && isspace((unsigned char)*from))
        from++;
    const char *to = from;
    while (to < end && !isspace((unsigned char)*to))
        to++;
    const char *address = pool_strndup(pool, from, (size_t)(to - from));
    return is_resolver(address) ? address : NULL;
}

int resolvers_read(const char *path, struct pool *pool, const char *const **ret, size_t *ret_n, struct err *err)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    if (file_read(path, RESOLVERS_FILE_MAX, &text, err) != 0)
        return -1;
    const char **list = pool_alloc(pool, RESOLVERS_MAX * sizeof *list);
    size_t n = 0;
    for (const char *p = buf_str(&text); *p && n < RESOLVERS_MAX;) {
        size_t length = strcspn(p, "\n");
        const char *address = nameserver(pool, (struct span){p, length});
        if (address)
            list[n++] = address;
        p += length + (p[length] == '\n');
    }
    if (n == 0)
        return err_set(err, ERR_INPUT, "%s: names no DNS server; write one as 'resolver' in section [dns]", path);
    *ret = list;
    *ret_n = n;
    return 0;
}
