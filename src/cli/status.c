/* doorward alone and check-config: where things stand, and the next command to type. */
#include <inttypes.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/gate.h"
#include "cli/json.h"
#include "cli/settle.h"
#include "cli/term.h"
#include "cli/token.h"
#include "gate/gate.h"
#include "push/directory.h"
#include "store/report.h"
#include "store/policy.h"
#include "web/looks.h"

int command_check_config(struct cli *cli, struct err *err)
{
    if (cli_conf(cli, err) != 0 || looks_check(cli->conf, err) != 0)
        return -1;
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    conf_print(cli->conf, &text);
    fputs(buf_str(&text), stdout);
    return 0;
}

/* --- status ---------------------------------------------------------------------------------------------------------------- */

static void print_domains(const struct gate *gate)
{
    puts("Domains");
    for (size_t i = 0; i < gate->n; i++) {
        const struct gate_domain *d = &gate->domains[i];
        char until[CLOCK_TEXT_MAX];
        if (d->open)
            printf("  %sopen%s    %s through connection %s, until %s unless somebody signs in before\n", term_green(),
                   term_plain(), d->domain, d->connection, clock_format(d->until, until));
        else
            printf("  %sclosed%s  %s: %s\n", term_yellow(), term_plain(), d->domain, d->reason);
    }
    if (!gate->n)
        puts("  nothing was looked at yet");
    gate_print_warnings(gate, stdout);
}

/* *next is set to the first thing to do when nothing stood there. */
static int add_team(struct cli *cli, const struct conf_section *s, const struct gate *gate, json_t *list,
                    const char **next, struct err *err)
{
    struct team_row row = {0};
    int64_t states[ACCOUNT_STATES] = {0}, last = 0;
    const char *note = NULL;
    if (cli->store &&
        (team_find(cli->store->db, conf_name(s), &row, err) != 0 ||
         report_states(cli->store, conf_name(s), states, err) != 0 ||
         report_last_run(cli->store, conf_name(s), &last, err) != 0 || settle_note(cli, conf_name(s), &note, err) != 0))
        return -1;
    team_row_release(&row);
    char when[CLOCK_TEXT_MAX];
    clock_format(last, when);
    json_array_append_new(list, json_pack("{s:s, s:b, s:I, s:I, s:I, s:s}", "team", conf_name(s), "enabled",
                                          row.enabled_at != 0, "invited", (json_int_t)states[ACCOUNT_INVITED], "active",
                                          (json_int_t)states[ACCOUNT_ACTIVE], "suspended",
                                          (json_int_t)states[ACCOUNT_SUSPENDED], "last_run", when));
    if (!cli->json)
        printf("  %-12s sync %s, %" PRId64 " invited, %" PRId64 " active, %" PRId64 " suspended; last run %s\n",
               conf_name(s), row.enabled_at ? "on" : "off", states[ACCOUNT_INVITED], states[ACCOUNT_ACTIVE],
               states[ACCOUNT_SUSPENDED], when);
    if (!cli->json && note)
        printf("  %-12s %snote%s: %s\n", "", term_yellow(), term_plain(), note);
    if (!*next && !row.enabled_at && !gate_all_closed(gate))
        *next = pool_printf(cli->pool, "doorward sync enable %s", conf_name(s));
    return 0;
}

static int add_teams(struct cli *cli, const struct gate *gate, json_t *list, const char **next, struct err *err)
{
    for (const struct conf_section *s = conf_next(cli->conf, "team", NULL); s; s = conf_next(cli->conf, "team", s))
        if (add_team(cli, s, gate, list, next, err) != 0)
            return -1;
    return 0;
}

static const char *first_step(struct cli *cli)
{
    const struct conf_section *domain = conf_next(cli->conf, "domain", NULL);
    return domain ? pool_printf(cli->pool, "doorward domain challenge %s", conf_name(domain))
                  : "write a [domain NAME] section; see doorward help domain";
}

/* NULL: somebody can push to every directory that waits for it. */
static const char *token_step(struct cli *cli)
{
    for (const struct conf_section *s = conf_next(cli->conf, "directory", NULL); s;
         s = conf_next(cli->conf, "directory", s)) {
        struct err err = ERR_INIT;
        const char *ignored;
        if (strcmp(conf_variant(s), PUSH_DIRECTORY) == 0 && token_check_directory(cli, s, &ignored, &err) != 0 &&
            err.kind == ERR_NOT_FOUND)
            return pool_printf(cli->pool, "doorward token create %s", conf_name(s));
    }
    return NULL;
}

static int show_status(struct cli *cli, const struct gate *gate, json_t *teams, struct err *err)
{
    const char *organization = conf_str(conf_find(cli->conf, "organization", NULL), "name"), *next = NULL;
    if (!cli->json) {
        printf("%s%s%s\n\n", term_bold(), organization, term_plain());
        print_domains(gate);
        puts("\nTeams");
    }
    for (size_t i = 0; i < gate->n && !next; i++)
        if (!gate->domains[i].open)
            next = gate->domains[i].remedy;
    if (add_teams(cli, gate, teams, &next, err) != 0)
        return -1;
    if (!next && cli->store)
        next = token_step(cli);
    if (!next)
        next = cli->store ? "doorward plan" : first_step(cli);
    if (!cli->json) {
        printf("\nNext: %s\n", next);
        return 0;
    }
    json_t *j = json_pack("{s:s, s:o, s:O, s:s}", "organization", organization, "domains", gate_json(gate), "teams",
                          teams, "next", next);
    json_print(j);
    json_decref(j);
    return 0;
}

int command_status(struct cli *cli, struct err *err)
{
    if (cli_open(cli, STORE_READ, err) != 0)
        return err->kind == ERR_CONFIG
                   ? err_wrap(err, "doorward --help shows the commands, doorward help all the configuration")
                   : -1;
    struct gate gate = {0};
    if (cli->store && gate_check(cli->store, cli->conf, cli->now, false, cli->pool, &gate, err) != 0)
        return -1;
    json_t *teams = json_array();
    int r = show_status(cli, &gate, teams, err);
    json_decref(teams);
    return r;
}
