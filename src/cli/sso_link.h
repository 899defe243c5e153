/* The link of a test: made, shown, and waited for. */
#ifndef CLI_SSO_LINK_H
#define CLI_SSO_LINK_H

#include <jansson.h>

#include "cli/cli.h"

/*
 * Until somebody came back from the identity provider; the state is not locked meanwhile. *ret: the report, for the caller to free. -1: nobody came in
 * time, or a signal ended it; the link is then no longer good.
 */
int sso_link_wait(struct cli *cli, const struct conf_section *connection, json_t **ret, struct err *err);

#endif
