/* doorward sso: connections to identity providers: their state, a tested sign-in, and turning them on. */
#include <inttypes.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/term.h"
#include "gate/gate.h"
#include "saml/response.h"
#include "store/audit.h"

#define DAY 86400

static const char *printable(struct cli *cli, const char *text)
{
    return text_printable(cli->pool, span_str(text));
}

/* --- list --------------------------------------------------------------------------------------------------------------- */

struct listed {
    struct connection_row row;
    const char *entity, *trouble;
    int64_t certificates_until, metadata_until;
};

static int read_listed(struct cli *cli, const struct conf_section *s, struct listed *ret, struct err *err)
{
    *ret = (struct listed){.row = {.name = conf_name(s), .entity = "", .tested_as = ""}, .entity = ""};
    if (cli->store && connection_get(cli->store, conf_name(s), cli->pool, &ret->row, err) != 0)
        return -1;
    if (strcmp(conf_variant(s), "saml") != 0) {
        ret->entity = conf_str(s, "issuer");
        ret->trouble = "OIDC connections cannot be tested yet in this version";
        return 0;
    }
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    struct err trouble = ERR_INIT;
    if (gate_metadata(s, cli->now, &idp, &trouble) != 0) {
        ret->trouble = pool_strdup(cli->pool, trouble.text);
        return 0;
    }
    ret->entity = pool_strdup(cli->pool, idp->entity_id);
    ret->certificates_until = gate_certificates_until(idp, cli->now);
    ret->metadata_until = idp->valid_until;
    return 0;
}

static const char *days_left(struct cli *cli, int64_t until)
{
    return until ? pool_printf(cli->pool, "%" PRId64 " days", (until - cli->now) / DAY) : "-";
}

static json_t *listed_json(const struct listed *l, const char *type)
{
    char tested[CLOCK_TEXT_MAX], certificates[CLOCK_TEXT_MAX], active[CLOCK_TEXT_MAX];
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s?}", "connection", l->row.name, "type", type, "state",
                     connection_state_names[l->row.state], "entity", l->entity, "tested_at",
                     clock_format(l->row.tested_at, tested), "tested_as", l->row.tested_as, "activated_at",
                     clock_format(l->row.activated_at, active), "certificates_until",
                     clock_format(l->certificates_until, certificates), "trouble", l->trouble);
}

int command_sso_list(struct cli *cli, struct err *err)
{
    if (cli_open(cli, STORE_READ, err) != 0)
        return -1;
    CLEANUP(table_free) struct table *table = table_new(6);
    static const char *const head[] = {"CONNECTION", "TYPE", "STATE", "TESTED", "CERTIFICATES", "IDENTITY PROVIDER"};
    table_add(table, head);
    json_t *list = json_array();
    CLEANUP(buf_release) struct buf troubles = BUF_INIT;
    for (const struct conf_section *s = conf_next(cli->conf, "connection", NULL); s;
         s = conf_next(cli->conf, "connection", s)) {
        struct listed l;
        if (read_listed(cli, s, &l, err) != 0) {
            json_decref(list);
            return -1;
        }
        char tested[CLOCK_TEXT_MAX];
        const char *cells[] = {l.row.name,
                               conf_variant(s),
                               connection_state_names[l.row.state],
                               clock_format(l.row.tested_at, tested),
                               days_left(cli, l.certificates_until),
                               printable(cli, l.entity)};
        table_add(table, cells);
        json_array_append_new(list, listed_json(&l, conf_variant(s)));
        if (l.trouble)
            buf_printf(&troubles, "connection %s: %s\n", l.row.name, l.trouble);
    }
    if (cli->json) {
        json_print(list);
    } else {
        table_print(table, "");
        fputs(buf_str(&troubles), stdout);
    }
    json_decref(list);
    return 0;
}

/* --- test --------------------------------------------------------------------------------------------------------------- */

static int used_before(void *arg, const char *assertion_id)
{
    struct cli *cli = arg;
    bool seen = true;
    struct err ignored = ERR_INIT;
    if (once_seen(cli->store, "assertion", assertion_id, &seen, &ignored) != 0)
        return -1;
    return seen;
}

