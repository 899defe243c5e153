#include "sync/ways.h"

#include "base/mem.h"

struct ways {
    struct store *store;
    const struct policy *policy;
    const struct plan *plan;
    struct paths *paths; /* NULL: not read yet */
    uint32_t start;      /* the group whose ancestors are solved; 0: none */
};

struct ways *ways_new(struct store *store, const struct policy *policy, const struct plan *plan)
{
    struct ways *ways = mem_zero(sizeof *ways);
    *ways = (struct ways){.store = store, .policy = policy, .plan = plan};
    return ways;
}

void ways_free(struct ways **ways)
{
    if (!*ways)
        return;
    paths_free(&(*ways)->paths);
    free(*ways);
    *ways = NULL;
}

static const char *section_of(const struct plan *plan, uint32_t product)
{
    for (size_t i = 0; i < plan->nseats; i++)
        if (plan->seats[i].product == product)
            return plan->seats[i].section;
    return NULL;
}

/* The index of the target; SIZE_MAX: the configuration has none. */
static size_t target_of(const struct ways *w, enum op op, uint32_t object)
{
    const struct policy *p = w->policy;
    bool product = op == OP_ASSIGN || op == OP_UNASSIGN;
    const char *section = product ? section_of(w->plan, object) : NULL;
    for (size_t i = 0; i < p->n; i++) {
        const struct target *t = &p->targets[i];
        if (product ? section && t->kind == TARGET_PRODUCT && strcmp(t->name, section) == 0
                    : t->kind == TARGET_GROUP && t->group == object)
            return i;
    }
    return SIZE_MAX;
}

static void take_nesting(void *ctx, uint32_t group, uint32_t member)
{
    paths_nest(ctx, group, member);
}

static int solve(struct ways *w, uint32_t group, struct err *err)
{
    if (w->paths && w->start == group)
        return 0;
    if (!w->paths) {
        w->paths = paths_new();
        if (group_nestings(w->store->db, w->policy->directory, take_nesting, w->paths, err) != 0)
            return -1;
    } else {
        paths_restart(w->paths);
    }
    paths_start(w->paths, group);
    paths_solve(w->paths);
    w->start = group;
    return 0;
}

static struct path itself(uint32_t group, struct pool *pool)
{
    uint32_t *groups = pool_alloc(pool, sizeof *groups);
    *groups = group;
    return (struct path){groups, 1};
}

int ways_of(struct ways *w, enum op op, uint32_t object, uint32_t group, struct pool *pool, struct path *ret,
            struct err *err)
{
    const struct policy *p = w->policy;
    size_t target = target_of(w, op, object);
    *ret = (struct path){0};
    for (size_t i = 0; i < p->nroots && target != SIZE_MAX; i++) {
        if (p->roots[i].target != target || p->roots[i].group != group)
            continue;
        *ret = itself(group, pool);
        return 0;
    }
    if (target == SIZE_MAX)
        return 0;
    if (solve(w, group, err) != 0)
        return -1;
    for (size_t i = 0; i < p->nroots; i++) {
        struct path path =
            p->roots[i].target == target ? paths_to(w->paths, p->roots[i].group, pool) : (struct path){0};
        if (path.n && (!ret->n || path.n < ret->n))
            *ret = path;
    }
    return 0;
}
