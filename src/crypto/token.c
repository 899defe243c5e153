#include "crypto/token.h"

#include <openssl/crypto.h>

#include "crypto/random.h"

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

/* Each character carries five bits of a byte of its own; 256 is a multiple of 32, so every letter is equally likely. */
void token_new(char ret[static TOKEN_SIZE])
{
    unsigned char bytes[TOKEN_LENGTH];
    random_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < TOKEN_LENGTH; i++)
        ret[i] = alphabet[bytes[i] & 31];
    ret[TOKEN_LENGTH] = '\0';
    OPENSSL_cleanse(bytes, sizeof bytes);
}

bool token_is_valid(const char *text)
{
    return strspn(text, alphabet) == TOKEN_LENGTH && text[TOKEN_LENGTH] == '\0';
}

bool token_same(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}
