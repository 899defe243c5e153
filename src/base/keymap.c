#include "base/keymap.h"

#include "base/mem.h"

struct keymap_slot {
    struct key128 key;
    uint32_t value; /* KEYMAP_NONE: free */
};

/* Keys may be UUIDs of one machine, which differ in a few bits only: mix them (the finaliser of SplitMix64). */
static uint64_t mix(struct key128 key)
{
    uint64_t x = key.hi ^ (key.lo * 0x9E3779B97F4A7C15u);
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static struct keymap_slot *slot_of(const struct keymap *m, struct key128 key)
{
    size_t i = mix(key) & m->mask;
    while (m->slots[i].value != KEYMAP_NONE && !key_eq(m->slots[i].key, key))
        i = (i + 1) & m->mask;
    return &m->slots[i];
}

static void resize(struct keymap *m, size_t n)
{
    struct keymap old = *m;
    m->mask = n - 1;
    m->slots = mem_resize(NULL, n, sizeof *m->slots);
    for (size_t i = 0; i < n; i++)
        m->slots[i].value = KEYMAP_NONE;
    for (size_t i = 0; old.slots && i <= old.mask; i++)
        if (old.slots[i].value != KEYMAP_NONE)
            *slot_of(m, old.slots[i].key) = old.slots[i];
    free(old.slots);
}

void keymap_reserve(struct keymap *m, size_t n)
{
    size_t slots = 1024;
    while (slots * 2 < n * 3)
        slots *= 2;
    if (!m->slots || slots > m->mask + 1)
        resize(m, slots);
}

uint32_t keymap_find(const struct keymap *m, struct key128 key)
{
    return m->slots ? slot_of(m, key)->value : KEYMAP_NONE;
}

void keymap_put(struct keymap *m, struct key128 key, uint32_t value)
{
    if (!m->slots || (m->used + 1) * 3 > (m->mask + 1) * 2)
        resize(m, m->slots ? (m->mask + 1) * 2 : 1024);
    struct keymap_slot *slot = slot_of(m, key);
    if (slot->value == KEYMAP_NONE)
        m->used++;
    *slot = (struct keymap_slot){key, value};
}

void keymap_release(struct keymap *m)
{
    free(m->slots);
    *m = (struct keymap)KEYMAP_INIT;
}
