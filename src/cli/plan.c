/* doorward plan and doorward apply: read the directory, compare, show, and carry out what was shown. */
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/carry.h"
#include "cli/cli.h"
#include "cli/drift.h"
#include "cli/settle.h"
#include "cli/show.h"
#include "cli/term.h"
#include "gate/gate.h"
#include "store/run.h"
#include "sync/last.h"
#include "sync/plan.h"
#include "sync/pull.h"

#define STATUS_PENDING 2 /* plan --exit-code */

/* The directories of one command: each is read once, however many teams it has. */
struct reading {
    const struct conf_section *directory;
    struct pull_report report;
    struct reading *next;
};

struct job {
    struct cli *cli;
    struct gate gate;
    struct reading *readings;
    bool apply, pending, gate_held, guard_held;
    const struct saved *saved; /* apply FILE; else NULL */
    size_t shown;
};

static void tick(void *ctx, size_t entries)
{
    const size_t *expected = ctx;
    progress_at(entries, *expected);
}

static int read_directory(struct job *job, const struct conf_section *directory, struct pull_report **ret,
                          struct err *err)
{
    for (struct reading *r = job->readings; r; r = r->next) {
        if (r->directory == directory) {
            *ret = &r->report;
            return 0;
        }
    }
    struct reading *r = mem_zero(sizeof *r);
    r->directory = directory;
    r->next = job->readings;
    job->readings = r;
    int64_t entries = 0;
    if (db_get_int(job->cli->store->db, "SELECT count(*) FROM entry", &entries, err) != 0)
        return -1;
    size_t expected = (size_t)entries;
    struct pull_progress progress = {.tick = tick, .ctx = &expected};
    CLEANUP(freep) char *what = mem_printf("reading directory %s", conf_name(directory));
    progress_begin(what);
    int done = pull_directory(job->cli->store, job->cli->conf, directory, job->cli->now, &progress, &r->report, err);
    progress_end();
    *ret = &r->report;
    return done;
}

static void free_readings(struct job *job)
{
    while (job->readings) {
        struct reading *next = job->readings->next;
        pull_report_release(&job->readings->report);
        free(job->readings);
        job->readings = next;
    }
}

static int save(struct cli *cli, const struct shown_plan *shown, struct err *err)
{
    char *text = NULL;
    size_t n = 0;
    FILE *memory = open_memstream(&text, &n);
    if (!memory)
        return err_errno(err, ERR_FAILED, "%s", cli->out);
    int r = show_plan_json(cli, shown, memory, err);
    fclose(memory);
    struct buf document = {.data = text, .len = n, .cap = n + 1};
    if (r == 0)
        r = saved_write(cli->out, &document, err);
    buf_release(&document);
    if (r == 0 && !cli->json)
        printf("Saved as %s. Next: doorward apply %s\n", cli->out, cli->out);
    return r;
}

/* The plan made anew has to be the one that was saved. */
static int compare_saved(struct job *job, const struct shown_plan *shown, struct err *err)
{
    if (saved_compare(job->saved, shown->state, shown->plan->directory, err) != 0)
        return -1;
    if (strcmp(shown->id, job->saved->id) != 0)
        return err_set(
            err, ERR_STALE,
            "saved plan %s, made at %s, is out of date: the gate, a time of grace or the platform's rows changed since",
            job->saved->path, job->saved->made_at);
    return 0;
}

static int show(struct job *job, const struct shown_plan *shown, struct err *err)
{
    struct cli *cli = job->cli;
    if (job->shown++ && !cli->json)
        putchar('\n');
    return cli->json ? show_plan_json(cli, shown, stdout, err) : show_plan_text(cli, shown, err);
}

/*
 * Of a saved plan: what was approved is let through, by a plan that is made once more. Whoever is asked has seen what it is about;
 * *ret_shown: and there is nothing else to show.
 */
