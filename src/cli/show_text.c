#include <inttypes.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/causes.h"
#include "cli/drift.h"
#include "cli/evidence.h"
#include "cli/gate.h"
#include "cli/identity.h"
#include "cli/show.h"
#include "cli/term.h"
#include "cli/words.h"
#include "store/container.h"
#include "sync/repair.h"

/* A line to come: which change, and under which name it is sorted. */
struct line {
    const struct change *change;
    const char *name, *email;
};

/* Columns are as wide as their widest cell, up to these: one long name does not push everything off the screen. */
#define NAME_MAX  36
#define EMAIL_MAX 36
#define WHAT_MAX  30

#define MANY_LINES 5000 /* from here on everybody's name is read in one pass */

struct widths {
    int name, email, what;
};

static int by_name(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    if (order == 0)
        order = strcmp(x->email, y->email);
    if (order == 0 && x->change->person != y->change->person)
        order = x->change->person < y->change->person ? -1 : 1;
    if (order == 0)
        order = (x->change->op > y->change->op) - (x->change->op < y->change->op);
    return order;
}

/* People first, by name; changes of groups themselves behind, under the groups' names. */
static int make_lines(struct words *w, const struct change *changes, size_t n, struct pool *pool, struct line *lines,
                      struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct line *l = &lines[i];
        *l = (struct line){.change = &changes[i], .email = ""};
        if (i > 0 && changes[i].person && changes[i].person == changes[i - 1].person) {
            l->name = lines[i - 1].name;
            l->email = lines[i - 1].email;
        } else if (changes[i].person) {
            if (words_person(w, changes[i].person, pool, &l->name, &l->email, err) != 0)
                return -1;
        } else {
            const char *group;
            if (words_group(w, changes[i].object, &group, err) != 0)
                return -1;
            l->name = pool_printf(pool, "[%s]", group);
        }
    }
    if (n)
        qsort(lines, n, sizeof *lines, by_name);
    return 0;
}

static void widen(int *width, int to, int max)
{
    if (to > *width)
        *width = to < max ? to : max;
}

static int measure(struct words *w, const struct line *lines, size_t n, struct widths *ret, struct err *err)
{
    *ret = (struct widths){0, 0, 0};
    for (size_t i = 0; i < n; i++) {
        const char *verb, *object;
        if (words_what(w, lines[i].change, &verb, &object, err) != 0)
            return -1;
        widen(&ret->name, text_width(lines[i].name), NAME_MAX);
        widen(&ret->email, text_width(lines[i].email), EMAIL_MAX);
        widen(&ret->what, text_width(verb) + text_width(object), WHAT_MAX);
    }
    return 0;
}

static int print_line(struct words *w, const struct line *l, const struct widths *widths, char sign, bool held,
                      struct buf *text, struct err *err)
{
    const char *verb, *object;
    if (words_what(w, l->change, &verb, &object, err) != 0)
        return -1;
    buf_clear(text);
    if ((held ? words_hold : words_cause)(w, l->change, text, err) != 0)
        return -1;
    fputs(term_sign(sign), stdout);
    putchar(sign);
    fputs(term_plain(), stdout);
    putchar(' ');
    term_pad(l->name, widths->name);
    fputs("  ", stdout);
    term_pad(l->email, widths->email);
    fputs("  ", stdout);
    fputs(verb, stdout);
    term_pad(object, widths->what - text_width(verb));
    fputs("  ", stdout);
    fputs(buf_str(text), stdout);
    putchar('\n');
    return 0;
}

