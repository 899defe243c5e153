#include "base/clock.h"
#include "cli/explain.h"
#include "cli/json.h"

static json_t *text_json(const char *text)
{
    return json_text(span_str(text));
}

static json_t *time_json(int64_t when)
{
    char text[CLOCK_TEXT_MAX];
    return when ? json_string(clock_format(when, text)) : json_null();
}

static json_t *attributes_json(const char *const attr[static ATTR_COUNT], uint32_t only)
{
    json_t *j = json_object();
    for (int a = 0; a < ATTR_COUNT; a++)
        if (only & 1u << a)
            json_object_set_new(j, attr_names[a], text_json(attr[a]));
    return j;
}

static json_t *person_json(struct cli *cli, const struct explain_person *p)
{
    return json_pack("{s:o, s:o, s:s, s:o, s:b, s:o}", "id", text_json(p->uid), "dn", text_json(p->dn), "name",
                     explain_name(cli, p), "attributes", attributes_json(p->attr, ~0u), "active", p->active,
                     "gone_since", time_json(p->gone_at));
}

static json_t *directory_json(struct cli *cli, const struct explanation *e)
{
    const struct explain_person *p = &e->person;
    return json_pack("{s:s, s:b, s:o, s:I}", "name", p->directory, "configured", e->directory != NULL, "read_at",
                     time_json(p->read_at), "age", (json_int_t)(cli->now - p->read_at));
}

static json_t *domain_json(const struct explanation *e)
{
    const struct gate_domain *d = e->gate_index < 0 ? NULL : &e->gate->domains[e->gate_index];
    return json_pack("{s:o, s:b, s:b, s:s?, s:s?, s:s?, s:o}", "domain", text_json(e->person.domain), "own", d != NULL,
                     "open", d && d->open, "connection", d ? d->connection : NULL, "reason", d ? d->reason : NULL,
                     "remedy", d ? d->remedy : NULL, "until", time_json(d && d->open ? d->until : 0));
}

static json_t *exclude_json(const struct explanation *e)
{
    static const char *const results[] = {
        [EXCLUDE_NO_MATCH] = "no-match", [EXCLUDE_MATCH] = "match", [EXCLUDE_NOT_LOOKED_AT] = "not-looked-at"};
    json_t *list = json_array();
    for (size_t i = 0; e->directory && i < conf_count(e->directory, "exclude"); i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "where", conf_where_key(e->directory, "exclude", i),
                                              "rule", conf_at(e->directory, "exclude", i), "result",
                                              results[explain_exclude(&e->person, i)]));
    return list;
}

/* The groups' names from the person's own to the last; empty when there is no way. */
static int path_json(struct explain_view *v, const struct path *path, json_t **ret, struct err *err)
{
    json_t *list = json_array();
    for (size_t i = 0; i < path->n; i++) {
        const char *name;
        if (words_group(&v->words, path->groups[i], &name, err) != 0) {
            json_decref(list);
            return -1;
        }
        json_array_append_new(list, json_string(name));
    }
    *ret = list;
    return 0;
}

static int add_groups(struct explain_view *v, const struct explain_group *groups, size_t n, json_t *list,
                      struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        json_t *path;
        if (path_json(v, &groups[i].path, &path, err) != 0)
            return -1;
        json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:b, s:o}", "where", groups[i].where, "group",
                                              groups[i].configured, "found", groups[i].group != 0, "member",
                                              groups[i].path.n > 0, "path", path));
    }
    return 0;
}

static int add_scope(struct explain_view *v, json_t *to, struct err *err)
{
    json_t *groups = json_array();
    json_object_set_new(to, "scope", json_pack("{s:b, s:o}", "inside", explain_in_scope(v->e), "groups", groups));
    return add_groups(v, v->e->scope, v->e->nscope, groups, err);
}

static void add_account(const struct explain_view *v, json_t *to)
{
    const struct explain_account *a = &v->team->account;
    json_object_set_new(to, "account",
                        !a->id ? json_null()
                               : json_pack("{s:s, s:o, s:o, s:o, s:{s:o, s:o}}", "state", account_state_names[a->state],
                                           "since", time_json(a->since), "first_signed_in", time_json(a->activated_at),
                                           "removed_at", time_json(v->team->removed_at), "differs", "account",
                                           attributes_json(a->attr, v->team->differs), "directory",
                                           attributes_json(v->e->person.attr, v->team->differs)));
}

