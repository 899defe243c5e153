#include "sync/mapper.h"

#include "base/mem.h"
#include "roster/platforms.h"
#include "store/mapped.h"

struct mapper {
    struct store *store;
    const struct conf_section *platform;
    int64_t team;
    struct mapping *mapping;
    struct scim_map *plain; /* the defaults alone: what accounts have that were given nothing else */
    struct pool *pool;      /* of one person, in mapper_differing */
};

static const struct span nothing = {NULL, 0};

void mapper_close(struct mapper **mapper)
{
    struct mapper *m = *mapper;
    if (!m)
        return;
    mapping_close(&m->mapping);
    scim_map_free(&m->plain);
    pool_free(&m->pool);
    free(m);
    *mapper = NULL;
}

int mapper_open(struct store *store, const struct conf_section *platform, int64_t team, bool always,
                struct mapper **ret, struct err *err)
{
    const struct platform_connector *connector = platform ? platform_connector_find(conf_variant(platform)) : NULL;
    bool any = false;
    size_t row;
    *ret = NULL;
    if (!connector || !connector->map)
        return 0;
    CLEANUP(mapper_close) struct mapper *m = mem_zero(sizeof *m);
    m->store = store;
    m->platform = platform;
    m->team = team;
    m->pool = pool_new();
    if (connector->map(platform, &m->mapping, err) != 0 || mapped_any(store->db, team, &any, err) != 0 ||
        scim_map_new(NULL, &m->plain, &row, err) != 0)
        return -1;
    if (m->mapping->nrows > 0 || any || always)
        *ret = TAKE(m);
    return 0;
}

const char *mapper_tables(const struct mapper *m)
{
    return m->mapping->tables;
}

/* --- one person -------------------------------------------------------------------------------------------------- */

/* What is known of somebody while the rules are gone through. */
struct sides {
    struct scim_person now, then; /* as the directory has the person; as the account was given the attributes */
    const struct named_value *kept;
    size_t nkept; /* what the account was given by target */
    bool known;
};

static const struct named_value *find(const struct named_value *values, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (span_eq(values[i].name, span_str(name)))
            return &values[i];
    return NULL;
}

/* The number of the default for this target; SCIM_MAP_DEFAULT: there is none. */
static size_t plain_of(const struct mapper *m, const char *target)
{
    for (size_t i = 0; i < scim_map_count(m->plain); i++)
        if (strcmp(scim_map_rule(m->plain, i).target, target) == 0)
            return i;
    return SCIM_MAP_DEFAULT;
}

/* What an account has there: what it was given by a rule, or else what the default makes of its attributes. */
static struct span had(const struct mapper *m, const struct sides *s, const char *target, struct pool *pool)
{
    const struct named_value *kept = find(s->kept, s->nkept, target);
    size_t plain = plain_of(m, target);
    if (kept || !s->known)
        return kept ? kept->value : nothing;
    return plain == SCIM_MAP_DEFAULT ? nothing : scim_map_eval(m->plain, plain, &s->then, pool, NULL);
}

static bool is_own(const struct scim_map_rule *rule)
{
    return rule->writes && rule->row != SCIM_MAP_DEFAULT;
}

static bool belongs(const struct sides *s, const struct scim_map_rule *rule, enum mapper_scope scope)
{
    if (scope == MAPPER_ALL)
        return rule->writes;
    return is_own(rule) || (rule->writes && find(s->kept, s->nkept, rule->target));
}

static size_t compare(const struct mapper *m, const struct sides *s, enum mapper_scope scope, struct pool *pool,
                      struct mapper_value **ret)
{
    const struct scim_map *map = m->mapping->map;
    struct mapper_value *values = pool_alloc(pool, (scim_map_count(map) + 1) * sizeof *values);
    size_t n = 0;
    for (size_t i = 0; i < scim_map_count(map); i++) {
        struct scim_map_rule rule = scim_map_rule(map, i);
        if (!belongs(s, &rule, scope))
            continue;
        struct mapper_value v = {.target = rule.target,
                                 .source = rule.source,
                                 .where = is_own(&rule) ? conf_where_key(m->platform, "map", rule.row) : NULL,
                                 .known = s->known,
                                 .before = had(m, s, rule.target, pool)};
        v.after = scim_map_eval(map, i, &s->now, pool, &v.why);
        if (scope != MAPPER_DIFFERS || !span_eq(v.before, v.after))
            values[n++] = v;
    }
    *ret = values;
    return n;
}