static int release_approved(struct job *job, struct plan_settings *settings, struct shown_plan *shown,
                            struct plan **plan, bool *ret_shown, struct err *err)
{
    *ret_shown = carry_asks_approval(job->cli, *plan);
    if ((*ret_shown && show(job, shown, err) != 0) || carry_approval(job->cli, *plan, &settings->approved, err) != 0)
        return -1;
    if (!settings->approved)
        return 0;
    *ret_shown = false;
    plan_free(plan);
    if (plan_make(job->cli->store, settings, plan, err) != 0)
        return -1;
    shown->plan = *plan;
    return 0;
}

static int plan_with(struct job *job, const struct conf_section *platform, const struct policy *policy,
                     const struct pull_report *pull, const struct look_report *look, struct err *err)
{
    struct cli *cli = job->cli;
    struct plan_settings settings = {
        .conf = cli->conf, .policy = policy, .gate = &job->gate, .now = cli->now, .drift = look_judged(look)};
    plan_settings_read(&settings);
    CLEANUP(plan_free) struct plan *plan = NULL;
    struct saved_state state = {0};
    if (plan_make(cli->store, &settings, &plan, err) != 0 || carry_state(cli, plan, settings.drift, &state, err) != 0)
        return -1;
    log_debug("team %s: planned", plan->team);
    uint32_t withheld = plan->withheld;
    bool was_shown = false;
    char id[DIGEST_HEX_MAX];
    carry_id(plan, cli->conf, id);
    const char *note = NULL;
    if (run_settle(cli->store, cli->now, err) != 0 || settle_note(cli, plan->team, &note, err) != 0)
        return -1;
    struct shown_plan shown = {.plan = plan,
                               .policy = policy,
                               .gate = &job->gate,
                               .look = look,
                               .pull = pull,
                               .note = note,
                               .id = id,
                               .platform = conf_name(platform),
                               .state = &state};
    if (pace_read(cli, shown.platform, plan, &shown.pace, err) != 0)
        return -1;
    if (job->saved &&
        (compare_saved(job, &shown, err) != 0 || release_approved(job, &settings, &shown, &plan, &was_shown, err) != 0))
        return -1;
    if (settings.approved)
        carry_id(plan, cli->conf, id);
    if ((!was_shown && show(job, &shown, err) != 0) || (cli->out && save(cli, &shown, err) != 0))
        return -1;
    log_debug("team %s: shown", plan->team);
    job->pending |= plan->n > 0;
    job->guard_held |= plan->holds[HOLD_GUARD] > 0 || plan->holds[HOLD_NEW_ID] > 0 || plan->withheld > 0;
    job->gate_held |= plan_gate_held(plan) || gate_all_closed(&job->gate) || !policy->enabled_at;
    if (!job->apply)
        return last_note(cli->store, &settings, plan, err);
    struct carry_words words = {.command = cli->command,
                                .question = pool_printf(cli->pool, "Apply these %s changes to team %s?",
                                                        term_number(cli->pool, plan->n), plan->team),
                                .refused = "not applied",
                                .progress = "applying",
                                .rest = "the rest is planned again next time",
                                .approved = settings.approved ? withheld : 0,
                                .approved_plan = job->saved ? job->saved->id : NULL};
    return carry_out(cli, plan, id, platform, &words, err) != 0 ? -1 : last_note(cli->store, &settings, plan, err);
}

/* Behind the directory, so that what is compared is as new as what is planned. */
static int look_and_plan(struct job *job, const struct conf_section *team, const struct policy *policy,
                         const struct pull_report *pull, struct err *err)
{
    struct cli *cli = job->cli;
    const struct conf_section *platform = conf_find(cli->conf, "platform", conf_str(team, "platform"));
    struct look_report look;
    int r = drift_look(cli, policy->team, platform, &look, err);
    if (r == 0)
        r = plan_with(job, platform, policy, pull, &look, err);
    look_report_release(&look);
    return r;
}

