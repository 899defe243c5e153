/* doorward runs: what was done, and when. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/show.h"
#include "cli/skipped.h"
#include "cli/term.h"
#include "cli/words.h"
#include "store/delivery.h"
#include "store/run.h"

#define RUNS_SHOWN 50

struct listing {
    struct cli *cli;
    struct table *table;
    json_t *json;
    int64_t team;
};

static void list_run(void *ctx, const struct run_row *r)
{
    struct listing *l = ctx;
    char began[CLOCK_TEXT_MAX], ended[CLOCK_TEXT_MAX];
    struct pool *pool = l->cli->pool;
    const char *cells[] = {pool_printf(pool, "%" PRId64, r->id),
                           clock_format(r->started_at, began),
                           pool_strdup(pool, r->team),
                           pool_strdup(pool, r->command),
                           run_state_names[r->state],
                           pool_printf(pool, "%" PRId64 " of %" PRId64, r->done, r->changes),
                           pool_printf(pool, "%" PRId64, r->held),
                           text_printable(pool, span_str(r->message))};
    table_add(l->table, cells);
    json_array_append_new(
        l->json, json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "run", (json_int_t)r->id, "team",
                           r->team, "command", r->command, "state", run_state_names[r->state], "started_at", began,
                           "ended_at", clock_format(r->ended_at, ended), "changes", (json_int_t)r->changes, "done",
                           (json_int_t)r->done, "held", (json_int_t)r->held, "message", r->message));
}

static void begin_listing(struct listing *l, struct cli *cli)
{
    static const char *const head[] = {"RUN", "STARTED", "TEAM", "COMMAND", "STATE", "DONE", "HELD", ""};
    *l = (struct listing){.cli = cli, .table = table_new(8), .json = json_array()};
    table_add(l->table, head);
}

static void end_listing(struct listing *l)
{
    table_free(&l->table);
    json_decref(l->json);
}

int command_runs_list(struct cli *cli, struct err *err)
{
    if (cli_open(cli, STORE_READ, err) != 0)
        return -1;
    struct listing l;
    begin_listing(&l, cli);
    int r = cli->store ? run_each(cli->store, RUNS_SHOWN, list_run, &l, err) : 0;
    if (r == 0 && cli->json)
        json_print(l.json);
    else if (r == 0)
        table_print(l.table, "");
    end_listing(&l);
    return r;
}

struct changes {
    struct change *v;
    size_t n, cap;
};

static void take_change(void *ctx, const struct change *c)
{
    struct changes *all = ctx;
    *MEM_PUSH(&all->v, &all->n, &all->cap) = *c;
}

/* Of a run on a platform elsewhere: in place of each change of the journal, what became of it. */
static void add_delivery(void *ctx, const struct delivery_row *row)
{
    json_t *change = json_array_get(ctx, row->seq - 1);
    json_object_set_new(change, "state", json_string(delivery_state_names[row->state]));
    if (row->state == DELIVERY_SKIPPED)
        json_object_set_new(change, "reason", json_string(row->message));
}

static int show_json(struct cli *cli, int64_t team, int64_t id, const struct changes *all, json_t *run, struct err *err)
{
    struct words w;
    if (words_open(cli->store, team, NULL, NULL, &w, err) != 0)
        return -1;
    json_t *list = json_array();
    CLEANUP(buf_release) struct buf cause = BUF_INIT;
    int r = 0;
    for (size_t i = 0; r == 0 && i < all->n; i++) {
        const char *name = "", *email = "", *verb, *object;
        buf_clear(&cause);
        if ((all->v[i].person && words_person(&w, all->v[i].person, cli->pool, &name, &email, err) != 0) ||
            words_what(&w, &all->v[i], &verb, &object, err) != 0 || words_cause(&w, &all->v[i], &cause, err) != 0)
            r = -1;
        else
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "op", op_names[all->v[i].op], "name",
                                                  name, "email", email, "object", object, "cause", buf_str(&cause)));
    }
    words_close(&w);
    if (r == 0)
        r = delivery_each(cli->store, id, add_delivery, list, err);
    json_object_set_new(run, "journal", list);
    if (r == 0)
        json_print(run);
    return r;
}

/* Which changes of a run on a platform elsewhere are to be shown as done: by their number, from 1. */
struct done {
    struct changes *all;
    size_t rows, kept, unsent;
};

static void keep_done(void *ctx, const struct delivery_row *row)
{
    struct done *d = ctx;
    d->rows++;
    d->unsent += row->state == DELIVERY_INTENDED;
    if (row->state == DELIVERY_CONFIRMED)
        d->all->v[d->kept++] = d->all->v[row->seq - 1];
}

/* What was done, then what was not. */
static int show_text(struct cli *cli, int64_t team, int64_t run, struct changes *all, struct err *err)
{
    struct done done = {.all = all};
    if (delivery_each(cli->store, run, keep_done, &done, err) != 0)
        return -1;
    if (show_changes(cli, team, all->v, done.rows ? done.kept : all->n, err) != 0 ||
        skipped_print(cli, team, run, stdout, err) != 0)
        return -1;
    if (done.unsent)
        printf("Not sent: %s; planned again\n", term_number(cli->pool, done.unsent));
    return 0;
}

static int show_run(struct cli *cli, int64_t run, struct listing *l, struct err *err)
{
    int found = cli->store ? run_find(cli->store, run, list_run, l, err) : 0;
    if (found < 0)
        return -1;
    if (!found)
        return err_set(err, ERR_NOT_FOUND, "there is no run %" PRId64 "; doorward runs lists them", run);
    int64_t team;
    struct changes all = {0};
    int r = run_team(cli->store, run, &team, err);
    if (r == 0)
        r = run_changes(cli->store, run, take_change, &all, err);
    if (r == 0 && cli->json) {
        r = show_json(cli, team, run, &all, json_array_get(l->json, 0), err);
    } else if (r == 0) {
        table_print(l->table, "");
        putchar('\n');
        r = show_text(cli, team, run, &all, err);
    }
    free(all.v);
    return r;
}

int cli_run_number(const struct cli *cli, int64_t *ret, struct err *err)
{
    char *end = NULL;
    errno = 0;
    long long run = strtoll(cli->words[0], &end, 10);
    if (!*cli->words[0] || *end || run <= 0 || errno)
        return err_set(err, ERR_USAGE, "%s %s: write the number of a run; doorward runs lists them", cli->command,
                       cli->words[0]);
    *ret = run;
    return 0;
}

int command_runs_show(struct cli *cli, struct err *err)
{
    int64_t run;
    if (cli_run_number(cli, &run, err) != 0 || cli_open(cli, STORE_READ, err) != 0)
        return -1;
    struct listing l;
    begin_listing(&l, cli);
    int r = show_run(cli, run, &l, err);
    end_listing(&l);
    return r;
}
