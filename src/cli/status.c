/* doorward alone, check-config and check: where things stand, and the next command to type. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/gate.h"
#include "cli/json.h"
#include "cli/term.h"
#include "connectors/connector.h"
#include "gate/gate.h"
#include "store/report.h"
#include "store/policy.h"

int command_check_config(struct cli *cli, struct err *err)
{
    if (cli_conf(cli, err) != 0)
        return -1;
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    conf_print(cli->conf, &text);
    fputs(buf_str(&text), stdout);
    return 0;
}

/* --- check ----------------------------------------------------------------------------------------------------------------- */

static bool say(bool ok, const char *what, const char *detail)
{
    printf("%s%s%s  %s%s%s\n", ok ? term_green() : term_red(), ok ? "ok    " : "FAILED", term_plain(), what,
           *detail ? ": " : "", detail);
    return ok;
}

static bool check_directory(struct cli *cli, const struct conf_section *s)
{
    struct err err = ERR_INIT;
    const char *what = pool_printf(cli->pool, "directory %s", conf_name(s));
    const struct directory_connector *connector = directory_connector_find(conf_variant(s));
    struct directory *directory = NULL;
    if (connector->open(s, &directory, &err) != 0)
        return say(false, what, err.text);
    const char *where = pool_strdup(cli->pool, connector->describe(directory));
    connector->close(&directory);
    return say(true, what, where);
}

static bool check_connection(struct cli *cli, const struct conf_section *s)
{
    struct err err = ERR_INIT;
    const char *what = pool_printf(cli->pool, "connection %s", conf_name(s));
    if (strcmp(conf_variant(s), "saml") != 0)
        return say(true, what, "OIDC connections cannot be tested yet in this version");
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    if (gate_metadata(s, cli->now, &idp, &err) != 0)
        return say(false, what, err.text);
    int64_t until = gate_certificates_until(idp, cli->now);
    char when[CLOCK_TEXT_MAX];
    if (until <= cli->now)
        return say(false, what, "no signing certificate is valid now; get new metadata from the identity provider");
    return say(true, what,
               pool_printf(cli->pool, "%s, certificates until %s", idp->entity_id, clock_format(until, when)));
}

int command_check(struct cli *cli, struct err *err)
{
    struct gate gate;
    if (cli_open(cli, STORE_WRITE, err) != 0)
        return -1;
    bool ok = true;
    for (const struct conf_section *s = conf_next(cli->conf, "directory", NULL); s;
         s = conf_next(cli->conf, "directory", s))
        ok &= check_directory(cli, s);
    for (const struct conf_section *s = conf_next(cli->conf, "connection", NULL); s;
         s = conf_next(cli->conf, "connection", s))
        ok &= check_connection(cli, s);
    if (gate_check(cli->store, cli->conf, cli->now, true, cli->pool, &gate, err) != 0)
        return -1;
    for (size_t i = 0; i < gate.n; i++)
        ok &= say(gate.domains[i].open, pool_printf(cli->pool, "gate of %s", gate.domains[i].domain),
                  gate.domains[i].open
                      ? "open"
                      : pool_printf(cli->pool, "%s; next: %s", gate.domains[i].reason, gate.domains[i].remedy));
    return ok ? 0 : err_exit_status(gate_any_closed(&gate) ? ERR_GATE : ERR_FAILED);
}

/* --- status ---------------------------------------------------------------------------------------------------------------- */

static void print_domains(struct cli *cli, const struct gate *gate)
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
        puts("  none configured");
    (void)cli;
}

/* *ret_next is set to the first thing to do when nothing stood there. */
static int print_team(struct cli *cli, const struct conf_section *s, const struct gate *gate, const char **next,
                      struct err *err)
{
    struct team_row row = {0};
    int64_t states[5] = {0}, last = 0;
    if (cli->store && (team_find(cli->store->db, conf_name(s), &row, err) != 0 ||
                       report_states(cli->store, conf_name(s), states, err) != 0 ||
                       report_last_run(cli->store, conf_name(s), &last, err) != 0))
        return -1;
    team_row_release(&row);
    char when[CLOCK_TEXT_MAX];
    printf("  %-12s sync %s, %" PRId64 " invited, %" PRId64 " active, %" PRId64 " suspended; last run %s\n",
           conf_name(s), row.enabled_at ? "on" : "off", states[1], states[2], states[3], clock_format(last, when));
    if (!*next && !row.enabled_at && !gate_all_closed(gate))
        *next = pool_printf(cli->pool, "doorward sync enable %s", conf_name(s));
    return 0;
}

int command_status(struct cli *cli, struct err *err)
{
    if (cli_open(cli, STORE_READ, err) != 0)
        return err->kind == ERR_CONFIG
                   ? err_wrap(err, "doorward --help shows the commands, doorward help all the configuration")
                   : -1;
    struct gate gate;
    const char *next = NULL;
    if (!cli->store) {
        printf("%s: nothing was done yet; there is no state\n",
               conf_str(conf_find(cli->conf, "organization", NULL), "name"));
        const struct conf_section *domain = conf_next(cli->conf, "domain", NULL);
        printf("Next: %s%s\n",
               domain ? "doorward domain challenge " : "write a [domain NAME] section; see doorward help domain",
               domain ? conf_name(domain) : "");
        return 0;
    }
    if (gate_check(cli->store, cli->conf, cli->now, false, cli->pool, &gate, err) != 0)
        return -1;
    printf("%s%s%s\n\n", term_bold(), conf_str(conf_find(cli->conf, "organization", NULL), "name"), term_plain());
    print_domains(cli, &gate);
    for (size_t i = 0; i < gate.n && !next; i++)
        if (!gate.domains[i].open)
            next = gate.domains[i].remedy;
    puts("\nTeams");
    for (const struct conf_section *s = conf_next(cli->conf, "team", NULL); s; s = conf_next(cli->conf, "team", s))
        if (print_team(cli, s, &gate, &next, err) != 0)
            return -1;
    printf("\nNext: %s\n", next ? next : "doorward plan");
    return 0;
}
