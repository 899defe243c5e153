#include "base/mem.h"
#include "sync/identity.h"
#include "sync/repair.h"

/* A group on the platform, or one that should be there. */
struct platform_group {
    uint32_t id, group; /* id 0: not there yet */
    char *name;
    uint32_t from; /* the entry that it has to leave for group; 0: none */
    size_t twin;   /* of one that should be there: the one that looks like it under another id, from 1; 0: none */
    uint8_t kept;  /* enum hold: why somebody stays in it who should not */
    bool adopted;  /* another one has taken its place */
};

struct groups {
    struct platform_group *v;
    size_t n, cap;
};

static void list_group(void *ctx, uint32_t id, uint32_t group, const char *name)
{
    struct groups *g = ctx;
    *MEM_PUSH(&g->v, &g->n, &g->cap) = (struct platform_group){.id = id, .group = group, .name = mem_strdup(name)};
}

/* A group has no domain of its own: the platform's groups are changed when the gate is open for anybody. */
static enum hold group_hold(const struct draft *d)
{
    if (gate_all_closed(d->settings->gate))
        return HOLD_GATE;
    return d->settings->policy->enabled_at ? HOLD_NONE : HOLD_DISABLED_SYNC;
}

static int draft_members(struct store *store, const struct platform_group *g, const struct target *t,
                         struct round *round, struct err *err)
{
    struct draft *d = round->d;
    round_begin(d);
    uint32_t account = round_only_account(d);
    if (round_meet_entitled(store, t, round, err) != 0 ||
        (g->id && !d->settings->only && synced_member_each(store->db, g->id, round_meet_member, round, err) != 0) ||
        (g->id && account && synced_member_each_of(store->db, g->id, account, round_meet_member, round, err) != 0))
        return -1;
    repair_round(round, g->from ? g->from : g->group);
    guard_count(d->guard, "members of group", g->group, round->released, round->have - round->foreign);
    round_give(round, NULL);
    return 0;
}

/* Only an empty group can be dropped: not while somebody's leaving is held, and not at all with members that are not ours. */
static void drop_group(struct draft *d, const struct round *round)
{
    if (round->foreign || repair_has_foreign(d, round->object))
        return;
    struct change c = {
        .op = OP_DROP_GROUP, .object = round->object, .cause = CAUSE_UNCONFIGURED, .hold = (uint8_t)group_hold(d)};
    if (c.hold == HOLD_NONE && round->unclear && !d->settings->approved)
        c.hold = HOLD_UNCLEAR;
    if (c.hold == HOLD_NONE)
        c.hold = round->unresolved ? HOLD_UNRESOLVED : round->kept;
    draft_add(d, c);
}

static int draft_group(struct store *store, struct draft *d, struct person_reader *reader, struct platform_group *g,
                       uint8_t hold, const struct target *t, bool unresolved, struct err *err)
{
    struct change c = {.object = g->group, .hold = (uint8_t)group_hold(d)};
    struct round round = {.d = d,
                          .give = OP_JOIN,
                          .take = OP_LEAVE,
                          .object = g->group,
                          .unresolved = unresolved,
                          .unclear = repair_is_unclear(d, g->from ? g->from : g->group),
                          .unconfigured = !t,
                          .hold = hold};
    struct span display, name;
    if (round.unclear)
        round.hold = HOLD_UNCLEAR;
    if (d->settings->only)
        return draft_members(store, g, t, &round, err);
    int found = group_read(reader, g->group, &display, &name, err);
    if (found < 0 || draft_members(store, g, t, &round, err) != 0)
        return -1;
    g->kept = round.kept;
    if (c.hold == HOLD_NONE)
        c.hold = round.hold;
    if (!t) {
        drop_group(d, &round);
    } else if (g->from) {
        c.op = OP_ADOPT_GROUP;
        c.object = g->from;
        c.detail = g->group;
        c.cause = CAUSE_NEW_ID;
        draft_add(d, c);
    } else if (!g->id) {
        c.op = OP_ADD_GROUP;
        c.cause = CAUSE_CONFIGURED;
        draft_add(d, c);
    } else if (found && !span_eq(display.n ? display : name, span_str(g->name))) {
        c.op = OP_RENAME_GROUP;
        c.cause = CAUSE_RENAMED;
        draft_add(d, c);
    }
    if (t && g->id && !g->from)
        repair_group(d, g->group, (enum hold)c.hold, c.op == OP_RENAME_GROUP);
    return 0;
}

