#include "sync/refs.h"

#include "base/keymap.h"
#include "base/mem.h"

struct edge {
    uint32_t group, ref;
};

/* The names that an entry bears; 0: none. */
struct names {
    uint32_t key, alias;
    bool is_group;
};

struct refs {
    struct mirror *mirror;
    void (*concerned)(void *ctx, uint32_t entry, bool is_group);
    void *ctx;
    struct keymap by_key; /* -> reference */
    struct key128 *keys;  /* by reference, from first_new on: for those not written yet */
    size_t nkeys, keys_cap;
    uint32_t first_new, max_ref;
    uint32_t *bearer; /* by reference: the entry, 0 none */
    uint8_t *stored;  /* by reference: the bearer in the database is this one */
    size_t nbearer, bearer_cap, stored_cap;
    struct names *names; /* by entry */
    size_t nnames;
    struct edge *added; /* edges to write, in no order */
    size_t nadded, added_cap;
    uint32_t *scratch; /* members of one group */
    size_t nscratch, scratch_cap, old_cap, nold;
    uint32_t *old;
};

static struct names *names_of(struct refs *r, uint32_t entry)
{
    if (entry >= r->nnames) {
        size_t n = r->nnames ? r->nnames : 1024;
        while (n <= entry)
            n *= 2;
        r->names = mem_resize(r->names, n, sizeof *r->names);
        memset(r->names + r->nnames, 0, (n - r->nnames) * sizeof *r->names);
        r->nnames = n;
    }
    return &r->names[entry];
}

static void set_bearer(struct refs *r, uint32_t ref, uint32_t entry, bool stored)
{
    while (r->nbearer <= ref) {
        size_t n = r->nbearer;
        *MEM_PUSH(&r->bearer, &r->nbearer, &r->bearer_cap) = 0;
        *MEM_PUSH(&r->stored, &n, &r->stored_cap) = true;
    }
    r->bearer[ref] = entry;
    r->stored[ref] = stored;
}

static void load_one(void *ctx, uint32_t id, struct key128 key, uint32_t entry)
{
    struct refs *r = ctx;
    keymap_put(&r->by_key, key, id);
    set_bearer(r, id, entry, true);
    if (!entry)
        return;
    struct names *n = names_of(r, entry);
    *(n->key ? &n->alias : &n->key) = id;
}

int refs_load(struct mirror *mirror, uint32_t max_entry, uint32_t max_ref,
              void (*concerned)(void *ctx, uint32_t entry, bool is_group), void *ctx, struct refs **ret,
              struct err *err)
{
    CLEANUP(refs_free) struct refs *r = mem_zero(sizeof *r);
    r->mirror = mirror;
    r->concerned = concerned;
    r->ctx = ctx;
    r->max_ref = max_ref;
    r->first_new = max_ref + 1;
    names_of(r, max_entry);
    if (mirror_load_refs(mirror, load_one, r, err) != 0)
        return -1;
    *ret = TAKE(r);
    return 0;
}

void refs_free(struct refs **refs)
{
    struct refs *r = *refs;
    if (!r)
        return;
    keymap_release(&r->by_key);
    free(r->keys);
    free(r->bearer);
    free(r->stored);
    free(r->names);
    free(r->added);
    free(r->scratch);
    free(r->old);
    free(r);
    *refs = NULL;
}

void refs_mark_group(struct refs *r, uint32_t entry)
{
    names_of(r, entry)->is_group = true;
}

static uint32_t ref_of(struct refs *r, struct key128 key)
{
    uint32_t ref = keymap_find(&r->by_key, key);
    if (ref != KEYMAP_NONE)
        return ref;
    ref = ++r->max_ref;
    keymap_put(&r->by_key, key, ref);
    *MEM_PUSH(&r->keys, &r->nkeys, &r->keys_cap) = key;
    set_bearer(r, ref, 0, false);
    return ref;
}

/* Hands a name over, and tells everybody concerned: who bore it, and who does now. */
static void hand_over(struct refs *r, uint32_t ref, uint32_t entry)
{
    uint32_t before = r->bearer[ref];
    if (before == entry)
        return;
    if (before)
        r->concerned(r->ctx, before, names_of(r, before)->is_group);
    if (entry)
        r->concerned(r->ctx, entry, names_of(r, entry)->is_group);
    set_bearer(r, ref, entry, false);
}

