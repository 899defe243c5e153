#include "sync/explain.h"

#include "base/keymap.h"
#include "base/mem.h"
#include "store/drift.h"
#include "store/report.h"
#include "sync/last.h"
#include "sync/look.h"
#include "sync/repair.h"

#define DONE_SHOWN 20

struct making {
    struct store *store;
    const struct conf *conf;
    int64_t now;
    struct pool *pool;
    struct explanation *e;
    struct paths *paths;
    struct explain_team *team; /* the one in the making */
};

/* The groups that were met on the way upward from the person, each once. */
struct climb {
    struct paths *paths;
    struct keymap met;
    uint32_t *groups;
    size_t n, cap;
    uint32_t at; /* the group whose parents are read */
};

static void meet_group(struct climb *c, uint32_t group)
{
    struct key128 key = {group, 0};
    if (keymap_find(&c->met, key) != KEYMAP_NONE)
        return;
    keymap_put(&c->met, key, group);
    *MEM_PUSH(&c->groups, &c->n, &c->cap) = group;
}

static void take_own_group(void *ctx, uint32_t group)
{
    struct climb *c = ctx;
    paths_start(c->paths, group);
    meet_group(c, group);
}

static void take_parent(void *ctx, uint32_t parent)
{
    struct climb *c = ctx;
    paths_nest(c->paths, parent, c->at);
    meet_group(c, parent);
}

static int climb_up(struct making *m, struct climb *c, struct err *err)
{
    if (person_groups(m->store->db, m->e->person.id, take_own_group, c, err) != 0)
        return -1;
    for (size_t i = 0; i < c->n; i++) {
        c->at = c->groups[i];
        if (group_parents(m->store->db, m->e->person.directory, c->at, take_parent, c, err) != 0)
            return -1;
    }
    return 0;
}

static int find_paths(struct making *m, struct err *err)
{
    struct climb climb = {.paths = m->paths};
    int r = climb_up(m, &climb, err);
    keymap_release(&climb.met);
    free(climb.groups);
    if (r == 0)
        paths_solve(m->paths);
    return r;
}

/* The groups that a section names, and how the person is in them. */
static int take_groups(struct making *m, const struct target *t, const char *key, struct explain_group **ret,
                       size_t *ret_n, struct err *err)
{
    size_t n = conf_count(t->section, key);
    struct explain_group *groups = pool_zero(m->pool, (n + 1) * sizeof *groups);
    for (size_t i = 0; i < n; i++) {
        groups[i].where = conf_where_key(t->section, key, i);
        groups[i].configured = conf_at(t->section, key, i);
        if (policy_group(m->store, m->conf, &m->team->policy, t, groups[i].configured, &groups[i].group, err) != 0)
            return -1;
        if (groups[i].group)
            groups[i].path = paths_to(m->paths, groups[i].group, m->pool);
    }
    *ret = groups;
    *ret_n = n;
    return 0;
}

static struct path shortest(const struct explain_group *groups, size_t n)
{
    struct path best = {0};
    for (size_t i = 0; i < n; i++)
        if (groups[i].path.n && (!best.n || groups[i].path.n < best.n))
            best = groups[i].path;
    return best;
}

bool explain_in_scope(const struct explanation *e)
{
    return !e->nscope || shortest(e->scope, e->nscope).n > 0;
}

static enum cause away_of(const struct explanation *e)
{
    if (e->person.gone_at)
        return CAUSE_GONE;
    if (e->person.excluded)
        return CAUSE_EXCLUDED;
    if (!e->person.active)
        return CAUSE_DISABLED;
    return explain_in_scope(e) ? CAUSE_IN_DIRECTORY : CAUSE_OUT_OF_SCOPE;
}

static int take_scope(struct making *m, struct err *err)
{
    int scope = policy_scope(&m->team->policy);
    if (scope < 0)
        return 0;
    return take_groups(m, &m->team->policy.targets[scope], "scope-group", &m->e->scope, &m->e->nscope, err);
}

