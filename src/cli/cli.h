/*
 * The command line: one table of commands, one struct of what was typed.
 *
 * A command's function returns its exit status, or -1 with err filled; the status then follows from the kind of the error.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"
#include "conf/conf.h"
#include "store/store.h"

struct cli {
    /* What was typed. */
    const char *conf_path, *state_dir; /* state_dir NULL: as configured */
    const char *out, *response, *method;
    const char *timeout;
    const char *expect;  /* digest that the audit log must hold */
    const char *since;   /* for reports, as typed */
    const char *connection;
    const char *expires, *note; /* of a token, as typed */
    const char *approve; /* number of removals above the guard's limits that are approved, as typed */
    bool json, csv, yes, exit_code, quiet, verbose;
    char **words; /* behind the command's own name */
    int nwords;
    /* What the command opened; closed by main. */
    const char *command; /* "plan" */
    struct conf *conf;
    struct store *store;
    const char *actor; /* for the audit log; set by the first cli_open */
    struct pool *pool;
    int64_t now;
};

struct command {
    const char *name;    /* "domain challenge" */
    const char *args;    /* "DOMAIN" */
    const char *options; /* letters of the options it takes beside the common ones */
    int min_words, max_words;
    int (*run)(struct cli *cli, struct err *err);
    const char *summary;
    const char *help; /* more, with examples; may be NULL */
};

extern const struct command commands[]; /* ends with a NULL name */

/* Reads the configuration into cli->conf. */
int cli_conf(struct cli *cli, struct err *err);
/* Reads the configuration and opens the state. For STORE_READ, cli->store stays NULL when there is no state yet. */
int cli_open(struct cli *cli, enum store_mode mode, struct err *err);
/* The state folder: as typed, else as configured. */
const char *cli_state_dir(const struct cli *cli);
/* The section of this kind and name; ERR_USAGE with the nearest name when there is none. */
int cli_section(const struct cli *cli, const char *kind, const char *name, const struct conf_section **ret,
                struct err *err);

/* adopt = yes in the section of this team. */
bool cli_adopts(const struct cli *cli, const char *team);

/* The number of a run, as the first word names it; ERR_USAGE when it is none. */
int cli_run_number(const struct cli *cli, int64_t *ret, struct err *err);

int command_help(struct cli *cli, struct err *err);
int command_status(struct cli *cli, struct err *err);
int command_check_config(struct cli *cli, struct err *err);
int command_check(struct cli *cli, struct err *err);
int command_domain_list(struct cli *cli, struct err *err);
int command_domain_challenge(struct cli *cli, struct err *err);
int command_domain_verify(struct cli *cli, struct err *err);
int command_sso_list(struct cli *cli, struct err *err);
int command_sso_metadata(struct cli *cli, struct err *err);
int command_sso_refresh(struct cli *cli, struct err *err);
int command_sso_accept(struct cli *cli, struct err *err);
int command_sso_roll_key(struct cli *cli, struct err *err);
int command_sso_test(struct cli *cli, struct err *err);
int command_sso_activate(struct cli *cli, struct err *err);
int command_sso_deactivate(struct cli *cli, struct err *err);
int command_sso_forget(struct cli *cli, struct err *err);
int command_sync_enable(struct cli *cli, struct err *err);
int command_sync_disable(struct cli *cli, struct err *err);
int command_plan(struct cli *cli, struct err *err);
int command_apply(struct cli *cli, struct err *err);
int command_serve(struct cli *cli, struct err *err);
int command_explain(struct cli *cli, struct err *err);
int command_runs_list(struct cli *cli, struct err *err);
int command_runs_show(struct cli *cli, struct err *err);
int command_runs_undo(struct cli *cli, struct err *err);
int command_runs_audit(struct cli *cli, struct err *err);
int command_runs_verify(struct cli *cli, struct err *err);
int command_token_create(struct cli *cli, struct err *err);
int command_token_list(struct cli *cli, struct err *err);
int command_token_revoke(struct cli *cli, struct err *err);
int command_report_people(struct cli *cli, struct err *err);
int command_report_seats(struct cli *cli, struct err *err);
int command_report_signins(struct cli *cli, struct err *err);
int command_signin_show(struct cli *cli, struct err *err);
int command_report_arrivals(struct cli *cli, struct err *err);

#endif