static bool bears(const struct refs *r, uint32_t ref, uint32_t entry)
{
    return ref && r->bearer[ref] == entry;
}

int refs_name_entry(struct refs *r, uint32_t entry, bool is_group, struct key128 key, struct key128 alias,
                    struct err *err)
{
    (void)err;
    uint32_t now[2] = {ref_of(r, key), key_is_zero(alias) ? 0 : ref_of(r, alias)};
    struct names *n = names_of(r, entry);
    uint32_t before[2] = {n->key, n->alias};
    for (int i = 0; i < 2; i++)
        if (before[i] != now[0] && before[i] != now[1] && bears(r, before[i], entry))
            hand_over(r, before[i], 0);
    *n = (struct names){.key = now[0], .alias = now[1], .is_group = is_group};
    for (int i = 0; i < 2; i++)
        if (now[i])
            hand_over(r, now[i], entry);
    return 0;
}

uint32_t refs_bearer(const struct refs *r, struct key128 key)
{
    uint32_t ref = keymap_find(&r->by_key, key);
    return ref == KEYMAP_NONE ? 0 : r->bearer[ref];
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static size_t sort_unique(uint32_t *v, size_t n)
{
    if (n)
        qsort(v, n, sizeof *v, by_number);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || v[kept - 1] != v[i])
            v[kept++] = v[i];
    return kept;
}

static void load_edge(void *ctx, uint32_t ref)
{
    struct refs *r = ctx;
    *MEM_PUSH(&r->old, &r->nold, &r->old_cap) = ref;
}

static void tell_of(struct refs *r, uint32_t ref)
{
    uint32_t entry = r->bearer[ref];
    if (entry)
        r->concerned(r->ctx, entry, names_of(r, entry)->is_group);
}

int refs_set_members(struct refs *r, uint32_t group, const struct key128 *members, size_t n, struct err *err)
{
    r->nscratch = r->nold = 0;
    for (size_t i = 0; i < n; i++)
        *MEM_PUSH(&r->scratch, &r->nscratch, &r->scratch_cap) = ref_of(r, members[i]);
    r->nscratch = sort_unique(r->scratch, r->nscratch);
    if (mirror_load_edges(r->mirror, group, load_edge, r, err) != 0)
        return -1;
    size_t i = 0, j = 0;
    while (i < r->nscratch || j < r->nold) {
        bool is_new = j == r->nold || (i < r->nscratch && r->scratch[i] < r->old[j]);
        bool is_old = i == r->nscratch || (j < r->nold && r->old[j] < r->scratch[i]);
        if (is_new)
            *MEM_PUSH(&r->added, &r->nadded, &r->added_cap) = (struct edge){group, r->scratch[i]};
        else if (is_old && mirror_drop_edge(r->mirror, group, r->old[j], err) != 0)
            return -1;
        if (is_new || is_old)
            tell_of(r, is_new ? r->scratch[i] : r->old[j]);
        i += !is_old;
        j += !is_new;
    }
    return 0;
}

static int by_group_and_ref(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->ref > y->ref) - (x->ref < y->ref);
}

static int flush_refs(struct refs *r, struct err *err)
{
    for (uint32_t ref = 1; ref < r->nbearer; ref++) {
        if (r->stored[ref])
            continue;
        int done = ref >= r->first_new
                       ? mirror_put_ref(r->mirror, ref, r->keys[ref - r->first_new], r->bearer[ref], err)
                       : mirror_bind_ref(r->mirror, ref, r->bearer[ref], err);
        if (done != 0)
            return -1;
    }
    return 0;
}

/* In key order, which is several times faster than in the order of arrival. */
static int flush_edges(struct refs *r, struct err *err)
{
    if (r->nadded)
        qsort(r->added, r->nadded, sizeof *r->added, by_group_and_ref);
    for (size_t i = 0; i < r->nadded; i++) {
        tell_of(r, r->added[i].ref);
        if (mirror_put_edge(r->mirror, r->added[i].group, r->added[i].ref, err) != 0)
            return -1;
    }
    return 0;
}

int refs_flush(struct refs *r, struct err *err)
{
    bool bulk = false;
    if (mirror_bulk_begin(r->mirror, &bulk, err) != 0 || flush_edges(r, err) != 0 || flush_refs(r, err) != 0)
        return -1;
    return bulk ? mirror_bulk_end(r->mirror, err) : 0;
}