static void meet_rival(void *ctx, uint32_t person, enum account_state state)
{
    struct explain_team *t = ((struct making *)ctx)->team;
    *MEM_PUSH(&t->rivals, &t->nrivals, &t->rivals_cap) = (struct explain_rival){person, state};
}

static int take_account(struct making *m, struct err *err)
{
    struct explain_team *t = m->team;
    const struct explain_person *p = &m->e->person;
    if (explain_account(m->store->db, t->policy.team, p->id, m->pool, &t->account, err) != 0 ||
        explain_same_email(m->store->db, t->policy.team, p, meet_rival, m, err) != 0)
        return -1;
    for (int a = 0; a < ATTR_COUNT && t->account.id; a++)
        if (strcmp(t->account.attr[a], p->attr[a]) != 0)
            t->differs |= 1u << a;
    const char *const *attr = t->account.id ? t->account.attr : p->attr;
    t->protects = guard_protects(t->section, span_str(attr[ATTR_EMAIL]), span_str(attr[ATTR_USER_NAME]));
    return 0;
}

static int take_mapped(struct making *m, struct err *err)
{
    struct explain_team *t = m->team;
    struct mapper_value *values;
    CLEANUP(mapper_close) struct mapper *mapper = NULL;
    if (mapper_open(m->store, t->policy.platform, t->policy.team, true, &mapper, err) != 0)
        return -1;
    if (!mapper)
        return 0;
    uint32_t person = m->e->person.id;
    if (mapper_compare(mapper, person, person, MAPPER_ALL, m->pool, &values, &t->nmapped, err) != 0)
        return -1;
    t->mapped = values;
    for (size_t i = 0; i < t->nmapped; i++) { /* they outlive the mapper */
        values[i].target = pool_strdup(m->pool, values[i].target);
        values[i].source = pool_strdup(m->pool, values[i].source);
    }
    return 0;
}

static int64_t waiting_for(const struct explain_team *t, const char *product)
{
    const struct plan *plan = t->plan && t->plan->narrowed ? t->plan : NULL;
    for (size_t i = 0; plan && i < plan->nseats; i++)
        if (strcmp(plan->seats[i].section, product) == 0)
            return plan->seats[i].waiting;
    for (size_t i = 0; i < t->last.nwaiting; i++)
        if (t->current && strcmp(t->last.waiting[i].product, product) == 0)
            return t->last.waiting[i].waiting;
    return plan || t->current ? 0 : -1;
}

static int take_seats(struct making *m, struct explain_product *p, struct err *err)
{
    const struct explain_team *t = m->team;
    p->waiting = p->limited ? waiting_for(t, p->section) : 0;
    if (t->account.id &&
        explain_seat(m->store->db, t->policy.team, p->section, t->account.id, &p->seat_since, err) != 0)
        return -1;
    return p->limited ? report_seats_used(m->store, t->policy.team_name, p->section, &p->taken, err) : 0;
}

static int take_product(struct making *m, const struct target *target, struct err *err)
{
    struct explain_team *t = m->team;
    struct explain_product *p = MEM_PUSH(&t->products, &t->nproducts, &t->products_cap);
    const char *title = conf_str(target->section, "name");
    *p = (struct explain_product){.section = target->name,
                                  .title = title ? title : target->name,
                                  .configured = true,
                                  .limited = conf_has(target->section, "seats"),
                                  .limit = conf_int(target->section, "seats")};
    if (take_groups(m, target, "group", &p->groups, &p->n, err) != 0)
        return -1;
    p->path = shortest(p->groups, p->n);
    p->entitled = p->path.n && t->away == CAUSE_IN_DIRECTORY;
    return take_seats(m, p, err);
}

static void meet_seat(void *ctx, const char *product)
{
    struct making *m = ctx;
    struct explain_team *t = m->team;
    for (size_t i = 0; i < t->nproducts; i++)
        if (strcmp(t->products[i].section, product) == 0)
            return;
    const char *name = pool_strdup(m->pool, product);
    *MEM_PUSH(&t->products, &t->nproducts, &t->products_cap) = (struct explain_product){.section = name, .title = name};
}

