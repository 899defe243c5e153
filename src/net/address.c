#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

struct block {
    unsigned char bytes[16];
    unsigned bits;
};

/* clang-format off */
static const struct block special4[] = {
    {{0}, 8},            /* this network */
    {{10}, 8},           /* private */
    {{100, 64}, 10},     /* shared by carriers */
    {{127}, 8},          /* loopback */
    {{169, 254}, 16},    /* link-local; cloud metadata services */
    {{172, 16}, 12},     /* private */
    {{192, 0, 0}, 24},   /* protocol assignments */
    {{192, 0, 2}, 24},   /* documentation */
    {{192, 88, 99}, 24}, /* 6to4 relays */
    {{192, 168}, 16},    /* private */
    {{198, 18}, 15},     /* benchmarks */
    {{198, 51, 100}, 24},/* documentation */
    {{203, 0, 113}, 24}, /* documentation */
    {{224}, 4},          /* multicast */
    {{240}, 4},          /* reserved, broadcast */
};

/* Only 2000::/3 is given out; these are the parts of it that are not. */
static const struct block special6[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23},             /* protocol assignments, Teredo among them */
    {{0x20, 0x01, 0x0d, 0xb8}, 32},             /* documentation */
    {{0x3f, 0xff}, 20},                         /* documentation */
};
static const struct block global6 = {{0x20}, 3};
static const struct block sixtofour = {{0x20, 0x02}, 16};               /* the IPv4 address follows in bytes 2 to 5 */
static const struct block mapped4 = {{[10] = 0xff, [11] = 0xff}, 96};   /* ::ffff:a.b.c.d */
static const struct block nat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};       /* 64:ff9b::a.b.c.d */
/* clang-format on */

static bool in_block(const unsigned char *address, const struct block *block)
{
    unsigned whole = block->bits / 8, rest = block->bits % 8;
    if (memcmp(address, block->bytes, whole) != 0)
        return false;
    return rest == 0 || ((address[whole] ^ block->bytes[whole]) >> (8 - rest)) == 0;
}

static bool in_any(const unsigned char *address, const struct block *blocks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (in_block(address, &blocks[i]))
            return true;
    return false;
}

static bool is_public4(const unsigned char *address)
{
    return !in_any(address, special4, sizeof special4 / sizeof *special4);
}

static bool is_public6(const unsigned char *address)
{
    if (in_block(address, &mapped4) || in_block(address, &nat64))
        return is_public4(address + 12);
    if (in_block(address, &sixtofour))
        return is_public4(address + 2);
    return in_block(address, &global6) && !in_any(address, special6, sizeof special6 / sizeof *special6);
}

bool address_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return is_public4((const unsigned char *)&((const struct sockaddr_in *)(const void *)address)->sin_addr);
    if (address->sa_family == AF_INET6)
        return is_public6(((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr);
    return false;
}

bool address_is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 == 127;
    if (address->sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
    return false;
}

const char *address_format(const struct sockaddr *address, char ret[static ADDRESS_TEXT_MAX])
{
    const void *bytes = address->sa_family == AF_INET6
                            ? (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr
                            : (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if (!inet_ntop(address->sa_family, bytes, ret, ADDRESS_TEXT_MAX))
        snprintf(ret, ADDRESS_TEXT_MAX, "an address of family %d", address->sa_family);
    return ret;
}
