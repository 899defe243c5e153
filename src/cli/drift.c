#include "cli/drift.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/json.h"
#include "cli/term.h"
#include "roster/platforms.h"
#include "store/drift.h"

#define NOTES_SHOWN 10 /* without -v */

static void tick(void *ctx, size_t met)
{
    const size_t *expected = ctx;
    progress_at(met, *expected);
}

int drift_look(struct cli *cli, int64_t team, const struct conf_section *platform, struct look_report *ret,
               struct err *err)
{
    int64_t accounts = 0;
    struct look_settings settings = {.store = cli->store,
                                     .conf = cli->conf,
                                     .platform = platform,
                                     .connector = platform_connector_find(conf_variant(platform)),
                                     .team = team,
                                     .now = cli->now,
                                     .tick = tick};
    *ret = (struct look_report){0};
    if (!settings.connector->read)
        return 0;
    if (db_number(cli->store->db, "SELECT count(*) FROM account WHERE team = ? AND state <> 'removed'",
                  DB_ARGS(DB_INT(team)), &accounts, err) != 0)
        return -1;
    size_t expected = (size_t)accounts;
    settings.ctx = &expected;
    CLEANUP(freep) char *what = mem_printf("reading platform %s", conf_name(platform));
    progress_begin(what);
    int r = look_at_platform(&settings, ret, err);
    progress_end();
    return r;
}

/* --- words -------------------------------------------------------------------------------------------------------- */

int drift_words(struct words *w, const struct change *c, const char **ret, struct err *err)
{
    if (drift_found(w->store->db, w->team, c, w->pool, ret, err) != 0)
        return -1;
    if (!**ret)
        *ret = "not as sync left it";
    return 0;
}

/* "1 account", "2 accounts" */
static const char *counted(struct pool *pool, size_t n, const char *one)
{
    return pool_printf(pool, "%s %s%s", term_number(pool, n), one, n == 1 ? "" : "s");
}

static void add_count(struct buf *out, struct pool *pool, size_t n, const char *one, const char *behind)
{
    if (n)
        buf_printf(out, "%s%s%s", out->len ? ", " : "", counted(pool, n, one), behind);
}

/* "2 accounts, 1 group, 3 members of synced groups"; empty: nothing. */
static void stranger_words(struct pool *pool, const struct look_strangers *s, struct buf *out)
{
    add_count(out, pool, s->accounts, "account", "");
    add_count(out, pool, s->groups, "group", "");
    add_count(out, pool, s->members, "member", s->members == 1 ? " of a synced group" : " of synced groups");
    add_count(out, pool, s->seats, "seat", " given one by one");
}

/*
 * --- what is told and not repaired ---------------------------------------------------------------------------------
 */

struct note {
    struct drift_row row;
    const char *found;
};

struct notes {
    struct pool *pool;
    struct note *v;
    size_t n, cap, willed, unclear;
    bool judged; /* otherwise only what was unclear before counts, as it is held */
};

static void take_note(void *ctx, const struct drift_row *row)
{
    struct notes *n = ctx;
    if (row->stance != DRIFT_UNCLEAR && !(row->stance == DRIFT_WILLED && n->judged))
        return;
    n->willed += row->stance == DRIFT_WILLED;
    n->unclear += row->stance == DRIFT_UNCLEAR;
    *MEM_PUSH(&n->v, &n->n, &n->cap) = (struct note){*row, pool_strdup(n->pool, row->found)};
}

/* Whom it is about: a person, or a group. */
static int subject_of(struct words *w, const struct drift_row *row, struct pool *pool, const char **ret,
                      struct err *err)
{
    const char *email = "", *name;
    if (row->account)
        return words_person(w, row->person, pool, ret, &email, err);
    if (words_group(w, row->object, &name, err) != 0)
        return -1;
    *ret = pool_printf(pool, "group %s", name);
    return 0;
}

