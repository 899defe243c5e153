/*
 * What is remembered of each entry of a directory while a pull runs: some 60 bytes, whatever its size.
 *
 *   known_init -> known_reserve -> known_add…, in the order of their numbers -> known_find, known_numbered ->
 * known_release
 */
#ifndef SYNC_KNOWN_H
#define SYNC_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/keymap.h"
#include "base/span.h"
#include "crypto/digest.h"
#include "model/entry.h"

struct known {
    struct key128 fingerprint;
    uint32_t id; /* its number in the mirror */
    uint16_t base;
    uint8_t kind;
    bool seen : 1, gone : 1;
    bool told : 1;  /* the source reported it as gone, in this pull */
    bool taken : 1; /* what it is now was delivered in this pull; seen alone: it is there, if with a fault */
};

struct known_set {
    struct known *all;
    size_t n, cap;
    struct keymap by_uid; /* -> index into all */
    struct digest *digest;
};

void known_init(struct known_set *set);
void known_release(struct known_set *set);
void known_reserve(struct known_set *set, size_t n);

/* The immutable id as a key: the bytes of a UUID themselves, else a digest. */
struct key128 known_key(struct known_set *set, struct span uid);
/* One that is not there yet; its number is above all others. Pointers into the set are dead then. */
struct known *known_add(struct known_set *set, struct key128 key, uint32_t id, enum entry_kind kind);
/* NULL: there is none; *ret_key is for known_add. */
struct known *known_find(struct known_set *set, struct span uid, struct key128 *ret_key);
struct known *known_numbered(struct known_set *set, uint32_t id);

#endif
