/* doorward sso test: one sign-in, by a link or captured, checked by every rule and shown. */
#include <inttypes.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/sso_link.h"
#include "cli/sso_report.h"
#include "gate/gate.h"
#include "gate/sp.h"
#include "saml/response.h"
#include "signin/compare.h"
#include "signin/finding.h"

struct asking {
    struct cli *cli;
    const char *connection;
};

static int used_before(void *arg, const char *assertion_id)
{
    const struct asking *a = arg;
    bool seen = true;
    struct err ignored = ERR_INIT;
    const char *name = finding_assertion(a->cli->pool, a->connection, assertion_id);
    if (once_seen(a->cli->store, SIGNIN_ASSERTION, name, &seen, &ignored) != 0)
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
    struct asking *asking = pool_zero(cli->pool, sizeof *asking);
    *asking = (struct asking){cli, conf_name(s)};
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
                                .used_before_arg = asking};
    static const char *const keys[SAML_FIELD_COUNT] = {[SAML_EMAIL] = "attribute-email",
                                                       [SAML_GIVEN_NAME] = "attribute-given-name",
                                                       [SAML_FAMILY_NAME] = "attribute-family-name",
                                                       [SAML_IMMUTABLE_ID] = "attribute-id",
                                                       [SAML_DISPLAY_NAME] = "attribute-display-name"};
    for (int f = 0; f < SAML_FIELD_COUNT; f++)
        ret->attribute[f] = conf_str(s, keys[f]);
}

/* "once": what is used up when the test is recorded. */
static json_t *report_of(struct cli *cli, const struct conf_section *s, const struct finding *finding,
                         const struct check *compared, const char *fault)
{
    json_t *report = finding_report(conf_name(s), finding, compared, COMPARE_CHECKS, fault, cli->pool);
    if (finding->claim && finding->claim->once_kind)
        json_object_set_new(report, "once",
                            json_pack("{s:s, s:s, s:I}", "kind", finding->claim->once_kind, "value",
                                      finding->claim->once_value ? finding->claim->once_value : "", "until",
                                      (json_int_t)finding->claim->once_until));
    return report;
}

static int take_response(struct cli *cli, const struct conf_section *s, const struct saml_policy *policy,
                         struct span response, struct err *err)
{
    struct saml_report report;
    struct finding finding;
    struct check compared[COMPARE_CHECKS];
    struct err refusal = ERR_INIT;
    const struct signin in = {.conf = cli->conf, .store = cli->store, .pool = cli->pool, .now = cli->now};
    int verified = saml_response_verify(cli->pool, response, policy, &report, &refusal);
    finding_of_saml(&report, conf_name(s), cli->pool, &finding);
    if (compare_with_mirror(&in, s, finding.claim, true, compared, err) != 0)
        return -1;
    const char *fault = verified == 0 ? compare_fault(compared, COMPARE_CHECKS) : refusal.text;
    json_t *j = report_of(cli, s, &finding, compared, fault);
    int r = sso_report_take(cli, s, j, err);
    json_decref(j);
    return r;
}

static int test_file(struct cli *cli, const struct conf_section *s, struct err *err)
{
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
    return take_response(cli, s, &policy, (struct span){response.data, response.len}, err);
}

/* Metadata that cannot be read is known before anybody opens a link. */
static int test_link(struct cli *cli, const struct conf_section *s, struct err *err)
{
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    json_t *report = NULL;
    if ((strcmp(conf_variant(s), "saml") == 0 && gate_metadata(cli_state_dir(cli), s, cli->now, &idp, err) != 0) ||
        sso_link_wait(cli, s, &report, err) != 0)
        return -1;
    int r = sso_report_take(cli, s, report, err);
    json_decref(report);
    return r;
}

int command_sso_test(struct cli *cli, struct err *err)
{
    const struct conf_section *s;
    if (cli_conf(cli, err) != 0 || cli_section(cli, "connection", cli->words[0], &s, err) != 0)
        return -1;
    bool saml = strcmp(conf_variant(s), "saml") == 0;
    if (cli->response && !saml)
        return err_set(err, ERR_USAGE,
                       "connection %s: there is nothing to capture of an OIDC sign-in; run: doorward sso test %s",
                       conf_name(s), conf_name(s));
    if (cli->response)
        return test_file(cli, s, err);
    bool served = conf_written(conf_find(cli->conf, "serve", NULL)) &&
                  conf_str(conf_find(cli->conf, "organization", NULL), "url");
    if (!served && !saml)
        return err_set(err, ERR_CONFIG,
                       "connection %s: doorward serve is needed to test it; write a [serve] section and the "
                       "organization's url",
                       conf_name(s));
    return served ? test_link(cli, s, err) : ask_for_response(cli, s, err);
}
