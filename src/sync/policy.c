#include "sync/policy.h"

#include <inttypes.h>

#include "base/mem.h"
#include "push/directories.h"
#include "store/audit.h"

/* What loading needs everywhere. */
struct loading {
    struct store *store;
    struct db *db;
    struct policy *policy;
    const struct directory_connector *connector;
    bool read_only;
};

static void add_note(struct policy *p, char *note)
{
    *MEM_PUSH(&p->notes, &p->nnotes, &p->notes_cap) = note;
}

static void add_root(struct policy *p, uint32_t target, uint32_t group)
{
    *MEM_PUSH(&p->roots, &p->nroots, &p->roots_cap) = (struct root){target, group};
}

static int add_target(struct loading *l, enum target_kind kind, const char *name, const struct conf_section *section,
                      uint32_t group, uint32_t *ret_index, struct err *err)
{
    struct policy *p = l->policy;
    *ret_index = (uint32_t)p->n;
    struct target *t = MEM_PUSH(&p->targets, &p->n, &p->cap);
    *t = (struct target){.kind = kind, .name = mem_strdup(name), .section = section, .group = group};
    return l->read_only ? target_find(l->db, p->team, kind, name, &t->id, err)
                        : target_get(l->db, p->team, kind, name, group, &t->id, err);
}

/* A group may be configured by something else than its name, too: then it still leads there. */
static int note_rename(struct loading *l, const char *where, const char *configured, uint32_t group, const char *name,
                       struct err *err)
{
    struct key128 then, now;
    uint32_t leads = 0;
    if (l->connector->name_key(configured, &then, err) != 0 || l->connector->name_key(name, &now, err) != 0)
        return err_wrap(err, "%s", where);
    if (key_eq(then, now))
        return 0;
    if (group_by_key(l->db, l->policy->directory, then, &leads, err) != 0)
        return -1;
    if (leads != group)
        add_note(l->policy, mem_printf("%s: group '%s' is now called '%s'; the same group is still used", where,
                                       configured, name));
    return 0;
}

/*
 * The group of this name; *ret_n: how many there are of it. Not every directory has names of one group only, and of
 * several the last that took the name bears its key.
 */
static int find_named(struct loading *l, const char *configured, struct key128 key, uint32_t *ret, size_t *ret_n,
                      struct err *err)
{
    CLEANUP(freep) char *name = NULL;
    const char *directory = l->policy->directory;
    struct key128 own;
    uint32_t oldest;
    bool there;
    if (group_by_key(l->db, directory, key, ret, err) != 0)
        return -1;
    *ret_n = *ret != 0;
    if (!l->connector->names_repeat)
        return 0;
    if (*ret == 0)
        return group_named(l->db, directory, configured, ret, ret_n, err);
    if (group_get(l->db, directory, *ret, &there, &name, err) != 0 || l->connector->name_key(name, &own, err) != 0)
        return -1;
    return key_eq(own, key) ? group_named(l->db, directory, name, &oldest, ret_n, err) : 0;
}

/* was: the entry that the name was bound to and that is gone; 0: it is seen first. In the transaction of the pull. */
static int bind_to(struct loading *l, const struct target *t, const char *configured, uint32_t was, uint32_t group,
                   struct err *err)
{
    CLEANUP(freep) char *name = NULL;
    bool there;
    if (target_bind(l->db, t->id, configured, group, err) != 0 ||
        group_get(l->db, l->policy->directory, group, &there, &name, err) != 0)
        return -1;
    return audit_write(
        l->store,
        &(struct audit_record){was ? AUDIT_GROUP_REBOUND : AUDIT_GROUP_BOUND, l->policy->team_name,
                               AUDIT_DETAIL(AUDIT_TEXT("for", t->name), AUDIT_TEXT("configured", configured),
                                            AUDIT_TEXT("group", name), AUDIT_INT("entry", group),
                                            AUDIT_INT("before", was))},
        err);
}

