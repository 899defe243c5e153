#include "sync/path.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

struct nesting {
    uint32_t child, parent;
};

/* A group that was reached: from is the place in the queue of the group below it. */
struct visit {
    uint32_t group;
    size_t from;
};

#define FROM_PERSON SIZE_MAX

struct paths {
    struct nesting *nestings; /* sorted by child when solved */
    size_t n, cap;
    struct visit *queue; /* in the order in which groups were reached, nearest first */
    size_t nqueue, queue_cap;
    uint32_t max;
    size_t *place; /* by group: its place in the queue + 1; 0: not reached */
    size_t nplace;
    bool sorted;
};

struct paths *paths_new(void)
{
    return mem_zero(sizeof(struct paths));
}

void paths_free(struct paths **paths)
{
    if (!*paths)
        return;
    free((*paths)->nestings);
    free((*paths)->queue);
    free((*paths)->place);
    free(*paths);
    *paths = NULL;
}

static void meet(struct paths *p, uint32_t group)
{
    if (group > p->max)
        p->max = group;
}

void paths_nest(struct paths *p, uint32_t parent, uint32_t child)
{
    meet(p, parent);
    meet(p, child);
    p->sorted = false;
    *MEM_PUSH(&p->nestings, &p->n, &p->cap) = (struct nesting){child, parent};
}

void paths_start(struct paths *p, uint32_t group)
{
    meet(p, group);
    *MEM_PUSH(&p->queue, &p->nqueue, &p->queue_cap) = (struct visit){group, FROM_PERSON};
}

static int by_child(const void *a, const void *b)
{
    const struct nesting *x = a, *y = b;
    if (x->child != y->child)
        return x->child < y->child ? -1 : 1;
    return (x->parent > y->parent) - (x->parent < y->parent);
}

static size_t first_of(const struct paths *p, uint32_t child)
{
    size_t low = 0, high = p->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (p->nestings[middle].child < child)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void reach_parents(struct paths *p, size_t from)
{
    uint32_t group = p->queue[from].group;
    for (size_t i = first_of(p, group); i < p->n && p->nestings[i].child == group; i++) {
        uint32_t parent = p->nestings[i].parent;
        if (p->place[parent])
            continue;
        *MEM_PUSH(&p->queue, &p->nqueue, &p->queue_cap) = (struct visit){parent, from};
        p->place[parent] = p->nqueue;
    }
}

static void make_room(struct paths *p)
{
    size_t n = (size_t)p->max + 1;
    if (n <= p->nplace)
        return;
    p->place = mem_resize(p->place, n, sizeof *p->place);
    memset(p->place + p->nplace, 0, (n - p->nplace) * sizeof *p->place);
    p->nplace = n;
}

void paths_restart(struct paths *p)
{
    for (size_t i = 0; i < p->nqueue; i++)
        p->place[p->queue[i].group] = 0;
    p->nqueue = 0;
}

void paths_solve(struct paths *p)
{
    if (p->n && !p->sorted)
        qsort(p->nestings, p->n, sizeof *p->nestings, by_child);
    p->sorted = true;
    make_room(p);
    for (size_t i = 0; i < p->nqueue; i++)
        if (!p->place[p->queue[i].group])
            p->place[p->queue[i].group] = i + 1;
    for (size_t i = 0; i < p->nqueue; i++)
        reach_parents(p, i);
}

struct path paths_to(const struct paths *p, uint32_t group, struct pool *pool)
{
    if (group >= p->nplace || !p->place[group])
        return (struct path){0};
    size_t n = 0;
    for (size_t at = p->place[group] - 1; at != FROM_PERSON; at = p->queue[at].from)
        n++;
    uint32_t *groups = pool_alloc(pool, n * sizeof *groups);
    size_t to = n;
    for (size_t at = p->place[group] - 1; at != FROM_PERSON; at = p->queue[at].from)
        groups[--to] = p->queue[at].group;
    return (struct path){groups, n};
}