static int plan_team(struct job *job, const struct conf_section *team, struct err *err)
{
    struct cli *cli = job->cli;
    const struct conf_section *directory = conf_find(cli->conf, "directory", conf_str(team, "directory"));
    struct pull_report *pull = NULL;
    if (job->apply && settle_runs(cli, team, false, err) != 0)
        return -1;
    if (read_directory(job, directory, &pull, err) != 0)
        return -1;
    log_debug("directory %s: mirror committed", conf_name(directory));
    struct policy policy = {0};
    if (policy_load(cli->store, cli->conf, team, &policy, err) != 0)
        return -1;
    int r = look_and_plan(job, team, &policy, pull, err);
    policy_release(&policy);
    return r;
}

/* One team's trouble does not keep the others waiting; the first trouble is reported last and decides the status. */
static int plan_teams(struct job *job, struct err *err)
{
    struct err first = ERR_INIT;
    for (const struct conf_section *t = conf_next(job->cli->conf, "team", NULL); t;
         t = conf_next(job->cli->conf, "team", t)) {
        struct err own = ERR_INIT;
        if (plan_team(job, t, &own) == 0)
            continue;
        if (first.kind != ERR_NONE)
            fprintf(stderr, "doorward: %s\n", first.text);
        else
            first = own;
    }
    if (first.kind == ERR_NONE)
        return 0;
    *err = first;
    return -1;
}

/* What stands behind the command: a team's name, or for apply the file of a saved plan. */
static int read_word(struct job *job, struct saved *saved, const struct conf_section **ret_team, struct err *err)
{
    struct cli *cli = job->cli;
    const char *word = cli->nwords ? cli->words[0] : NULL;
    bool is_file =
        word && job->apply && !conf_find(cli->conf, "team", word) && (strchr(word, '/') || access(word, F_OK) == 0);
    if (is_file) {
        if (saved_read(word, cli->pool, saved, err) != 0)
            return -1;
        job->saved = saved;
        word = saved->team;
    }
    if (cli->approve && !is_file)
        return err_set(err, ERR_USAGE,
                       "--approve-removals goes with a saved plan: doorward plan -o FILE, then doorward apply FILE");
    if (word && cli_section(cli, "team", word, ret_team, err) != 0)
        return -1;
    const struct conf_section *first = conf_next(cli->conf, "team", NULL);
    if (!first)
        return err_set(err, ERR_CONFIG,
                       "%s: no [team NAME] section, so there is nothing to sync; see doorward help team",
                       cli->conf_path);
    if (cli->out && !*ret_team && conf_next(cli->conf, "team", first))
        return err_set(err, ERR_USAGE, "-o saves one plan: name the team");
    return 0;
}

static int run_job(struct job *job, struct err *err)
{
    struct cli *cli = job->cli;
    const struct conf_section *team = NULL;
    struct saved saved;
    if (cli_conf(cli, err) != 0 || read_word(job, &saved, &team, err) != 0 || cli_open(cli, STORE_WRITE, err) != 0 ||
        gate_check(cli->store, cli->conf, cli->now, true, cli->pool, &job->gate, err) != 0)
        return -1;
    return team ? plan_team(job, team, err) : plan_teams(job, err);
}

static int plan_or_apply(struct cli *cli, bool apply, struct err *err)
{
    if (apply && carry_can_ask(cli, err) != 0)
        return -1;
    struct job job = {.cli = cli, .apply = apply};
    int r = run_job(&job, err);
    free_readings(&job);
    if (r != 0)
        return -1;
    if (job.guard_held)
        return err_exit_status(ERR_HELD);
    if (job.gate_held)
        return err_exit_status(ERR_GATE);
    return cli->exit_code && job.pending ? STATUS_PENDING : 0;
}

int command_plan(struct cli *cli, struct err *err)
{
    return plan_or_apply(cli, false, err);
}

int command_apply(struct cli *cli, struct err *err)
{
    return plan_or_apply(cli, true, err);
}
