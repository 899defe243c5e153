#include "cli/causes.h"

#include "base/text.h"
#include "cli/evidence.h"
#include "cli/json.h"
#include "cli/term.h"
#include "connectors/attrmap.h"

#define CAUSES_SHOWN 10

struct telling {
    struct cli *cli;
    struct words *words;
    const struct shown_plan *shown;
    const struct causes *causes;
};

/* What a cause is counted in: people where it takes any, else seats, else memberships. */
struct counted {
    const char *unit, *one;
    uint32_t n, of;
};

static struct counted counted_in(const struct causes *all, const struct removal_cause *r)
{
    if (r->people)
        return (struct counted){"people", "person", r->people, all->people};
    if (r->seats)
        return (struct counted){"seats", "seat", r->seats, all->seats};
    return (struct counted){"memberships", "membership", r->members, all->members};
}

static const char *id_name(const struct telling *t)
{
    const struct conf_section *section = conf_find(t->cli->conf, "directory", t->shown->plan->directory);
    return section ? attrmap_id_name(section) : "id";
}

static const char *shown_text(const struct telling *t, const char *text)
{
    return text_printable(t->cli->pool, span_str(text));
}

static int moved_words(struct telling *t, const struct removal_cause *r, struct buf *out, struct err *err)
{
    (void)err;
    const char *name = shown_text(t, r->container);
    if (strcmp(r->container, r->moved_to) == 0) {
        buf_printf(out, "%s is where it was, but %s", name,
                   r->unread ? "no longer below a base of the configuration"
                             : "was not met; look at its objectClass, and at what the bind DN may read");
        return 0;
    }
    buf_printf(out, "%s (same %s) is now %s", name, id_name(t), shown_text(t, r->moved_to));
    if (!r->inside)
        buf_printf(out, ", outside %s%s", r->base ? "base " : "what is read", r->base ? shown_text(t, r->base) : "");
    return 0;
}

static int group_words(struct telling *t, const struct removal_cause *r, struct buf *out, struct err *err)
{
    static const char *const forms[WHY_COUNT] = {
        [WHY_LEFT_GROUP] = "left group %s",
        [WHY_GROUP_EMPTY] = "group %s has no members any more",
        [WHY_GROUP_GONE] = "group %s is no longer in the directory",
        [WHY_GROUP_UNTIED] = "group %s no longer leads there: it is not configured for it, nor part of a group that is",
    };
    const char *name;
    if (!r->subject) {
        buf_adds(out, "no longer a member");
        return 0;
    }
    if (words_group(t->words, r->subject, &name, err) != 0)
        return -1;
    const char *form = forms[r->why], *hole = strstr(form, "%s");
    buf_add(out, form, (size_t)(hole - form));
    buf_adds(out, name);
    buf_adds(out, hole + 2);
    return 0;
}

/* Where nobody could say, it may be anywhere outside the base; a file is all that there is. */
static int container_gone_words(struct telling *t, const struct removal_cause *r, struct buf *out, struct err *err)
{
    (void)err;
    bool unknown = r->base && !r->asked;
    buf_printf(out, "%s is no longer %s%s, and everybody below it", shown_text(t, r->container),
               unknown ? "below " : "in the directory", unknown ? shown_text(t, r->base) : "");
    return 0;
}

static int gone_words(struct telling *t, const struct removal_cause *r, struct buf *out, struct err *err)
{
    (void)err;
    buf_printf(out, "no longer in the directory%s%s", r->base ? " below " : "", r->base ? shown_text(t, r->base) : "");
    return 0;
}

static int disabled_words(struct telling *t, const struct removal_cause *r, struct buf *out, struct err *err)
{
    (void)r, (void)err;
    const char *attribute = t->words->evidence ? evidence_active(t->words->evidence) : NULL;
    buf_adds(out, "disabled in the directory");
    if (attribute)
        buf_printf(out, " (%s)", attribute);
    return 0;
}

static int excluded_words(struct telling *t, const struct removal_cause *r, struct buf *out, struct err *err)
{
    (void)err;
    if (t->words->evidence)
        buf_adds(out, evidence_exclude(t->words->evidence, r->subject));
    else
        buf_printf(out, "exclude line %u of the directory", r->subject);
    return 0;
}

static int undo_words(struct telling *t, const struct removal_cause *r, struct buf *out, struct err *err)
{
    (void)t, (void)err;
    buf_printf(out, "undo of run %u", r->subject);
    return 0;
}

static int why_words(struct telling *t, const struct removal_cause *r, struct buf *out, struct err *err)
{
    static const char *const plain[WHY_COUNT] = {
        [WHY_OUT_OF_SCOPE] = "in none of the scope groups",
        [WHY_GRACE] = "suspended for the whole time of grace",
        [WHY_UNCONFIGURED] = "the configuration no longer asks for it",
        [WHY_DRIFT] = "given on the platform, where nobody is entitled to it",
        [WHY_OTHER] = "another cause",
    };
    static int (*const told[WHY_COUNT])(struct telling *, const struct removal_cause *, struct buf *, struct err *) = {
        [WHY_CONTAINER_MOVED] = moved_words,
        [WHY_CONTAINER_GONE] = container_gone_words,
        [WHY_GONE] = gone_words,
        [WHY_DISABLED] = disabled_words,
        [WHY_EXCLUDED] = excluded_words,
        [WHY_LEFT_GROUP] = group_words,
        [WHY_GROUP_EMPTY] = group_words,
        [WHY_GROUP_GONE] = group_words,
        [WHY_GROUP_UNTIED] = group_words,
        [WHY_UNDO] = undo_words,
    };
    if (told[r->why])
        return told[r->why](t, r, out, err);
    buf_adds(out, plain[r->why]);
    return 0;
}

