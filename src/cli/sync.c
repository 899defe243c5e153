/* doorward sync: turning a team's sync on, which the gate has a word in, and off. */
#include "cli/cli.h"
#include "cli/gate.h"
#include "gate/gate.h"
#include "store/audit.h"
#include "store/policy.h"

static int keep_enabled(struct cli *cli, const char *team, bool on, struct err *err)
{
    struct team_row row = {0};
    struct audit_record record = {.what = on ? AUDIT_SYNC_ENABLED : AUDIT_SYNC_DISABLED, .subject = team};
    if (db_begin(cli->store->db, err) != 0)
        return -1;
    int r = team_get(cli->store->db, team, &row, err);
    team_row_release(&row);
    if (r == 0 && team_enable(cli->store->db, row.id, on ? cli->now : 0, err) == 0 &&
        audit_write(cli->store, &record, err) == 0)
        return db_commit(cli->store->db, err);
    db_rollback(cli->store->db);
    return -1;
}

static int set_enabled(struct cli *cli, bool on, struct err *err)
{
    const struct conf_section *team;
    struct gate gate;
    if (cli_conf(cli, err) != 0 || cli_section(cli, "team", cli->words[0], &team, err) != 0 ||
        cli_open(cli, STORE_WRITE, err) != 0 ||
        gate_check(cli->store, cli->conf, cli->now, true, cli->pool, &gate, err) != 0)
        return -1;
    if (on && (gate.n == 0 || gate_all_closed(&gate))) {
        gate_print(&gate, stderr);
        return err_set(err, ERR_GATE, "team %s: sync is not enabled, because the gate is closed for every domain",
                       conf_name(team));
    }
    if (keep_enabled(cli, conf_name(team), on, err) != 0)
        return -1;
    if (!on)
        printf("team %s: sync is off; nothing on its platform is changed any more\n", conf_name(team));
    else
        printf("team %s: sync is on. Next: doorward plan %s\n", conf_name(team), conf_name(team));
    if (on && gate_any_closed(&gate))
        gate_print(&gate, stdout);
    return 0;
}

int command_sync_enable(struct cli *cli, struct err *err)
{
    return set_enabled(cli, true, err);
}

int command_sync_disable(struct cli *cli, struct err *err)
{
    return set_enabled(cli, false, err);
}
