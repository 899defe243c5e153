#include "saml/base64.h"

#include <openssl/evp.h>

#include <stdint.h>

static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int saml_base64_decode(struct span text, struct buf *ret)
{
    uint32_t bits = 0;
    size_t digits = 0, padding = 0;
    char *out = buf_reserve(ret, text.n / 4 * 3 + 3);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (is_space(text.p[i]))
            continue;
        if (text.p[i] == '=') {
            padding++;
            continue;
        }
        int v = digit_value(text.p[i]);
        if (v < 0 || padding)
            return -1;
        bits = bits << 6 | (uint32_t)v;
        if (++digits % 4 == 0) {
            out[n++] = (char)(bits >> 16);
            out[n++] = (char)(bits >> 8);
            out[n++] = (char)bits;
            bits = 0;
        }
    }
    /* 2 digits left carry 8 bits, 3 carry 16; one alone carries nothing whole. */
    size_t left = digits % 4;
    if (left == 1 || padding != (left ? 4 - left : 0))
        return -1;
    if ((left == 2 && bits & 0xF) || (left == 3 && bits & 0x3))
        return -1;
    if (left == 2)
        out[n++] = (char)(bits >> 4);
    if (left == 3) {
        out[n++] = (char)(bits >> 10);
        out[n++] = (char)(bits >> 2);
    }
    ret->len += n;
    ret->data[ret->len] = '\0';
    return 0;
}

void saml_base64_encode(struct span bytes, struct buf *ret)
{
    char *out = buf_reserve(ret, (bytes.n + 2) / 3 * 4 + 1);
    ret->len += (size_t)EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)bytes.p, (int)bytes.n);
}
