/* doorward sso test: one sign-in, captured, checked by every rule and shown. */
#include <inttypes.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/term.h"
#include "gate/gate.h"
#include "gate/sp.h"
#include "saml/response.h"
#include "store/audit.h"

static const char *printable(struct cli *cli, const char *text)
{
    return text_printable(cli->pool, span_str(text));
}

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

static int ask_for_response(struct cli *cli, const struct conf_section *s, struct err *err)
{
    struct sp sp = {.nkeys = 0};
    if (sp_names(cli->conf, s, cli->pool, &sp, err) != 0)
        return -1;
    return err_set(err, ERR_USAGE,
                   "connection %s: a captured response is needed. At the identity provider, register us with the "
                   "metadata that\n"
                   "doorward sso metadata %s prints, or by hand with\n"
                   "  entity id (audience)            %s\n"
                   "  assertion consumer service URL  %s\n"
                   "then sign in once, keep the form field SAMLResponse (XML or base64) in a file, and run: "
                   "doorward sso test %s --response FILE",
                   conf_name(s), conf_name(s), sp.entity_id, sp.acs_url, conf_name(s));
}

static void fill_policy(struct cli *cli, const struct conf_section *s, const struct saml_idp *idp, const struct sp *sp,
                        const char **domains, size_t max, struct saml_policy *ret)
{
    *ret = (struct saml_policy){.entity_id = sp->entity_id,
                                .acs_url = sp->acs_url,
                                .idp = idp,
                                .keys = sp->keys,
                                .nkeys = sp->nkeys,
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
}

static void print_checks(struct cli *cli, const struct saml_report *report)
{
    static const char *const marks[] = {"ok", "FAILED", "-"};
    const char *colors[] = {term_green(), term_red(), term_yellow()};
    for (size_t i = 0; i < report->nchecks; i++) {
        const struct check *c = &report->checks[i];
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
    CLEANUP(sp_release) struct sp sp = {.nkeys = 0};
    struct saml_policy policy;
    const char *domains[256];
    if (sp_names(cli->conf, s, cli->pool, &sp, err) != 0 || gate_metadata(cli_state_dir(cli), s, cli->now, &idp, err) != 0 ||
        file_read(cli->response, SAML_RESPONSE_MAX * 2, &response, err) != 0 || cli_open(cli, STORE_WRITE, err) != 0 ||
        sp_keys(cli->conf, cli_state_dir(cli), false, cli->now, &sp, err) != 0)
        return -1;
    fill_policy(cli, s, idp, &sp, domains, 256, &policy);
    struct saml_report report;
    struct err refusal = ERR_INIT;
    saml_response_verify(cli->pool, (struct span){response.data, response.len}, &policy, &report, &refusal);
    return finish_test(cli, s, &report, &refusal, err);
}
