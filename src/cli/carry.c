#include "cli/carry.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/interrupt.h"
#include "cli/skipped.h"
#include "cli/term.h"
#include "roster/platforms.h"
#include "store/drift.h"
#include "store/report.h"
#include "sync/apply.h"
#include "sync/mapper.h"
#include "sync/repair.h"

#define ID_LENGTH 16 /* characters of the digest that make the id */

void carry_id(const struct plan *plan, const struct conf *conf, char ret[static DIGEST_HEX_MAX])
{
    CLEANUP(digest_free) struct digest *d = digest_new();
    digest_field(d, span_str(conf_digest(conf)));
    digest_field(d, span_str(plan->team));
    if (plan->n)
        digest_add(d, plan->changes, plan->n * sizeof *plan->changes);
    if (plan->nheld)
        digest_add(d, plan->held, plan->nheld * sizeof *plan->held);
    digest_hex(d, ret);
    ret[ID_LENGTH] = '\0';
}

/* The tables of the platform's map belong to the configuration, which names them only. */
static int configuration_of(const struct cli *cli, const struct plan *plan, char ret[static DIGEST_HEX_MAX],
                            struct err *err)
{
    CLEANUP(mapper_close) struct mapper *mapper = NULL;
    const struct conf_section *team = conf_find(cli->conf, "team", plan->team);
    const struct conf_section *platform = conf_find(cli->conf, "platform", conf_str(team, "platform"));
    if (mapper_open(cli->store, platform, plan->team_id, false, &mapper, err) != 0)
        return -1;
    const char *tables = mapper ? mapper_tables(mapper) : "";
    CLEANUP(buf_release) struct buf both = BUF_INIT;
    buf_printf(&both, "%s%s", conf_digest(cli->conf), tables);
    if (*tables)
        digest_hex_of(both.data, both.len, ret);
    else
        snprintf(ret, DIGEST_HEX_MAX, "%s", conf_digest(cli->conf));
    return 0;
}

int carry_state(const struct cli *cli, const struct plan *plan, bool drift, struct saved_state *ret, struct err *err)
{
    *ret->drift = '\0';
    if (configuration_of(cli, plan, ret->configuration, err) != 0)
        return -1;
    if (report_mirror_version(cli->store, plan->directory, &ret->mirror, err) != 0)
        return -1;
    if (drift && drift_state(cli->store->db, plan->team_id, ret->drift, err) != 0)
        return -1;
    return report_last_run_number(cli->store, plan->team_id, &ret->last_run, err);
}

int carry_can_ask(const struct cli *cli, struct err *err)
{
    if (cli->yes || (isatty(STDIN_FILENO) && !cli->json))
        return 0;
    return err_set(err, ERR_USAGE, "%s asks before it changes anything; write --yes where nobody can answer",
                   cli->command);
}

bool carry_asks_approval(const struct cli *cli, const struct plan *plan)
{
    return plan->withheld && !cli->approve && !cli->yes && !cli->json && isatty(STDIN_FILENO);
}

static const char *what_is_held(const struct plan *plan)
{
    return guard_tripped(&plan->guard, REPAIR_MISSING) ? "removals and repairs" : "removals";
}

static void ask_number(const struct cli *cli, const struct plan *plan, char *answer, size_t size)
{
    printf("\n%s %s are %s. Type %" PRIu32 " to approve them, or press Enter to leave them held: ",
           term_number(cli->pool, plan->withheld), what_is_held(plan), plan->holds[HOLD_GUARD] ? "above the limits" : "held",
           plan->withheld);
    fflush(stdout);
    if (!fgets(answer, (int)size, stdin))
        *answer = '\0';
    answer[strcspn(answer, "\n")] = '\0';
}

int carry_approval(const struct cli *cli, const struct plan *plan, bool *ret, struct err *err)
{
    char typed[24] = "", *end = NULL;
    *ret = false;
    if (carry_asks_approval(cli, plan))
        ask_number(cli, plan, typed, sizeof typed);
    if (!cli->approve && !*typed)
        return 0;
    const char *number = cli->approve ? cli->approve : typed;
    if (*number && strtoll(number, &end, 10) == plan->withheld && !*end) {
        *ret = plan->withheld > 0;
        return 0;
    }
    CLEANUP(pool_free) struct pool *pool = pool_new();
    return err_set(err, ERR_HELD, "this plan holds %s %s, and %s %s; nothing was done",
                   term_number(pool, plan->withheld), what_is_held(plan), cli->approve ? "--approve-removals says" : "what was typed is",
                   text_printable(pool, span_str(number)));
}