static void take_sides(const struct mapped_row *row, struct pool *pool, struct sides *ret)
{
    *ret = (struct sides){.now = {.id = row->uid, .attr = row->attr},
                          .then = {.id = row->uid, .attr = row->given},
                          .known = row->has_account};
    ret->now.nextra = named_values_read(row->extra, pool, &ret->now.extra);
    ret->nkept = named_values_read(row->mapped, pool, &ret->kept);
}

/* --- everybody --------------------------------------------------------------------------------------------------- */

struct differing {
    struct mapper *mapper;
    void (*each)(void *ctx, uint32_t person);
    void *ctx;
};

static int look_at(void *ctx, const struct mapped_row *row, struct err *err)
{
    (void)err;
    struct differing *d = ctx;
    struct mapper_value *values;
    struct sides sides;
    pool_reset(d->mapper->pool);
    take_sides(row, d->mapper->pool, &sides);
    if (compare(d->mapper, &sides, MAPPER_DIFFERS, d->mapper->pool, &values) > 0)
        d->each(d->ctx, row->person);
    return 0;
}

int mapper_differing(struct mapper *m, void (*each)(void *ctx, uint32_t person), void *ctx, struct err *err)
{
    struct differing d = {m, each, ctx};
    return mapped_each(m->store->db, m->team, look_at, &d, err);
}

/* --- one by one -------------------------------------------------------------------------------------------------- */

struct reading {
    const struct mapper *mapper;
    struct pool *pool;
    enum mapper_scope scope;
    struct mapper_value *values;
    size_t n;
};

static void keep_texts(struct mapper_value *values, size_t n, struct pool *pool)
{
    for (size_t i = 0; i < n; i++) {
        values[i].before.p = pool_strndup(pool, values[i].before.n ? values[i].before.p : "", values[i].before.n);
        values[i].after.p = pool_strndup(pool, values[i].after.n ? values[i].after.p : "", values[i].after.n);
    }
}

static int take_one(void *ctx, const struct mapped_row *row, struct err *err)
{
    (void)err;
    struct reading *r = ctx;
    struct sides sides;
    take_sides(row, r->pool, &sides);
    r->n = compare(r->mapper, &sides, r->scope, r->pool, &r->values);
    keep_texts(r->values, r->n, r->pool);
    return 0;
}

int mapper_compare(struct mapper *m, uint32_t person, uint32_t holder, enum mapper_scope scope, struct pool *pool,
                   struct mapper_value **ret, size_t *ret_n, struct err *err)
{
    struct reading r = {.mapper = m, .pool = pool, .scope = scope};
    if (mapped_one(m->store->db, m->team, person, holder ? holder : person, take_one, &r, err) < 0)
        return -1;
    *ret = r.values;
    *ret_n = r.n;
    return 0;
}

/* --- what an undo puts back -------------------------------------------------------------------------------------- */

/*
 * By every rule that somebody wrote: what the journal keeps, or else what the default makes of the attributes that
 * come back with it.
 */
static struct named_value *values_back(const struct mapper *m, const struct named_value *kept, size_t nkept,
                                       const struct span *attr, struct pool *pool, size_t *ret_n)
{
    const struct scim_map *map = m->mapping->map;
    struct named_value *values = pool_alloc(pool, (scim_map_count(map) + 1) * sizeof *values);
    struct sides s = {.then = {.attr = attr}, .kept = kept, .nkept = nkept, .known = true};
    *ret_n = 0;
    for (size_t i = 0; i < scim_map_count(map); i++) {
        struct scim_map_rule rule = scim_map_rule(map, i);
        if (is_own(&rule) || (rule.writes && find(kept, nkept, rule.target)))
            values[(*ret_n)++] = (struct named_value){span_str(rule.target), had(m, &s, rule.target, pool)};
    }
    return values;
}