static int add_mapped(struct explain_view *v, json_t *list, struct err *err)
{
    (void)err;
    for (size_t i = 0; i < v->team->nmapped; i++) {
        const struct mapper_value *m = &v->team->mapped[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s?, s:o, s:s?, s:o}", "target", m->target, "source",
                                              m->source, "where", m->where, "value", json_text(m->after), "fault",
                                              m->why, "account", m->known ? json_text(m->before) : json_null()));
    }
    return 0;
}

static int add_rivals(struct explain_view *v, json_t *list, struct err *err)
{
    for (size_t i = 0; i < v->team->nrivals; i++) {
        const struct explain_rival *r = &v->team->rivals[i];
        struct explain_person p;
        int found = explain_person(v->cli->store->db, r->person, v->cli->pool, &p, err);
        if (found < 0)
            return -1;
        if (found)
            json_array_append_new(list, json_pack("{s:o, s:s, s:s?}", "id", text_json(p.uid), "name",
                                                  explain_name(v->cli, &p), "account",
                                                  r->state == ACCOUNT_NONE ? NULL : account_state_names[r->state]));
    }
    return 0;
}

static int add_products(struct explain_view *v, json_t *list, struct err *err)
{
    for (size_t i = 0; i < v->team->nproducts; i++) {
        const struct explain_product *p = &v->team->products[i];
        json_t *path, *groups = json_array();
        if (path_json(v, &p->path, &path, err) != 0) {
            json_decref(groups);
            return -1;
        }
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:{s:o, s:o, s:o}}", "product", p->section,
                                        "name", p->title, "configured", p->configured, "entitled", p->entitled, "path",
                                        path, "groups", groups, "seat_since", time_json(p->seat_since), "seats",
                                        "taken", p->limited ? json_integer(p->taken) : json_null(), "limit",
                                        p->limited ? json_integer(p->limit) : json_null(), "waiting",
                                        p->waiting < 0 ? json_null() : json_integer(p->waiting)));
        if (add_groups(v, p->groups, p->n, groups, err) != 0)
            return -1;
    }
    return 0;
}

static int add_synced(struct explain_view *v, json_t *list, struct err *err)
{
    for (size_t i = 0; i < v->team->ngroups; i++) {
        const struct explain_synced *g = &v->team->groups[i];
        const char *name;
        json_t *path;
        if (words_group(&v->words, g->group, &name, err) != 0 || path_json(v, &g->path, &path, err) != 0)
            return -1;
        json_array_append_new(list, json_pack("{s:s, s:b, s:b, s:o}", "group", name, "wanted", g->wanted, "member",
                                              g->member, "path", path));
    }
    return 0;
}

static int change_json(struct explain_view *v, const struct change *c, json_t **ret, struct err *err)
{
    CLEANUP(buf_release) struct buf cause = BUF_INIT;
    CLEANUP(buf_release) struct buf hold = BUF_INIT;
    const char *verb, *object;
    if (words_what(&v->words, c, &verb, &object, err) != 0 || words_cause(&v->words, c, &cause, err) != 0 ||
        (c->hold != HOLD_NONE && words_hold(&v->words, c, &hold, err) != 0))
        return -1;
    *ret = json_pack("{s:s, s:o, s:{s:s, s:s}}", "op", op_names[c->op], "object", text_json(object), "cause", "kind",
                     cause_names[c->cause], "text", buf_str(&cause));
    if (c->hold != HOLD_NONE)
        json_object_set_new(*ret, "hold", json_pack("{s:s, s:s}", "kind", hold_names[c->hold], "text", buf_str(&hold)));
    return 0;
}

static int add_pending(struct explain_view *v, json_t *list, struct err *err)
{
    const struct change *c;
    for (size_t at = 0; (c = explain_next_pending(v, &at));) {
        json_t *j;
        if (change_json(v, c, &j, err) != 0)
            return -1;
        json_array_append_new(list, j);
    }
    return 0;
}