static int take_products(struct making *m, struct err *err)
{
    struct explain_team *t = m->team;
    for (size_t i = 0; i < t->policy.n; i++)
        if (t->policy.targets[i].kind == TARGET_PRODUCT && take_product(m, &t->policy.targets[i], err) != 0)
            return -1;
    size_t configured = t->nproducts;
    if (t->account.id && explain_seats(m->store->db, t->account.id, meet_seat, m, err) != 0)
        return -1;
    for (size_t i = configured; i < t->nproducts; i++)
        if (take_seats(m, &t->products[i], err) != 0)
            return -1;
    return 0;
}

static void meet_membership(void *ctx, uint32_t group)
{
    struct explain_team *t = ((struct making *)ctx)->team;
    for (size_t i = 0; i < t->ngroups; i++) {
        if (t->groups[i].group == group) {
            t->groups[i].member = true;
            return;
        }
    }
    *MEM_PUSH(&t->groups, &t->ngroups, &t->groups_cap) = (struct explain_synced){.group = group, .member = true};
}

/* Only groups that the person is in or should be in: a directory may have thousands. */
static int take_synced(struct making *m, struct err *err)
{
    struct explain_team *t = m->team;
    for (size_t i = 0; i < t->policy.n; i++) {
        const struct target *target = &t->policy.targets[i];
        struct path path = {0};
        if (target->kind == TARGET_GROUP)
            path = paths_to(m->paths, target->group, m->pool);
        if (path.n)
            *MEM_PUSH(&t->groups, &t->ngroups, &t->groups_cap) =
                (struct explain_synced){.group = target->group, .wanted = t->away == CAUSE_IN_DIRECTORY, .path = path};
    }
    return t->account.id ? explain_memberships(m->store->db, t->account.id, meet_membership, m, err) : 0;
}

static void meet_done(void *ctx, const struct explain_change *change)
{
    struct making *m = ctx;
    struct explain_change *c = MEM_PUSH(&m->team->done, &m->team->ndone, &m->team->done_cap);
    *c = *change;
    c->command = pool_strdup(m->pool, change->command);
}

static const struct conf_section *platform_of(const struct making *m)
{
    return conf_find(m->conf, "platform", conf_str(m->team->section, "platform"));
}

static bool trips_on_missing(const struct last_plan *last)
{
    for (size_t i = 0; i < last->ntrips; i++)
        if (strcmp(last->trips[i].what, REPAIR_MISSING) == 0)
            return true;
    return false;
}

/* What the plan says is right only while the entitlements in the database follow from the configuration. */
static int take_plan(struct making *m, struct err *err)
{
    struct explain_team *t = m->team;
    if (!policy_is_current(&t->policy))
        return 0;
    struct plan_settings settings = {.conf = m->conf,
                                     .policy = &t->policy,
                                     .gate = m->e->gate,
                                     .now = m->now,
                                     .read_only = true,
                                     .only = m->e->person.id};
    char state[DIGEST_HEX_MAX];
    plan_settings_read(&settings);
    if (look_known(m->store, t->policy.team, platform_of(m), &settings.drift, err) != 0 ||
        last_state(m->store, &settings, state, err) != 0 ||
        last_plan_get(m->store->db, t->policy.team, m->pool, &t->last, err) != 0)
        return -1;
    t->current = t->last.made_at && strcmp(state, t->last.state) == 0;
    settings.guarded = t->current && t->last.ntrips;
    settings.missing_guarded = t->current && trips_on_missing(&t->last);
    return plan_make(m->store, &settings, &t->plan, err);
}