static int print_lines(struct words *w, const struct change *changes, size_t n, bool held, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    CLEANUP(freep) struct line *lines = mem_alloc(n * sizeof *lines);
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    struct widths widths;
    if (n > MANY_LINES && !w->people && words_load_people(w, err) != 0)
        return -1;
    if (make_lines(w, changes, n, pool, lines, err) != 0 || measure(w, lines, n, &widths, err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (print_line(w, &lines[i], &widths, held ? '!' : op_sign(lines[i].change->op), held, &text, err) != 0)
            return -1;
    return 0;
}

int show_changes(struct cli *cli, int64_t team, const struct change *changes, size_t n, struct err *err)
{
    struct words w;
    if (words_open(cli->store, team, NULL, NULL, &w, err) != 0)
        return -1;
    int r = print_lines(&w, changes, n, false, err);
    words_close(&w);
    return r;
}

/* Of whom or what the limit was passed: a group's name and what became of it, a base's. */
static int trip_words(struct cli *cli, struct words *w, const struct guard_trip *t, const char **ret, struct err *err)
{
    bool there = true, any = true;
    if (t->base && base_name(cli->store->db, t->base, cli->pool, ret, err) != 0)
        return -1;
    if (t->base && *ret)
        *ret = text_printable(cli->pool, span_str(*ret));
    if (t->base || !t->group)
        return 0;
    if (words_group(w, t->group, ret, err) != 0 || group_state(cli->store->db, t->group, &there, &any, err) != 0)
        return -1;
    if (!there || !any)
        *ret = pool_printf(cli->pool, "%s (%s)", *ret,
                           there ? "it has no members any more" : "it is no longer in the directory");
    return 0;
}

static void print_missing(struct cli *cli, const struct guard_trip *t, bool held)
{
    printf("%sguard%s: %s of %s accounts are missing on the platform, or cannot be used there; above %s it may be the wrong one that "
           "answers, %s\n",
           term_red(), term_plain(), term_number(cli->pool, t->removals), term_number(cli->pool, t->of),
           term_number(cli->pool, t->limit),
           held ? "so nothing is repaired or taken away; look at its address and its token" : "and this was approved");
}

static int print_guard(struct cli *cli, struct words *w, const struct plan *plan, struct err *err)
{
    bool held = plan->holds[HOLD_GUARD] > 0;
    for (size_t i = 0; i < plan->guard.ntrips; i++) {
        const struct guard_trip *t = &plan->guard.trips[i];
        const char *group = "";
        if (strcmp(t->what, REPAIR_MISSING) == 0) {
            print_missing(cli, t, held);
            continue;
        }
        if (trip_words(cli, w, t, &group, err) != 0)
            return -1;
        printf("%sguard%s: this plan takes %s of %s %s%s%s away; %s are allowed at once, %s\n", term_red(),
               term_plain(), term_number(cli->pool, t->removals), term_number(cli->pool, t->of), t->what,
               *group ? " " : "", group, term_number(cli->pool, t->limit),
               held ? "so all its removals are held" : "and this was approved");
    }
    return 0;
}

static void print_approval(const struct shown_plan *s)
{
    const struct plan *plan = s->plan;
    const char *meant =
        plan->holds[HOLD_GUARD]    ? "find out what happened; if all of it is meant"
        : plan->holds[HOLD_NEW_ID] ? "if they are different people"
                                   : "if it is the person's account all the same";
    if (!plan->withheld)
        return;
    if (s->undoes)
        printf("      next: if all of it is meant: doorward runs undo %" PRId64 " --approve-removals %" PRIu32 "\n",
               s->undoes, plan->withheld);
    else
        printf("      next: %s: doorward plan %s -o FILE, then doorward apply FILE --approve-removals %" PRIu32 "\n",
               meant, plan->team, plan->withheld);
}

static void print_read(struct cli *cli, const struct pull_report *pull)
{
    const struct stage_result *r = &pull->summary;
    printf("Read %s from %s: %s people, %s groups; since the last read %s new, %s changed, %s gone\n",
           pull->result == PULL_CHANGES ? "what changed" : "completely", pull->source,
           term_number(cli->pool, r->people), term_number(cli->pool, r->groups), term_number(cli->pool, r->added),
           term_number(cli->pool, r->changed), term_number(cli->pool, r->gone));
}

static void print_faults(struct cli *cli, const struct pull_report *pull)
{
    const struct stage_result *r = &pull->summary;
    for (size_t i = 0; i < pull->nfaults; i++)
        printf("%snot usable%s: %s: %s\n", term_yellow(), term_plain(), pull->faults[i].name, pull->faults[i].why);
    if (r->nfaults > pull->nfaults)
        printf("not usable: and %s more\n", term_number(cli->pool, r->nfaults - pull->nfaults));
    if (r->absence_unproved)
        printf("%snote%s: an entry without a readable id was met, so that nobody is taken as gone (%s entries were not "
               "met)\n",
               term_yellow(), term_plain(), term_number(cli->pool, r->missing));
}

static int print_source(struct cli *cli, struct words *w, const struct shown_plan *s, struct err *err)
{
    printf("%sPlan for team %s%s: directory %s → platform %s\n", term_bold(), s->plan->team, term_plain(),
           s->plan->directory, s->platform);
    print_read(cli, s->pull);
    for (size_t i = 0; i < s->policy->nnotes; i++)
        printf("%snote%s: %s\n", term_yellow(), term_plain(), s->policy->notes[i]);
    print_faults(cli, s->pull);
    return drift_print(cli, w, s->platform, s->look, err);
}

static int print_head(struct cli *cli, struct words *w, const struct shown_plan *s, struct err *err)
{
    if (s->undoes)
        printf("%sUndo of run %" PRId64 " for team %s%s: platform %s\n", term_bold(), s->undoes, s->plan->team,
               term_plain(), s->platform);
    else if (print_source(cli, w, s, err) != 0)
        return -1;
    if (!s->undoes && s->note)
        printf("%snote%s: %s\n", term_yellow(), term_plain(), s->note);
    gate_print(s->gate, stdout);
    if (!s->undoes && !s->policy->enabled_at)
        printf("sync: not enabled for team %s\n      next: doorward sync enable %s\n", s->plan->team, s->plan->team);
    if (print_guard(cli, w, s->plan, err) != 0 || identity_print(cli, s->plan, err) != 0)
        return -1;
    print_approval(s);
    if (causes_print(cli, w, s, err) != 0)
        return -1;
    putchar('\n');
    return 0;
}

#define WAITING_SHOWN 3

/* ", 5 waiting: Ann, Ben, Cleo and 2 more", in the order in which they get the next ones */
static const char *waiting_words(struct words *w, const struct seats *s, struct pool *pool)
{
    CLEANUP(freep) uint32_t *people = plan_waiting(w->plan, s);
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    struct err ignored = ERR_INIT;
    const char *name, *email;
    buf_printf(&text, ", %" PRIu32 " waiting", s->waiting);
    for (uint32_t i = 0; i < s->waiting && i < WAITING_SHOWN; i++)
        if (words_person(w, people[i], pool, &name, &email, &ignored) == 0)
            buf_printf(&text, "%s%s", i ? ", " : ": ", name);
    if (s->waiting > WAITING_SHOWN)
        buf_printf(&text, " and %" PRIu32 " more", s->waiting - WAITING_SHOWN);
    return pool_strdup(pool, buf_str(&text));
}

static void print_seats(struct words *w, const struct plan *plan)
{
    if (!plan->nseats)
        return;
    CLEANUP(table_free) struct table *table = table_new(2);
    CLEANUP(pool_free) struct pool *pool = pool_new();
    for (size_t i = 0; i < plan->nseats; i++) {
        const struct seats *s = &plan->seats[i];
        const char *limit = s->limited ? pool_printf(pool, " of %" PRIu32, s->limit) : "";
        const char *change = s->before == s->after ? pool_printf(pool, "%" PRIu32, s->after)
                                                   : pool_printf(pool, "%" PRIu32 " → %" PRIu32, s->before, s->after);
        const char *waiting = s->waiting ? waiting_words(w, s, pool) : "";
        const char *over = s->limited && s->after > s->limit ? ", over the limit" : "";
        const char *cells[] = {s->title, pool_printf(pool, "%s%s%s%s", change, limit, waiting, over)};
        table_add(table, cells);
    }
    printf("\nSeats\n");
    table_print(table, "  ");
}

static void print_summary(struct cli *cli, const struct shown_plan *s)
{
    const struct plan *plan = s->plan;
    if (!cli->quiet)
        putchar('\n');
    if (!plan->n && !plan->nheld) {
        printf("%sNothing to do%s: the platform agrees with the directory.\n", term_green(), term_plain());
        return;
    }
    const char *sep = "";
    for (int op = 0; op < OP_COUNT; op++) {
        if (plan->counts[op]) {
            printf("%s%s %s", sep, term_number(cli->pool, plan->counts[op]), op_names[op]);
            sep = ", ";
        }
    }
    printf("%s%s", plan->n ? "" : "Nothing to do now", plan->nheld ? "; " : "");
    if (plan->nheld)
        printf("%s held", term_number(cli->pool, plan->nheld));
    putchar('\n');
    const char *pace = pace_text(&s->pace, cli->pool);
    if (pace)
        puts(pace);
}

static int print_body(struct words *w, const struct plan *plan, struct err *err)
{
    if (print_lines(w, plan->changes, plan->n, false, err) != 0)
        return -1;
    if (plan->nheld)
        printf("%sHeld\n", plan->n ? "\n" : "");
    if (print_lines(w, plan->held, plan->nheld, true, err) != 0)
        return -1;
    print_seats(w, plan);
    return 0;
}

int show_plan_text(struct cli *cli, const struct shown_plan *s, struct err *err)
{
    struct words w;
    if (words_open(cli->store, s->plan->team_id, s->plan, s->gate, &w, err) != 0)
        return -1;
    if (!s->undoes)
        w.evidence = evidence_open(cli->store, cli->conf, s->policy, s->plan);
    int r = words_map(&w, s->policy->platform, err);
    if (r == 0)
        r = print_head(cli, &w, s, err);
    if (r == 0 && !cli->quiet)
        r = print_body(&w, s->plan, err);
    evidence_close(&w.evidence);
    words_close(&w);
    if (r == 0)
        print_summary(cli, s);
    return r;
}
