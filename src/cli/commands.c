/* The table of commands, and the help that is printed from it. */
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/schema.h"
#include "cli/term.h"

#define NO_LIMIT 1000

const struct command commands[] = {
    {"check-config", "", NULL, 0, 0, command_check_config, "read and check the configuration, no network",
     "Prints the effective configuration: every key with its value or default. Of\n"
     "secrets, only where they lie. The output can be used as a configuration itself.\n"
     "With errors, all of them are printed, with file and line, and the exit status is\n"
     "78.\n\n"
     "  doorward -c /etc/doorward/doorward.conf check-config\n"},
    {"check", "", NULL, 0, 0, command_check, "reach every directory, platform, connection and domain; report",
     "Connects to every directory and platform, reads every connection's metadata, looks\n"
     "every proof up, and changes nothing else. Of a platform it tells what the service can\n"
     "and cannot do, and what is made of that.\n"},
    {"domain", "", NULL, 0, 0, command_domain_list, "every domain and its proof", NULL},
    {"domain list", "", NULL, 0, 0, command_domain_list, "every domain and its proof", NULL},
    {"domain challenge", "DOMAIN", NULL, 1, 1, command_domain_challenge, "the TXT record and the file to publish",
     "Makes the domain's token at the first call, and shows it again at every other.\n\n"
     "  doorward domain challenge example.com\n"},
    {"domain verify", "[DOMAIN…]", "M", 0, NO_LIMIT, command_domain_verify, "look for the proof",
     "Looks for the TXT record and then for the file. --method dns or --method https\n"
     "looks for one only.\n\n"
     "  doorward domain verify\n"
     "  doorward domain verify example.com --method dns\n"},
    {"sso", "", NULL, 0, 0, command_sso_list, "connections, their state, certificates and days left", NULL},
    {"sso list", "", NULL, 0, 0, command_sso_list, "connections, their state, certificates and days left", NULL},
    {"sso metadata", "CONNECTION [-o FILE]", "o", 1, 1, command_sso_metadata, "our metadata, for the identity provider",
     "Who we are to this connection's identity provider. SAML: entity id, addresses and\n"
     "certificates, signed; the first call makes our key, unless key-file names one.\n"
     "OIDC: the addresses to register our client with, as JSON.\n\n"
     "  doorward sso metadata adfs -o doorward.xml\n"},
    {"sso refresh", "[CONNECTION] [--quiet]", NULL, 0, 1, command_sso_refresh,
     "take identity providers' metadata from metadata-url anew",
     "Asks the metadata-url of the connection, or of all. What says nothing new about whom\n"
     "to trust counts at once, and so does what metadata-signer-file vouches for; anything\n"
     "else waits for \"doorward sso accept\". \"doorward serve\" does the same by itself.\n"
     "Exit status 1 when something is wrong or waits.\n\n"
     "  doorward sso refresh adfs\n"},
    {"sso accept", "CONNECTION DIGEST", NULL, 2, 2, command_sso_accept,
     "let metadata count that names new certificates or another entity id",
     "DIGEST is how the document begins that \"doorward sso list\" shows. Before, ask who\n"
     "runs the identity provider whether the certificate shown is theirs.\n\n"
     "  doorward sso accept adfs 3fa94c01\n"},
    {"sso roll-key", "[--yes]", "Y", 0, 0, command_sso_roll_key, "exchange our own SAML key, a step at a time",
     "Three steps, with days between them: a next key is made and published beside the\n"
     "current one; it becomes the current one, and the old one still reads what is encrypted\n"
     "to it; the old one is gone. After each, reload the server and have every identity\n"
     "provider take our metadata. --yes when they have it before a day is over. Keys that are\n"
     "written as key-file are exchanged by their lines instead.\n"},
    {"sso test", "CONNECTION [--timeout TIME] [--response FILE]", "RT", 1, 1, command_sso_test,
     "sign in once and show every check and attribute",
     "Prints a link to doorward serve, which has to run, and waits at most 15 minutes, or\n"
     "--timeout, for somebody to sign in through it at the identity provider: the real\n"
     "flow, although the connection is not active. Then every check is shown, what was\n"
     "sent, and whether the directory agrees about this person: a difference is a failed\n"
     "test. Nobody is signed in by it. --json prints two documents: the link, the report.\n\n"
     "--response checks a captured SAML response instead (the SAMLResponse form field, as\n"
     "XML or base64), under every rule but one: it need not answer a request of ours. A\n"
     "response passes once, and is refused when it is older than the identity provider\n"
     "allows.\n\n"
     "  doorward sso test adfs\n"
     "  doorward sso test adfs --response response.txt\n"},
    {"sso activate", "CONNECTION", NULL, 1, 1, command_sso_activate, "turn a tested connection on", NULL},
    {"sso deactivate", "CONNECTION", NULL, 1, 1, command_sso_deactivate, "turn it off: closes the gate of its domains",
     NULL},
    {"sso forget", "CONNECTION ID", NULL, 2, 2, command_sso_forget,
     "take out somebody who came in by jit, and sign them out",
     "ID is what doorward report arrivals shows. As long as the connection has jit = yes\n"
     "they may come in again.\n"},
    {"token", "", NULL, 0, 0, command_token_list, "tokens of those who push directories to us", NULL},
    {"token list", "[DIRECTORY]", NULL, 0, 1, command_token_list, "tokens of those who push directories to us",
     "Their numbers, ends and last uses. Of the tokens themselves nothing is kept.\n"},
    {"token create", "DIRECTORY [--expires TIME] [--note TEXT]", "PO", 1, 1, command_token_create,
     "make a token for a client that pushes by SCIM; it is shown once",
     "DIRECTORY is a section with type = scim-push. Prints the address and the token, and\n"
     "where they are typed at the client. The token is good for this directory alone, for\n"
     "365d or for --expires (30d, 26w, never). Several are good at once, so that one can be\n"
     "exchanged without a gap: make the next, type it in, revoke the old one.\n\n"
     "  doorward token create entra\n"
     "  doorward token create entra --expires 90d --note 'until the move'\n"},
    {"token revoke", "DIRECTORY NUMBER", NULL, 2, 2, command_token_revoke, "let a token be good no longer, at once",
     "NUMBER is what doorward token list shows. Works while a run goes on, too.\n\n"
     "  doorward token revoke entra 3\n"},
    {"sync enable", "TEAM", NULL, 1, 1, command_sync_enable,
     "let runs change the team's platform; refused while the gate is closed", NULL},
    {"sync disable", "TEAM", NULL, 1, 1, command_sync_disable, "stop changing the team's platform", NULL},
    {"plan", "[TEAM] [-o FILE] [--json] [--exit-code]", "Eo", 0, 1, command_plan,
     "read the directory and show what would be done",
     "Changes nothing on any platform. With --exit-code the status is 2 when changes\n"
     "are pending. --json prints one document (\"doorward-plan/1\") a line for each\n"
     "team.\n\n"
     "-o FILE saves the plan as JSON with a digest, for doorward apply FILE. Give the\n"
     "team when there are several.\n\n"
     "  doorward plan\n"
     "  doorward plan design --json | jq .summary\n"
     "  doorward plan design -o plan.json\n"},
    {"apply", "[TEAM | FILE] [--approve-removals N] [--yes]", "YA", 0, 1, command_apply,
     "make the plan, show it, ask, and carry it out",
     "--yes does not ask, as the scheduled agent needs it. With a FILE that doorward\n"
     "plan -o saved, exactly that plan is carried out; it is refused (exit status 6)\n"
     "when the configuration, the directory or the platform changed since. Removals\n"
     "that are held, above the limits or because people have new ids, are carried out\n"
     "when their number is given, or typed at the terminal.\n\n"
     "An earlier run that was cut off is settled first. What a platform refuses, or does\n"
     "not answer, is skipped and listed with the reason, and the exit status is then 5;\n"
     "--json then prints one more document (\"doorward-run/1\").\n\n"
     "  doorward apply\n"
     "  doorward apply design --yes\n"
     "  doorward apply plan.json --approve-removals 412\n"},
    {"serve", "", NULL, 0, 0, command_serve, "the sign-in server, and apply on schedule; in the foreground",
     "Two processes and a small parent: one that browsers reach, and one that runs\n"
     "doorward apply --yes every [sync] schedule. Whichever dies is started again.\n"
     "SIGHUP reads the configuration and the certificate anew, and keeps the old one\n"
     "when the new is wrong; SIGTERM or Ctrl-C ends everything, a run cleanly.\n\n"
     "Needs [serve] and the organization's url: doorward help serve. Run by root it\n"
     "becomes the owner of the state folder first, who may not open a port below 1024:\n"
     "the unit doorward.service gives that right (AmbientCapabilities).\n\n"
     "  systemctl enable --now doorward\n"
     "  doorward -c doorward.conf serve\n"},
    {"explain", "PERSON [--json]", NULL, 1, 1, command_explain, "everything about one person, and why it is so",
     "PERSON is an e-mail address, a user name, an immutable id, a DN or a name. Told\n"
     "from what was last read: no network, no lock, nothing is changed. Also for\n"
     "somebody who is not synced, with the reason. --json prints one document\n"
     "(\"doorward-explain/1\").\n\n"
     "  doorward explain moritz.weber@example.com\n"},
    {"runs", "", NULL, 0, 0, command_runs_list, "the last runs", NULL},
    {"runs list", "", NULL, 0, 0, command_runs_list, "the last runs", NULL},
    {"runs show", "RUN", NULL, 1, 1, command_runs_show, "what a run did, and why", NULL},
    {"runs undo", "RUN [--yes] [--approve-removals N]", "YA", 1, 1, command_runs_undo,
     "plan the inverse of a run, show it, ask, and carry it out",
     "Puts accounts, attributes, seats and groups back as they were before the run, as\n"
     "far as nothing else changed them since; what cannot be put back is shown with\n"
     "the reason, and the exit status is then 5. Gate and guard hold for it as for any\n"
     "run; it works with sync disabled, too. Without --yes it asks; --json needs --yes.\n"
     "Removals above the limits are held (exit status 4) unless their number is typed at\n"
     "the terminal or given with --approve-removals.\n\n"
     "  doorward sync disable design\n"
     "  doorward runs undo 12\n"},
    {"runs audit", "", NULL, 0, 0, command_runs_audit, "the audit log: who changed what, oldest first",
     "With --json one record a line, with everything that its digest is made over.\n"},
    {"runs verify", "[--expect DIGEST]", "X", 0, 0, command_runs_verify,
     "check the audit log and the journal of every run",
     "Recomputes the chain of the audit log and the digest of every ended run, and names\n"
     "the first that does not fit. Prints the digest of the last record: keep it elsewhere,\n"
     "and give it with --expect later, because a log whose end was cut off fits by itself.\n\n"
     "  doorward runs verify\n"
     "  doorward runs verify --expect $(cat /mnt/elsewhere/doorward.digest)\n"},
    {"report people", "[--csv]", "K", 0, 0, command_report_people, "every account with its state and products", NULL},
    {"report seats", "[--csv]", "K", 0, 0, command_report_seats, "every product with its seats", NULL},
    {"report signins", "[--since TIME] [--connection NAME] [--csv]", "KIN", 0, 0, command_report_signins,
     "sign-ins, newest first: who, when, from where, and why not",
     "--since takes how long ago (12h, 7d, 4w) or a day. Records are kept for [serve]\n"
     "signin-retention.\n\n"
     "  doorward report signins --since 24h\n"
     "  doorward report signins --since 2026-11-01 --connection adfs --csv\n"},
    {"signin show", "REFERENCE", NULL, 1, 1, command_signin_show, "what happened behind a reference number",
     "People whom a page refuses are shown a reference number, and no reason. This tells\n"
     "when it was, who it was by their own word, from which address, why, and what to do.\n\n"
     "  doorward signin show k3v7q2mx5d\n"},
    {"report arrivals", "[--csv]", "K", 0, 0, command_report_arrivals,
     "people who came in by jit, whom no directory has", NULL},
    {"help", "[COMMAND | SECTION | all]", NULL, 0, 2, command_help,
     "this, one command, or the keys of a configuration section", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL, NULL},
};

