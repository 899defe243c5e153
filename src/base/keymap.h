/*
 * key128 -> dense number, in 24 bytes a slot at a load of at most 2/3. A directory of a million entries fits in 48 MB, where a
 * chained table with its handles takes three times that.
 */
#ifndef BASE_KEYMAP_H
#define BASE_KEYMAP_H

#include <stddef.h>

#include "base/key.h"

struct keymap {
    struct keymap_slot *slots;
    size_t mask, used;
};

#define KEYMAP_INIT                                                                                                    \
    {                                                                                                                  \
        NULL, 0, 0                                                                                                     \
    }
#define KEYMAP_NONE UINT32_MAX

/* The number stored under key, or KEYMAP_NONE. */
uint32_t keymap_find(const struct keymap *m, struct key128 key);
/* Makes room for n keys at once, before they are put: growing step by step moves every key several times. */
void keymap_reserve(struct keymap *m, size_t n);
/* Stores value (not KEYMAP_NONE) under key, in place of what was there. */
void keymap_put(struct keymap *m, struct key128 key, uint32_t value);
void keymap_release(struct keymap *m);

#endif