/* Of a seat or a membership, of what. */
static int object_of(struct words *w, const struct drift_row *row, const char **ret, struct err *err)
{
    *ret = "";
    if (!row->account || !row->object)
        return 0;
    if (row->op != OP_ASSIGN)
        return words_group(w, row->object, ret, err);
    *ret = words_product(w, row->object);
    return 0;
}

/* The same of many people stands in one line, which begins with the first of them. */
static bool are_alike(const struct note *a, const struct note *b)
{
    return a->row.stance == b->row.stance && a->row.op == b->row.op && a->row.object == b->row.object &&
           strcmp(a->found, b->found) == 0;
}

static int by_likeness(const void *left, const void *right)
{
    const struct note *a = left, *b = right;
    const int64_t x[] = {a->row.stance, a->row.op, a->row.object}, y[] = {b->row.stance, b->row.op, b->row.object};
    for (int i = 0; i < 3; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    int order = strcmp(a->found, b->found);
    return order ? order : (a->row.account > b->row.account) - (a->row.account < b->row.account);
}

static int print_note(struct words *w, const struct note *n, size_t alike, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *subject, *object;
    if (subject_of(w, &n->row, pool, &subject, err) != 0 || object_of(w, &n->row, &object, err) != 0)
        return -1;
    if (alike > 1)
        subject = pool_printf(pool, "%s and %s", subject, counted(pool, alike - 1, "other"));
    printf("  %s%s%s: %s%s\n", subject, *object ? ", " : "", object, n->found,
           n->row.stance == DRIFT_UNCLEAR ? ""
           : n->row.times == 1            ? "; repaired once"
                                          : pool_printf(pool, "; repaired %" PRIu32 " times", n->row.times));
    return 0;
}

static int print_notes_of(struct words *w, const struct notes *n, enum drift_stance stance, bool all, struct err *err)
{
    size_t shown = 0, most = all ? SIZE_MAX : NOTES_SHOWN;
    for (size_t i = 0, alike; i < n->n; i += alike) {
        alike = 1;
        while (!all && i + alike < n->n && are_alike(&n->v[i], &n->v[i + alike]))
            alike++;
        if (n->v[i].row.stance == stance && shown++ < most && print_note(w, &n->v[i], alike, err) != 0)
            return -1;
    }
    if (shown > most)
        printf("  and %s more; -v shows them\n", term_number(n->pool, shown - most));
    return 0;
}

static int print_notes(struct words *w, const struct notes *n, bool all, struct err *err)
{
    if (n->n)
        qsort(n->v, n->n, sizeof *n->v, by_likeness);
    if (n->willed)
        printf("%snote%s: the platform wants this otherwise, as it came back after it was repaired, or as the platform "
               "refuses it; left so:\n",
               term_yellow(), term_plain());
    if (print_notes_of(w, n, DRIFT_WILLED, all, err) != 0)
        return -1;
    if (n->unclear)
        printf("%snote%s: on the platform it is not clear what is whose; left alone until it is mended there:\n",
               term_yellow(), term_plain());
    return print_notes_of(w, n, DRIFT_UNCLEAR, all, err);
}

/* --- text --------------------------------------------------------------------------------------------------------- */

static void print_left_alone(const struct look_report *r, bool names, struct pool *pool)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    stranger_words(pool, &r->strangers, &text);
    if (!text.len)
        return;
    printf("  not made by sync, and left alone: %s%s\n", buf_str(&text), r->nnames && !names ? "; -v names them" : "");
    for (size_t i = 0; names && i < r->nnames; i++)
        printf("    %s\n", r->names[i]);
    if (r->strangers.borrowed)
        printf(
            "%snote%s: %s on the platform bear%s the id of somebody whose account sync did not make, or removed; find "
            "out who made %s%s\n",
            term_yellow(), term_plain(), counted(pool, r->strangers.borrowed, "account"),
            r->strangers.borrowed == 1 ? "s" : "", r->strangers.borrowed == 1 ? "it" : "them",
            names ? "" : "; -v names them");
}