static void print_overview(void)
{
    puts("doorward: single sign-on and directory sync, on your own premises\n\nusage: doorward [OPTION…] [COMMAND]\n");
    CLEANUP(table_free) struct table *table = table_new(2);
    static const char *const alone[] = {"(alone)", "where things stand, and the next command to type"};
    table_add(table, alone);
    for (const struct command *c = commands; c->name; c++) {
        if (strcmp(c->name, "domain list") == 0 || strcmp(c->name, "sso list") == 0 ||
            strcmp(c->name, "runs list") == 0 || strcmp(c->name, "token") == 0)
            continue; /* the same as without "list" */
        CLEANUP(freep) char *usage = mem_printf("%s %s", c->name, c->args);
        const char *cells[] = {usage, c->summary};
        table_add(table, cells);
    }
    table_print(table, "  ");
    puts("\noptions of every command:\n"
         "  -c, --config FILE   configuration; default " DOORWARD_SYSCONFDIR "/doorward/doorward.conf\n"
         "      --state DIR     state in another place than configured\n"
         "      --json          for programs\n"
         "  -v, --verbose       debug lines on standard error\n"
         "  -q, --quiet         no progress, and of a plan no more than what it sums up to\n"
         "      --color WHEN    auto, always or never; NO_COLOR is honoured\n"
         "  -h, --help          with a command: about that command\n"
         "      --version\n\n"
         "exit status: 0 done or nothing to do · 1 failed · 2 plan --exit-code: changes pending · 3 gate closed · 4 "
         "held by the guard\n"
         "             5 done in part · 6 saved plan out of date · 64 wrong usage · 78 wrong configuration\n\n"
         "the first steps:\n"
         "  doorward check-config\n  doorward domain challenge example.com\n  doorward domain verify example.com\n"
         "  doorward sso test CONNECTION --response FILE\n  doorward sso activate CONNECTION\n  doorward sync enable "
         "TEAM\n"
         "  doorward plan\n  doorward apply");
}

static bool print_command(const char *name)
{
    for (const struct command *c = commands; c->name; c++) {
        if (strcmp(c->name, name) != 0)
            continue;
        printf("usage: doorward %s%s%s\n\n%s\n", c->name, *c->args ? " " : "", c->args, c->summary);
        if (c->help)
            printf("\n%s", c->help);
        return true;
    }
    return false;
}

int command_help(struct cli *cli, struct err *err)
{
    if (cli->nwords == 0) {
        print_overview();
        return 0;
    }
    CLEANUP(freep)
    char *name = cli->nwords == 2 ? mem_printf("%s %s", cli->words[0], cli->words[1]) : mem_strdup(cli->words[0]);
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    bool is_command = print_command(name);
    bool is_section = conf_help(schema_get(), strcmp(name, "all") == 0 ? NULL : name, &text) == 0;
    if (is_command && is_section)
        putchar('\n');
    fputs(buf_str(&text), stdout);
    if (is_command || is_section)
        return 0;
    return err_set(err, ERR_USAGE,
                   "help %s: neither a command nor a section of the configuration; doorward --help lists the commands",
                   name);
}
