#include "sync/known.h"

#include "base/mem.h"

void known_init(struct known_set *set)
{
    *set = (struct known_set){.digest = digest_new()};
}

void known_release(struct known_set *set)
{
    digest_free(&set->digest);
    keymap_release(&set->by_uid);
    free(set->all);
    set->all = NULL;
}

void known_reserve(struct known_set *set, size_t n)
{
    keymap_reserve(&set->by_uid, n);
}

struct key128 known_key(struct known_set *set, struct span uid)
{
    unsigned char raw[16];
    size_t n = 0, i;
    int high = -1;
    for (i = 0; i < uid.n && uid.n == 36; i++) {
        char c = uid.p[i];
        int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (v < 0 && c == '-' && (i == 8 || i == 13 || i == 18 || i == 23))
            continue;
        if (v < 0 || n == sizeof raw)
            break;
        if (high < 0) {
            high = v;
        } else {
            raw[n++] = (unsigned char)(high << 4 | v);
            high = -1;
        }
    }
    struct key128 key;
    if (i == 36 && n == sizeof raw) { /* to its end: who begins like a UUID is not the one that has it */
        memcpy(&key, raw, sizeof key);
        return key;
    }
    digest_start(set->digest);
    digest_field(set->digest, span_str("uid"));
    digest_field(set->digest, uid);
    return digest_key(set->digest);
}

struct known *known_add(struct known_set *set, struct key128 key, uint32_t id, enum entry_kind kind)
{
    keymap_put(&set->by_uid, key, (uint32_t)set->n);
    struct known *k = MEM_PUSH(&set->all, &set->n, &set->cap);
    *k = (struct known){.id = id, .kind = (uint8_t)kind};
    return k;
}

struct known *known_find(struct known_set *set, struct span uid, struct key128 *ret_key)
{
    *ret_key = known_key(set, uid);
    uint32_t i = keymap_find(&set->by_uid, *ret_key);
    return i == KEYMAP_NONE ? NULL : &set->all[i];
}

struct known *known_numbered(struct known_set *set, uint32_t id)
{
    size_t low = 0, high = set->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (set->all[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set->n && set->all[low].id == id ? &set->all[low] : NULL;
}
