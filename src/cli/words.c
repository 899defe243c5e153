#include "cli/words.h"

#include "base/mem.h"
#include "base/text.h"
#include "cli/drift.h"
#include "cli/evidence.h"
#include "store/undo.h"
#include "sync/mapper.h"

int words_open(struct store *store, int64_t team, const struct plan *plan, const struct gate *gate, struct words *ret,
               struct err *err)
{
    struct words w = {.store = store, .plan = plan, .gate = gate, .team = team};
    if (person_reader_open(store->db, team, &w.reader, err) != 0)
        return -1;
    w.pool = pool_new();
    *ret = w;
    return 0;
}

int words_map(struct words *w, const struct conf_section *platform, struct err *err)
{
    return mapper_open(w->store, platform, w->team, false, &w->mapper, err);
}

void words_close(struct words *words)
{
    mapper_close(&words->mapper);
    person_reader_close(&words->reader);
    pool_free(&words->pool);
    free(words->groups);
    free(words->people);
}

struct shown_name {
    const char *name, *email;
};

static void keep_name(void *ctx, uint32_t person, struct span name, struct span email)
{
    struct words *w = ctx;
    if (person >= w->npeople) {
        size_t n = (size_t)person * 2 + 1024;
        w->people = mem_resize(w->people, n, sizeof *w->people);
        memset(w->people + w->npeople, 0, (n - w->npeople) * sizeof *w->people);
        w->npeople = n;
    }
    w->people[person] = (struct shown_name){text_printable(w->pool, name), text_printable(w->pool, email)};
}

int words_load_people(struct words *w, struct err *err)
{
    return person_each_name(w->store->db, keep_name, w, err);
}

int words_person(struct words *w, uint32_t person, struct pool *pool, const char **ret_name, const char **ret_email,
                 struct err *err)
{
    if (person < w->npeople && w->people[person].name) {
        *ret_name = w->people[person].name;
        *ret_email = w->people[person].email;
        return 0;
    }
    struct span name = span_str("(unknown)"), email = {0};
    if (person_read_name(w->reader, person, &name, &email, err) < 0)
        return -1;
    *ret_name = text_printable(pool, name);
    *ret_email = text_printable(pool, email);
    return 0;
}

static const char **group_slot(struct words *w, uint32_t group)
{
    if (group >= w->ngroups) {
        size_t n = (size_t)group + 1024;
        w->groups = mem_resize(w->groups, n, sizeof *w->groups);
        memset(w->groups + w->ngroups, 0, (n - w->ngroups) * sizeof *w->groups);
        w->ngroups = n;
    }
    return &w->groups[group];
}

int words_group(struct words *w, uint32_t group, const char **ret, struct err *err)
{
    const char **slot = group_slot(w, group);
    if (!*slot) {
        struct span display = {0}, name = span_str("(unknown group)");
        if (group_read(w->reader, group, &display, &name, err) < 0)
            return -1;
        *slot = text_printable(w->pool, display.n ? display : name);
    }
    *ret = *slot;
    return 0;
}

const char *words_product(struct words *w, uint32_t product)
{
    for (size_t i = 0; w->plan && i < w->plan->nseats; i++)
        if (w->plan->seats[i].product == product)
            return w->plan->seats[i].title;
    struct err ignored = ERR_INIT;
    const char *name = NULL;
    return product_name(w->store->db, product, w->pool, &name, &ignored) == 0 && name ? name : "(unknown product)";
}

