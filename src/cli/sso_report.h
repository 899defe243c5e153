/* The report of a test (signin/finding.h): shown, and, when it passed, what makes the connection tested. */
#ifndef CLI_SSO_REPORT_H
#define CLI_SSO_REPORT_H

#include <jansson.h>

#include "cli/cli.h"

/*
 * Shows the report and records a test that passed, for which the state is opened for writing if it is not: a run that holds it is waited for. "once" of the report
 * is used up with it, and not shown. -1: the test failed, or this.
 */
int sso_report_take(struct cli *cli, const struct conf_section *connection, json_t *report, struct err *err);

#endif
