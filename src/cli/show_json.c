#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/causes.h"
#include "cli/drift.h"
#include "cli/evidence.h"
#include "cli/gate.h"
#include "cli/identity.h"
#include "cli/json.h"
#include "cli/show.h"
#include "cli/words.h"
#include "store/container.h"
#include "store/undo.h"
#include "sync/mapper.h"

static json_t *attributes_json(const struct person_text *t, uint32_t only)
{
    json_t *j = json_object();
    for (int a = 0; a < ATTR_COUNT; a++)
        if (only & 1u << a)
            json_object_set_new(j, attr_names[a], json_text(t->attr[a]));
    return j;
}

/* Into "before" or "after", by target, where NULL stands for nobody's. */
static void add_mapped(json_t *before, json_t *after, const struct mapper_value *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (before)
            json_object_set_new(before, values[i].target, json_text(values[i].before));
        if (after)
            json_object_set_new(after, values[i].target, json_text(values[i].after));
    }
}

/* What the platform's own map gives: of whom is invited everything, else what differs. */
static int map_sides(struct words *w, const struct change *c, json_t *before, json_t *after, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct mapper_value *values;
    size_t n;
    if (!w->mapper)
        return 0;
    if (mapper_compare(w->mapper, c->person, c->op == OP_ADOPT ? c->object : c->person,
                       c->op == OP_INVITE ? MAPPER_OWN : MAPPER_DIFFERS, pool, &values, &n, err) != 0)
        return -1;
    add_mapped(before, after, values, n);
    return 0;
}

static int map_undo(struct words *w, const struct change *c, const struct person_text *back, json_t *before,
                    json_t *after, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct mapper_value *values;
    size_t n;
    if (!w->mapper)
        return 0;
    if (mapper_compare_undo(w->mapper, c->detail, c->other, c->op == OP_ADOPT ? c->object : c->person, back->attr, pool,
                            &values, &n, err) != 0)
        return -1;
    add_mapped(before, after, values, n);
    return 0;
}

static json_t *state_json(enum account_state state)
{
    return json_pack("{s:s}", "state", account_state_names[state]);
}

static enum account_state state_after(enum op op)
{
    return op == OP_SUSPEND ? ACCOUNT_SUSPENDED : op == OP_REMOVE ? ACCOUNT_REMOVED : ACCOUNT_ACTIVE;
}

static uint32_t differing(const struct person_text *before, const struct person_text *after)
{
    uint32_t differ = 0;
    for (int a = 0; a < ATTR_COUNT; a++)
        if (!span_eq(before->attr[a], after->attr[a]))
            differ |= 1u << a;
    return differ;
}

/* Of an undo, what the journal puts back; where it puts nothing back, the account is taken away. */
static json_t *id_and_state(const struct person_text *t, uint32_t only)
{
    json_t *j = attributes_json(t, only);
    json_object_set_new(j, "id", json_text(t->uid));
    json_object_set_new(j, "state", json_string(account_state_names[t->state]));
    return j;
}

/* The account is still another entry's; of an undo, what the journal puts back. */
static int add_adopted_sides(struct words *w, const struct change *c, const struct person_text *now, json_t *j,
                             struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct person_text before = {0}, after = *now;
    if (account_read(w->reader, c->object, &before, err) < 0)
        return -1;
    after.state = before.state == ACCOUNT_SUSPENDED ? ACCOUNT_ACTIVE : before.state;
    if (c->cause == CAUSE_UNDO && undo_read(w->store, c->detail, c->other, pool, &after, err) < 0)
        return -1;
    after.uid = now->uid;
    uint32_t differ = differing(&before, &after);
    json_object_set_new(j, "before", id_and_state(&before, differ));
    json_object_set_new(j, "after", id_and_state(&after, differ));
    json_t *was = json_object_get(j, "before"), *is = json_object_get(j, "after");
    return c->cause == CAUSE_UNDO ? map_undo(w, c, &after, was, is, err) : map_sides(w, c, was, is, err);
}

