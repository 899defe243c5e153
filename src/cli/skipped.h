/* The changes of a run that a platform elsewhere did not get done, and those that have a note, each with who, what and why. */
#ifndef CLI_SKIPPED_H
#define CLI_SKIPPED_H

#include <stdio.h>

#include "cli/cli.h"
#include "cli/json.h"

/* "name  e-mail  change: reason", a line each, and how many were sent without an answer; nothing when there is none. */
int skipped_print(struct cli *cli, int64_t team, int64_t run, FILE *out, struct err *err);
/* [{"op", "name", "email", "object", "reason"}]; the caller's. */
int skipped_json(struct cli *cli, int64_t team, int64_t run, json_t **ret, struct err *err);
/* The same of those that were done and have a note: accounts that were taken over. */
int noted_json(struct cli *cli, int64_t team, int64_t run, json_t **ret, struct err *err);

#endif
