#include <inttypes.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/explain.h"
#include "cli/term.h"

static const char *shown(struct cli *cli, const char *text)
{
    return text_printable(cli->pool, span_str(text));
}

static void add_row(struct table *table, const char *what, const char *value)
{
    const char *cells[] = {what, value};
    table_add(table, cells);
}

static const char *when(struct cli *cli, int64_t at)
{
    char text[CLOCK_TEXT_MAX];
    return pool_strdup(cli->pool, clock_format(at, text));
}

static void print_head(struct cli *cli, const struct explanation *e)
{
    const struct explain_person *p = &e->person;
    printf("%s%s%s", term_bold(), explain_name(cli, p), term_plain());
    if (*p->attr[ATTR_EMAIL])
        printf("  %s", shown(cli, p->attr[ATTR_EMAIL]));
    printf("\nDirectory %s, last read %s (%s ago)%s\n", p->directory, when(cli, p->read_at),
           explain_age(cli->pool, p->read_at, cli->now),
           e->directory ? "" : "; the configuration no longer has this directory");
}

static void print_entry(struct cli *cli, const struct explain_person *p)
{
    CLEANUP(table_free) struct table *table = table_new(2);
    add_row(table, "dn", shown(cli, p->dn));
    add_row(table, "id", shown(cli, p->uid));
    for (int a = 0; a < ATTR_COUNT; a++)
        add_row(table, attr_names[a], *p->attr[a] ? shown(cli, p->attr[a]) : "(none)");
    add_row(table, "active", p->active ? "yes" : "no: disabled in the directory");
    add_row(table, "in directory",
            p->gone_at ? pool_printf(cli->pool, "no: gone since %s", when(cli, p->gone_at)) : "yes");
    puts("\nEntry as read");
    table_print(table, "  ");
}

static void print_domain(const struct explanation *e)
{
    puts("\nDomain");
    const char *domain = e->person.domain;
    if (!*domain) {
        puts("  no usable e-mail address, so no domain; nobody is synced without one");
        return;
    }
    if (e->gate_index < 0) {
        printf("  %s is none of the organisation's; add a [domain %s] section, or exclude the person\n", domain,
               domain);
        return;
    }
    const struct gate_domain *d = &e->gate->domains[e->gate_index];
    char until[CLOCK_TEXT_MAX];
    if (d->open)
        printf("  %s: gate %sopen%s through connection %s, until %s\n", domain, term_green(), term_plain(),
               d->connection, clock_format(d->until, until));
    else
        printf("  %s: gate %sclosed%s: %s\n    next: %s\n", domain, term_yellow(), term_plain(), d->reason, d->remedy);
}

/* A row for each group that the configuration names: where, which, and how the person is in it. */
static int add_groups(struct explain_view *v, struct table *table, const struct explain_group *groups, size_t n,
                      struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const char *how = groups[i].group ? "not a member" : "not found in the directory";
        if (groups[i].path.n && explain_path(v, &groups[i].path, NULL, &how, err) != 0)
            return -1;
        const char *cells[] = {groups[i].where, groups[i].configured, how};
        table_add(table, cells);
    }
    return 0;
}

static int print_scope(struct explain_view *v, struct err *err)
{
    const struct explanation *e = v->e;
    puts("\nScope");
    if (!e->nscope) {
        puts("  the whole directory is in scope");
        return 0;
    }
    CLEANUP(table_free) struct table *table = table_new(3);
    if (add_groups(v, table, e->scope, e->nscope, err) != 0)
        return -1;
    puts(explain_in_scope(e) ? "  in scope" : "  out of scope: in none of the scope groups");
    table_print(table, "  ");
    return 0;
}

static void print_exclude(const struct explanation *e)
{
    static const char *const words[] = {[EXCLUDE_NO_MATCH] = "does not match",
                                        [EXCLUDE_MATCH] = "matches, so the person is left out of everything",
                                        [EXCLUDE_NOT_LOOKED_AT] = "not looked at, as a line before it matches"};
    size_t n = e->directory ? conf_count(e->directory, "exclude") : 0;
    puts("\nExclude");
    if (!n)
        puts(e->person.excluded ? "  excluded when it was read; the configuration has no exclude line any more"
                                : "  no exclude lines");
    CLEANUP(table_free) struct table *table = table_new(3);
    for (size_t i = 0; i < n; i++) {
        const char *cells[] = {conf_where_key(e->directory, "exclude", i), conf_at(e->directory, "exclude", i),
                               words[explain_exclude(&e->person, i)]};
        table_add(table, cells);
    }
    table_print(table, "  ");
}

static void print_account(struct explain_view *v)
{
    struct cli *cli = v->cli;
    const struct explain_account *a = &v->team->account;
    puts("  Account");
    if (!a->id) {
        puts("    none");
        return;
    }
    printf("    %s since %s", account_state_names[a->state], when(cli, a->since));
    if (a->activated_at)
        printf(", first signed in %s", when(cli, a->activated_at));
    if (v->team->removed_at)
        printf(", to be removed from %s on unless the person comes back", when(cli, v->team->removed_at));
    putchar('\n');
    for (int i = 0; i < ATTR_COUNT; i++)
        if (v->team->differs & 1u << i)
            printf("    %s differs: %s there, %s in the directory\n", attr_names[i],
                   *a->attr[i] ? shown(cli, a->attr[i]) : "(none)",
                   *v->e->person.attr[i] ? shown(cli, v->e->person.attr[i]) : "(none)");
}