static void print_result(const char *platform, const struct look_report *r, struct pool *pool)
{
    char at[CLOCK_TEXT_MAX];
    switch (r->result) {
    case LOOK_FAILED:
        printf("%snote%s: platform %s could not be read, so that nothing is known of what drifted there: %s\n",
               term_yellow(), term_plain(), platform, text_printable(pool, span_str(r->why.text)));
        return;
    case LOOK_NOT_DUE:
        printf("Platform %s was last read %s; drift-every says when next\n", platform, clock_format(r->at, at));
        return;
    case LOOK_PARTIAL:
        printf("%snote%s: platform %s was read in part only, so that nobody is taken as missing there: %s\n",
               term_yellow(), term_plain(), platform, text_printable(pool, span_str(r->why.text)));
        return;
    default:
        printf("Read completely from platform %s: %s, %s\n", platform, counted(pool, r->accounts, "account"),
               counted(pool, r->groups, "group"));
        if (r->new_ids)
            printf("%snote%s: %s of ours there now %s another id than before\n", term_yellow(), term_plain(),
                   counted(pool, r->new_ids, "account or group"), r->new_ids == 1 ? "has" : "have");
    }
}

int drift_print(struct cli *cli, struct words *w, const char *platform, const struct look_report *r, struct err *err)
{
    if (!r || r->result == LOOK_NONE || r->result == LOOK_NEVER)
        return 0;
    struct notes notes = {.pool = cli->pool, .judged = look_judged(r)};
    print_result(platform, r, cli->pool);
    print_left_alone(r, cli->verbose, cli->pool);
    int done = drift_each(w->store->db, w->team, take_note, &notes, err);
    if (done == 0)
        done = print_notes(w, &notes, cli->verbose, err);
    free(notes.v);
    return done;
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static int note_json(struct words *w, const struct note *n, json_t *list, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *subject, *object;
    if (subject_of(w, &n->row, pool, &subject, err) != 0 || object_of(w, &n->row, &object, err) != 0)
        return -1;
    json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:I}", "kind",
                                          n->row.stance == DRIFT_WILLED ? "own-will" : "unclear", "subject", subject,
                                          "object", object, "found", n->found, "repaired", (json_int_t)n->row.times));
    return 0;
}

static int add_notes(struct words *w, bool judged, json_t *to, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct notes notes = {.pool = pool, .judged = judged};
    json_t *list = json_array();
    json_object_set_new(to, "notes", list);
    int r = drift_each(w->store->db, w->team, take_note, &notes, err);
    for (size_t i = 0; r == 0 && i < notes.n; i++)
        r = note_json(w, &notes.v[i], list, err);
    free(notes.v);
    return r;
}

static json_t *strangers_json(const struct look_report *r)
{
    const struct look_strangers *s = &r->strangers;
    json_t *names = json_array();
    for (size_t i = 0; i < r->nnames; i++)
        json_array_append_new(names, json_string(r->names[i]));
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "accounts", (json_int_t)s->accounts, "borrowed_ids",
                     (json_int_t)s->borrowed, "groups", (json_int_t)s->groups, "members", (json_int_t)s->members,
                     "seats", (json_int_t)s->seats, "names", names);
}

int drift_json(struct words *w, const struct look_report *r, json_t **ret, struct err *err)
{
    *ret = json_null();
    if (!r || r->result == LOOK_NONE || r->result == LOOK_NEVER)
        return 0;
    json_t *j = json_pack("{s:s, s:I, s:I, s:I, s:o}", "read", look_result_names[r->result], "accounts",
                          (json_int_t)r->accounts, "groups", (json_int_t)r->groups, "new_ids", (json_int_t)r->new_ids,
                          "left_alone", strangers_json(r));
    if (r->why.kind != ERR_NONE)
        json_object_set_new(j, "why", json_string(r->why.text));
    if (add_notes(w, look_judged(r), j, err) != 0) {
        json_decref(j);
        return -1;
    }
    *ret = j;
    return 0;
}
