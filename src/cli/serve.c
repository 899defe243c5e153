/* doorward serve: the sign-in server and the schedule, in the foreground. */
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/privilege.h"
#include "cli/schema.h"
#include "daemon/daemon.h"
#include "web/looks.h"

struct serving {
    const char *conf_path;
    const char *state_option; /* typed; NULL: as configured */
    const char *state_dir;
};

static int check(const struct conf *conf, const char *path, struct err *err)
{
    if (!conf_written(conf_find(conf, "serve", NULL)))
        return err_set(err, ERR_CONFIG,
                       "%s: there is no [serve] section; add one, see: doorward help serve. Without a sign-in server, "
                       "doorward-sync.timer runs the sync",
                       path);
    if (!conf_str(conf_find(conf, "organization", NULL), "url"))
        return err_set(err, ERR_CONFIG,
                       "%s: organization: url is missing; write the address that browsers reach this server at",
                       conf_where(conf_find(conf, "organization", NULL)));
    return 0;
}

/* For a reload: everything that was checked at the start, and nothing that takes a new start. */
static int load(void *ctx, struct conf **ret, struct err *err)
{
    const struct serving *serving = ctx;
    CLEANUP(conf_free) struct conf *conf = NULL;
    if (conf_load(serving->conf_path, schema_get(), &conf, NULL, err) != 0 || schema_check_products(conf, err) != 0 ||
        schema_check_maps(conf, err) != 0 ||
        schema_check_pushed(conf, err) != 0 ||
        looks_check(conf, err) != 0 || check(conf, serving->conf_path, err) != 0)
        return -1;
    const struct conf_section *organization = conf_find(conf, "organization", NULL);
    if (!serving->state_option && strcmp(conf_str(organization, "state-dir"), serving->state_dir) != 0)
        return err_set(err, ERR_CONFIG, "%s: organization: state-dir is another; that takes a restart",
                       conf_where_key(organization, "state-dir", 0));
    *ret = TAKE(conf);
    return 0;
}

int command_serve(struct cli *cli, struct err *err)
{
    if (cli_conf(cli, err) != 0 || check(cli->conf, cli->conf_path, err) != 0)
        return -1;
    const char *state_dir = pool_strdup(cli->pool, cli_state_dir(cli));
    if (privilege_become_owner(state_dir, err) != 0)
        return -1;
    const char *const typed[] = {"-c", cli->conf_path, "--state", state_dir, "apply", "--yes", "--quiet", NULL};
    const char *const refresh[] = {"-c", cli->conf_path, "--state", state_dir, "sso", "refresh", "--quiet", NULL};
    struct serving serving = {.conf_path = cli->conf_path, .state_option = cli->state_dir, .state_dir = state_dir};
    struct daemon daemon = {
        .conf = TAKE(cli->conf), .state_dir = state_dir, .run_words = typed, .refresh_words = refresh, .load = load, .ctx = &serving};
    int status = daemon_run(&daemon, err);
    conf_free(&daemon.conf);
    return status;
}