static int add_undo_sides(struct words *w, const struct change *c, json_t *j, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct person_text before = {0}, after = {.state = state_after((enum op)c->op)};
    if (account_read(w->reader, c->person, &before, err) < 0 ||
        undo_read(w->store, c->detail, c->other, pool, &after, err) < 0)
        return -1;
    bool update = c->op == OP_UPDATE;
    uint32_t differ = differing(&before, &after);
    json_object_set_new(j, "before", update ? attributes_json(&before, differ) : state_json(before.state));
    json_object_set_new(j, "after", update ? attributes_json(&after, differ) : state_json(after.state));
    if (!update)
        return 0;
    return map_undo(w, c, &after, json_object_get(j, "before"), json_object_get(j, "after"), err);
}

/* "before" and "after": attributes of whom is invited or updated, states of whom is suspended, restored or removed. */
static int add_sides(struct words *w, const struct change *c, const struct person_text *now, json_t *j, struct err *err)
{
    if (c->op == OP_ADOPT && (c->cause != CAUSE_UNDO || c->hold == HOLD_NONE))
        return add_adopted_sides(w, c, now, j, err);
    bool of_account = c->op == OP_UPDATE || c->op == OP_SUSPEND || c->op == OP_REMOVE || c->op == OP_RESTORE;
    if (c->cause == CAUSE_UNDO && of_account && c->hold == HOLD_NONE)
        return add_undo_sides(w, c, j, err);
    if (c->cause == CAUSE_UNDO || c->cause == CAUSE_DRIFT)
        return 0; /* of drift, the cause has what is there, and our rows stay */
    if (c->op == OP_INVITE) {
        json_object_set_new(j, "after", attributes_json(now, ~0u));
        return map_sides(w, c, NULL, json_object_get(j, "after"), err);
    } else if (c->op == OP_UPDATE) {
        json_object_set_new(j, "after", attributes_json(now, c->detail));
        struct person_text before;
        int found = account_read(w->reader, c->person, &before, err);
        if (found < 0)
            return -1;
        if (found)
            json_object_set_new(j, "before", attributes_json(&before, c->detail));
        return map_sides(w, c, json_object_get(j, "before"), json_object_get(j, "after"), err);
    } else if (c->op == OP_SUSPEND || c->op == OP_REMOVE || c->op == OP_RESTORE) {
        json_object_set_new(j, "before", state_json(now->state));
        json_object_set_new(j, "after", state_json(state_after((enum op)c->op)));
    }
    return 0;
}

static int add_person(struct words *w, const struct change *c, json_t *j, struct err *err)
{
    struct person_text t;
    int found = c->person ? person_read(w->reader, c->person, &t, err) : 0;
    if (found < 0)
        return -1;
    if (!found)
        return 0;
    json_object_set_new(j, "person",
                        json_pack("{s:o, s:o, s:o}", "id", json_text(t.uid), "email", json_text(t.attr[ATTR_EMAIL]),
                                  "name", json_text(t.attr[ATTR_DISPLAY_NAME])));
    return add_sides(w, c, &t, j, err);
}

static int add_object(struct words *w, const struct change *c, json_t *j, struct err *err)
{
    if (c->op == OP_ASSIGN || c->op == OP_UNASSIGN) {
        for (size_t i = 0; i < w->plan->nseats; i++)
            if (w->plan->seats[i].product == c->object)
                json_object_set_new(j, "product", json_string(w->plan->seats[i].section));
    } else if (c->object && c->op != OP_ADOPT) {
        const char *name;
        if (words_group(w, c->object, &name, err) != 0)
            return -1;
        json_object_set_new(j, "group", json_string(name));
    }
    return 0;
}

static int add_cause(struct words *w, const struct change *c, const char *text, json_t *j, struct err *err)
{
    json_t *cause = json_pack("{s:s, s:s}", "kind", cause_names[c->cause], "text", text);
    json_object_set_new(j, "cause", cause);
    struct path path = {0};
    const char *found;
    if (c->cause == CAUSE_DRIFT) {
        if (drift_words(w, c, &found, err) != 0)
            return -1;
        json_object_set_new(cause, "found", json_string(found));
    }
    if (c->cause != CAUSE_GROUP || !w->evidence)
        return 0;
    if (evidence_path(w->evidence, c, &path, err) != 0)
        return -1;
    json_t *groups = json_array();
    json_object_set_new(cause, "path", groups);
    for (size_t i = 0; i < path.n; i++) {
        const char *name;
        if (words_group(w, path.groups[i], &name, err) != 0)
            return -1;
        json_array_append_new(groups, json_string(name));
    }
    return 0;
}

