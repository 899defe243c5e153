#include "web/visitor.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "crypto/token.h"

#define HOPS_MAX  32
#define ID_LENGTH 16 /* of our own */

struct address {
    unsigned char bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
};

/* --- addresses -------------------------------------------------------------------------------------------------------- */

/* Without the zone of a link's address ("fe80::1%eth0"): it is ours to name, and says nothing of who it is. */
static bool read_address(const char *text, size_t n, struct address *ret)
{
    char copy[INET6_ADDRSTRLEN];
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    const char *zone = memchr(text, '%', n);
    n = zone ? (size_t)(zone - text) : n;
    if (n == 0 || n >= sizeof copy)
        return false;
    memcpy(copy, text, n);
    copy[n] = '\0';
    if (inet_pton(AF_INET6, copy, ret->bytes) == 1)
        return true;
    memcpy(ret->bytes, mapped, sizeof mapped);
    return inet_pton(AF_INET, copy, ret->bytes + sizeof mapped) == 1;
}

static const char *show_address(struct pool *pool, const struct address *address)
{
    char text[INET6_ADDRSTRLEN];
    bool is_v4 = IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)address->bytes);
    inet_ntop(is_v4 ? AF_INET : AF_INET6, address->bytes + (is_v4 ? 12 : 0), text, sizeof text);
    return pool_strdup(pool, text);
}

/* "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]:80", "2001:db8::1" (RFC 7239, 6, and what is written without it). */
static bool read_node(struct span node, struct address *ret)
{
    const char *end;
    if (node.n >= 2 && node.p[0] == '"' && node.p[node.n - 1] == '"')
        node = (struct span){node.p + 1, node.n - 2};
    if (node.n && *node.p == '[') {
        end = memchr(node.p, ']', node.n);
        bool port = end && (size_t)(end - node.p) + 1 < node.n;
        return end && (!port || end[1] == ':') && read_address(node.p + 1, (size_t)(end - node.p) - 1, ret);
    }
    end = memchr(node.p, ':', node.n);
    bool one = end && end == memrchr(node.p, ':', node.n);
    return read_address(node.p, one ? (size_t)(end - node.p) : node.n, ret);
}

static bool is_trusted(const struct conf_section *serve, const struct address *address)
{
    struct address proxy;
    for (size_t i = 0; i < conf_count(serve, "trusted-proxy"); i++) {
        const char *text = conf_at(serve, "trusted-proxy", i);
        if (read_address(text, strlen(text), &proxy) && memcmp(&proxy, address, sizeof proxy) == 0)
            return true;
    }
    return false;
}

/* --- headers ---------------------------------------------------------------------------------------------------------- */

static struct span trim(struct span s)
{
    while (s.n && (*s.p == ' ' || *s.p == '\t'))
        s.p++, s.n--;
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* The last piece of a list with sep between its pieces, which is taken off; quoted text is one piece. */
static struct span take_last(struct span *list, char sep)
{
    bool quoted = false;
    size_t i = list->n;
    for (; i > 0 && (quoted || list->p[i - 1] != sep); i--)
        quoted ^= list->p[i - 1] == '"';
    struct span last = trim((struct span){list->p + i, list->n - i});
    list->n = i ? i - 1 : 0;
    return last;
}

/* The value of "for" in one element of Forwarded; empty when there is none. */
static struct span for_of(struct span element)
{
    while (element.n) {
        struct span pair = take_last(&element, ';');
        if (pair.n > 4 && strncasecmp(pair.p, "for=", 4) == 0)
            return (struct span){pair.p + 4, pair.n - 4};
    }
    return (struct span){"", 0};
}

/* From who connected to whom it was for, as long as trusted ones say so. An element that cannot be read is nobody's word. */
static struct address follow(const struct conf_section *serve, struct address peer, const char *header, bool forwarded)
{
    struct address next;
    struct span list = span_str(header);
    for (int hop = 0; hop < HOPS_MAX && list.n && is_trusted(serve, &peer); hop++) {
        struct span last = take_last(&list, ',');
        if (!read_node(forwarded ? for_of(last) : last, &next))
            break;
        peer = next;
    }
    return peer;
}

const char *visitor_client(const struct conf_section *serve, struct pool *pool, const char *peer, const char *forwarded,
                           const char *x_forwarded_for)
{
    struct address address;
    if (!read_address(peer, strlen(peer), &address))
        return "";
    struct address by_standard = follow(serve, address, forwarded, true);
    struct address by_habit = follow(serve, address, x_forwarded_for, false);
    bool agree = !forwarded || !x_forwarded_for || memcmp(&by_standard, &by_habit, sizeof by_habit) == 0;
    return show_address(pool, !agree ? &address : forwarded ? &by_standard : &by_habit);
}

/* --- the request ------------------------------------------------------------------------------------------------------ */

static bool is_clean_id(const char *id)
{
    size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~+/=");
    return n >= 1 && n <= VISITOR_ID_MAX && !id[n];
}

static bool is_loopback(const struct address *address)
{
    const struct in6_addr *in6 = (const void *)address->bytes;
    return IN6_IS_ADDR_LOOPBACK(in6) || (IN6_IS_ADDR_V4MAPPED(in6) && address->bytes[12] == 127);
}

bool visitor_is_local(const struct conf_section *serve, const char *peer, const char *forwarded,
                      const char *x_forwarded_for)
{
    struct address address;
    bool sent_on = forwarded || x_forwarded_for;
    return read_address(peer, strlen(peer), &address) && is_loopback(&address) &&
           !(sent_on && is_trusted(serve, &address));
}

void visitor_read(const struct conf_section *serve, const struct request *request, struct visitor *ret)
{
    const char *peer = request_peer(request), *id = request_header(request, "X-Request-Id");
    struct pool *pool = request_pool(request);
    struct address address;
    char made[TOKEN_SIZE];
    bool trusted = read_address(peer, strlen(peer), &address) && is_trusted(serve, &address);
    const char *forwarded = trusted ? request_header_lines(request, "Forwarded") : NULL;
    const char *by_habit = trusted ? request_header_lines(request, "X-Forwarded-For") : NULL;
    ret->client = visitor_client(serve, pool, peer, forwarded, by_habit);
    ret->is_local = visitor_is_local(serve, peer, forwarded, by_habit);
    if (trusted && id && is_clean_id(id)) {
        ret->id = id;
        return;
    }
    token_new(made);
    ret->id = pool_strndup(pool, made, ID_LENGTH);
}