static void note_unresolved(struct loading *l, struct target *t, const char *where, const char *configured, size_t n)
{
    CLEANUP(freep)
    char *why = n == 0 ? mem_printf("group '%s' is not in directory %s", configured, l->policy->directory)
                       : mem_printf("group '%s' is the name of %zu groups in directory %s", configured, n,
                                    l->policy->directory);
    const char *remedy = n ? "write which one is meant, as id: and its id"
                         : "correct the line, or remove it if the group is gone for good";
    t->unresolved = t->kind != TARGET_PRIORITY;
    add_note(l->policy, mem_printf("%s: %s, so %s; %s", where, why,
                                   t->unresolved ? "nothing is taken away on its account"
                                                 : "it puts nobody before others",
                                   remedy));
}

/* *ret is 0 when the group is not there. */
static int bind_group(struct loading *l, struct target *t, const char *where, const char *configured, uint32_t *ret,
                      struct err *err)
{
    uint32_t group = 0;
    bool there = false;
    CLEANUP(freep) char *name = NULL;
    if (target_bound(l->db, t->id, configured, &group, err) != 0 ||
        group_get(l->db, l->policy->directory, group, &there, &name, err) != 0)
        return -1;
    if (there) {
        *ret = group;
        return note_rename(l, where, configured, group, name, err);
    }
    struct key128 key;
    if (l->connector->name_key(configured, &key, err) != 0)
        return err_wrap(err, "%s", where);
    size_t n;
    if (find_named(l, configured, key, ret, &n, err) != 0)
        return -1;
    if (n == 1)
        return l->read_only ? 0 : bind_to(l, t, configured, group, *ret, err);
    *ret = 0;
    note_unresolved(l, t, where, configured, n);
    return 0;
}

/* The i-th group that the key names leads to the target, when it is there. */
static int add_line(struct loading *l, uint32_t target, const struct conf_section *section, const char *key, size_t i,
                    struct err *err)
{
    uint32_t group = 0;
    if (bind_group(l, &l->policy->targets[target], conf_where_key(section, key, i), conf_at(section, key, i), &group,
                   err) != 0)
        return -1;
    if (group)
        add_root(l->policy, target, group);
    return 0;
}

static int add_configured(struct loading *l, enum target_kind kind, const char *name,
                          const struct conf_section *section, const char *key, struct err *err)
{
    uint32_t index;
    if (add_target(l, kind, name, section, 0, &index, err) != 0)
        return -1;
    for (size_t i = 0; i < conf_count(section, key); i++)
        if (add_line(l, index, section, key, i, err) != 0)
            return -1;
    return 0;
}

/* A target for each line, in their order: whom it leads to is whom it ranks. */
static int add_priorities(struct loading *l, const struct conf_section *product, struct err *err)
{
    for (size_t i = 0; i < conf_count(product, "priority"); i++) {
        CLEANUP(freep) char *name = mem_printf("%s: %s", conf_name(product), conf_at(product, "priority", i));
        uint32_t index;
        if (add_target(l, TARGET_PRIORITY, name, product, 0, &index, err) != 0 ||
            add_line(l, index, product, "priority", i, err) != 0)
            return -1;
    }
    return 0;
}

static int add_group(struct loading *l, uint32_t group, struct err *err)
{
    for (size_t i = 0; i < l->policy->n; i++)
        if (l->policy->targets[i].kind == TARGET_GROUP && l->policy->targets[i].group == group)
            return 0;
    char name[16];
    snprintf(name, sizeof name, "%" PRIu32, group);
    uint32_t index;
    if (add_target(l, TARGET_GROUP, name, NULL, group, &index, err) != 0)
        return -1;
    add_root(l->policy, index, group);
    return 0;
}

struct collected {
    uint32_t *groups;
    size_t n, cap;
};

static void collect(void *ctx, uint32_t group)
{
    struct collected *c = ctx;
    *MEM_PUSH(&c->groups, &c->n, &c->cap) = group;
}

