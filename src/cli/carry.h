/* From a plan that was shown to a run: asking and carrying out, for apply and for undo alike. */
#ifndef CLI_CARRY_H
#define CLI_CARRY_H

#include "cli/cli.h"
#include "cli/saved.h"
#include "sync/plan.h"

/* What the plan is, not when it was made: two equal plans have one id. */
void carry_id(const struct plan *plan, const struct conf *conf, char ret[static DIGEST_HEX_MAX]);
/* What it was made of; drift as in struct plan_settings. */
int carry_state(const struct cli *cli, const struct plan *plan, bool drift, struct saved_state *ret, struct err *err);

/*
 * Whether somebody approves the removals that this plan withholds: by --approve-removals with their number (ERR_HELD for another one), or
 * at a terminal by typing it, once the plan was shown; an empty line leaves them held. false where nobody can be asked.
 */
int carry_approval(const struct cli *cli, const struct plan *plan, bool *ret, struct err *err);
/* Would carry_approval ask? */
bool carry_asks_approval(const struct cli *cli, const struct plan *plan);

/* How a run is talked about. */
struct carry_words {
    const char *command;       /* as the list of runs shows it */
    const char *question;      /* "Apply these 12 changes to team design?" */
    const char *refused;       /* what is said when the answer is no: "not applied" */
    const char *progress;      /* "applying" */
    const char *rest;          /* what becomes of the rest of a run that failed */
    uint32_t approved;         /* withheld removals that somebody let through; 0: none */
    const char *approved_plan; /* id of the plan that withheld them */
};

/* --yes, or somebody at a terminal who can be asked; ERR_USAGE otherwise. */
int carry_can_ask(const struct cli *cli, struct err *err);
/*
 * Asks unless --yes was given, then carries the plan out. A plan without changes is done at once. ERR_PARTIAL: a part was done; what was skipped, and
 * why, was printed.
 */
int carry_out(struct cli *cli, const struct plan *plan, const char *id, const struct conf_section *platform,
              const struct carry_words *words, struct err *err);

#endif
