/* doorward check: what others run is reached, and what it says told. */
#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/gate.h"
#include "cli/json.h"
#include "cli/term.h"
#include "cli/token.h"
#include "connectors/connector.h"
#include "gate/gate.h"
#include "gate/refresh.h"
#include "gate/rp.h"
#include "oidc/call.h"
#include "push/directories.h"
#include "push/directory.h"
#include "roster/platforms.h"

struct checks {
    struct cli *cli;
    struct pool *pool;
    json_t *list; /* of --json; NULL: each is printed at once */
    json_t *last; /* its row of the last one, borrowed */
    bool ok;
};

static void say(struct checks *c, bool ok, const char *what, const char *detail)
{
    c->ok &= ok;
    if (!c->list) {
        printf("%s%s%s  %s%s%s\n", ok ? term_green() : term_red(), ok ? "ok    " : "FAILED", term_plain(), what,
               *detail ? ": " : "", detail);
        return;
    }
    c->last = json_pack("{s:s, s:b, s:s}", "what", what, "ok", ok, "detail", detail);
    json_array_append_new(c->list, c->last);
}

/* --- directories -------------------------------------------------------------------------------------------------- */

/* What is told beside it, below it. */
static void add_lines(struct checks *c, const char *lines)
{
    json_t *notes = c->list ? json_array() : NULL;
    for (size_t n; *lines; lines += n + (lines[n] == '\n')) {
        n = strcspn(lines, "\n");
        if (notes)
            json_array_append_new(notes, json_stringn(lines, n));
        else
            printf("        %.*s\n", (int)n, lines);
    }
    if (notes)
        json_object_set_new(c->last, "notes", notes);
}

static void check_directory(struct checks *c, const struct conf_section *s)
{
    struct err err = ERR_INIT;
    const char *what = pool_printf(c->pool, "directory %s", conf_name(s)), *pushed = NULL;
    const struct directory_connector *connector = directory_connector_find(conf_variant(s));
    struct directory *directory = NULL;
    if (connector == &push_connector) {
        bool ok = token_check_directory(c->cli, s, &pushed, &err) == 0;
        say(c, ok, what, ok ? pushed : err.text);
        return;
    }
    if (connector->open(s, c->cli->store, &directory, &err) != 0) {
        say(c, false, what, err.text);
        return;
    }
    say(c, true, what, connector->describe(directory));
    if (connector->tell)
        add_lines(c, connector->tell(directory, c->pool));
    connector->close(&directory);
}

/* --- platforms ---------------------------------------------------------------------------------------------------- */

/* "can     page by index, sort"; nothing when there is none. */
static void print_abilities(struct checks *c, const struct platform_report *report, bool can)
{
    CLEANUP(buf_release) struct buf list = BUF_INIT;
    for (size_t i = 0; i < report->nabilities; i++)
        if (report->abilities[i].can == can)
            buf_printf(&list, "%s%s", list.len ? ", " : "", report->abilities[i].words);
    if (list.len)
        printf("        %-8s%s\n", can ? "can" : "cannot", text_printable(c->pool, span_str(list.data)));
}

static void print_report(struct checks *c, const struct platform_report *report)
{
    print_abilities(c, report, true);
    print_abilities(c, report, false);
    for (size_t i = 0; i < report->nnotes; i++)
        printf("        %snote%s    %s\n", term_yellow(), term_plain(),
               text_printable(c->pool, span_str(report->notes[i])));
}

static void add_report(json_t *row, const struct platform_report *report)
{
    json_t *abilities = json_array(), *notes = json_array();
    for (size_t i = 0; i < report->nabilities; i++)
        json_array_append_new(abilities, json_pack("{s:s, s:b, s:s}", "name", report->abilities[i].name, "can",
                                                   report->abilities[i].can, "words", report->abilities[i].words));
    for (size_t i = 0; i < report->nnotes; i++)
        json_array_append_new(notes, json_string(report->notes[i]));
    json_object_set_new(row, "abilities", abilities);
    json_object_set_new(row, "notes", notes);
}

static void check_platform(struct checks *c, const struct conf_section *s)
{
    struct err err = ERR_INIT;
    struct platform_report report = {0};
    const char *what = pool_printf(c->pool, "platform %s", conf_name(s));
    const struct platform_connector *connector = platform_connector_find(conf_variant(s));
    struct platform *platform = NULL;
    if (!connector->examine)
        return;
    int r = connector->open(s, c->cli->store, 0, c->cli->now, &platform, &err);
    if (r == 0)
        r = connector->examine(platform, c->pool, &report, &err);
    if (platform)
        connector->close(&platform);
    say(c, r == 0, what, r == 0 ? report.where : err.text);
    if (r == 0 && c->list)
        add_report(c->last, &report);
    else if (r == 0)
        print_report(c, &report);
}

