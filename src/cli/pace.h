/* How long a plan is going to take, from the measured pace of the platform's runs. */
#ifndef CLI_PACE_H
#define CLI_PACE_H

#include "cli/cli.h"
#include "store/run.h"
#include "sync/plan.h"

struct pace {
    double seconds;           /* that the changes are going to take; 0: no pace is known, or there is nothing to do */
    struct run_pace measured; /* the run that tells of most of it, and the pace of them all */
};

/* Each kind of change by its own pace; those that nothing is known of by that of the others, or of the last run as a whole. */
int pace_read(struct cli *cli, const char *platform, const struct plan *plan, struct pace *ret, struct err *err);
/* "about 2 minutes, at 45 changes a second as in run 12"; NULL when it is not worth telling. */
const char *pace_text(const struct pace *pace, struct pool *pool);

#endif
