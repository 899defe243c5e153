/* Brings what was pushed from push.db's log into the file, so that whoever pushes does not wait for it. */
#include "base/mem.h"
#include "web/worker.h"

#define EVERY 1000 /* milliseconds */

struct folding {
    struct worker worker;
};

/* As long as nobody has a token there is no file, and it is not for us to make. */
static int fold(struct worker *worker, struct err *err)
{
    if (!pushed_is_there(worker->web->state_dir))
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