int words_what(struct words *w, const struct change *c, const char **ret_verb, const char **ret_object, struct err *err)
{
    static const char *const verbs[OP_COUNT] = {
        [OP_UNASSIGN] = "unassign ",
        [OP_LEAVE] = "leave group ",
        [OP_SUSPEND] = "suspend",
        [OP_REMOVE] = "remove",
        [OP_DROP_GROUP] = "drop group ",
        [OP_ADD_GROUP] = "add group ",
        [OP_RENAME_GROUP] = "rename group ",
        [OP_INVITE] = "invite",
        [OP_RESTORE] = "restore",
        [OP_UPDATE] = "update",
        [OP_ASSIGN] = "assign ",
        [OP_JOIN] = "join group ",
        [OP_ADOPT] = "adopt",
        [OP_ADOPT_GROUP] = "adopt group ",
    };
    *ret_verb = verbs[c->op];
    *ret_object = "";
    if (c->op == OP_ASSIGN || c->op == OP_UNASSIGN)
        *ret_object = words_product(w, c->object);
    else if (c->object && c->op != OP_ADOPT)
        return words_group(w, c->object, ret_object, err);
    return 0;
}

static const char *const attr_titles[ATTR_COUNT] = {
    [ATTR_USER_NAME] = "user name",   [ATTR_EMAIL] = "e-mail",
    [ATTR_GIVEN_NAME] = "given name", [ATTR_FAMILY_NAME] = "family name",
    [ATTR_DISPLAY_NAME] = "name",     [ATTR_EMPLOYEE_NUMBER] = "employee number",
    [ATTR_TITLE] = "title",           [ATTR_DEPARTMENT] = "department",
    [ATTR_LANGUAGE] = "language",
};

static void add_sides(struct buf *out, const char *sep, const char *what, struct span before, struct span after,
                      struct pool *pool)
{
    buf_printf(out, "%s%s: %s → %s", sep, what, before.n ? text_printable(pool, before) : "(none)",
               after.n ? text_printable(pool, after) : "(none)");
}

static void mapped_words(const struct mapper_value *values, size_t n, const char *sep, struct pool *pool,
                         struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        add_sides(out, sep, values[i].target, values[i].before, values[i].after, pool);
        sep = "; ";
    }
}

/* A run that is over has the new values on both sides. */
static int add_mapped(struct words *w, const struct change *c, const char *sep, struct buf *out, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct mapper_value *values = NULL;
    size_t n = 0;
    if (w->mapper && mapper_compare(w->mapper, c->person, c->op == OP_ADOPT ? c->object : c->person, MAPPER_DIFFERS, pool,
                                    &values, &n, err) != 0)
        return -1;
    mapped_words(values, n, sep, pool, out);
    if (n == 0)
        buf_printf(out, "%sattributes of the platform's map", sep);
    return 0;
}

static int attribute_words(struct words *w, const struct change *c, struct buf *out, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct person_text now, before;
    int is = person_read(w->reader, c->person, &now, err),
        was = account_read(w->reader, c->op == OP_ADOPT ? c->object : c->person, &before, err);
    if (is < 0 || was < 0)
        return -1;
    const char *sep = "";
    for (int a = 0; a < ATTR_COUNT; a++) {
        if (!(c->detail & 1u << a))
            continue;
        /* A run that is over has the new value on both sides. */
        if (is && was && !span_eq(now.attr[a], before.attr[a]))
            add_sides(out, sep, attr_titles[a], before.attr[a], now.attr[a], pool);
        else
            buf_printf(out, "%s%s", sep, attr_titles[a]);
        sep = "; ";
    }
    return c->detail & DETAIL_MAPPED ? add_mapped(w, c, sep, out, err) : 0;
}

static int new_id_words(struct words *w, const struct change *c, struct buf *out, struct err *err)
{
    buf_printf(out, "the same %s under a new id", c->op == OP_ADOPT ? "person" : "full name");
    if (c->op != OP_ADOPT || !c->detail)
        return 0;
    buf_adds(out, "; ");
    return attribute_words(w, c, out, err);
}

