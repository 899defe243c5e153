/* doorward sso roll-key: our own key exchanged for a new one, a step at a time. */
#include "base/clock.h"
#include "cli/cli.h"
#include "gate/roll.h"
#include "store/audit.h"

int command_sso_roll_key(struct cli *cli, struct err *err)
{
    static const char *const said[] = {
        [ROLL_MAKE] = "A next key was made. It is published beside the current one, which still signs.\n"
                      "Next: reload the server, have every identity provider take our metadata, and run this again.",
        [ROLL_SWITCH] = "The next key is the current one now, and signs. The old one is still published, and still reads\n"
                        "what is encrypted to it. Next: reload the server, have every identity provider take our metadata,\n"
                        "and run this again.",
        [ROLL_DROP] = "The old key is gone. Next: reload the server."};
    enum roll_step step;
    if (cli_open(cli, STORE_WRITE, err) != 0 ||
        roll_key(cli->conf, cli_state_dir(cli), cli->yes, cli->now, &step, err) != 0)
        return -1;
    struct audit_record record = {AUDIT_KEY_ROLLED, "saml", AUDIT_DETAIL(AUDIT_TEXT("step", roll_names[step]))};
    if (audit_write(cli->store, &record, err) != 0)
        return -1;
    puts(said[step]);
    return 0;
}
