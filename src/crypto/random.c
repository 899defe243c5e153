#include "crypto/random.h"

#include <limits.h>
#include <openssl/rand.h>

void random_bytes(void *p, size_t n)
{
    if (n <= INT_MAX && RAND_bytes(p, (int)n) == 1)
        return;
    fputs("doorward: no random bytes from OpenSSL\n", stderr);
    _Exit(71);
}
