/* doorward domain: which domains are the organisation's, and how that was proved. */
#include <inttypes.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/term.h"
#include "crypto/token.h"
#include "gate/gate.h"
#include "model/domain.h"

static int read_row(struct cli *cli, const char *name, struct domain_row *ret, struct err *err)
{
    if (cli->store)
        return domain_get(cli->store, name, cli->pool, ret, err);
    *ret = (struct domain_row){.name = name, .token = "", .method = "", .dnssec = "", .detail = ""};
    return 0;
}

static json_t *row_json(const struct domain_row *row, const char *connection)
{
    char proved[CLOCK_TEXT_MAX], checked[CLOCK_TEXT_MAX];
    return json_pack("{s:s, s:s?, s:s, s:s, s:s, s:s, s:s, s:s}", "domain", row->name, "connection", connection,
                     "state", domain_state_names[row->state], "method", row->method, "dnssec", row->dnssec, "proved_at",
                     clock_format(row->proved_at, proved), "checked_at", clock_format(row->checked_at, checked),
                     "detail", row->detail);
}

static void add_line(struct cli *cli, struct table *table, const struct domain_row *row, const char *connection)
{
    char proved[CLOCK_TEXT_MAX], checked[CLOCK_TEXT_MAX];
    bool was = row->proved_at != 0;
    const char *cells[] = {domain_display(cli->pool, row->name),
                           domain_state_names[row->state],
                           was ? row->method : "-",
                           was ? row->dnssec : "-",
                           was ? clock_format(row->proved_at, proved) : "-",
                           row->checked_at ? clock_format(row->checked_at, checked) : "-",
                           connection ? connection : "(none)"};
    table_add(table, cells);
}

int command_domain_list(struct cli *cli, struct err *err)
{
    if (cli_open(cli, STORE_READ, err) != 0)
        return -1;
    CLEANUP(table_free) struct table *table = table_new(7);
    static const char *const head[] = {"DOMAIN", "STATE", "METHOD", "DNSSEC", "PROVED", "LAST LOOK", "CONNECTION"};
    table_add(table, head);
    json_t *list = json_array();
    for (const struct conf_section *s = conf_next(cli->conf, "domain", NULL); s;
         s = conf_next(cli->conf, "domain", s)) {
        struct domain_row row;
        if (read_row(cli, conf_name(s), &row, err) != 0) {
            json_decref(list);
            return -1;
        }
        add_line(cli, table, &row, conf_str(s, "connection"));
        json_array_append_new(list, row_json(&row, conf_str(s, "connection")));
    }
    if (cli->json)
        json_print(list);
    else
        table_print(table, "");
    json_decref(list);
    return 0;
}

/* The configured domain that was meant, in whatever spelling. */
static int find_domain(struct cli *cli, const char *typed, const struct conf_section **ret, struct err *err)
{
    CLEANUP(freep) char *name = NULL;
    if (domain_normalise(typed, &name, err) != 0) {
        err->kind = ERR_USAGE;
        return -1;
    }
    return cli_section(cli, "domain", name, ret, err);
}

static void print_challenge(struct cli *cli, const struct domain_row *row)
{
    const char *record = proof_record(cli->pool, row->name), *value = proof_value(cli->pool, row->token);
    printf("Publish one of these, then run: doorward domain verify %s\n\n", row->name);
    printf("  %sDNS TXT record%s\n    name   %s\n    value  %s\n", term_bold(), term_plain(), record, value);
    printf("    in a zone file: %s. 300 IN TXT \"%s\"\n\n", record, value);
    printf("  %sor a file on the domain's web server%s\n    url    %s\n    body   %s\n\n", term_bold(), term_plain(),
           proof_url(cli->pool, row->name), value);
    puts("Leave it published: it is looked at again before each run.");
}

