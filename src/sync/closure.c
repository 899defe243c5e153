#include "sync/closure.h"

#include "base/cleanup.h"
#include "base/mem.h"

struct pair {
    uint32_t from, to;
};

struct pairs {
    struct pair *v;
    size_t n, cap;
};

struct closure {
    uint32_t max_entry;
    struct pairs nested; /* parent -> child, then sorted by parent */
    struct pairs roots;  /* target -> group */
    struct pairs leads;  /* group -> target, sorted */
    uint32_t *first;     /* by group: where its targets begin in leads; first[group + 1] is where they end */
    uint32_t *targets;
};

struct closure *closure_new(uint32_t max_entry)
{
    struct closure *c = mem_zero(sizeof *c);
    c->max_entry = max_entry;
    return c;
}

void closure_free(struct closure **closure)
{
    struct closure *c = *closure;
    if (!c)
        return;
    free(c->nested.v);
    free(c->roots.v);
    free(c->leads.v);
    free(c->first);
    free(c->targets);
    free(c);
    *closure = NULL;
}

static void add(struct pairs *p, uint32_t from, uint32_t to)
{
    *MEM_PUSH(&p->v, &p->n, &p->cap) = (struct pair){from, to};
}

void closure_nest(struct closure *c, uint32_t parent, uint32_t child)
{
    add(&c->nested, parent, child);
}

void closure_root(struct closure *c, uint32_t target, uint32_t group)
{
    add(&c->roots, target, group);
}

static int by_both(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

static void sort(struct pairs *p)
{
    if (p->n)
        qsort(p->v, p->n, sizeof *p->v, by_both);
}

/* first[k] .. first[k + 1] are the pairs of a sorted list whose "from" is k. */
static uint32_t *index_of(const struct pairs *p, uint32_t max)
{
    uint32_t *first = mem_alloc(((size_t)max + 2) * sizeof *first);
    size_t i = 0;
    for (uint32_t k = 0; k <= max; k++) {
        while (i < p->n && p->v[i].from < k)
            i++;
        first[k] = (uint32_t)i;
    }
    first[max + 1] = (uint32_t)p->n;
    return first;
}

void closure_solve(struct closure *c)
{
    sort(&c->nested);
    sort(&c->roots);
    CLEANUP(freep) uint32_t *children = index_of(&c->nested, c->max_entry);
    /* A group is visited once for each target: mark[group] is the target + 1 that visited it last. */
    CLEANUP(freep) uint32_t *mark = mem_zero(((size_t)c->max_entry + 1) * sizeof *mark);
    uint32_t *stack = NULL;
    size_t n = 0, cap = 0;
    for (size_t r = 0; r < c->roots.n; r++) {
        uint32_t target = c->roots.v[r].from;
        *MEM_PUSH(&stack, &n, &cap) = c->roots.v[r].to;
        while (n > 0) {
            uint32_t group = stack[--n];
            if (mark[group] == target + 1)
                continue;
            mark[group] = target + 1;
            add(&c->leads, group, target);
            for (uint32_t i = children[group]; i < children[group + 1]; i++)
                *MEM_PUSH(&stack, &n, &cap) = c->nested.v[i].to;
        }
    }
    free(stack);
    sort(&c->leads);
    c->first = index_of(&c->leads, c->max_entry);
    c->targets = mem_alloc(c->leads.n * sizeof *c->targets);
    for (size_t i = 0; i < c->leads.n; i++)
        c->targets[i] = c->leads.v[i].to;
}

size_t closure_targets(const struct closure *c, uint32_t group, const uint32_t **ret)
{
    *ret = c->targets + c->first[group];
    return c->first[group + 1] - c->first[group];
}
