#include "sync/causes.h"

#include "base/keymap.h"
#include "base/mem.h"
#include "connectors/dn.h"
#include "sync/lost.h"
#include "sync/ways.h"

const char *const why_names[WHY_COUNT] = {
    [WHY_CONTAINER_MOVED] = "container-moved",
    [WHY_CONTAINER_GONE] = "container-gone",
    [WHY_GONE] = "gone",
    [WHY_DISABLED] = "disabled",
    [WHY_EXCLUDED] = "excluded",
    [WHY_OUT_OF_SCOPE] = "out-of-scope",
    [WHY_GRACE] = "grace-over",
    [WHY_LEFT_GROUP] = "left-group",
    [WHY_GROUP_EMPTY] = "group-empty",
    [WHY_GROUP_GONE] = "group-gone",
    [WHY_GROUP_UNTIED] = "group-untied",
    [WHY_UNCONFIGURED] = "unconfigured",
    [WHY_UNDO] = "undo",
    [WHY_DRIFT] = "drift",
    [WHY_OTHER] = "other",
};

struct making {
    struct store *store;
    const struct policy *policy;
    const struct plan *plan;
    struct causes *causes;
    struct ways *ways;
    struct lost *lost;   /* NULL: nobody is gone */
    uint32_t *of_person; /* by entry: place in causes + 1, of those who are gone */
    size_t nof_person;
    struct keymap by_cause;    /* of a cause -> place in causes */
    struct keymap by_likeness; /* of what makes two changes alike -> place in causes */
};

static void making_release(struct making *m)
{
    ways_free(&m->ways);
    lost_free(&m->lost);
    free(m->of_person);
    keymap_release(&m->by_cause);
    keymap_release(&m->by_likeness);
}

static uint32_t cause_of(struct making *m, enum why why, uint32_t subject)
{
    struct key128 key = {(uint64_t)subject + 1, (uint64_t)why};
    uint32_t at = keymap_find(&m->by_cause, key);
    if (at != KEYMAP_NONE)
        return at;
    at = (uint32_t)m->causes->n;
    *MEM_PUSH(&m->causes->v, &m->causes->n, &m->causes->cap) = (struct removal_cause){.why = why, .subject = subject};
    keymap_put(&m->by_cause, key, at);
    return at;
}

/* --- people who are gone, and the containers they were in --------------------------------------------------------- */

static void take_gone(void *ctx, const struct gone_row *row)
{
    struct making *m = ctx;
    if (row->person >= m->nof_person)
        return;
    const struct lost_container *c = lost_above(m->lost, row);
    uint32_t at = !c            ? cause_of(m, WHY_GONE, row->base)
                  : c->moved_to ? cause_of(m, WHY_CONTAINER_MOVED, c->number)
                                : cause_of(m, WHY_CONTAINER_GONE, c->number);
    m->of_person[row->person] = at + 1;
    m->causes->v[at].below = row->base;
}

static bool is_gone(const struct change *c)
{
    return op_is_removal((enum op)c->op) && c->cause == CAUSE_GONE;
}

static bool any_gone(const struct plan *plan)
{
    for (size_t i = 0; i < plan->n; i++)
        if (is_gone(&plan->changes[i]))
            return true;
    for (size_t i = 0; i < plan->nheld; i++)
        if (is_gone(&plan->held[i]))
            return true;
    return false;
}

static int find_gone(struct making *m, struct err *err)
{
    uint32_t max = 0;
    if (!any_gone(m->plan))
        return 0;
    if (max_entry(m->store->db, &max, err) != 0)
        return -1;
    m->nof_person = (size_t)max + 1;
    m->of_person = mem_zero(m->nof_person * sizeof *m->of_person);
    if (lost_load(m->store, m->plan->directory, m->causes->pool, &m->lost, err) != 0 ||
        gone_each(m->store->db, m->plan->directory, take_gone, m, err) != 0)
        return -1;
    return lost_failed(m->lost, err);
}

/* --- people who are there, and the groups they were in ------------------------------------------------------------ */

static int look_at_way(struct making *m, const struct change *c, uint32_t group, enum why *ret, struct err *err)
{
    struct path path;
    if (!m->ways)
        m->ways = ways_new(m->store, m->policy, m->plan);
    if (ways_of(m->ways, (enum op)c->op, c->object, group, m->causes->pool, &path, err) != 0)
        return -1;
    *ret = path.n ? WHY_LEFT_GROUP : WHY_GROUP_UNTIED;
    return 0;
}

/* What became of the group that somebody is said to have left. */
static int look_at_left(struct making *m, const struct change *c, enum why *ret, uint32_t *ret_group, struct err *err)
{
    bool there, any;
    *ret_group = c->detail || c->op != OP_LEAVE ? c->detail : c->object;
    if (*ret_group == 0)
        return 0;
    if (group_state(m->store->db, *ret_group, &there, &any, err) != 0)
        return -1;
    if (there && any)
        return look_at_way(m, c, *ret_group, ret, err);
    *ret = there ? WHY_GROUP_EMPTY : WHY_GROUP_GONE;
    return 0;
}

/* A synced group that is gone from the directory is asked for no longer, because there is none. */
static int look_at_synced(struct making *m, const struct change *c, enum why *ret, uint32_t *ret_group, struct err *err)
{
    bool there, any;
    if (group_state(m->store->db, c->object, &there, &any, err) != 0)
        return -1;
    if (there)
        return 0;
    *ret = WHY_GROUP_GONE;
    *ret_group = c->object;
    return 0;
}