/* What an undo puts back, as far as it differs from what is there now. */
static int undo_words(struct words *w, const struct change *c, struct buf *out, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct person_text after, now;
    buf_printf(out, "undo of run %u", c->detail);
    if (c->op == OP_ADOPT || c->op == OP_ADOPT_GROUP)
        buf_adds(out, "; back under the id of before");
    if ((c->op != OP_UPDATE && c->op != OP_ADOPT) || c->hold != HOLD_NONE)
        return 0;
    int kept = undo_read(w->store, c->detail, c->other, pool, &after, err),
        is = account_read(w->reader, c->op == OP_ADOPT ? c->object : c->person, &now, err);
    if (kept < 0 || is < 0)
        return -1;
    for (int a = 0; kept && is && a < ATTR_COUNT; a++)
        if (!span_eq(now.attr[a], after.attr[a]))
            add_sides(out, "; ", attr_titles[a], now.attr[a], after.attr[a], pool);
    if (!kept || !is || !w->mapper)
        return 0;
    struct mapper_value *values;
    size_t n;
    if (mapper_compare_undo(w->mapper, c->detail, c->other, c->op == OP_ADOPT ? c->object : c->person, after.attr, pool,
                            &values, &n, err) != 0)
        return -1;
    mapped_words(values, n, "; ", pool, out);
    return 0;
}

static int group_words(struct words *w, const char *before, uint32_t group, struct buf *out, struct err *err)
{
    const char *name;
    if (words_group(w, group, &name, err) != 0)
        return -1;
    buf_printf(out, "%s%s", before, name);
    return 0;
}

static int platform_words(struct words *w, const struct change *c, struct buf *out, struct err *err)
{
    const char *found;
    if (drift_words(w, c, &found, err) != 0)
        return -1;
    buf_printf(out, "on the platform: %s", found);
    return 0;
}

int words_cause(struct words *w, const struct change *c, struct buf *out, struct err *err)
{
    static const char *const plain[CAUSE_COUNT] = {
        [CAUSE_IN_DIRECTORY] = "in the directory",
        [CAUSE_RETURNED] = "is in the directory and in scope again",
        [CAUSE_GONE] = "no longer in the directory",
        [CAUSE_DISABLED] = "disabled in the directory",
        [CAUSE_OUT_OF_SCOPE] = "in none of the scope groups",
        [CAUSE_GRACE] = "suspended for the whole time of grace",
        [CAUSE_CONFIGURED] = "the configuration syncs this group",
        [CAUSE_UNCONFIGURED] = "the configuration no longer asks for it",
        [CAUSE_RENAMED] = "has this name in the directory now",
    };
    int told = w->evidence ? evidence_words(w->evidence, w, c, out, err) : 0;
    if (told != 0)
        return told < 0 ? -1 : 0;
    if (c->cause == CAUSE_ATTRIBUTES)
        return attribute_words(w, c, out, err);
    if (c->cause == CAUSE_UNDO)
        return undo_words(w, c, out, err);
    if (c->cause == CAUSE_DRIFT)
        return platform_words(w, c, out, err);
    if (c->cause == CAUSE_NEW_ID)
        return new_id_words(w, c, out, err);
    if (c->cause == CAUSE_GROUP)
        return group_words(w, "in group ", c->detail, out, err);
    if (c->cause == CAUSE_LEFT_GROUP && c->detail)
        return group_words(w, "left group ", c->detail, out, err);
    if (c->cause == CAUSE_LEFT_GROUP)
        buf_adds(out, "no longer a member");
    else if (c->cause == CAUSE_EXCLUDED)
        buf_printf(out, "excluded by exclude line %u of the directory", c->detail);
    else
        buf_adds(out, plain[c->cause]);
    return 0;
}

static int gate_words(struct words *w, const struct change *c, struct buf *out, struct err *err)
{
    char domain[256] = "";
    if (c->person && person_domain(w->store->db, w->team, c->person, domain, sizeof domain, err) != 0)
        return -1;
    int i = w->gate && *domain ? gate_find(w->gate, domain) : -1;
    if (i >= 0 && !w->gate->domains[i].open)
        buf_printf(out, "gate closed: %s", w->gate->domains[i].reason);
    else
        buf_adds(out, "gate closed");
    return 0;
}