static int print_notes(struct explain_view *v, struct err *err)
{
    for (size_t i = 0; i < v->team->nnotes; i++) {
        const struct explain_note *n = &v->team->notes[i];
        const char *object;
        if (explain_note_object(v, n, &object, err) != 0)
            return -1;
        printf("    on the platform%s%s: %s", *object ? ", " : "", object, n->found);
        if (n->willed)
            printf("; it came back after it was repaired, or the platform refuses it (tried %" PRIu32
                   " times), so it is left to the platform\n",
                   n->times);
        else
            puts("; left alone until it is mended there");
    }
    return 0;
}

/* What the account has, where it is something else. */
static const char *mapped_value(struct cli *cli, const struct mapper_value *v)
{
    const char *value = v->after.n ? text_printable(cli->pool, v->after)
                        : v->why   ? pool_printf(cli->pool, "(none: %s)", v->why)
                                   : "(none)";
    if (!v->known || span_eq(v->before, v->after))
        return value;
    return pool_printf(cli->pool, "%s; there: %s", value,
                       v->before.n ? text_printable(cli->pool, v->before) : "(none)");
}

static void print_mapped(struct explain_view *v)
{
    const struct explain_team *t = v->team;
    CLEANUP(table_free) struct table *table = table_new(4);
    for (size_t i = 0; i < t->nmapped; i++) {
        const char *cells[] = {t->mapped[i].target, mapped_value(v->cli, &t->mapped[i]),
                               pool_printf(v->cli->pool, "<- %s", t->mapped[i].source),
                               t->mapped[i].where ? t->mapped[i].where : "default"};
        table_add(table, cells);
    }
    if (t->nmapped)
        puts("  Attributes on the platform");
    table_print(table, "    ");
}

static int print_rivals(struct explain_view *v, struct err *err)
{
    for (size_t i = 0; i < v->team->nrivals; i++) {
        const struct explain_rival *r = &v->team->rivals[i];
        const char *name, *email;
        if (words_person(&v->words, r->person, v->cli->pool, &name, &email, err) != 0)
            return -1;
        if (r->state == ACCOUNT_NONE)
            printf("    e-mail conflict: %s has the same e-mail in the directory\n", name);
        else
            printf("    e-mail conflict: the account of %s (%s) has this e-mail\n", name,
                   account_state_names[r->state]);
    }
    return 0;
}

static const char *seats_words(struct cli *cli, const struct explain_product *p)
{
    if (!p->limited)
        return "";
    const char *waiting = p->waiting > 0 ? pool_printf(cli->pool, ", %" PRId64 " waiting", p->waiting) : "";
    return pool_printf(cli->pool, "; %" PRId64 " of %" PRId64 " seats taken%s", p->taken, p->limit, waiting);
}

/* Groups only where none of them leads there: otherwise the way says it. */
static int print_product(struct explain_view *v, const struct explain_product *p, struct err *err)
{
    struct cli *cli = v->cli;
    const char *seat =
        p->seat_since ? pool_printf(cli->pool, "has a seat since %s", when(cli, p->seat_since)) : "no seat";
    const char *title = shown(cli, p->title), *way;
    printf("    %s: %s, %s%s\n", title,
           p->entitled     ? "entitled"
           : p->path.n     ? "in its groups, but not to be synced"
           : p->configured ? "not entitled"
                           : "not in the configuration any more",
           seat, seats_words(cli, p));
    if (p->path.n) {
        if (explain_path(v, &p->path, title, &way, err) != 0)
            return -1;
        printf("      %s\n", way);
        return 0;
    }
    CLEANUP(table_free) struct table *table = table_new(3);
    if (add_groups(v, table, p->groups, p->n, err) != 0)
        return -1;
    table_print(table, "      ");
    return 0;
}

static int print_products(struct explain_view *v, struct err *err)
{
    puts("  Products");
    for (size_t i = 0; i < v->team->nproducts; i++)
        if (print_product(v, &v->team->products[i], err) != 0)
            return -1;
    if (!v->team->nproducts)
        puts("    the team has none");
    return 0;
}

static int print_groups(struct explain_view *v, struct err *err)
{
    if (!v->team->ngroups)
        return 0;
    CLEANUP(table_free) struct table *table = table_new(3);
    for (size_t i = 0; i < v->team->ngroups; i++) {
        const struct explain_synced *g = &v->team->groups[i];
        const char *name, *way = "no longer a member in the directory, or no longer synced";
        if (words_group(&v->words, g->group, &name, err) != 0 ||
            (g->path.n && explain_path(v, &g->path, NULL, &way, err) != 0))
            return -1;
        const char *cells[] = {name, g->member ? "member there" : "not yet a member there", way};
        table_add(table, cells);
    }
    puts("  Groups on the platform");
    table_print(table, "    ");
    return 0;
}

