#include "sync/lost.h"

#include "base/keymap.h"
#include "base/mem.h"
#include "connectors/dn.h"

/* A search base: its number and its normalised name. */
struct base {
    uint32_t number;
    const char *form; /* NULL: there is none of this number */
};

struct lost {
    struct store *store;
    struct pool *pool;
    struct dn_keyer *keyer;
    struct lost_container *v;
    size_t n, cap;
    struct keymap by_name; /* of a container's name and when it went -> place in v */
    struct base *bases;
    size_t nbases, bases_cap;
    struct span parent; /* of the person before, in the pool, and what was found above it */
    int64_t gone_at;
    uint32_t base, found;
    struct err err; /* of a look-up */
};

/* The same name may have been borne by several containers, one after the other; those of one read count. */
static struct key128 name_key(struct key128 name, int64_t gone_at)
{
    return (struct key128){name.hi ^ (uint64_t)gone_at * 0x9E3779B97F4A7C15u, name.lo};
}

static const char *normal_form(const struct lost *l, struct span name)
{
    CLEANUP(buf_release) struct buf form = BUF_INIT;
    return dn_normalise(l->keyer, name, &form) == 0 ? pool_strdup(l->pool, buf_str(&form)) : NULL;
}

static void keep_container(struct lost *l, const struct container_row *row, struct span name, int64_t until,
                           struct span moved_to, bool met)
{
    struct pool *pool = l->pool;
    struct key128 key;
    if (dn_keyer_name(l->keyer, name, &key) != 0)
        return;
    uint32_t number = (uint32_t)l->n;
    keymap_put(&l->by_name, name_key(key, until), number);
    *MEM_PUSH(&l->v, &l->n, &l->cap) =
        (struct lost_container){.number = number,
                                .id = row->id,
                                .base = row->base,
                                .asked = row->asked || met,
                                .name = pool_strndup(pool, name.p, name.n),
                                .moved_to = moved_to.n ? pool_strndup(pool, moved_to.p, moved_to.n) : NULL,
                                .form = met ? normal_form(l, moved_to) : NULL};
}

static void take_container(void *ctx, const struct container_row *row)
{
    struct lost *l = ctx;
    if (row->was.n)
        keep_container(l, row, row->was, row->was_until, row->name, true);
    if (row->gone_at)
        keep_container(l, row, row->name, row->gone_at, row->moved_to, false);
}

/* The normalised name of a search base; NULL: there is none. */
static const char *base_form(struct lost *l, uint32_t number)
{
    for (size_t i = 0; i < l->nbases; i++)
        if (l->bases[i].number == number)
            return l->bases[i].form;
    const char *name = NULL;
    if (l->err.kind == ERR_NONE && number)
        base_name(l->store->db, number, l->pool, &name, &l->err);
    const char *form = name ? normal_form(l, span_str(name)) : NULL;
    *MEM_PUSH(&l->bases, &l->nbases, &l->bases_cap) = (struct base){number, form};
    return form;
}

/*
 * Did it take along people below this base? A container that is still met did only when it has left the base, which it
 * can when another base, such as that of the groups, reaches further.
 */
static bool took_along(struct lost *l, const struct lost_container *c, uint32_t base)
{
    if (!c->form)
        return true;
    const char *form = base_form(l, base);
    return form && !dn_is_below(c->form, form);
}

/* The topmost container above this name that went in the same read; KEYMAP_NONE: none did. */
static uint32_t topmost(struct lost *l, struct span above, int64_t gone_at, uint32_t base)
{
    uint32_t found = KEYMAP_NONE;
    for (; above.n; above = dn_parent(above)) {
        struct key128 key;
        if (dn_keyer_name(l->keyer, above, &key) != 0)
            break;
        uint32_t at = keymap_find(&l->by_name, name_key(key, gone_at));
        if (at != KEYMAP_NONE && took_along(l, &l->v[at], base))
            found = at;
    }
    return found;
}

/* Neighbours mostly share their container. */
const struct lost_container *lost_above(struct lost *l, const struct gone_row *person)
{
    struct span parent = dn_parent(person->name);
    if (l->n == 0 || parent.n == 0)
        return NULL;
    if (l->gone_at != person->gone_at || l->base != person->base || !span_eq(l->parent, parent)) {
        l->parent = (struct span){pool_strndup(l->pool, parent.p, parent.n), parent.n};
        l->gone_at = person->gone_at;
        l->base = person->base;
        l->found = topmost(l, parent, person->gone_at, person->base);
    }
    return l->found == KEYMAP_NONE ? NULL : &l->v[l->found];
}

const struct lost_container *lost_at(const struct lost *l, uint32_t number)
{
    return &l->v[number];
}

bool lost_is_inside(struct lost *l, const char *name, uint32_t base)
{
    const char *form = normal_form(l, span_str(name)), *above = base_form(l, base);
    return form && above && dn_is_below(form, above);
}

int lost_failed(const struct lost *l, struct err *err)
{
    if (l->err.kind == ERR_NONE)
        return 0;
    *err = l->err;
    return -1;
}

int lost_load(struct store *store, const char *directory, struct pool *pool, struct lost **ret, struct err *err)
{
    CLEANUP(lost_free) struct lost *l = mem_zero(sizeof *l);
    *l = (struct lost){.store = store, .pool = pool, .keyer = dn_keyer_new(), .err = ERR_INIT};
    if (container_each(store->db, directory, false, take_container, l, err) != 0)
        return -1;
    *ret = TAKE(l);
    return 0;
}

void lost_free(struct lost **lost)
{
    struct lost *l = *lost;
    if (!l)
        return;
    dn_keyer_free(&l->keyer);
    keymap_release(&l->by_name);
    free(l->v);
    free(l->bases);
    free(l);
    *lost = NULL;
}