static int same_email_words(struct words *w, const struct change *c, struct buf *out, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *name, *email, *directory;
    if (words_person(w, c->other, pool, &name, &email, err) != 0 ||
        entry_directory(w->store->db, c->other, pool, &directory, err) != 0)
        return -1;
    if (w->plan && strcmp(directory, w->plan->directory) != 0)
        buf_printf(out,
                   "an account made from directory %s has this e-mail, and the team now has directory %s; call the "
                   "section %s again",
                   directory, w->plan->directory, directory);
    else
        buf_printf(out, "%s has the same e-mail; give one of them another in the directory", name);
    return 0;
}

/* Of the account, of the person, or of a group's membership that waits for both. */
static int new_id_hold_words(struct words *w, const struct change *c, struct buf *out, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *team = w->plan ? w->plan->team : "", *name, *email, *directory;
    if (!c->person || !c->other) {
        buf_printf(out, "looks like the group of this name under a new id; adopt = yes in [team %s] lets it follow",
                   team);
        return 0;
    }
    if (words_person(w, c->other, pool, &name, &email, err) != 0 ||
        entry_directory(w->store->db, c->other, pool, &directory, err) != 0)
        return -1;
    bool of_account = c->op == OP_INVITE || c->op == OP_SUSPEND || c->op == OP_REMOVE;
    if (!of_account)
        buf_printf(out, "looks like %s under a new id", name); /* the rest stands where the account's change is held */
    else if (w->plan && strcmp(directory, w->plan->directory) != 0)
        buf_printf(out,
                   "looks like %s, whose account was made from directory %s; call the section %s again, or "
                   "adopt = yes in [team %s] lets the account follow",
                   name, directory, directory, team);
    else
        buf_printf(out,
                   "looks like %s under a new id; adopt = yes in [team %s] lets the account follow, or approve the "
                   "removal in a saved plan",
                   name, team);
    return 0;
}

int words_hold(struct words *w, const struct change *c, struct buf *out, struct err *err)
{
    static const char *const plain[HOLD_COUNT] = {
        [HOLD_DISABLED_SYNC] = "sync of this team is not enabled",
        [HOLD_DOMAIN] =
            "the e-mail's domain is none of the organisation's; add a [domain] section, or exclude the person",
        [HOLD_NO_EMAIL] = "has no usable e-mail address in the directory",
        [HOLD_PROTECTED] = "but an administrator of the team or protected",
        [HOLD_GUARD] = "held by the guard",
        [HOLD_UNRESOLVED] = "a configured group was not found, so nothing is taken away on its account",
        [HOLD_UNCLEAR] = "on the platform it is not clear whose it is, as doorward plan notes; mend its "
                         "externalId there, or approve a removal in a saved plan",
        [HOLD_CHANGED] = "is no longer as that run left it",
    };
    if (c->hold == HOLD_GATE)
        return gate_words(w, c, out, err);
    /* Of what would be taken away, the cause matters more than who holds it. */
    if (c->hold == HOLD_GUARD || c->hold == HOLD_PROTECTED ||
        (c->hold == HOLD_NEW_ID && op_is_removal((enum op)c->op))) {
        if (words_cause(w, c, out, err) != 0)
            return -1;
        buf_adds(out, "; ");
    }
    if (c->hold == HOLD_CHANGED && c->other) {
        buf_printf(out, "run %u changed the same again; undo that one first", c->other);
        return 0;
    }
    if (c->hold == HOLD_NO_SEAT) {
        buf_adds(out, "no seat is left");
        if (c->other)
            buf_printf(out, "; number %u of those who wait", c->other);
        return 0;
    }
    if (c->hold == HOLD_NEW_ID)
        return new_id_hold_words(w, c, out, err);
    if (c->hold == HOLD_SAME_EMAIL)
        return same_email_words(w, c, out, err);
    buf_adds(out, plain[c->hold]);
    return 0;
}