static int print_pending(struct explain_view *v, struct err *err)
{
    puts("  Pending");
    if (!v->team->plan) {
        printf("    not known: no plan was made from this configuration yet; run: doorward plan %s\n",
               conf_name(v->team->section));
        return 0;
    }
    CLEANUP(table_free) struct table *table = table_new(3);
    const struct change *c;
    size_t n = 0;
    for (size_t at = 0; (c = explain_next_pending(v, &at)); n++) {
        CLEANUP(buf_release) struct buf why = BUF_INIT;
        const char *verb, *object;
        if (words_what(&v->words, c, &verb, &object, err) != 0 ||
            (c->hold ? words_hold : words_cause)(&v->words, c, &why, err) != 0)
            return -1;
        if (c->hold == HOLD_GUARD && !v->team->plan->narrowed)
            buf_printf(&why, " in the plan of %s", when(v->cli, v->team->last.made_at));
        const char sign[] = {c->hold ? '!' : op_sign((enum op)c->op), '\0'};
        const char *cells[] = {sign, pool_printf(v->cli->pool, "%s%s", verb, object),
                               c->hold ? pool_printf(v->cli->pool, "held: %s", buf_str(&why)) : buf_str(&why)};
        table_add(table, cells);
    }
    table_print(table, "    ");
    if (!n)
        puts("    nothing");
    if (explain_guard_unknown(v))
        printf(
            "    whether the guard holds this is not known, as no plan was made of this state; run: doorward plan %s\n",
            conf_name(v->team->section));
    return 0;
}

static int print_done(struct explain_view *v, struct err *err)
{
    printf("  Done by the last %d runs\n", EXPLAIN_RUNS);
    CLEANUP(table_free) struct table *table = table_new(4);
    for (size_t i = 0; i < v->team->ndone; i++) {
        const struct explain_change *d = &v->team->done[i];
        CLEANUP(buf_release) struct buf why = BUF_INIT;
        const char *verb, *object;
        if (words_what(&v->words, &d->change, &verb, &object, err) != 0 ||
            words_cause(&v->words, &d->change, &why, err) != 0)
            return -1;
        const char *cells[] = {when(v->cli, d->at),
                               pool_printf(v->cli->pool, "run %" PRId64 "%s", d->run,
                                           d->state == RUN_DONE     ? ""
                                           : d->state == RUN_FAILED ? ", failed"
                                                                    : ", running"),
                               pool_printf(v->cli->pool, "%s%s", verb, object), buf_str(&why)};
        table_add(table, cells);
    }
    table_print(table, "    ");
    if (!v->team->ndone)
        puts("    nothing");
    return 0;
}

static int print_verdict(struct explain_view *v, struct err *err)
{
    static const char *const titles[] = {[EXPLAIN_SYNCED] = "synced",
                                         [EXPLAIN_PENDING] = "to be synced",
                                         [EXPLAIN_NOT_SYNCED] = "not synced",
                                         [EXPLAIN_LEAVING] = "leaving",
                                         [EXPLAIN_UNKNOWN] = "not synced"};
    enum explain_verdict verdict;
    const char *text;
    if (explain_verdict(v, &verdict, &text, err) != 0)
        return -1;
    const struct explain_team *t = v->team;
    printf("\n%sTeam %s%s, platform %s, sync %s\n  %s%s%s%s%s\n", term_bold(), conf_name(t->section), term_plain(),
           conf_str(t->section, "platform"), t->policy.enabled_at ? "on" : "off",
           verdict == EXPLAIN_SYNCED ? term_green() : term_yellow(), titles[verdict], term_plain(), *text ? ": " : "",
           text);
    if (t->protects)
        puts("  protected: an administrator of the team, or matched by protect; never removed by sync");
    return 0;
}

static int print_team(struct explain_view *v, struct err *err)
{
    if (print_verdict(v, err) != 0)
        return -1;
    print_account(v);
    print_mapped(v);
    return print_notes(v, err) != 0 || print_rivals(v, err) != 0 || print_products(v, err) != 0 ||
                   print_groups(v, err) != 0 ||
                   print_pending(v, err) != 0 || print_done(v, err) != 0
               ? -1
               : 0;
}

static int print_one(struct cli *cli, const struct explanation *e, size_t i, struct err *err)
{
    struct explain_view v;
    if (explain_view_open(cli, e, &e->teams[i], &v, err) != 0)
        return -1;
    int r = i == 0 ? print_scope(&v, err) : 0;
    if (r == 0)
        r = print_team(&v, err);
    explain_view_close(&v);
    return r;
}

int explain_text(struct cli *cli, const struct explanation *e, struct err *err)
{
    print_head(cli, e);
    print_entry(cli, &e->person);
    print_domain(e);
    print_exclude(e);
    for (size_t i = 0; i < e->nteams; i++)
        if (print_one(cli, e, i, err) != 0)
            return -1;
    if (!e->nteams)
        printf("\nNo team syncs directory %s, so nobody of it is synced.\n", e->person.directory);
    return 0;
}
