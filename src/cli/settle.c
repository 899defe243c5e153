#include "cli/settle.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "cli/interrupt.h"
#include "cli/term.h"
#include "roster/platforms.h"
#include "store/delivery.h"
#include "store/run.h"
#include "sync/settle.h"

struct open_runs {
    struct pool *pool;
    struct unsettled_run *v;
    size_t n, cap;
};

static void take(void *ctx, const struct unsettled_run *run)
{
    struct open_runs *all = ctx;
    struct unsettled_run *r = MEM_PUSH(&all->v, &all->n, &all->cap);
    *r = *run;
    r->team = pool_strdup(all->pool, run->team);
    r->platform = pool_strdup(all->pool, run->platform);
}

static void tick(void *ctx, size_t done, size_t total)
{
    (void)ctx;
    progress_at(done, total);
}

/* The platform that the run went to, as it is configured now; NULL: it cannot be asked any more. */
static const struct conf_section *platform_of(const struct cli *cli, const struct unsettled_run *run,
                                              const struct platform_connector **ret)
{
    const struct conf_section *platform = conf_find(cli->conf, "platform", run->platform);
    *ret = platform ? platform_connector_find(conf_variant(platform)) : NULL;
    return *ret && (*ret)->send ? platform : NULL;
}

static int give_up(struct cli *cli, const struct unsettled_run *run, struct err *err)
{
    const char *message = pool_printf(cli->pool,
                                      "cut off; platform %s is no longer configured, so that it is not known whether "
                                      "it did %s changes",
                                      run->platform, term_number(cli->pool, (size_t)run->sent));
    return run_end(cli->store, run->run, RUN_FAILED, message, cli->now, err);
}

static void tell(struct cli *cli, const struct unsettled_run *run, const struct settled *s)
{
    if (cli->json || cli->quiet)
        return;
    printf("Settled run %" PRId64 ", which was cut off with %s changes sent and not answered: %s confirmed, %s skipped",
           run->run, term_number(cli->pool, (size_t)run->sent), term_number(cli->pool, s->confirmed),
           term_number(cli->pool, s->skipped));
    if (s->held)
        printf(", %s wait for the gate", term_number(cli->pool, s->held));
    puts("\n");
}

static int settle_one(struct cli *cli, const struct unsettled_run *run, struct err *err)
{
    const struct platform_connector *connector;
    const struct conf_section *platform = platform_of(cli, run, &connector);
    if (!platform)
        return give_up(cli, run, err);
    struct settle_job job = {.run = run->run,
                             .team = run->team_id,
                             .now = cli->now,
                             .done = (size_t)run->done,
                             .conf = cli->conf,
                             .platform = platform,
                             .connector = connector,
                             .take_over = cli_adopts(cli, run->team),
                             .progress = tick,
                             .stop = interrupt_seen};
    struct settled settled;
    progress_begin("settling");
    interrupt_watch();
    int r = settle_run(cli->store, &job, &settled, err);
    interrupt_unwatch();
    progress_end();
    if (r != 0)
        return err_wrap(err,
                        "run %" PRId64 " of team %s was cut off and could not be settled; the next apply tries again",
                        run->run, run->team);
    tell(cli, run, &settled);
    return 0;
}

static int list_open(struct cli *cli, struct open_runs *all, struct err *err)
{
    *all = (struct open_runs){.pool = cli->pool};
    if (delivery_each_unsettled(cli->store, take, all, err) == 0)
        return 0;
    free(all->v);
    return -1;
}

int settle_runs(struct cli *cli, const struct conf_section *team, bool though_off, struct err *err)
{
    struct open_runs all;
    if (run_settle(cli->store, cli->now, err) != 0 || list_open(cli, &all, err) != 0)
        return -1;
    int r = 0;
    for (size_t i = 0; r == 0 && i < all.n; i++)
        if (strcmp(all.v[i].team, conf_name(team)) == 0 && (all.v[i].enabled || though_off))
            r = settle_one(cli, &all.v[i], err);
    free(all.v);
    return r;
}

int settle_note(struct cli *cli, const char *team, const char **ret, struct err *err)
{
    struct open_runs all;
    if (list_open(cli, &all, err) != 0)
        return -1;
    *ret = NULL;
    for (size_t i = 0; i < all.n; i++)
        if (strcmp(all.v[i].team, team) == 0)
            *ret = pool_printf(cli->pool,
                               "run %" PRId64 " was cut off with %s changes sent and not answered; the next doorward "
                               "apply settles them first",
                               all.v[i].run, term_number(cli->pool, (size_t)all.v[i].sent));
    free(all.v);
    return 0;
}
