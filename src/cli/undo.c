/* doorward runs undo: what takes a run back, shown as any plan, asked for as any, and carried out as any. */
#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/carry.h"
#include "cli/cli.h"
#include "cli/settle.h"
#include "cli/show.h"
#include "cli/term.h"
#include "crypto/digest.h"
#include "gate/gate.h"
#include "store/run.h"
#include "store/undo.h"
#include "sync/undo.h"

struct undoing {
    struct cli *cli;
    int64_t run;
    const struct conf_section *team, *platform;
    struct policy policy;
    struct gate gate;
    const char *note;
};

static void take_team(void *ctx, const struct run_row *row)
{
    struct undoing *u = ctx;
    u->team = conf_find(u->cli->conf, "team", row->team);
}

/* A run is undone with the settings of its team, so that the team must still be configured. */
static int find_run(struct undoing *u, struct err *err)
{
    int found = run_find(u->cli->store, u->run, take_team, u, err);
    if (found < 0)
        return -1;
    if (!found)
        return err_set(err, ERR_NOT_FOUND, "there is no run %" PRId64 "; doorward runs lists them", u->run);
    if (!u->team)
        return err_set(err, ERR_CONFIG, "run %" PRId64 ": its team is no longer configured; write its section again",
                       u->run);
    u->platform = conf_find(u->cli->conf, "platform", conf_str(u->team, "platform"));
    return 0;
}

/* Undone again, an undo is what the directory asks for; and a team without sync stays as it is. */
static int make_note(struct undoing *u, struct err *err)
{
    bool again;
    int64_t repairs;
    if (undo_is_undo(u->cli->store, u->run, &again, err) != 0 ||
        undo_repairs(u->cli->store, u->run, &repairs, err) != 0)
        return -1;
    if (repairs && !u->cli->json)
        printf("%snote%s: run %" PRId64 " also put right what others had changed on the platform, %s times; that is not undone\n",
               term_yellow(), term_plain(), u->run, term_number(u->cli->pool, (size_t)repairs));
    if (!again && u->policy.enabled_at)
        u->note = pool_printf(u->cli->pool,
                              "the next apply does the same again unless the directory or configuration changes; "
                              "doorward sync disable %s stops it",
                              u->policy.team_name);
    return 0;
}

/* As a run's; and what was left out for another reason makes it done in part. */
static int status_of(const struct plan *plan)
{
    if (plan->withheld)
        return err_exit_status(ERR_HELD);
    if (plan_gate_held(plan))
        return err_exit_status(ERR_GATE);
    return plan->nheld ? err_exit_status(ERR_PARTIAL) : 0;
}

/* approved: so many removals were let through, of the plan with this id. */
static const struct carry_words *words_of(const struct undoing *u, const struct plan *plan, uint32_t approved,
                                          const char *approved_plan)
{
    struct pool *pool = u->cli->pool;
    struct carry_words *w = pool_zero(pool, sizeof *w);
    w->command = pool_printf(pool, "undo of run %" PRId64, u->run);
    w->question = pool_printf(pool, "Undo run %" PRId64 " of team %s with these %s changes?", u->run, plan->team,
                              term_number(pool, plan->n));
    w->refused = "not undone";
    w->progress = "undoing";
    w->rest = pool_printf(pool, "undo run %" PRId64 " again for the rest", u->run);
    w->approved = approved;
    w->approved_plan = approved_plan;
    return w;
}

static int show(const struct undoing *u, const struct plan *plan, const char *id, struct err *err)
{
    struct cli *cli = u->cli;
    struct saved_state state = {0};
    if (carry_state(cli, plan, false, &state, err) != 0)
        return -1;
    struct shown_plan shown = {.plan = plan,
                               .policy = &u->policy,
                               .gate = &u->gate,
                               .undoes = u->run,
                               .note = u->note,
                               .id = id,
                               .platform = conf_name(u->platform),
                               .state = &state};
    if (pace_read(cli, shown.platform, plan, &shown.pace, err) != 0)
        return -1;
    return cli->json ? show_plan_json(cli, &shown, stdout, err) : show_plan_text(cli, &shown, err);
}

/* Whoever is asked for the number has seen the plan that withholds them, and sees the one that does not. */
static int undo_with(struct undoing *u, struct err *err)
{
    struct cli *cli = u->cli;
    struct plan_settings settings = {.conf = cli->conf, .policy = &u->policy, .gate = &u->gate, .now = cli->now};
    plan_settings_read(&settings);
    CLEANUP(plan_free) struct plan *plan = NULL;
    if (undo_plan(cli->store, &settings, u->run, &plan, err) != 0 || make_note(u, err) != 0)
        return -1;
    uint32_t withheld = plan->withheld;
    char withholding[DIGEST_HEX_MAX], id[DIGEST_HEX_MAX];
    carry_id(plan, cli->conf, withholding);
    bool was_shown = carry_asks_approval(cli, plan);
    if ((was_shown && show(u, plan, withholding, err) != 0) || carry_approval(cli, plan, &settings.approved, err) != 0)
        return -1;
    if (settings.approved) {
        plan_free(&plan);
        if (undo_plan(cli->store, &settings, u->run, &plan, err) != 0)
            return -1;
        was_shown = false;
    }
    carry_id(plan, cli->conf, id);
    if ((!was_shown && show(u, plan, id, err) != 0) ||
        carry_out(cli, plan, id, u->platform, words_of(u, plan, settings.approved ? withheld : 0, withholding), err) !=
            0)
        return -1;
    if (plan->n && u->note && !cli->json)
        printf("%snote%s: %s\n", term_yellow(), term_plain(), u->note);
    return status_of(plan);
}

int command_runs_undo(struct cli *cli, struct err *err)
{
    struct undoing u = {.cli = cli};
    if (cli_run_number(cli, &u.run, err) != 0 || carry_can_ask(cli, err) != 0 || cli_open(cli, STORE_WRITE, err) != 0 ||
        find_run(&u, err) != 0 || gate_check(cli->store, cli->conf, cli->now, true, cli->pool, &u.gate, err) != 0 ||
        settle_runs(cli, u.team, true, err) != 0 || policy_load(cli->store, cli->conf, u.team, &u.policy, err) != 0)
        return -1;
    int r = undo_with(&u, err);
    policy_release(&u.policy);
    return r;
}