int command_domain_challenge(struct cli *cli, struct err *err)
{
    const struct conf_section *section;
    if (cli_conf(cli, err) != 0 || find_domain(cli, cli->words[0], &section, err) != 0 ||
        domain_may_be_proved(conf_name(section), err) != 0 || cli_open(cli, STORE_WRITE, err) != 0)
        return -1;
    struct domain_row row;
    if (domain_get(cli->store, conf_name(section), cli->pool, &row, err) != 0)
        return -1;
    if (row.state == DOMAIN_UNKNOWN) {
        char token[TOKEN_SIZE];
        token_new(token);
        row.token = pool_strdup(cli->pool, token);
        row.state = DOMAIN_CHALLENGED;
        row.created_at = cli->now;
        if (gate_keep_domain(cli->store, &row, DOMAIN_UNKNOWN, err) != 0)
            return -1;
    }
    if (!cli->json) {
        print_challenge(cli, &row);
        return 0;
    }
    json_t *j = json_pack("{s:s, s:s, s:s, s:s}", "domain", row.name, "record", proof_record(cli->pool, row.name),
                          "value", proof_value(cli->pool, row.token), "url", proof_url(cli->pool, row.name));
    json_print(j);
    json_decref(j);
    return 0;
}

static int verify(struct cli *cli, const char *name, enum proof_method method, json_t *list, struct err *err)
{
    struct domain_row row;
    if (domain_may_be_proved(name, err) != 0 || domain_get(cli->store, name, cli->pool, &row, err) != 0)
        return -1;
    if (row.state == DOMAIN_UNKNOWN)
        return err_set(err, ERR_FAILED, "domain %s: no challenge was made; run: doorward domain challenge %s", name,
                       name);
    struct proof_settings settings;
    proof_settings_read(cli->conf, &settings);
    struct proof proof;
    if (proof_look(&settings.policy, name, row.token, method, cli->pool, &proof, err) != 0)
        return -1;
    enum domain_state before = row.state;
    gate_note_proof(&proof, settings.lapse_after, cli->now, &row);
    if (gate_keep_domain(cli->store, &row, before, err) != 0)
        return -1;
    json_array_append_new(list, row_json(&row, NULL));
    if (!cli->json && proof.state == PROOF_PROVED)
        printf("%sproved%s  %s  by %s%s%s\n", term_green(), term_plain(), domain_display(cli->pool, name),
               proof_method_names[proof.method], proof.method == PROOF_DNS ? ", DNSSEC " : "",
               proof.method == PROOF_DNS ? dns_security_names[proof.security] : "");
    else if (!cli->json)
        printf("%snot proved%s  %s\n", term_red(), term_plain(), proof.text);
    return proof.state == PROOF_PROVED ? 0 : 1;
}

static int method_of(const char *name, enum proof_method *ret, struct err *err)
{
    *ret = PROOF_ANY;
    if (!name)
        return 0;
    for (int m = PROOF_ANY; m <= PROOF_HTTPS; m++) {
        *ret = (enum proof_method)m;
        if (strcmp(proof_method_names[m], name) == 0)
            return 0;
    }
    return err_set(err, ERR_USAGE, "--method %s: write any, dns or https", name);
}

int command_domain_verify(struct cli *cli, struct err *err)
{
    enum proof_method method;
    if (method_of(cli->method, &method, err) != 0 || cli_open(cli, STORE_WRITE, err) != 0)
        return -1;
    int status = 0;
    json_t *list = json_array();
    for (int i = 0; i < cli->nwords && status >= 0; i++) {
        const struct conf_section *section;
        int r = find_domain(cli, cli->words[i], &section, err) != 0
                    ? -1
                    : verify(cli, conf_name(section), method, list, err);
        status = r < 0 ? -1 : status | r;
    }
    for (const struct conf_section *s = cli->nwords ? NULL : conf_next(cli->conf, "domain", NULL); s && status >= 0;
         s = conf_next(cli->conf, "domain", s)) {
        int r = verify(cli, conf_name(s), method, list, err);
        status = r < 0 ? -1 : status | r;
    }
    if (cli->json && status >= 0)
        json_print(list);
    json_decref(list);
    return status;
}
