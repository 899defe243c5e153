/* doorward report: who has what, how many seats are left, who signed in. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/signin.h"
#include "cli/term.h"
#include "store/arrivals.h"
#include "store/report.h"

/* Cells of a row in one of the three forms. CSV after RFC 4180. */
struct report {
    struct cli *cli;
    struct table *table;
    json_t *json;
    const char *const *keys; /* JSON names, also the CSV header */
    int columns;
};

static void print_csv_cell(const char *cell)
{
    /* A spreadsheet would run a cell that begins like a formula; names come from people who can write to the directory. */
    bool formula = *cell && strchr("=+-@\t\r", *cell);
    if (!formula && !strpbrk(cell, ",\"\r\n")) {
        fputs(cell, stdout);
        return;
    }
    putchar('"');
    if (formula)
        putchar('\'');
    for (; *cell; cell++) {
        if (*cell == '"')
            putchar('"');
        putchar(*cell);
    }
    putchar('"');
}

static void print_csv(const char *const *cells, int n)
{
    for (int i = 0; i < n; i++) {
        if (i > 0)
            putchar(',');
        print_csv_cell(cells[i]);
    }
    fputs("\r\n", stdout);
}

static int report_begin(struct report *r, struct cli *cli, const char *const *keys, const char *const *heads,
                        int columns, struct err *err)
{
    if (cli->json && cli->csv)
        return err_set(err, ERR_USAGE, "write --json or --csv, not both");
    *r = (struct report){
        .cli = cli, .keys = keys, .columns = columns, .table = table_new(columns), .json = json_array()};
    table_add(r->table, heads);
    if (cli->csv)
        print_csv(keys, columns);
    return 0;
}

static void report_row(struct report *r, const char *const *cells)
{
    if (r->cli->csv) {
        print_csv(cells, r->columns);
    } else if (r->cli->json) {
        json_t *row = json_object();
        for (int i = 0; i < r->columns; i++)
            json_object_set_new(row, r->keys[i], json_string(cells[i]));
        json_array_append_new(r->json, row);
    } else {
        table_add(r->table, cells);
    }
}

static void report_end(struct report *r, bool print)
{
    if (print && r->cli->json)
        json_print(r->json);
    else if (print && !r->cli->csv)
        table_print(r->table, "");
    table_free(&r->table);
    json_decref(r->json);
}

static void add_person(void *ctx, const struct report_person *p)
{
    struct report *r = ctx;
    char since[CLOCK_TEXT_MAX];
    const char *cells[] = {p->team, p->name, p->email, p->state, clock_format(p->since, since), p->products, p->uid};
    report_row(r, cells);
}

int command_report_people(struct cli *cli, struct err *err)
{
    static const char *const keys[] = {"team", "name", "email", "state", "since", "products", "id"};
    static const char *const heads[] = {"TEAM", "NAME", "E-MAIL", "STATE", "SINCE", "PRODUCTS", "ID"};
    struct report r;
    if (cli_open(cli, STORE_READ, err) != 0 || report_begin(&r, cli, keys, heads, 7, err) != 0)
        return -1;
    int done = cli->store ? report_people(cli->store, add_person, &r, err) : 0;
    report_end(&r, done == 0);
    return done;
}

static int add_product(struct report *r, const struct conf_section *p, struct err *err)
{
    struct cli *cli = r->cli;
    int64_t used = 0, entitled = 0, limit = conf_int(p, "seats");
    const char *team = conf_str(p, "team");
    if (cli->store && (report_seats_used(cli->store, team, conf_name(p), &used, err) != 0 ||
                       report_entitled(cli->store, team, conf_name(p), &entitled, err) != 0))
        return -1;
    bool limited = conf_has(p, "seats");
    const char *cells[] = {team,
                           conf_name(p),
                           conf_str(p, "name"),
                           pool_printf(cli->pool, "%" PRId64, used),
                           limited ? pool_printf(cli->pool, "%" PRId64, limit) : "unlimited",
                           limited ? pool_printf(cli->pool, "%" PRId64, limit - used) : "unlimited",
                           pool_printf(cli->pool, "%" PRId64, entitled)};
    report_row(r, cells);
    return 0;
}

int command_report_seats(struct cli *cli, struct err *err)
{
    static const char *const keys[] = {"team", "product", "name", "used", "limit", "free", "in_groups"};
    static const char *const heads[] = {"TEAM", "PRODUCT", "NAME", "USED", "LIMIT", "FREE", "IN GROUPS"};
    struct report r;
    if (cli_open(cli, STORE_READ, err) != 0 || report_begin(&r, cli, keys, heads, 7, err) != 0)
        return -1;
    int done = 0;
    for (const struct conf_section *p = conf_next(cli->conf, "product", NULL); p && done == 0;
         p = conf_next(cli->conf, "product", p))
        done = add_product(&r, p, err);
    report_end(&r, done == 0);
    return done;
}

static void add_signin(void *ctx, const struct signins_record *s)
{
    struct report *r = ctx;
    CLEANUP(pool_free) struct pool *pool = pool_new();
    char at[CLOCK_TEXT_MAX];
    const char *cells[] = {clock_format(s->at, at),
                           signin_result(s->result),
                           text_printable(pool, span_str(s->email)),
                           s->connection,
                           s->application,
                           s->client,
                           s->ref,
                           text_printable(pool, span_str(s->reason))};
    report_row(r, cells);
}

int command_report_signins(struct cli *cli, struct err *err)
{
    static const char *const keys[] = {"time",        "result", "email",     "connection",
                                       "application", "client", "reference", "reason"};
    static const char *const heads[] = {"TIME",        "RESULT", "E-MAIL",    "CONNECTION",
                                        "APPLICATION", "FROM",   "REFERENCE", "REASON"};
    CLEANUP(signins_close) struct signins *signins = NULL;
    struct report r;
    int64_t since;
    if (signin_since(cli->since, cli->now, &since, err) != 0 || signin_open(cli, &signins, err) != 0 ||
        report_begin(&r, cli, keys, heads, 8, err) != 0)
        return -1;
    int done = signins ? signins_record_each(signins, since, cli->connection, add_signin, &r, err) : 0;
    report_end(&r, done == 0);
    return done;
}

static void add_arrival(void *ctx, const struct arrival *a)
{
    struct report *r = ctx;
    char first[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX];
    const char *cells[] = {a->connection,
                           pool_printf(r->cli->pool, "%s %s", a->given_name, a->family_name),
                           a->email,
                           clock_format(a->first_seen, first),
                           clock_format(a->last_seen, last),
                           a->uid};
    for (int i = 0; i < r->columns; i++)
        cells[i] = text_printable(r->cli->pool, span_str(cells[i]));
    report_row(r, cells);
}

int command_report_arrivals(struct cli *cli, struct err *err)
{
    static const char *const keys[] = {"connection", "name", "email", "first_seen", "last_seen", "id"};
    static const char *const heads[] = {"CONNECTION", "NAME", "E-MAIL", "FIRST SEEN", "LAST SEEN", "ID"};
    CLEANUP(signins_close) struct signins *signins = NULL;
    struct report r;
    if (cli_open(cli, STORE_READ, err) != 0 || (cli->store && signins_open(cli_state_dir(cli), &signins, err) != 0) ||
        report_begin(&r, cli, keys, heads, 6, err) != 0)
        return -1;
    int done = signins ? arrivals_each(signins, add_arrival, &r, err) : 0;
    report_end(&r, done == 0);
    return done;
}
