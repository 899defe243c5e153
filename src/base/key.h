/*
 * A 128-bit digest, used where equality of long values is all that matters: fingerprints of entries, names of entries.
 * Made by crypto/digest.h (SHA-256, truncated), so that nobody who can write to a directory can make two values collide.
 */
#ifndef BASE_KEY_H
#define BASE_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct key128 {
    uint64_t hi, lo;
};

static inline bool key_eq(struct key128 a, struct key128 b)
{
    return a.hi == b.hi && a.lo == b.lo;
}

static inline bool key_is_zero(struct key128 a)
{
    return a.hi == 0 && a.lo == 0;
}

#endif