static int print_change(struct words *w, const struct change *c, struct buf *text, FILE *out, struct err *err)
{
    json_t *j = json_pack("{s:s}", "op", op_names[c->op]);
    buf_clear(text);
    int r = add_person(w, c, j, err);
    if (r == 0)
        r = add_object(w, c, j, err);
    if (r == 0)
        r = words_cause(w, c, text, err);
    if (r == 0)
        r = add_cause(w, c, buf_str(text), j, err);
    buf_clear(text);
    if (r == 0 && c->hold != HOLD_NONE)
        r = words_hold(w, c, text, err);
    if (r == 0 && c->hold != HOLD_NONE)
        json_object_set_new(j, "hold", json_pack("{s:s, s:s}", "kind", hold_names[c->hold], "text", buf_str(text)));
    if (r == 0)
        json_write(j, out);
    json_decref(j);
    return r;
}

/* One change at a time: a plan of a hundred thousand never stands in memory as a tree. */
static int print_changes(struct words *w, const char *key, const struct change *changes, size_t n, FILE *out,
                         struct err *err)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    fprintf(out, ",\"%s\":[", key);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            fputc(',', out);
        if (print_change(w, &changes[i], &text, out, err) != 0)
            return -1;
    }
    fputc(']', out);
    return 0;
}

static void print_member(FILE *out, const char *key, json_t *value)
{
    fprintf(out, ",\"%s\":", key);
    json_write(value, out);
    json_decref(value);
}

static json_t *summary_json(const struct shown_plan *s)
{
    json_t *j = json_object();
    for (int op = 0; op < OP_COUNT; op++)
        json_object_set_new(j, op_names[op], json_integer(s->plan->counts[op]));
    json_object_set_new(j, "changes", json_integer((json_int_t)s->plan->n));
    json_object_set_new(j, "repairs", json_integer((json_int_t)s->plan->repairs));
    json_object_set_new(j, "held", json_integer((json_int_t)s->plan->nheld));
    json_object_set_new(j, "people", json_integer((json_int_t)s->plan->people));
    json_object_set_new(j, "estimate",
                        s->pace.seconds > 0 ? json_pack("{s:f, s:f}", "seconds", s->pace.seconds, "per_second",
                                                        s->pace.measured.per_second)
                                            : json_null());
    return j;
}

static json_t *read_json(const struct pull_report *p)
{
    json_t *faults = json_array();
    for (size_t i = 0; i < p->nfaults; i++)
        json_array_append_new(faults, json_pack("{s:s, s:s}", "name", p->faults[i].name, "why", p->faults[i].why));
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "result",
                     p->result == PULL_COMPLETE ? "complete" : "changes", "source", p->source, "people",
                     (json_int_t)p->summary.people, "groups", (json_int_t)p->summary.groups, "added",
                     (json_int_t)p->summary.added, "changed", (json_int_t)p->summary.changed, "gone",
                     (json_int_t)p->summary.gone, "unusable", (json_int_t)p->summary.nfaults, "faults", faults);
}

static json_t *basis_json(const struct shown_plan *s)
{
    return json_pack("{s:s, s:I, s:I, s:s, s:I}", "configuration", s->state->configuration, "mirror",
                     (json_int_t)s->state->mirror, "last_run", (json_int_t)s->state->last_run, "drift", s->state->drift,
                     "guarded", (json_int_t)s->plan->withheld);
}

/* The e-mails of those who wait, in the order in which free seats go to them. */
static json_t *waits_json(struct words *w, const struct seats *s)
{
    CLEANUP(freep) uint32_t *people = plan_waiting(w->plan, s);
    json_t *list = json_array();
    for (uint32_t i = 0; i < s->waiting; i++) {
        CLEANUP(pool_free) struct pool *pool = pool_new();
        const char *name, *email = "";
        struct err ignored = ERR_INIT;
        if (words_person(w, people[i], pool, &name, &email, &ignored) == 0)
            json_array_append_new(list, json_string(email));
    }
    return list;
}

