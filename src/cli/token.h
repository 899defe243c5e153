/* What doorward check says of a directory that is pushed to us. */
#ifndef CLI_TOKEN_H
#define CLI_TOKEN_H

#include "cli/cli.h"

/* Is there a token that is good? *ret: in a line, for people, what there is and what was pushed last. -1: it cannot be read. */
int token_check_directory(struct cli *cli, const struct conf_section *directory, const char **ret, struct err *err);

#endif
