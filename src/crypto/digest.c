#include "crypto/digest.h"

#include <endian.h>
#include <openssl/evp.h>

#include "base/cleanup.h"
#include "base/mem.h"

struct digest {
    EVP_MD_CTX *ctx;
    EVP_MD *md;
};

/* OpenSSL's SHA-256 fails only for want of memory or of the algorithm itself: neither comes from input. */
static void must(int ok)
{
    if (ok != 1) {
        fputs("doorward: SHA-256 is not available from OpenSSL\n", stderr);
        _Exit(71);
    }
}

struct digest *digest_new(void)
{
    struct digest *d = mem_zero(sizeof *d);
    d->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    d->ctx = EVP_MD_CTX_new();
    must(d->md && d->ctx);
    digest_start(d);
    return d;
}

void digest_free(struct digest **digest)
{
    if (!*digest)
        return;
    EVP_MD_CTX_free((*digest)->ctx);
    EVP_MD_free((*digest)->md);
    free(*digest);
    *digest = NULL;
}

void digest_start(struct digest *d)
{
    must(EVP_DigestInit_ex2(d->ctx, d->md, NULL));
}

void digest_add(struct digest *d, const void *data, size_t n)
{
    must(EVP_DigestUpdate(d->ctx, data, n));
}

void digest_field(struct digest *d, struct span value)
{
    uint64_t n = htole64(value.n); /* the same on every machine: what is kept is compared elsewhere */
    digest_add(d, &n, sizeof n);
    digest_add(d, value.p, value.n);
}

struct key128 digest_key(struct digest *d)
{
    unsigned char out[EVP_MAX_MD_SIZE];
    must(EVP_DigestFinal_ex(d->ctx, out, NULL));
    struct key128 key;
    memcpy(&key, out, sizeof key);
    return key;
}

static void to_hex(const unsigned char *bytes, char *ret)
{
    for (size_t i = 0; i < 32; i++)
        snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

void digest_hex(struct digest *d, char ret[static DIGEST_HEX_MAX])
{
    unsigned char out[EVP_MAX_MD_SIZE];
    must(EVP_DigestFinal_ex(d->ctx, out, NULL));
    to_hex(out, ret);
}

void digest_hex_of(const void *data, size_t n, char ret[static DIGEST_HEX_MAX])
{
    CLEANUP(digest_free) struct digest *d = digest_new();
    digest_add(d, data, n);
    digest_hex(d, ret);
}