/* Who holds them, other than the guard and a sync that is off: those hold everything, and are told once. */
static void hold_words(const struct telling *t, const struct removal_cause *r, struct buf *out)
{
    static const char *const words[HOLD_COUNT] = {
        [HOLD_GATE] = "held by the gate: the e-mail domain is not proved any more, or its sign-in is not active",
        [HOLD_DOMAIN] = "held: the e-mail domain is none of the organisation's",
        [HOLD_NO_EMAIL] = "held: without a usable e-mail address",
        [HOLD_PROTECTED] = "administrators or protected, who stay",
        [HOLD_UNRESOLVED] = "held: a configured group was not found",
        [HOLD_UNCLEAR] = "held: not clear on the platform whose it is",
        [HOLD_CHANGED] = "held: changed again since",
    };
    uint32_t all = r->people + r->seats + r->members;
    for (int hold = 0; hold < HOLD_COUNT; hold++) {
        if (!r->held[hold] || !words[hold])
            continue;
        if (r->held[hold] == all)
            buf_printf(out, "; %s", words[hold]);
        else
            buf_printf(out, "; %s of its %s changes %s", term_number(t->cli->pool, r->held[hold]),
                       term_number(t->cli->pool, all), words[hold]);
    }
}

static int cause_words(struct telling *t, const struct removal_cause *r, struct buf *out, struct err *err)
{
    buf_clear(out);
    if (why_words(t, r, out, err) != 0)
        return -1;
    hold_words(t, r, out);
    return 0;
}

static int print_all(struct telling *t, struct err *err)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    const struct causes *all = t->causes;
    puts("Removals by cause");
    for (size_t i = 0; i < all->n && i < CAUSES_SHOWN; i++) {
        struct counted c = counted_in(all, &all->v[i]);
        if (cause_words(t, &all->v[i], &text, err) != 0)
            return -1;
        printf("  %s", term_number(t->cli->pool, c.n));
        if (i == 0 && c.n != c.of)
            printf(" of %s", term_number(t->cli->pool, c.of));
        printf(" %s: %s\n", c.n == 1 && !(i == 0 && c.n != c.of) ? c.one : c.unit, buf_str(&text));
    }
    if (all->n > CAUSES_SHOWN)
        printf("  and %s more cause%s\n", term_number(t->cli->pool, all->n - CAUSES_SHOWN),
               all->n == CAUSES_SHOWN + 1 ? "" : "s");
    return 0;
}

int causes_print(struct cli *cli, struct words *words, const struct shown_plan *shown, struct err *err)
{
    struct causes causes;
    struct telling t = {.cli = cli, .words = words, .shown = shown, .causes = &causes};
    int r = causes_make(cli->store, shown->policy, shown->plan, &causes, err);
    if (r == 0 && causes.n)
        r = print_all(&t, err);
    causes_release(&causes);
    return r;
}

static void add_subject(struct telling *t, const struct removal_cause *r, json_t *j)
{
    const struct conf_section *section = conf_find(t->cli->conf, "directory", t->shown->plan->directory);
    struct err ignored = ERR_INIT;
    const char *name;
    if (r->container) {
        json_object_set_new(j, "container", json_string(r->container));
        json_object_set_new(j, "from", json_string(r->container));
        json_object_set_new(j, "to", r->moved_to ? json_string(r->moved_to) : json_null());
    }
    if (r->base)
        json_object_set_new(j, "base", json_string(r->base));
    if (r->why >= WHY_LEFT_GROUP && r->why <= WHY_GROUP_UNTIED && r->subject &&
        words_group(t->words, r->subject, &name, &ignored) == 0)
        json_object_set_new(j, "group", json_string(name));
    if (r->why == WHY_EXCLUDED && section && r->subject && r->subject <= conf_count(section, "exclude")) {
        json_object_set_new(j, "line", json_string(conf_where_key(section, "exclude", r->subject - 1)));
        json_object_set_new(j, "rule", json_string(conf_at(section, "exclude", r->subject - 1)));
    }
}

static json_t *held_json(const struct removal_cause *r)
{
    json_t *j = json_object();
    for (int hold = HOLD_NONE + 1; hold < HOLD_COUNT; hold++)
        if (r->held[hold])
            json_object_set_new(j, hold_names[hold], json_integer(r->held[hold]));
    return j;
}

static int cause_json(struct telling *t, const struct removal_cause *r, struct buf *text, json_t *list, struct err *err)
{
    struct counted c = counted_in(t->causes, r);
    if (cause_words(t, r, text, err) != 0)
        return -1;
    json_t *j = json_pack("{s:s, s:I, s:I, s:s, s:I, s:I, s:I}", "cause", why_names[r->why], "removals",
                          (json_int_t)c.n, "of", (json_int_t)c.of, "unit", c.unit, "people", (json_int_t)r->people,
                          "seats", (json_int_t)r->seats, "memberships", (json_int_t)r->members);
    add_subject(t, r, j);
    json_object_set_new(j, "held", held_json(r));
    json_object_set_new(j, "text", json_string(buf_str(text)));
    json_array_append_new(list, j);
    return 0;
}

int causes_json(struct cli *cli, struct words *words, const struct shown_plan *shown, json_t **ret, struct err *err)
{
    struct causes causes;
    struct telling t = {.cli = cli, .words = words, .shown = shown, .causes = &causes};
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    json_t *list = json_array();
    int r = causes_make(cli->store, shown->policy, shown->plan, &causes, err);
    for (size_t i = 0; r == 0 && i < causes.n; i++)
        r = cause_json(&t, &causes.v[i], &text, list, err);
    causes_release(&causes);
    if (r != 0)
        json_decref(list);
    else
        *ret = list;
    return r;
}
