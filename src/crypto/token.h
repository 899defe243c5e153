/*
 * Tokens: unguessable words that we hand out and know again. 160 bits in base32 (RFC 4648) in lower case, which
 * survives DNS, file names, case-blind forms and being read aloud.
 */
#ifndef CRYPTO_TOKEN_H
#define CRYPTO_TOKEN_H

#include <stdbool.h>

#include "base/span.h"

#define TOKEN_LENGTH 32
#define TOKEN_SIZE   (TOKEN_LENGTH + 1)

/* A new one, NUL-terminated. */
void token_new(char ret[static TOKEN_SIZE]);
/* Does it have the form of a token? Says nothing about whose it is. */
bool token_is_valid(const char *text);
/* Equal? Takes the same time wherever they differ; their lengths are no secret. */
bool token_same(struct span a, struct span b);

#endif
