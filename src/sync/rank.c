#include "sync/rank.h"

#include "base/mem.h"

struct ranking {
    bool *left; /* by entry: entitled, and without a place yet */
    uint32_t max_entry;
    uint32_t *order;
    size_t n;
};

static void place(void *ctx, uint32_t person, uint32_t via)
{
    struct ranking *r = ctx;
    (void)via;
    if (person > r->max_entry || !r->left[person])
        return;
    r->left[person] = false;
    r->order[r->n++] = person;
}

static int place_all(struct store *store, struct draft *d, const struct target *product, struct ranking *r,
                     struct err *err)
{
    const struct policy *p = d->settings->policy;
    for (size_t i = 0; i < d->nentitled; i++)
        r->left[d->entitled[i]] = true;
    for (size_t i = 0; i < p->n; i++)
        if (p->targets[i].kind == TARGET_PRIORITY && p->targets[i].section == product->section &&
            entitled_each(store->db, p->targets[i].id, place, r, err) != 0)
            return -1;
    for (size_t i = 0; i < d->nentitled; i++)
        place(r, d->entitled[i], 0);
    return 0;
}

int rank_entitled(struct store *store, struct draft *d, const struct target *product, struct err *err)
{
    if (!conf_count(product->section, "priority") || d->nentitled == 0)
        return 0;
    CLEANUP(freep) bool *left = mem_zero(((size_t)d->census.max_entry + 1) * sizeof *left);
    CLEANUP(freep) uint32_t *order = mem_alloc(d->nentitled * sizeof *order);
    struct ranking r = {.left = left, .max_entry = d->census.max_entry, .order = order};
    if (place_all(store, d, product, &r, err) != 0)
        return -1;
    memcpy(d->entitled, order, r.n * sizeof *order);
    return 0;
}
