/* Brings what was pushed from push.db's log into the file, so that whoever pushes does not wait for it. */
#include "base/mem.h"
#include "web/worker.h"

#define EVERY 1000 /* milliseconds */

struct folding {
    struct worker worker;
};

static bool is_pushed(struct web *web)
{
    CLEANUP(site_give) struct web_site *site = site_hold(web);
    for (const struct conf_section *d = conf_next(site->conf, "directory", NULL); d;
         d = conf_next(site->conf, "directory", d))
        if (strcmp(conf_variant(d), "scim-push") == 0)
            return true;
    return false;
}

static int fold(struct worker *worker, struct err *err)
{
    if (!is_pushed(worker->web))
        return 0;
    return desk_open_pushed(worker->web, worker->desk, err) != 0 ? -1 : pushed_fold(worker->desk->pushed, err);
}

int folding_start(struct web *web, struct folding **ret, struct err *err)
{
    struct folding *folding = *ret = mem_zero(sizeof *folding);
    folding->worker = (struct worker){
        .web = web, .round = fold, .what = "what was pushed cannot be brought into its file", .milliseconds = EVERY};
    return worker_start(&folding->worker, err);
}

void folding_stop(struct folding **folding)
{
    if (!*folding)
        return;
    worker_stop(&(*folding)->worker);
    free(*folding);
    *folding = NULL;
}