/* The e-mail domains that this connection speaks for. */
static size_t domains_of(const struct cli *cli, const char *connection, const char **ret, size_t max)
{
    size_t n = 0;
    for (const struct conf_section *s = conf_next(cli->conf, "domain", NULL); s && n < max;
         s = conf_next(cli->conf, "domain", s)) {
        const char *bound = conf_str(s, "connection");
        if (bound && strcmp(bound, connection) == 0)
            ret[n++] = conf_name(s);
    }
    return n;
}

/* What the identity provider has to know of us, both made from [organization] url. */
static int our_names(struct cli *cli, const struct conf_section *s, const char **ret_entity, const char **ret_acs,
                     struct err *err)
{
    const char *url = conf_str(conf_find(cli->conf, "organization", NULL), "url");
    if (!url)
        return err_set(err, ERR_CONFIG,
                       "%s: organization: url is missing, and the audience and the address of responses are made from "
                       "it; write url = https://…",
                       cli->conf_path);
    *ret_entity = pool_printf(cli->pool, "%s/saml/metadata/%s", url, conf_name(s));
    *ret_acs = pool_printf(cli->pool, "%s/saml/acs/%s", url, conf_name(s));
    return 0;
}

static int ask_for_response(struct cli *cli, const struct conf_section *s, struct err *err)
{
    const char *entity, *acs;
    if (our_names(cli, s, &entity, &acs, err) != 0)
        return -1;
    return err_set(err, ERR_USAGE,
                   "connection %s: a captured response is needed. At the identity provider, register\n"
                   "  entity id (audience)            %s\n"
                   "  assertion consumer service URL  %s\n"
                   "then sign in once, keep the form field SAMLResponse (XML or base64) in a file, and run: "
                   "doorward sso test %s --response FILE",
                   conf_name(s), entity, acs, conf_name(s));
}

static int fill_policy(struct cli *cli, const struct conf_section *s, const struct saml_idp *idp, const char **domains,
                       size_t max, struct saml_policy *ret, struct err *err)
{
    const char *entity, *acs;
    if (our_names(cli, s, &entity, &acs, err) != 0)
        return -1;
    *ret = (struct saml_policy){.entity_id = entity,
                                .acs_url = acs,
                                .idp = idp,
                                .now = cli->now,
                                .skew = SAML_SKEW_MAX,
                                .domains = domains,
                                .ndomains = domains_of(cli, conf_name(s), domains, max),
                                .used_before = used_before,
                                .used_before_arg = cli};
    static const char *const keys[SAML_FIELD_COUNT] = {[SAML_EMAIL] = "attribute-email",
                                                       [SAML_GIVEN_NAME] = "attribute-given-name",
                                                       [SAML_FAMILY_NAME] = "attribute-family-name",
                                                       [SAML_IMMUTABLE_ID] = "attribute-id",
                                                       [SAML_DISPLAY_NAME] = "attribute-display-name"};
    for (int f = 0; f < SAML_FIELD_COUNT; f++)
        ret->attribute[f] = conf_str(s, keys[f]);
    return 0;
}

static void print_checks(struct cli *cli, const struct saml_report *report)
{
    static const char *const marks[] = {"ok", "FAILED", "-"};
    const char *colors[] = {term_green(), term_red(), term_yellow()};
    for (size_t i = 0; i < report->nchecks; i++) {
        const struct saml_check *c = &report->checks[i];
        fputs(colors[c->outcome], stdout);
        term_pad(marks[c->outcome], 7);
        printf("%s %s\n", term_plain(), c->title);
        if (c->detail[0])
            printf("        %s\n", printable(cli, c->detail));
    }
}

static void print_identity(struct cli *cli, const struct saml_identity *who, const char *heading)
{
    printf("\n%s\n", heading);
    for (int f = 0; f < SAML_FIELD_COUNT; f++) {
        printf("  ");
        term_pad(saml_field_names[f], 14);
        if (who->field[f])
            printf(" %s  (from %s)\n", printable(cli, who->field[f]), printable(cli, who->source[f]));
        else
            puts(" (none)");
    }
    puts("  all attributes:");
    for (size_t i = 0; i < who->nattributes; i++)
        for (size_t v = 0; v < who->attributes[i].nvalues; v++)
            printf("    %s = %s\n", printable(cli, who->attributes[i].name),
                   printable(cli, who->attributes[i].values[v]));
}

