/* Runs that were cut off while a platform elsewhere had not answered: told by plan, settled by apply and undo before anything else. */
#ifndef CLI_SETTLE_H
#define CLI_SETTLE_H

#include "cli/cli.h"

/*
 * Sends what is unanswered of this team again and closes its runs; says what came of it. Behind gate_check, so that the database knows who may
 * be sent. What was killed without leaving anything unanswered is closed, too, whosoever it is. though_off: also when the team's sync is
 * off, which otherwise leaves its platform alone.
 */
int settle_runs(struct cli *cli, const struct conf_section *team, bool though_off, struct err *err);
/* What is unanswered of this team, and that the next apply settles it; *ret NULL: nothing is. Writes nothing. */
int settle_note(struct cli *cli, const char *team, const char **ret, struct err *err);

#endif