static int confirm(const struct cli *cli, const struct carry_words *words, struct err *err)
{
    if (cli->yes)
        return 0;
    printf("\n%s [y/N] ", words->question);
    fflush(stdout);
    char answer[16] = "";
    if (!fgets(answer, sizeof answer, stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
        return err_set(err, ERR_FAILED, "%s", words->refused);
    return 0;
}

static void tick(void *ctx, size_t done, size_t total)
{
    (void)ctx;
    progress_at(done, total);
}

/* For programs, one more document, so that a run of which nothing was skipped prints the plan and nothing else. */
static int tell_skipped_json(struct cli *cli, const struct plan *plan, int64_t run, size_t done, struct err *err)
{
    json_t *list, *notes;
    if (skipped_json(cli, plan->team_id, run, &list, err) != 0)
        return -1;
    if (noted_json(cli, plan->team_id, run, &notes, err) != 0) {
        json_decref(list);
        return -1;
    }
    json_t *document = json_pack("{s:s, s:I, s:s, s:I, s:I, s:o, s:o}", "format", "doorward-run/1", "run",
                                 (json_int_t)run, "team", plan->team, "changes", (json_int_t)plan->n, "done",
                                 (json_int_t)done, "skipped", list, "noted", notes);
    if (json_array_size(list) + json_array_size(notes))
        json_print(document);
    json_decref(document);
    return 0;
}

static int tell_skipped(struct cli *cli, const struct plan *plan, int64_t run, size_t done, struct err *err)
{
    if (cli->json)
        return tell_skipped_json(cli, plan, run, done, err);
    return skipped_print(cli, plan->team_id, run, stdout, err);
}

/* Whatever ended it: what was done stays done, and the status says so. */
static int tell_failed(struct cli *cli, const struct plan *plan, int64_t run, size_t done,
                       const struct carry_words *words, struct err *err)
{
    struct err ignored = ERR_INIT;
    if (run)
        tell_skipped(cli, plan, run, done, &ignored);
    if (done)
        err->kind = ERR_PARTIAL;
    return err_wrap(err, "team %s: %s of %s changes were done, and run %" PRId64 " says which; %s", plan->team,
                    term_number(cli->pool, done), term_number(cli->pool, plan->n), run, words->rest);
}

static int tell_done(struct cli *cli, const struct plan *plan, int64_t run, size_t done,
                     const struct carry_words *words, struct err *err)
{
    if (tell_skipped(cli, plan, run, done, err) != 0)
        return -1;
    if (done == plan->n) {
        if (!cli->json)
            printf("%sDone%s: %s changes, run %" PRId64 "\n", term_green(), term_plain(), term_number(cli->pool, done),
                   run);
        return 0;
    }
    return err_set(err, ERR_PARTIAL, "team %s: %s of %s changes were done by run %" PRId64 ", the others skipped; %s",
                   plan->team, term_number(cli->pool, done), term_number(cli->pool, plan->n), run, words->rest);
}

int carry_out(struct cli *cli, const struct plan *plan, const char *id, const struct conf_section *platform,
              const struct carry_words *words, struct err *err)
{
    if (plan->n == 0)
        return 0;
    if (confirm(cli, words, err) != 0)
        return -1;
    struct apply_job job = {.plan = plan,
                            .plan_id = id,
                            .conf_digest = conf_digest(cli->conf),
                            .command = words->command,
                            .approved = words->approved,
                            .approved_plan = words->approved_plan,
                            .platform = platform,
                            .connector = platform_connector_find(conf_variant(platform)),
                            .conf = cli->conf,
                            .take_over = cli_adopts(cli, plan->team),
                            .progress = tick,
                            .stop = interrupt_seen};
    bool elsewhere = job.connector->send != NULL;
    int64_t run = 0;
    size_t done = 0;
    progress_begin(words->progress);
    if (elsewhere)
        interrupt_watch();
    int r = apply_plan(cli->store, &job, &run, &done, err);
    if (elsewhere)
        interrupt_unwatch();
    progress_end();
    return r == 0 ? tell_done(cli, plan, run, done, words, err) : tell_failed(cli, plan, run, done, words, err);
}