static json_t *identity_json(const struct saml_identity *who)
{
    if (!who)
        return json_null();
    json_t *fields = json_object(), *attributes = json_object();
    for (int f = 0; f < SAML_FIELD_COUNT; f++)
        json_object_set_new(fields, saml_field_names[f], who->field[f] ? json_string(who->field[f]) : json_null());
    for (size_t i = 0; i < who->nattributes; i++) {
        json_t *values = json_array();
        for (size_t v = 0; v < who->attributes[i].nvalues; v++)
            json_array_append_new(values, json_string(who->attributes[i].values[v]));
        json_object_set_new(attributes, who->attributes[i].name, values);
    }
    return json_pack("{s:s, s:s, s:o, s:o}", "issuer", who->issuer, "name_id", who->name_id, "mapped", fields,
                     "attributes", attributes);
}

static void print_report_json(const char *connection, const struct saml_report *report)
{
    static const char *const outcomes[] = {"passed", "failed", "skipped"};
    json_t *checks = json_array();
    for (size_t i = 0; i < report->nchecks; i++)
        json_array_append_new(checks, json_pack("{s:s, s:s, s:s, s:s}", "code", report->checks[i].code, "title",
                                                report->checks[i].title, "result", outcomes[report->checks[i].outcome],
                                                "detail", report->checks[i].detail));
    json_t *j = json_pack("{s:s, s:b, s:o, s:o}", "connection", connection, "passed", report->identity != NULL,
                          "checks", checks, "identity", identity_json(report->identity));
    json_print(j);
    json_decref(j);
}

/* The test and the used-up assertion are one step: a response passes once. */
static int record_test(struct cli *cli, const char *name, const struct saml_identity *who, struct err *err)
{
    struct connection_row row;
    if (connection_get(cli->store, name, cli->pool, &row, err) != 0)
        return -1;
    /* Another identity provider than the one that was activated has to be activated again. */
    bool other = strcmp(row.entity, who->issuer) != 0;
    if (row.state == CONNECTION_CONFIGURED || other)
        row.state = CONNECTION_TESTED;
    row.entity = who->issuer;
    row.tested_as = who->field[SAML_EMAIL];
    row.tested_at = cli->now;
    if (db_begin(cli->store->db, err) != 0)
        return -1;
    if (once_use(cli->store, "assertion", who->assertion_id, who->expires + SAML_SKEW_MAX, cli->now, err) != 0 ||
        connection_put(cli->store, &row, err) != 0 ||
        audit_write(cli->store,
                    &(struct audit_record){AUDIT_CONNECTION_TESTED, name,
                                           AUDIT_DETAIL(AUDIT_TEXT("entity", row.entity),
                                                        AUDIT_TEXT("signed_in", row.tested_as),
                                                        AUDIT_TEXT("state", connection_state_names[row.state]))},
                    err) != 0) {
        db_rollback(cli->store->db);
        return -1;
    }
    return db_commit(cli->store->db, err);
}

static int finish_test(struct cli *cli, const struct conf_section *s, const struct saml_report *report,
                       struct err *refusal, struct err *err)
{
    if (cli->json)
        print_report_json(conf_name(s), report);
    else
        print_checks(cli, report);
    if (!report->identity) {
        if (!cli->json && report->claimed)
            print_identity(cli, report->claimed, "The verified assertion says (nobody is signed in by it):");
        *err = *refusal;
        return err_wrap(err, "connection %s: the test failed", conf_name(s));
    }
    if (!cli->json)
        print_identity(cli, report->identity, "Signed in:");
    if (record_test(cli, conf_name(s), report->identity, err) != 0)
        return -1;
    char valid[CLOCK_TEXT_MAX];
    if (!cli->json)
        printf("\n%sThe test passed%s; it counts for %s. Next: doorward sso activate %s\n", term_green(), term_plain(),
               clock_format_duration(conf_int(s, "test-valid"), valid), conf_name(s));
    return 0;
}