static void meet_note(void *ctx, const struct drift_row *row)
{
    struct making *m = ctx;
    if (row->stance != DRIFT_WILLED && row->stance != DRIFT_UNCLEAR)
        return;
    *MEM_PUSH(&m->team->notes, &m->team->nnotes, &m->team->notes_cap) =
        (struct explain_note){.op = row->op,
                              .willed = row->stance == DRIFT_WILLED,
                              .object = row->object,
                              .times = row->times,
                              .found = pool_strdup(m->pool, row->found)};
}

static int take_notes(struct making *m, struct err *err)
{
    const struct explain_team *t = m->team;
    bool known;
    if (look_known(m->store, t->policy.team, platform_of(m), &known, err) != 0)
        return -1;
    return known ? drift_each_of(m->store->db, t->policy.team, m->e->person.id, meet_note, m, err) : 0;
}

/* As sync/plan.c has it: those who left lose a suspended account after the time of grace, those who are disabled do not. */
static int64_t removed_at(const struct making *m, const struct explain_team *t)
{
    struct plan_settings settings = {.conf = m->conf};
    plan_settings_read(&settings);
    bool waits = t->account.state == ACCOUNT_SUSPENDED && settings.on_leave != ON_LEAVE_UNASSIGN && !t->protects;
    return waits && t->away != CAUSE_IN_DIRECTORY && t->away != CAUSE_DISABLED ? t->account.since + settings.grace : 0;
}

static int take_team(struct making *m, const struct conf_section *section, struct err *err)
{
    struct explain_team *t = m->team = &m->e->teams[m->e->nteams++];
    t->section = section;
    if (policy_read(m->store, m->conf, section, &t->policy, err) != 0 || take_scope(m, err) != 0)
        return -1;
    t->away = away_of(m->e);
    if (take_plan(m, err) != 0 || take_account(m, err) != 0 || take_mapped(m, err) != 0 ||
        take_products(m, err) != 0 || take_synced(m, err) != 0 || take_notes(m, err) != 0 ||
        explain_changes(m->store->db, t->policy.team, m->e->person.id, DONE_SHOWN, meet_done, m, err) != 0)
        return -1;
    t->removed_at = removed_at(m, t);
    return 0;
}

static int take_teams(struct making *m, struct err *err)
{
    size_t n = 0;
    for (const struct conf_section *s = conf_next(m->conf, "team", NULL); s; s = conf_next(m->conf, "team", s))
        n++;
    m->e->teams = pool_zero(m->pool, (n + 1) * sizeof *m->e->teams);
    for (const struct conf_section *s = conf_next(m->conf, "team", NULL); s; s = conf_next(m->conf, "team", s))
        if (strcmp(conf_str(s, "directory"), m->e->person.directory) == 0 && take_team(m, s, err) != 0)
            return err_wrap(err, "team %s", conf_name(s));
    return 0;
}

int explain_make(struct store *store, const struct conf *conf, const struct gate *gate, int64_t now, uint32_t person,
                 struct pool *pool, struct explanation *ret, struct err *err)
{
    *ret = (struct explanation){.gate = gate, .gate_index = -1};
    CLEANUP(paths_free) struct paths *paths = paths_new();
    struct making m = {.store = store, .conf = conf, .now = now, .pool = pool, .e = ret, .paths = paths};
    int found = explain_person(store->db, person, pool, &ret->person, err);
    if (found <= 0)
        return found < 0 ? -1 : err_set(err, ERR_NOT_FOUND, "there is no such person any more");
    ret->directory = conf_find(conf, "directory", ret->person.directory);
    if (*ret->person.domain)
        ret->gate_index = gate_find(gate, ret->person.domain);
    return find_paths(&m, err) != 0 ? -1 : take_teams(&m, err);
}

void explain_release(struct explanation *e)
{
    for (size_t i = 0; i < e->nteams; i++) {
        struct explain_team *t = &e->teams[i];
        policy_release(&t->policy);
        plan_free(&t->plan);
        free(t->products);
        free(t->groups);
        free(t->rivals);
        free(t->notes);
        free(t->done);
    }
    *e = (struct explanation){0};
}
