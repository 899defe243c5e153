/* doorward sso: connections to identity providers: their state, our metadata for them, and turning them on. */
#include <inttypes.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/term.h"
#include "gate/gate.h"
#include "gate/refresh.h"
#include "gate/rp.h"
#include "gate/sp.h"
#include "store/arrivals.h"
#include "store/audit.h"

#define DAY 86400

/* --- list --------------------------------------------------------------------------------------------------------------- */

struct listed {
    struct connection_row row;
    const char *entity, *trouble;
    int64_t certificates_until, metadata_until, last_sign_in;
    struct gate_warning warnings[GATE_WARNINGS_MAX];
    size_t nwarnings;
};

/* What will end, and when it was last seen to work. */
static int read_facts(struct cli *cli, const struct conf_section *s, struct listed *ret, struct err *err)
{
    struct gate_facts facts = {.domain = "", .proved = true};
    struct gate_domain verdict;
    if (!cli->store)
        return 0;
    if (gate_connection(cli->store, cli->conf, s, cli->now, cli->pool, &facts, err) != 0)
        return -1;
    ret->last_sign_in = facts.tested_at;
    gate_judge(&facts, cli->now, cli->pool, &verdict);
    memcpy(ret->warnings, verdict.warnings, sizeof ret->warnings);
    ret->nwarnings = verdict.nwarnings;
    if (facts.active && !verdict.open)
        ret->warnings[ret->nwarnings++] = (struct gate_warning){verdict.reason, verdict.remedy};
    return 0;
}

static json_t *warnings_json(const struct listed *l)
{
    json_t *list = json_array();
    for (size_t w = 0; w < l->nwarnings; w++)
        json_array_append_new(list, json_string(l->warnings[w].text));
    return list;
}

static int read_listed(struct cli *cli, const struct conf_section *s, struct listed *ret, struct err *err)
{
    *ret = (struct listed){.row = {.name = conf_name(s), .entity = "", .tested_as = ""}, .entity = ""};
    if (cli->store && connection_get(cli->store, conf_name(s), cli->pool, &ret->row, err) != 0)
        return -1;
    if (read_facts(cli, s, ret, err) != 0)
        return -1;
    if (strcmp(conf_variant(s), "saml") != 0) {
        ret->entity = conf_str(s, "issuer");
        return 0;
    }
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    struct err trouble = ERR_INIT;
    if (gate_metadata(cli_state_dir(cli), s, cli->now, &idp, &trouble) != 0) {
        const char *more = conf_str(s, "metadata-url") ? refresh_trouble(cli_state_dir(cli), s, cli->pool) : NULL;
        ret->trouble = pool_printf(cli->pool, "%s%s%s", trouble.text, more ? "; " : "", more ? more : "");
        return 0;
    }
    if (conf_str(s, "metadata-url"))
        ret->trouble = refresh_trouble(cli_state_dir(cli), s, cli->pool);
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
    char tested[CLOCK_TEXT_MAX], certificates[CLOCK_TEXT_MAX], active[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX];
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s?, s:s, s:o}", "connection", l->row.name, "type", type, "state",
                     connection_state_names[l->row.state], "entity", l->entity, "tested_at",
                     clock_format(l->row.tested_at, tested), "tested_as", l->row.tested_as, "activated_at",
                     clock_format(l->row.activated_at, active), "certificates_until",
                     clock_format(l->certificates_until, certificates), "trouble", l->trouble, "last_sign_in",
                     clock_format(l->last_sign_in, last), "warnings", warnings_json(l));
}

int command_sso_list(struct cli *cli, struct err *err)
{
    if (cli_open(cli, STORE_READ, err) != 0)
        return -1;
    CLEANUP(table_free) struct table *table = table_new(6);
    static const char *const head[] = {"CONNECTION", "TYPE", "STATE", "SIGNED IN", "CERTIFICATES", "IDENTITY PROVIDER"};
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
                               clock_format(l.last_sign_in, tested),
                               days_left(cli, l.certificates_until),
                               text_printable(cli->pool, span_str(l.entity))};
        table_add(table, cells);
        json_array_append_new(list, listed_json(&l, conf_variant(s)));
        if (l.trouble)
            buf_printf(&troubles, "connection %s: %s\n", l.row.name, l.trouble);
        for (size_t w = 0; w < l.nwarnings; w++)
            buf_printf(&troubles, "connection %s: %s\n  next: %s\n", l.row.name, l.warnings[w].text,
                       l.warnings[w].remedy);
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

