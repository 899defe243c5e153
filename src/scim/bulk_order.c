/*
 * The order of a bulk request: whoever waits for nobody goes first, the client's order decides among those.
 *
 * Only what POST makes is referred to, and a POST waits only for POSTs. So a circle is of POSTs alone, and each of them
 * can be made without its references.
 */
#include "scim/bulk_link.h"

struct ordering {
    struct scim_bulk *bulk;
    size_t *waits;    /* by operation: for how many links */
    size_t *lacks;    /* … and how many were deferred, whose targets are not done */
    size_t *first_in; /* by operation: its links as a target, in by_target */
    size_t *by_target;
    size_t *first_of; /* by operation: its links as the one that refers; they stand together, operation by operation */
    bool *done, *listed; /* listed: its completing step */
    struct scim_bulk_step *steps;
    size_t nsteps;
};

/* Links sorted by their target, so that an operation that is done finds who waits for it. */
static void sort_by_target(struct ordering *o)
{
    const struct scim_bulk *b = o->bulk;
    o->first_in = pool_zero(b->pool, (b->nops + 2) * sizeof *o->first_in);
    o->by_target = pool_alloc(b->pool, (b->nlinks + 1) * sizeof *o->by_target);
    for (size_t i = 0; i < b->nlinks; i++)
        o->first_in[b->links[i].to + 2]++;
    for (size_t op = 2; op < b->nops + 2; op++)
        o->first_in[op] += o->first_in[op - 1];
    for (size_t i = 0; i < b->nlinks; i++)
        o->by_target[o->first_in[b->links[i].to + 1]++] = i;
}

static void push(struct ordering *o, size_t op, bool completes)
{
    o->steps[o->nsteps++] = (struct scim_bulk_step){op, completes};
}

static void complete(struct ordering *o, size_t op)
{
    if (!o->done[op] || o->lacks[op] > 0 || o->listed[op])
        return;
    o->listed[op] = true;
    push(o, op, true);
}

static void emit(struct ordering *o, size_t op)
{
    o->done[op] = true;
    push(o, op, false);
    for (size_t i = o->first_in[op]; i < o->first_in[op + 1]; i++) {
        const struct scim_bulk_link *link = &o->bulk->links[o->by_target[i]];
        if (!link->deferred)
            o->waits[link->from]--;
        else if (--o->lacks[link->from] == 0)
            complete(o, link->from);
    }
}

static size_t next_ready(const struct ordering *o)
{
    for (size_t op = 0; op < o->bulk->nops; op++)
        if (!o->done[op] && o->waits[op] == 0)
            return op;
    return SCIM_NO_OP;
}

static const struct scim_bulk_link *what_blocks(const struct ordering *o, size_t op)
{
    for (size_t i = o->first_of[op]; i < o->first_of[op + 1]; i++)
        if (!o->bulk->links[i].deferred && !o->done[o->bulk->links[i].to])
            return &o->bulk->links[i];
    return NULL;
}

/*
 * From the first that waits to what it waits for, and on: after as many steps as there are operations, it is on a
 * circle.
 */
static size_t on_a_circle(const struct ordering *o)
{
    size_t op = 0;
    while (o->done[op])
        op++;
    for (size_t i = 0; i < o->bulk->nops; i++) {
        const struct scim_bulk_link *link = what_blocks(o, op);
        if (!link)
            break;
        op = link->to;
    }
    return op;
}

static void defer(struct ordering *o, size_t op)
{
    for (size_t i = o->first_of[op]; i < o->first_of[op + 1]; i++) {
        struct scim_bulk_link *link = &o->bulk->links[i];
        if (link->deferred || o->done[link->to])
            continue;
        link->deferred = true;
        o->waits[op]--;
        o->lacks[op]++;
    }
}

void scim_bulk_put_in_order(struct scim_bulk *bulk)
{
    struct ordering o = {.bulk = bulk};
    size_t n = bulk->nops;
    o.waits = pool_zero(bulk->pool, n * sizeof *o.waits);
    o.lacks = pool_zero(bulk->pool, n * sizeof *o.lacks);
    o.done = pool_zero(bulk->pool, n * sizeof *o.done);
    o.listed = pool_zero(bulk->pool, n * sizeof *o.listed);
    o.steps = pool_alloc(bulk->pool, 2 * n * sizeof *o.steps);
    for (size_t i = 0; i < bulk->nlinks; i++)
        o.waits[bulk->links[i].from]++;
    sort_by_target(&o);
    o.first_of = pool_zero(bulk->pool, (n + 1) * sizeof *o.first_of);
    for (size_t i = 0; i < bulk->nlinks; i++)
        o.first_of[bulk->links[i].from + 1]++;
    for (size_t op = 0; op < n; op++)
        o.first_of[op + 1] += o.first_of[op];
    for (size_t left = n; left > 0; left--) {
        size_t op = next_ready(&o);
        if (op == SCIM_NO_OP) {
            op = on_a_circle(&o);
            defer(&o, op);
        }
        emit(&o, op);
    }
    bulk->first_link = o.first_of;
    bulk->steps = o.steps;
    bulk->nsteps = o.nsteps;
}
