#include "cli/sso_report.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/json.h"
#include "cli/term.h"
#include "store/audit.h"
#include "store/domain.h"

#define WAIT_FOR_STATE 60 /* seconds */

/* --- shown ----------------------------------------------------------------------------------------------------------- */

static const char *text_of(struct cli *cli, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text_printable(cli->pool, span_str(text)) : "";
}

static void print_checks(struct cli *cli, const json_t *report)
{
    const struct {
        const char *result, *mark, *color;
    } outcomes[] = {{"passed", "ok", term_green()}, {"failed", "FAILED", term_red()}, {"skipped", "-", term_yellow()}};
    size_t i;
    const json_t *check;
    json_array_foreach(json_object_get(report, "checks"), i, check)
    {
        for (size_t o = 0; o < sizeof outcomes / sizeof *outcomes; o++) {
            if (strcmp(text_of(cli, check, "result"), outcomes[o].result) != 0)
                continue;
            fputs(outcomes[o].color, stdout);
            term_pad(outcomes[o].mark, 7);
        }
        printf("%s %s\n", term_plain(), text_of(cli, check, "title"));
        if (*text_of(cli, check, "detail"))
            printf("        %s\n", text_of(cli, check, "detail"));
    }
}

static void print_identity(struct cli *cli, const json_t *who, const char *heading)
{
    const char *name;
    json_t *value;
    printf("\n%s\n", heading);
    json_object_foreach(json_object_get(who, "mapped"), name, value)
    {
        printf("  ");
        term_pad(name, 14);
        if (json_is_string(value))
            printf(" %s  (from %s)\n", text_printable(cli->pool, span_str(json_string_value(value))),
                   text_of(cli, json_object_get(who, "sources"), name));
        else
            puts(" (none)");
    }
    puts("  all attributes:");
    json_object_foreach(json_object_get(who, "attributes"), name, value)
    {
        size_t i;
        const json_t *one;
        json_array_foreach(value, i, one) printf("    %s = %s\n", text_printable(cli->pool, span_str(name)),
                                                 text_printable(cli->pool, span_str(json_string_value(one))));
    }
}

static void show(struct cli *cli, const json_t *report)
{
    const json_t *identity = json_object_get(report, "identity"), *claimed = json_object_get(report, "claimed");
    if (cli->json) {
        json_print(report);
        return;
    }
    print_checks(cli, report);
    if (json_is_object(identity))
        print_identity(cli, identity, "Signed in:");
    else if (json_is_object(claimed))
        print_identity(cli, claimed, "What was verified says (nobody is signed in by it):");
}

/* --- recorded -------------------------------------------------------------------------------------------------------- */

static int open_state(struct cli *cli, struct err *err)
{
    double until = clock_monotonic() + WAIT_FOR_STATE;
    while (!cli->store) {
        cli->now = clock_now();
        if (cli_open(cli, STORE_WRITE, err) == 0)
            break;
        if (err->kind != ERR_CONFLICT || clock_monotonic() > until)
            return err_wrap(err, "the test passed, but this cannot be recorded");
        err_clear(err);
        nanosleep(&(struct timespec){.tv_nsec = 250000000}, NULL);
    }
    return 0;
}

static int use_once(struct cli *cli, const json_t *once, struct err *err)
{
    const char *kind = json_string_value(json_object_get(once, "kind"));
    const char *value = json_string_value(json_object_get(once, "value"));
    bool seen = false;
    if (!kind || !value)
        return 0;
    if (once_seen(cli->store, kind, value, &seen, err) != 0)
        return -1;
    if (seen)
        return err_set(err, ERR_REFUSED, "%s: '%s' was used before, and each may be used once; sign in again", kind,
                       text_printable(cli->pool, span_str(value)));
    return once_use(cli->store, kind, value, json_integer_value(json_object_get(once, "until")), cli->now, err);
}

/* The test and what is used up by it are one step: an answer passes once. */
static int keep(struct cli *cli, const struct connection_row *row, const json_t *once, struct err *err)
{
    const struct audit_record record = {AUDIT_CONNECTION_TESTED, row->name,
                                        AUDIT_DETAIL(AUDIT_TEXT("entity", row->entity),
                                                     AUDIT_TEXT("signed_in", row->tested_as),
                                                     AUDIT_TEXT("state", connection_state_names[row->state]))};
    if (db_begin(cli->store->db, err) != 0)
        return -1;
    if (use_once(cli, once, err) == 0 && connection_put(cli->store, row, err) == 0 &&
        audit_write(cli->store, &record, err) == 0)
        return db_commit(cli->store->db, err);
    db_rollback(cli->store->db);
    return -1;
}

static int record(struct cli *cli, const char *name, const json_t *identity, const json_t *once, struct err *err)
{
    struct connection_row row;
    const char *issuer = json_string_value(json_object_get(identity, "issuer"));
    if (!issuer)
        return err_set(err, ERR_FAILED, "connection %s: the report names no identity provider", name);
    if (open_state(cli, err) != 0 || connection_get(cli->store, name, cli->pool, &row, err) != 0)
        return -1;
    /* Another identity provider than the one that was activated has to be activated again. */
    if (row.state == CONNECTION_CONFIGURED || strcmp(row.entity, issuer) != 0)
        row.state = CONNECTION_TESTED;
    row.entity = issuer;
    row.tested_as = text_of(cli, json_object_get(identity, "mapped"), "email");
    row.tested_at = cli->now;
    return keep(cli, &row, once, err);
}

int sso_report_take(struct cli *cli, const struct conf_section *connection, json_t *report, struct err *err)
{
    const char *name = conf_name(connection);
    json_t *once = json_incref(json_object_get(report, "once"));
    json_object_del(report, "once");
    show(cli, report);
    int r = 0;
    if (!json_is_true(json_object_get(report, "passed")))
        r = err_set(err, ERR_REFUSED, "connection %s: the test failed: %s", name, text_of(cli, report, "fault"));
    else
        r = record(cli, name, json_object_get(report, "identity"), once, err);
    json_decref(once);
    char valid[CLOCK_TEXT_MAX];
    if (r == 0 && !cli->json)
        printf("\n%sThe test passed%s; it counts for %s. Next: doorward sso activate %s\n", term_green(), term_plain(),
               clock_format_duration(conf_int(connection, "test-valid"), valid), name);
    return r;
}