int command_sso_test(struct cli *cli, struct err *err)
{
    const struct conf_section *s;
    if (cli_conf(cli, err) != 0 || cli_section(cli, "connection", cli->words[0], &s, err) != 0)
        return -1;
    if (strcmp(conf_variant(s), "saml") != 0)
        return err_set(err, ERR_FAILED,
                       "connection %s: OIDC connections cannot be tested yet in this version; use a SAML connection",
                       conf_name(s));
    if (!cli->response)
        return ask_for_response(cli, s, err);
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    CLEANUP(buf_release) struct buf response = BUF_INIT;
    struct saml_policy policy;
    const char *domains[256];
    if (gate_metadata(s, cli->now, &idp, err) != 0 ||
        file_read(cli->response, SAML_RESPONSE_MAX * 2, &response, err) != 0 ||
        fill_policy(cli, s, idp, domains, 256, &policy, err) != 0 || cli_open(cli, STORE_WRITE, err) != 0)
        return -1;
    struct saml_report report;
    struct err refusal = ERR_INIT;
    saml_response_verify(cli->pool, (struct span){response.data, response.len}, &policy, &report, &refusal);
    return finish_test(cli, s, &report, &refusal, err);
}

/* --- activate ------------------------------------------------------------------------------------------------------------- */

static int may_activate(const struct cli *cli, const struct conf_section *s, const struct connection_row *row,
                        struct err *err)
{
    const char *name = conf_name(s);
    if (strcmp(conf_variant(s), "saml") != 0)
        return err_set(err, ERR_GATE,
                       "connection %s: OIDC connections cannot be tested yet in this version, and so not activated",
                       name);
    if (row->state == CONNECTION_CONFIGURED || !row->tested_at)
        return err_set(err, ERR_GATE, "connection %s: not tested; run: doorward sso test %s --response FILE", name,
                       name);
    char valid[CLOCK_TEXT_MAX];
    if (row->tested_at + conf_int(s, "test-valid") <= cli->now)
        return err_set(err, ERR_GATE,
                       "connection %s: the last test is older than %s; run: doorward sso test %s --response FILE", name,
                       clock_format_duration(conf_int(s, "test-valid"), valid), name);
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    if (gate_metadata(s, cli->now, &idp, err) != 0)
        return -1;
    if (strcmp(idp->entity_id, row->entity) != 0)
        return err_set(err, ERR_GATE,
                       "connection %s: its metadata names another identity provider than the one that was tested; "
                       "run: doorward sso test %s --response FILE",
                       name, name);
    if (gate_certificates_until(idp, cli->now) <= cli->now)
        return err_set(
            err, ERR_GATE,
            "connection %s: no signing certificate is valid now; get new metadata from the identity provider", name);
    return 0;
}

static int keep_state(struct cli *cli, const struct connection_row *row, struct err *err)
{
    bool active = row->state == CONNECTION_ACTIVE;
    struct audit_record record = {active ? AUDIT_CONNECTION_ACTIVATED : AUDIT_CONNECTION_DEACTIVATED, row->name,
                                  AUDIT_DETAIL(AUDIT_TEXT("entity", row->entity))};
    if (db_begin(cli->store->db, err) != 0)
        return -1;
    if (connection_put(cli->store, row, err) == 0 && audit_write(cli->store, &record, err) == 0)
        return db_commit(cli->store->db, err);
    db_rollback(cli->store->db);
    return -1;
}

static int set_state(struct cli *cli, enum connection_state state, struct err *err)
{
    const struct conf_section *s;
    struct connection_row row;
    if (cli_conf(cli, err) != 0 || cli_section(cli, "connection", cli->words[0], &s, err) != 0 ||
        cli_open(cli, STORE_WRITE, err) != 0 || connection_get(cli->store, conf_name(s), cli->pool, &row, err) != 0)
        return -1;
    if (state == CONNECTION_ACTIVE && may_activate(cli, s, &row, err) != 0)
        return -1;
    if (state == CONNECTION_TESTED && row.state != CONNECTION_ACTIVE) {
        printf("connection %s is not active\n", conf_name(s));
        return 0;
    }
    row.state = state;
    row.activated_at = state == CONNECTION_ACTIVE ? cli->now : 0;
    struct gate gate;
    if (keep_state(cli, &row, err) != 0 ||
        gate_check(cli->store, cli->conf, cli->now, true, cli->pool, &gate, err) != 0)
        return -1;
    printf("connection %s is %s\n", conf_name(s),
           state == CONNECTION_ACTIVE ? "active" : "no longer active: the gate of its domains is closed");
    return 0;
}

int command_sso_activate(struct cli *cli, struct err *err)
{
    return set_state(cli, CONNECTION_ACTIVE, err);
}

int command_sso_deactivate(struct cli *cli, struct err *err)
{
    return set_state(cli, CONNECTION_TESTED, err);
}
