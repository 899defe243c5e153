/* doorward runs audit and runs verify: who changed what, and whether that is still what was written. */
#include "cli/audit.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/term.h"
#include "store/audit.h"

const char *audit_actor(struct pool *pool)
{
    const struct passwd *user = getpwuid(getuid());
    const char *name = user ? user->pw_name : pool_printf(pool, "%ld", (long)getuid()), *sudo = getenv("SUDO_USER");
    /* The name comes first and from the system: whoever sets the variable by hand adds to it, and cannot replace it. */
    return text_printable(pool, span_str(sudo && *sudo ? pool_printf(pool, "%s (sudo %s)", name, sudo) : name));
}

/* --- audit -------------------------------------------------------------------------------------------------------- */

struct listing {
    struct pool *pool; /* emptied behind each line that was printed */
    struct table *table;
};

static const char *shown(const struct listing *l, const char *text)
{
    return text_printable(l->pool, span_str(text));
}

static void list_record(void *ctx, const struct audit_row *row)
{
    struct listing *l = ctx;
    char at[CLOCK_TEXT_MAX];
    const char *cells[] = {pool_printf(l->pool, "%" PRId64, row->id),
                           clock_format(row->at, at),
                           shown(l, row->actor),
                           shown(l, row->what),
                           shown(l, row->subject),
                           shown(l, row->detail)};
    table_add(l->table, cells);
}

/* A detail that is no JSON was not written by us; it is shown all the same. */
static void print_record(void *ctx, const struct audit_row *row)
{
    const struct listing *l = ctx;
    char at[CLOCK_TEXT_MAX];
    json_t *detail = json_loads(row->detail, 0, NULL);
    json_t *j =
        json_pack("{s:I, s:s, s:s, s:s, s:s, s:o, s:s}", "record", (json_int_t)row->id, "at", clock_format(row->at, at),
                  "actor", shown(l, row->actor), "what", shown(l, row->what), "subject", shown(l, row->subject),
                  "detail", detail ? detail : json_string(shown(l, row->detail)), "digest", shown(l, row->digest));
    json_print(j);
    json_decref(j);
    pool_reset(l->pool);
}

int command_runs_audit(struct cli *cli, struct err *err)
{
    if (cli_open(cli, STORE_READ, err) != 0)
        return -1;
    static const char *const head[] = {"RECORD", "AT", "ACTOR", "WHAT", "SUBJECT", "DETAIL"};
    CLEANUP(table_free) struct table *table = table_new(6);
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct listing l = {pool, table};
    table_add(table, head);
    if (cli->store && audit_each(cli->store, cli->json ? print_record : list_record, &l, err) != 0)
        return -1;
    if (!cli->json)
        table_print(table, "");
    return 0;
}

/* --- verify ------------------------------------------------------------------------------------------------------- */

static int check_expected(const char *digest, struct err *err)
{
    if (!digest || (strlen(digest) == DIGEST_HEX_MAX - 1 && strspn(digest, "0123456789abcdef") == DIGEST_HEX_MAX - 1))
        return 0;
    return err_set(err, ERR_USAGE, "--expect: write the 64 digits that doorward runs verify printed earlier");
}

static void print_verdict(const struct cli *cli, const struct audit_verdict *v)
{
    if (cli->json) {
        json_t *j = json_pack("{s:b, s:I, s:I, s:s}", "intact", true, "records", (json_int_t)v->records, "runs",
                              (json_int_t)v->runs, "head", v->head);
        json_print(j);
        json_decref(j);
        return;
    }
    printf("%sintact%s  %s records of the audit log, the journals of %s runs\n", term_green(), term_plain(),
           term_number(cli->pool, (size_t)v->records), term_number(cli->pool, (size_t)v->runs));
    if (v->records)
        printf("head    %s\n", v->head);
}

int command_runs_verify(struct cli *cli, struct err *err)
{
    struct audit_verdict verdict = {0};
    if (check_expected(cli->expect, err) != 0 || cli_open(cli, STORE_READ, err) != 0)
        return -1;
    if (!cli->store && cli->expect)
        return err_set(err, ERR_STORE, "audit log: there is no state, and so no record bears the digest that was kept");
    if (cli->store && audit_verify(cli->store, cli->expect, &verdict, err) != 0)
        return -1;
    print_verdict(cli, &verdict);
    return 0;
}