int mapper_compare_undo(struct mapper *m, int64_t run, uint32_t seq, uint32_t holder, const struct span *attr,
                        struct pool *pool, struct mapper_value **ret, size_t *ret_n, struct err *err)
{
    const struct named_value *kept;
    struct mapper_value *values;
    size_t nkept, nback, n, differ = 0;
    if (mapped_of_change(m->store->db, run, seq, false, pool, &kept, &nkept, err) != 0 ||
        mapper_compare(m, holder, holder, MAPPER_ALL, pool, &values, &n, err) != 0)
        return -1;
    struct named_value *back = values_back(m, kept, nkept, attr, pool, &nback);
    for (size_t i = 0; i < n; i++) {
        const struct named_value *value = find(back, nback, values[i].target);
        if (!value || span_eq(value->value, values[i].before))
            continue;
        values[differ] = values[i];
        values[differ++].after = value->value;
    }
    *ret = values;
    *ret_n = differ;
    return 0;
}

/* --- tasks ------------------------------------------------------------------------------------------------------- */

static int fill_from_directory(struct mapper *m, uint32_t person, struct pool *pool, struct platform_task *task,
                               struct err *err)
{
    struct mapper_value *values;
    size_t n;
    if (mapper_compare(m, person, person, MAPPER_OWN, pool, &values, &n, err) != 0)
        return -1;
    struct named_value *mapped = pool_alloc(pool, (n + 1) * sizeof *mapped);
    for (size_t i = 0; i < n; i++)
        if (values[i].where)
            mapped[task->nmapped++] = (struct named_value){span_str(values[i].target), values[i].after};
    task->mapped = mapped;
    return 0;
}

void mapper_given(const struct mapper *m, const struct span *attr, struct span kept, struct pool *pool,
                  struct platform_task *task)
{
    const struct named_value *values;
    size_t n = m ? named_values_read(kept, pool, &values) : 0;
    if (m)
        task->mapped = values_back(m, values, n, attr, pool, &task->nmapped);
}

struct repairing {
    const struct mapper *mapper;
    struct pool *pool;
    struct platform_task *task;
};

static int take_given(void *ctx, const struct mapped_row *row, struct err *err)
{
    (void)err;
    struct repairing *r = ctx;
    mapper_given(r->mapper, r->task->attr, row->mapped, r->pool, r->task);
    return 0;
}

static int fill_from_account(struct mapper *m, uint32_t person, struct pool *pool, struct platform_task *task,
                             struct err *err)
{
    struct repairing r = {m, pool, task};
    return mapped_one(m->store->db, m->team, person, person, take_given, &r, err) < 0 ? -1 : 0;
}

int mapper_task(struct mapper *m, const struct change *change, int64_t run, uint32_t seq, struct pool *pool,
                struct platform_task *task, struct err *err)
{
    const struct named_value *kept;
    size_t nkept;
    if (!m || !op_takes_attributes((enum op)change->op))
        return 0;
    if (change->cause == CAUSE_DRIFT)
        return fill_from_account(m, change->person, pool, task, err);
    if (change->cause != CAUSE_UNDO)
        return fill_from_directory(m, change->person, pool, task, err);
    if (mapped_of_change(m->store->db, run, seq, true, pool, &kept, &nkept, err) != 0)
        return -1;
    task->mapped = values_back(m, kept, nkept, task->attr, pool, &task->nmapped);
    return 0;
}

int mapper_done(struct mapper *m, const struct change *change, const struct platform_task *task, struct err *err)
{
    if (!m || !op_takes_attributes((enum op)change->op) || change->cause == CAUSE_UNDO || change->cause == CAUSE_DRIFT)
        return 0;
    return mapped_keep(m->store->db, m->team, change->person, task->mapped, task->nmapped, err);
}