static json_t *seats_json(struct words *w)
{
    const struct plan *plan = w->plan;
    json_t *list = json_array();
    for (size_t i = 0; i < plan->nseats; i++) {
        const struct seats *s = &plan->seats[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I, s:o, s:I, s:o}", "product", s->section, "name",
                                              s->title, "before", (json_int_t)s->before, "after", (json_int_t)s->after,
                                              "limit", s->limited ? json_integer(s->limit) : json_null(), "waiting",
                                              (json_int_t)s->waiting, "waits", waits_json(w, s)));
    }
    return list;
}

static json_t *trip_json(struct cli *cli, struct words *w, const struct guard_trip *t)
{
    json_t *j = json_pack("{s:s, s:I, s:I, s:I}", "what", t->what, "removals", (json_int_t)t->removals, "of",
                          (json_int_t)t->of, "limit", (json_int_t)t->limit);
    struct err ignored = ERR_INIT;
    const char *name = NULL;
    if (t->group && words_group(w, t->group, &name, &ignored) == 0)
        json_object_set_new(j, "group", json_string(name));
    if (t->base && base_name(cli->store->db, t->base, cli->pool, &name, &ignored) == 0 && name)
        json_object_set_new(j, "base", json_string(name));
    return j;
}

static json_t *guard_json(struct cli *cli, struct words *w, const struct guard *g)
{
    json_t *trips = json_array();
    for (size_t i = 0; i < g->ntrips; i++)
        json_array_append_new(trips, trip_json(cli, w, &g->trips[i]));
    return json_pack("{s:b, s:o}", "tripped", g->ntrips > 0, "trips", trips);
}

static json_t *notes_json(const struct shown_plan *s)
{
    const struct policy *p = s->policy;
    json_t *list = json_array();
    if (s->note)
        json_array_append_new(list, json_string(s->note));
    for (size_t i = 0; i < p->nnotes; i++)
        json_array_append_new(list, json_string(p->notes[i]));
    return list;
}

int show_plan_json(struct cli *cli, const struct shown_plan *s, FILE *out, struct err *err)
{
    struct words w;
    if (words_open(cli->store, s->plan->team_id, s->plan, s->gate, &w, err) != 0)
        return -1;
    json_t *causes = NULL, *drift = NULL;
    if (!s->undoes)
        w.evidence = evidence_open(cli->store, cli->conf, s->policy, s->plan);
    if (words_map(&w, s->policy->platform, err) != 0 || drift_json(&w, s->look, &drift, err) != 0 ||
        causes_json(cli, &w, s, &causes, err) != 0) {
        json_decref(drift);
        evidence_close(&w.evidence);
        words_close(&w);
        return -1;
    }
    char made[CLOCK_TEXT_MAX];
    fputs("{\"format\":\"doorward-plan/1\"", out);
    print_member(out, "id", json_string(s->id));
    print_member(out, "made_at", json_string(clock_format(s->plan->now, made)));
    print_member(out, "team", json_string(s->plan->team));
    print_member(out, "directory", json_string(s->plan->directory));
    print_member(out, "platform", json_string(s->platform));
    print_member(out, "enabled", json_boolean(s->policy->enabled_at != 0));
    print_member(out, "state", basis_json(s));
    print_member(out, "read", s->pull ? read_json(s->pull) : json_null());
    print_member(out, "drift", drift);
    if (s->undoes)
        print_member(out, "undoes", json_integer(s->undoes));
    print_member(out, "gate", gate_json(s->gate));
    print_member(out, "guard", guard_json(cli, &w, &s->plan->guard));
    print_member(out, "identity", identity_json(cli, s->plan));
    print_member(out, "causes", causes);
    print_member(out, "notes", notes_json(s));
    print_member(out, "summary", summary_json(s));
    int r = print_changes(&w, "changes", s->plan->changes, s->plan->n, out, err);
    if (r == 0)
        r = print_changes(&w, "held", s->plan->held, s->plan->nheld, out, err);
    if (r == 0)
        print_member(out, "seats", seats_json(&w));
    evidence_close(&w.evidence);
    words_close(&w);
    if (r != 0)
        return -1;
    fputs("}\n", out);
    return 0;
}
