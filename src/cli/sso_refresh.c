/* doorward sso refresh, accept: identity providers' metadata from their addresses, and the administrator's word on it. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "gate/gate.h"
#include "gate/refresh.h"
#include "store/audit.h"

static bool has_url(const struct conf_section *s)
{
    return strcmp(conf_variant(s), "saml") == 0 && conf_str(s, "metadata-url");
}

/* What is wrong, on standard error; what is new, on standard output. 0: nothing is wrong */
static int say(struct cli *cli, const struct conf_section *s, bool changed)
{
    const char *name = conf_name(s), *trouble = refresh_trouble(cli_state_dir(cli), s, cli->pool);
    if (trouble)
        fprintf(stderr, "connection %s: %s\n", name, trouble);
    else if (changed || !cli->quiet)
        printf("connection %s: %s\n", name, changed ? "new metadata counts from now on" : "metadata is as before");
    return trouble ? 1 : 0;
}

static int refresh_one(struct cli *cli, const struct conf_section *s, int *status, struct err *err)
{
    struct refresh how;
    bool changed;
    if (refresh_look(cli_state_dir(cli), s, cli->now, cli->pool, &how, &changed, err) != 0)
        return -1;
    *status |= say(cli, s, changed);
    return 0;
}

int command_sso_refresh(struct cli *cli, struct err *err)
{
    const struct conf_section *only = NULL;
    int status = 0;
    if (cli_conf(cli, err) != 0 || (cli->nwords && cli_section(cli, "connection", cli->words[0], &only, err) != 0))
        return -1;
    if (only && !has_url(only))
        return err_set(err, ERR_USAGE, "connection %s: there is no metadata-url", conf_name(only));
    /* Not for writing: a run that goes on meanwhile holds that lock. */
    if (cli_open(cli, STORE_READ, err) != 0 || (!cli->store && cli_open(cli, STORE_WRITE, err) != 0))
        return -1;
    for (const struct conf_section *s = conf_next(cli->conf, "connection", NULL); s;
         s = conf_next(cli->conf, "connection", s))
        if (has_url(s) && (!only || s == only) && refresh_one(cli, s, &status, err) != 0)
            return -1;
    return status;
}

int command_sso_accept(struct cli *cli, struct err *err)
{
    const struct conf_section *s;
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    if (cli_conf(cli, err) != 0 || cli_section(cli, "connection", cli->words[0], &s, err) != 0)
        return -1;
    if (!has_url(s))
        return err_set(err, ERR_USAGE, "connection %s: there is no metadata-url", conf_name(s));
    if (cli_open(cli, STORE_WRITE, err) != 0 ||
        refresh_accept(cli_state_dir(cli), s, cli->words[1], cli->now, &idp, err) != 0)
        return -1;
    struct audit_record record = {AUDIT_METADATA_ACCEPTED, conf_name(s),
                                  AUDIT_DETAIL(AUDIT_TEXT("entity", idp->entity_id), AUDIT_TEXT("digest", idp->digest))};
    if (audit_write(cli->store, &record, err) != 0)
        return -1;
    printf("connection %s: its metadata counts from now on: %s\n", conf_name(s),
           text_printable(cli->pool, span_str(idp->entity_id)));
    for (size_t i = 0; i < idp->nkeys; i++) {
        char until[CLOCK_TEXT_MAX];
        printf("  %s until %s, SHA-256 fingerprint %s\n", idp->keys[i].cert.subject,
               clock_format(idp->keys[i].cert.not_after, until), idp->keys[i].cert.fingerprint);
    }
    return 0;
}
