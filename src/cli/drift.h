/*
 * What the platform has that is not as sync left it: read ahead of a plan, told with it.
 *
 *   drift_look -> plan_make -> drift_print | drift_json
 */
#ifndef CLI_DRIFT_H
#define CLI_DRIFT_H

#include <jansson.h>

#include "cli/cli.h"
#include "cli/words.h"
#include "sync/look.h"

/*
 * Reads the team's platform, where it needs to be, with progress. A platform that cannot be read is a line of the
 * plan, not an error.
 */
int drift_look(struct cli *cli, int64_t team, const struct conf_section *platform, struct look_report *ret,
               struct err *err);

/* What was read, what is left alone, and what is not repaired and why. Nothing for a platform that needs no look. */
int drift_print(struct cli *cli, struct words *words, const char *platform, const struct look_report *report,
                struct err *err);
int drift_json(struct words *words, const struct look_report *report, json_t **ret, struct err *err);

/*
 * "title is Chief", behind "on the platform: "; of what is not known any more, "not as sync left it". In the pool of
 * words.
 */
int drift_words(struct words *words, const struct change *change, const char **ret, struct err *err);

#endif