/* --- connections -------------------------------------------------------------------------------------------------- */

/* NULL: nothing is wrong. */
static const char *look_at_url(struct checks *c, const struct conf_section *s)
{
    struct refresh how;
    bool changed;
    struct err err = ERR_INIT;
    if (!conf_str(s, "metadata-url"))
        return NULL;
    if (refresh_look(cli_state_dir(c->cli), s, c->cli->now, c->pool, &how, &changed, &err) != 0)
        return pool_strdup(c->pool, err.text);
    return refresh_trouble(cli_state_dir(c->cli), s, c->pool);
}

/* What we show it, and what it says of itself. */
static void check_provider(struct checks *c, const struct conf_section *s, const char *what)
{
    CLEANUP(rp_release) struct rp rp = {.secret = BUF_INIT};
    CLEANUP(keyset_free) struct keyset *keys = NULL;
    const char *ca_file = conf_str(s, "ca-file");
    struct provider provider;
    struct err err = ERR_INIT;
    if (rp_read(s, &rp, &err) != 0 ||
        call_discovery(c->pool, &call_directly, ca_file, conf_str(s, "issuer"), &provider, &err) != 0 ||
        call_keyset(&call_directly, ca_file, &provider, &keys, &err) != 0)
        say(c, false, what, err.text);
    else
        say(c, true, what, pool_printf(c->pool, "%s, %zu keys", provider.issuer, keyset_count(keys)));
}

static void check_idp(struct checks *c, const struct conf_section *s, const char *what)
{
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    const char *trouble = look_at_url(c, s);
    struct err err = ERR_INIT;
    char when[CLOCK_TEXT_MAX];
    if (gate_metadata(cli_state_dir(c->cli), s, c->cli->now, &idp, &err) != 0) {
        say(c, false, what, trouble ? pool_printf(c->pool, "%s; %s", err.text, trouble) : err.text);
        return;
    }
    int64_t until = gate_certificates_until(idp, c->cli->now);
    if (trouble)
        say(c, false, what, trouble);
    else if (until <= c->cli->now)
        say(c, false, what, "no signing certificate is valid now; get new metadata from the identity provider");
    else
        say(c, true, what,
            pool_printf(c->pool, "%s, certificates until %s", idp->entity_id, clock_format(until, when)));
}

static void check_connection(struct checks *c, const struct conf_section *s)
{
    const char *what = pool_printf(c->pool, "connection %s", conf_name(s));
    if (strcmp(conf_variant(s), "oidc") == 0)
        check_provider(c, s, what);
    else
        check_idp(c, s, what);
}

static void check_gate(struct checks *c, const struct gate *gate)
{
    for (size_t i = 0; i < gate->n; i++) {
        const struct gate_domain *d = &gate->domains[i];
        say(c, d->open, pool_printf(c->pool, "gate of %s", d->domain),
            d->open ? "open" : pool_printf(c->pool, "%s; next: %s", d->reason, d->remedy));
    }
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static const struct {
    const char *kind;
    void (*check)(struct checks *c, const struct conf_section *s);
} kinds[] = {{"directory", check_directory}, {"platform", check_platform}, {"connection", check_connection}};

static int check_all(struct checks *c, struct gate *gate, struct err *err)
{
    const struct conf *conf = c->cli->conf;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (const struct conf_section *s = conf_next(conf, kinds[i].kind, NULL); s;
             s = conf_next(conf, kinds[i].kind, s))
            kinds[i].check(c, s);
    if (gate_check(c->cli->store, conf, c->cli->now, true, c->pool, gate, err) != 0)
        return -1;
    check_gate(c, gate);
    return 0;
}

int command_check(struct cli *cli, struct err *err)
{
    struct gate gate;
    if (cli_open(cli, STORE_WRITE, err) != 0)
        return -1;
    struct checks c = {.cli = cli, .pool = cli->pool, .list = cli->json ? json_array() : NULL, .ok = true};
    int r = check_all(&c, &gate, err);
    if (r == 0 && c.list) {
        json_t *document = json_pack("{s:s, s:b, s:O}", "format", "doorward-check/1", "ok", c.ok, "checks", c.list);
        json_print(document);
        json_decref(document);
    } else if (r == 0) {
        gate_print_warnings(&gate, stdout);
    }
    json_decref(c.list);
    if (r != 0)
        return -1;
    return c.ok ? 0 : err_exit_status(gate_any_closed(&gate) ? ERR_GATE : ERR_FAILED);
}