static int find_cause(struct making *m, const struct change *c, uint32_t *ret, struct err *err)
{
    static const enum why plain[CAUSE_COUNT] = {
        [CAUSE_LEFT_GROUP] = WHY_LEFT_GROUP,     [CAUSE_GONE] = WHY_GONE,
        [CAUSE_DISABLED] = WHY_DISABLED,         [CAUSE_EXCLUDED] = WHY_EXCLUDED,
        [CAUSE_OUT_OF_SCOPE] = WHY_OUT_OF_SCOPE, [CAUSE_GRACE] = WHY_GRACE,
        [CAUSE_UNCONFIGURED] = WHY_UNCONFIGURED, [CAUSE_UNDO] = WHY_UNDO,
        [CAUSE_DRIFT] = WHY_DRIFT, /* else WHY_OTHER */
    };
    enum why why = plain[c->cause];
    uint32_t subject = c->cause == CAUSE_EXCLUDED || c->cause == CAUSE_UNDO ? c->detail : 0;
    int r = 0;
    if (c->cause == CAUSE_LEFT_GROUP)
        r = look_at_left(m, c, &why, &subject, err);
    else if (c->cause == CAUSE_UNCONFIGURED && c->op == OP_LEAVE)
        r = look_at_synced(m, c, &why, &subject, err);
    *ret = r == 0 ? cause_of(m, why, subject) : 0;
    return r;
}

static void count(struct making *m, const struct change *c, uint32_t at)
{
    struct causes *all = m->causes;
    struct removal_cause *r = &all->v[at];
    r->held[c->hold]++;
    if (c->op == OP_UNASSIGN) {
        r->seats++;
        all->seats++;
    } else if (c->op == OP_LEAVE) {
        r->members++;
        all->members++;
    } else {
        r->people++;
        all->people++;
    }
}

static int take_changes(struct making *m, const struct change *changes, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct change *c = &changes[i];
        if (!op_is_removal((enum op)c->op))
            continue;
        if (c->cause == CAUSE_GONE && c->person < m->nof_person && m->of_person[c->person]) {
            count(m, c, m->of_person[c->person] - 1);
            continue;
        }
        uint32_t object = c->op == OP_UNASSIGN || c->op == OP_LEAVE ? c->object : 0;
        struct key128 key = {(uint64_t)object << 32 | c->detail, (uint64_t)c->op << 8 | c->cause};
        uint32_t at = keymap_find(&m->by_likeness, key);
        if (at == KEYMAP_NONE) {
            if (find_cause(m, c, &at, err) != 0)
                return -1;
            keymap_put(&m->by_likeness, key, at);
        }
        count(m, c, at);
    }
    return 0;
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static int name_container(struct making *m, struct removal_cause *r, struct err *err)
{
    const struct lost_container *c = lost_at(m->lost, r->subject);
    bool read = true;
    r->container = c->name;
    r->moved_to = c->moved_to;
    r->asked = c->asked;
    r->subject = c->id;
    r->inside = r->moved_to && lost_is_inside(m->lost, r->moved_to, r->below);
    if (r->inside && base_is_read(m->store->db, r->below, &read, err) != 0)
        return -1;
    r->unread = !read;
    return 0;
}

static int name_cause(struct making *m, struct removal_cause *r, struct err *err)
{
    if (r->below && base_name(m->store->db, r->below, m->causes->pool, &r->base, err) != 0)
        return -1;
    bool container = r->why == WHY_CONTAINER_MOVED || r->why == WHY_CONTAINER_GONE;
    return container ? name_container(m, r, err) : 0;
}

static int by_number(const void *a, const void *b)
{
    const struct removal_cause *x = a, *y = b;
    if (x->people != y->people)
        return x->people > y->people ? -1 : 1;
    if (x->seats != y->seats)
        return x->seats > y->seats ? -1 : 1;
    if (x->members != y->members)
        return x->members > y->members ? -1 : 1;
    if (x->why != y->why)
        return x->why < y->why ? -1 : 1;
    return (x->subject > y->subject) - (x->subject < y->subject);
}

/* Those who are gone and have nothing to lose any more make no cause. */
static void drop_empty(struct causes *all)
{
    size_t kept = 0;
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i].people + all->v[i].seats + all->v[i].members > 0)
            all->v[kept++] = all->v[i];
    all->n = kept;
    if (kept)
        qsort(all->v, kept, sizeof *all->v, by_number);
}

int causes_make(struct store *store, const struct policy *policy, const struct plan *plan, struct causes *ret,
                struct err *err)
{
    *ret = (struct causes){.pool = pool_new()};
    CLEANUP(making_release)
    struct making m = {.store = store, .policy = policy, .plan = plan, .causes = ret};
    if (find_gone(&m, err) != 0 || take_changes(&m, plan->changes, plan->n, err) != 0 ||
        take_changes(&m, plan->held, plan->nheld, err) != 0)
        return -1;
    drop_empty(ret);
    for (size_t i = 0; i < ret->n; i++)
        if (name_cause(&m, &ret->v[i], err) != 0)
            return -1;
    return 0;
}

void causes_release(struct causes *causes)
{
    pool_free(&causes->pool);
    free(causes->v);
    *causes = (struct causes){0};
}
