#include "sync/entitle.h"

#include "base/mem.h"
#include "sync/closure.h"

/* One pass over all memberships costs less than looking up this many people. */
#define MANY_PEOPLE 2000

struct grant {
    uint32_t target, person, via; /* target is the number in the database */
};

struct entitle {
    struct db *db;
    const struct policy *policy;
    struct closure *closure;
    uint32_t max_entry;
    uint32_t person; /* the one looked at */
    struct grant *grants;
    size_t n, cap;
};

static void nest(void *ctx, uint32_t group, uint32_t member)
{
    struct entitle *e = ctx;
    closure_nest(e->closure, group, member);
}

static int solve(struct entitle *e, struct err *err)
{
    if (max_entry(e->db, &e->max_entry, err) != 0)
        return -1;
    e->closure = closure_new(e->max_entry);
    if (group_nestings(e->db, e->policy->directory, nest, e, err) != 0)
        return -1;
    for (size_t i = 0; i < e->policy->nroots; i++)
        closure_root(e->closure, e->policy->roots[i].target, e->policy->roots[i].group);
    closure_solve(e->closure);
    return 0;
}

static void grant(void *ctx, uint32_t group, uint32_t person)
{
    struct entitle *e = ctx;
    const uint32_t *targets;
    size_t n = closure_targets(e->closure, group, &targets);
    for (size_t i = 0; i < n; i++)
        *MEM_PUSH(&e->grants, &e->n, &e->cap) = (struct grant){e->policy->targets[targets[i]].id, person, group};
}

static int by_target_person_via(const void *a, const void *b)
{
    const struct grant *x = a, *y = b;
    if (x->target != y->target)
        return x->target < y->target ? -1 : 1;
    if (x->person != y->person)
        return x->person < y->person ? -1 : 1;
    return (x->via > y->via) - (x->via < y->via);
}

static int write_grants(struct entitle *e, struct err *err)
{
    if (e->n)
        qsort(e->grants, e->n, sizeof *e->grants, by_target_person_via);
    CLEANUP(stmt_free) struct stmt *put = NULL;
    if (entitled_begin(e->db, &put, err) != 0)
        return -1;
    for (size_t i = 0; i < e->n; i++) {
        const struct grant *g = &e->grants[i], *before = g - 1;
        if (i > 0 && before->target == g->target && before->person == g->person)
            continue; /* led there by several groups: one seat */
        if (entitled_put(put, g->target, g->person, g->via, err) != 0)
            return -1;
    }
    return 0;
}

static int look_at_all(struct entitle *e, struct err *err)
{
    for (size_t i = 0; i < e->policy->n; i++)
        if (entitled_clear(e->db, e->policy->targets[i].id, err) != 0)
            return -1;
    return group_members(e->db, e->policy->directory, grant, e, err);
}

static void grant_person(void *ctx, uint32_t group)
{
    struct entitle *e = ctx;
    grant(e, group, e->person);
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int look_at(struct entitle *e, const uint32_t *people, size_t n, struct err *err)
{
    CLEANUP(freep) uint32_t *sorted = mem_alloc(n * sizeof *sorted);
    memcpy(sorted, people, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_number);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && sorted[i] == sorted[i - 1])
            continue;
        e->person = sorted[i];
        for (size_t t = 0; t < e->policy->n; t++)
            if (entitled_drop(e->db, e->policy->targets[t].id, e->person, err) != 0)
                return -1;
        if (person_groups(e->db, e->person, grant_person, e, err) != 0)
            return -1;
    }
    return 0;
}

static int update(struct entitle *e, const uint32_t *people, size_t n, bool all, struct err *err)
{
    if (solve(e, err) != 0)
        return -1;
    bool many = n > MANY_PEOPLE || n * e->policy->n > 200000;
    if ((all || many ? look_at_all(e, err) : look_at(e, people, n, err)) != 0 || write_grants(e, err) != 0)
        return -1;
    return team_set_policy(e->db, e->policy->team, e->policy->digest, err);
}

int entitle_update(struct store *store, const struct policy *policy, const uint32_t *people, size_t n, bool all,
                   struct err *err)
{
    all = all || !policy->entitled_from || strcmp(policy->entitled_from, policy->digest) != 0;
    if (!all && n == 0)
        return 0;
    struct entitle e = {.db = store->db, .policy = policy};
    int r = update(&e, people, n, all, err);
    closure_free(&e.closure);
    free(e.grants);
    return r;
}