/* --- our metadata ------------------------------------------------------------------------------------------------------- */

static int print_out(const struct cli *cli, const struct buf *text, struct err *err)
{
    if (cli->out)
        return file_replace(cli->out, text->data, text->len, 0644, err);
    puts(text->data);
    return 0;
}

/* Opened for writing: the first call makes the key. */
static int write_metadata(struct cli *cli, const struct conf_section *s, struct buf *ret, struct err *err)
{
    CLEANUP(sp_release) struct sp sp = {.nkeys = 0};
    if (sp_names(cli->conf, s, cli->pool, &sp, err) != 0 || cli_open(cli, STORE_WRITE, err) != 0 ||
        sp_keys(cli->conf, cli_state_dir(cli), true, cli->now, &sp, err) != 0)
        return -1;
    return sp_metadata(cli->conf, &sp, cli->now, ret, err);
}

int command_sso_metadata(struct cli *cli, struct err *err)
{
    const struct conf_section *s;
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    if (cli_conf(cli, err) != 0 || cli_section(cli, "connection", cli->words[0], &s, err) != 0)
        return -1;
    bool saml = strcmp(conf_variant(s), "saml") == 0;
    if ((saml ? write_metadata(cli, s, &text, err) : rp_metadata(cli->conf, s, &text, err)) != 0)
        return -1;
    return print_out(cli, &text, err);
}

/* --- activate ------------------------------------------------------------------------------------------------------------- */

static int test_first(const struct conf_section *s, const char *fault, struct err *err)
{
    return err_set(err, ERR_GATE, "connection %s: %s; run: doorward sso test %s%s", conf_name(s), fault, conf_name(s),
                   strcmp(conf_variant(s), "saml") == 0 ? " --response FILE" : "");
}

#define OTHER "names another identity provider than the one that was tested"

static int metadata_allows(const struct cli *cli, const struct conf_section *s, const struct connection_row *row,
                           struct err *err)
{
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    if (gate_metadata(cli_state_dir(cli), s, cli->now, &idp, err) != 0)
        return -1;
    if (strcmp(idp->entity_id, row->entity) != 0)
        return test_first(s, "its metadata " OTHER, err);
    if (gate_certificates_until(idp, cli->now) <= cli->now)
        return err_set(
            err, ERR_GATE,
            "connection %s: no signing certificate is valid now; get new metadata from the identity provider",
            conf_name(s));
    return 0;
}

static int may_activate(const struct cli *cli, const struct conf_section *s, const struct connection_row *row,
                        struct err *err)
{
    if (row->state == CONNECTION_CONFIGURED || !row->tested_at)
        return test_first(s, "not tested", err);
    char valid[CLOCK_TEXT_MAX];
    int64_t last;
    if (gate_last_sign_in(cli->store, row, cli->now, &last, err) != 0)
        return -1;
    if (last + conf_int(s, "test-valid") <= cli->now)
        return test_first(s,
                          pool_printf(cli->pool, "the last test is older than %s",
                                      clock_format_duration(conf_int(s, "test-valid"), valid)),
                          err);
    if (strcmp(conf_variant(s), "saml") == 0)
        return metadata_allows(cli, s, row, err);
    return strcmp(conf_str(s, "issuer"), row->entity) == 0 ? 0 : test_first(s, "its issuer " OTHER, err);
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

/* --- forget --------------------------------------------------------------------------------------------------------------- */

/* Of a connection that is no longer configured, too. */
int command_sso_forget(struct cli *cli, struct err *err)
{
    CLEANUP(signins_close) struct signins *signins = NULL;
    const char *name = cli->words[0], *id = cli->words[1];
    if (cli_open(cli, STORE_READ, err) != 0 || (cli->store && signins_open(cli_state_dir(cli), &signins, err) != 0))
        return -1;
    int dropped = signins ? arrivals_drop(signins, name, id, err) : 0;
    if (dropped == 0)
        return err_set(err, ERR_NOT_FOUND,
                       "connection %s: nobody with the id '%s' came in through it; doorward report arrivals shows who did",
                       text_printable(cli->pool, span_str(name)), text_printable(cli->pool, span_str(id)));
    if (dropped > 0)
        printf("%s is forgotten and signed out\n", text_printable(cli->pool, span_str(id)));
    return dropped < 0 ? -1 : 0;
}