static int add_done(struct explain_view *v, json_t *list, struct err *err)
{
    for (size_t i = 0; i < v->team->ndone; i++) {
        const struct explain_change *d = &v->team->done[i];
        json_t *j;
        if (change_json(v, &d->change, &j, err) != 0)
            return -1;
        json_object_set_new(j, "run", json_integer(d->run));
        json_object_set_new(j, "at", time_json(d->at));
        json_object_set_new(j, "command", json_string(d->command));
        json_object_set_new(j, "run_state", json_string(run_state_names[d->state]));
        json_array_append_new(list, j);
    }
    return 0;
}

static int add_notes(struct explain_view *v, json_t *list, struct err *err)
{
    for (size_t i = 0; i < v->team->nnotes; i++) {
        const struct explain_note *n = &v->team->notes[i];
        const char *object;
        if (explain_note_object(v, n, &object, err) != 0)
            return -1;
        json_array_append_new(list, json_pack("{s:s, s:o, s:s, s:I}", "kind", n->willed ? "own-will" : "unclear", "object",
                                              text_json(object), "found", n->found, "repaired", (json_int_t)n->times));
    }
    return 0;
}

static int add_lists(struct explain_view *v, json_t *to, struct err *err)
{
    static const struct {
        const char *key;
        int (*add)(struct explain_view *v, json_t *list, struct err *err);
    } lists[] = {{"mapped", add_mapped},
                 {"same_email", add_rivals},
                 {"products", add_products},
                 {"groups", add_synced},
                 {"platform_notes", add_notes},
                 {"pending", add_pending},
                 {"done", add_done}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        json_t *list = json_array();
        json_object_set_new(to, lists[i].key, list);
        if (lists[i].add(v, list, err) != 0)
            return -1;
    }
    return 0;
}

/* Known of the plan made just now for everybody, or of the last one; else null. */
static json_t *guard_json(const struct explain_view *v)
{
    const struct explain_team *t = v->team;
    bool narrowed = t->plan && t->plan->narrowed;
    if (!t->plan || (!narrowed && !t->current))
        return json_null();
    return json_pack("{s:b, s:o}", "trips", narrowed ? t->plan->guard.ntrips > 0 : t->last.ntrips > 0, "plan_at",
                     time_json(narrowed ? v->cli->now : t->last.made_at));
}

static int fill_team(struct explain_view *v, json_t *to, struct err *err)
{
    const struct explain_team *t = v->team;
    enum explain_verdict verdict;
    const char *text;
    if (explain_verdict(v, &verdict, &text, err) != 0)
        return -1;
    json_object_set_new(to, "team", json_string(conf_name(t->section)));
    json_object_set_new(to, "platform", json_string(conf_str(t->section, "platform")));
    json_object_set_new(to, "enabled", json_boolean(t->policy.enabled_at != 0));
    json_object_set_new(to, "verdict", json_pack("{s:s, s:s}", "kind", explain_verdict_names[verdict], "text", text));
    json_object_set_new(to, "protected", json_boolean(t->protects));
    json_object_set_new(to, "planned", json_boolean(t->plan != NULL));
    json_object_set_new(to, "guard", guard_json(v));
    add_account(v, to);
    return add_lists(v, to, err);
}

static int fill_teams(struct cli *cli, const struct explanation *e, json_t *to, struct err *err)
{
    json_t *list = json_array();
    int r = 0;
    for (size_t i = 0; r == 0 && i < e->nteams; i++) {
        struct explain_view v;
        json_t *team = json_object();
        json_array_append_new(list, team);
        if (explain_view_open(cli, e, &e->teams[i], &v, err) != 0) {
            r = -1;
            break;
        }
        r = i == 0 ? add_scope(&v, to, err) : 0;
        if (r == 0)
            r = fill_team(&v, team, err);
        explain_view_close(&v);
    }
    json_object_set_new(to, "teams", list);
    return r;
}

int explain_json(struct cli *cli, const struct explanation *e, struct err *err)
{
    json_t *j =
        json_pack("{s:s, s:o, s:o, s:o, s:o}", "format", "doorward-explain/1", "person", person_json(cli, &e->person),
                  "directory", directory_json(cli, e), "domain", domain_json(e), "exclude", exclude_json(e));
    int r = fill_teams(cli, e, j, err);
    if (r == 0)
        json_print(j);
    json_decref(j);
    return r;
}