static bool any_unresolved(const struct policy *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->targets[i].unresolved)
            return true;
    return false;
}

static const struct target *target_of_group(const struct policy *p, uint32_t group)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->targets[i].kind == TARGET_GROUP && p->targets[i].group == group)
            return &p->targets[i];
    return NULL;
}

/* The new one takes the platform's group over, or waits for what becomes of it. */
static void pair(const struct draft *d, struct platform_group *was, struct platform_group *is, size_t twin)
{
    if (!d->census.identity.adopt) {
        is->twin = twin;
        return;
    }
    is->id = was->id;
    is->from = was->group;
    was->adopted = true;
}

static int recognise_groups(struct store *store, struct draft *d, struct groups *g, size_t there, struct err *err)
{
    CLEANUP(freep) uint32_t *entries = mem_alloc((g->n + 1) * sizeof *entries);
    CLEANUP(freep) size_t *twins = mem_zero((g->n - there + 1) * sizeof *twins);
    for (size_t i = 0; i < g->n; i++)
        entries[i] = g->v[i].group;
    if (identity_match_groups(store, d->settings->policy->directory, entries, there, entries + there, g->n - there,
                              twins, err) != 0)
        return -1;
    for (size_t i = 0; i < g->n - there; i++)
        if (twins[i])
            pair(d, &g->v[twins[i] - 1], &g->v[there + i], twins[i]);
    for (size_t i = 0; i < g->n - there && d->settings->only; i++)
        d->undecided |= g->v[there + i].twin != 0; /* whether it waits depends on who was in the other one */
    return 0;
}

static bool is_listed(const struct groups *g, size_t n, uint32_t group)
{
    for (size_t i = 0; i < n; i++)
        if (g->v[i].group == group)
            return true;
    return false;
}

static int draft_all_groups(struct store *store, struct draft *d, struct groups *g, struct err *err)
{
    const struct policy *p = d->settings->policy;
    CLEANUP(person_reader_close) struct person_reader *reader = NULL;
    if (person_reader_open(store->db, p->team, &reader, err) != 0 ||
        synced_group_each(store->db, p->team, list_group, g, err) != 0)
        return -1;
    size_t there = g->n;
    for (size_t i = 0; i < p->n; i++)
        if (p->targets[i].kind == TARGET_GROUP && !is_listed(g, there, p->targets[i].group))
            list_group(g, 0, p->targets[i].group, "");
    if (recognise_groups(store, d, g, there, err) != 0)
        return -1;
    bool unresolved = any_unresolved(p);
    for (size_t i = 0; i < g->n; i++) {
        enum hold kept = g->v[i].twin ? (enum hold)g->v[g->v[i].twin - 1].kept : HOLD_NONE;
        bool waits = kept == HOLD_NEW_ID || kept == HOLD_GUARD;
        if (!g->v[i].adopted && draft_group(store, d, reader, &g->v[i], waits ? HOLD_NEW_ID : HOLD_NONE,
                                            target_of_group(p, g->v[i].group), unresolved, err) != 0)
            return -1;
    }
    return 0;
}

int draft_groups(struct store *store, struct draft *d, struct err *err)
{
    struct groups g = {0};
    int r = draft_all_groups(store, d, &g, err);
    for (size_t i = 0; i < g.n; i++)
        free(g.v[i].name);
    free(g.v);
    return r;
}
