/* A test of a connection by link: the real flow, whose end is a report for whoever runs "doorward sso test", and never a session. */
#ifndef SIGNIN_TRIAL_H
#define SIGNIN_TRIAL_H

#include "signin/finding.h"
#include "signin/returned.h"

/*
 * Of a request with a trial: compares with the mirror, keeps the report, and takes request and value that counts once, in one transaction. *err: why the
 * finding did not pass; on 0 it is empty. ERR_REFUSED: the test was ended meanwhile.
 */
int trial_finish(const struct signin *in, const struct returned *returned, const struct finding *finding,
                 struct signin_done *ret, char *ret_ref, struct err *err);

#define TRIAL_PASSED "passed" /* words behind /sso-test/ that are no handle */
#define TRIAL_FAILED "failed"

#endif