/* The groups that the platform gets: those that lead to products, all of the directory, or none. */
static int add_groups(struct loading *l, const char *which, struct err *err)
{
    if (strcmp(which, "none") == 0)
        return 0;
    struct collected c = {0};
    if (strcmp(which, "all") == 0 && group_each(l->db, l->policy->directory, collect, &c, err) != 0)
        return -1;
    for (size_t i = 0; strcmp(which, "assigned") == 0 && i < l->policy->nroots; i++)
        if (l->policy->targets[l->policy->roots[i].target].kind == TARGET_PRODUCT)
            collect(&c, l->policy->roots[i].group);
    int r = 0;
    for (size_t i = 0; r == 0 && i < c.n; i++)
        r = add_group(l, c.groups[i], err);
    free(c.groups);
    return r;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int drop_others(struct loading *l, struct err *err)
{
    struct policy *p = l->policy;
    CLEANUP(freep) uint32_t *ids = mem_alloc(p->n * sizeof *ids);
    for (size_t i = 0; i < p->n; i++)
        ids[i] = p->targets[i].id;
    qsort(ids, p->n, sizeof *ids, by_number);
    return target_drop_others(l->db, p->team, ids, p->n, err);
}

static void make_digest(struct policy *p)
{
    CLEANUP(digest_free) struct digest *d = digest_new();
    for (size_t i = 0; i < p->n; i++)
        digest_add(d, &p->targets[i].id, sizeof p->targets[i].id);
    for (size_t i = 0; i < p->nroots; i++)
        digest_add(d, &p->roots[i], sizeof p->roots[i]);
    digest_hex(d, p->digest);
}

static int load(struct loading *l, const struct conf *conf, const struct conf_section *team, struct err *err)
{
    struct policy *p = l->policy;
    struct team_row row = {0};
    if ((l->read_only ? team_find : team_get)(l->db, conf_name(team), &row, err) != 0)
        return -1;
    p->team = row.id;
    p->team_name = conf_name(team);
    p->section = team;
    p->platform = conf_find(conf, "platform", conf_str(team, "platform"));
    p->enabled_at = row.enabled_at;
    p->entitled_from = TAKE(row.policy);
    p->directory = conf_str(team, "directory");
    const struct conf_section *directory = conf_find(conf, "directory", p->directory);
    l->connector = directory_connector_find(conf_variant(directory));
    if (conf_count(directory, "scope-group") &&
        add_configured(l, TARGET_SCOPE, "scope", directory, "scope-group", err) != 0)
        return -1;
    for (const struct conf_section *s = conf_next(conf, "product", NULL); s; s = conf_next(conf, "product", s))
        if (strcmp(conf_str(s, "team"), p->team_name) == 0 &&
            (add_configured(l, TARGET_PRODUCT, conf_name(s), s, "group", err) != 0 || add_priorities(l, s, err) != 0))
            return -1;
    if (add_groups(l, conf_str(team, "groups"), err) != 0 || (!l->read_only && drop_others(l, err) != 0))
        return -1;
    make_digest(p);
    return 0;
}

static int load_whole(struct store *store, const struct conf *conf, const struct conf_section *team, bool read_only,
                      struct policy *ret, struct err *err)
{
    struct policy p = {0};
    struct loading l = {.store = store, .db = store->db, .policy = &p, .read_only = read_only};
    if (load(&l, conf, team, err) != 0) {
        policy_release(&p);
        return -1;
    }
    *ret = p;
    return 0;
}

int policy_load(struct store *store, const struct conf *conf, const struct conf_section *team, struct policy *ret,
                struct err *err)
{
    return load_whole(store, conf, team, false, ret, err);
}

int policy_read(struct store *store, const struct conf *conf, const struct conf_section *team, struct policy *ret,
                struct err *err)
{
    return load_whole(store, conf, team, true, ret, err);
}

bool policy_is_current(const struct policy *p)
{
    return p->entitled_from && strcmp(p->entitled_from, p->digest) == 0;
}

int policy_group(struct store *store, const struct conf *conf, const struct policy *p, const struct target *t,
                 const char *configured, uint32_t *ret, struct err *err)
{
    const struct conf_section *directory = conf_find(conf, "directory", p->directory);
    struct policy notes = {.directory = p->directory};
    struct target own = *t;
    struct loading l = {.db = store->db,
                        .policy = &notes,
                        .connector = directory_connector_find(conf_variant(directory)),
                        .read_only = true};
    *ret = 0;
    int r = bind_group(&l, &own, "", configured, ret, err);
    policy_release(&notes);
    return r;
}

void policy_release(struct policy *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->targets[i].name);
    for (size_t i = 0; i < p->nnotes; i++)
        free(p->notes[i]);
    free(p->entitled_from);
    free(p->targets);
    free(p->roots);
    free(p->notes);
    *p = (struct policy){0};
}

int policy_scope(const struct policy *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->targets[i].kind == TARGET_SCOPE)
            return (int)i;
    return -1;
}
