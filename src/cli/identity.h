/* What stands above a plan about people who are there again under a new id. */
#ifndef CLI_IDENTITY_H
#define CLI_IDENTITY_H

#include <jansson.h>

#include "cli/cli.h"
#include "sync/plan.h"

/* How many accounts, what that looks like, and what to decide; nothing when there is none. */
int identity_print(struct cli *cli, const struct plan *plan, struct err *err);
/* "matched" of "of" accounts; "rebuilt": more than the guard's limit; "adopt"; "from": the directory they came from, when it is another, or null. */
json_t *identity_json(struct cli *cli, const struct plan *plan);

#endif
