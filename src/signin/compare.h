/* Does the person whom an identity provider names agree with the mirror? What decides whether a test of a connection passes, beside the protocol's own rules. */
#ifndef SIGNIN_COMPARE_H
#define SIGNIN_COMPARE_H

#include "model/check.h"
#include "signin/claim.h"
#include "signin/signin.h"

#define COMPARE_CHECKS 5 /* mirror-person, mirror-active, mirror-email, mirror-given-name, mirror-family-name */

/*
 * By the immutable id, in the directories of all teams. claim NULL: everything is skipped, as it is when no directory was read yet. A difference is a failed
 * check with the remedy; so is that nobody there is known by id or e-mail, unless the answer was captured: then it need not be of somebody who will sign in here. Of in, conf, store (may be NULL) and pool are read. Always all checks, in ret. -1: the mirror could not be read.
 */
int compare_with_mirror(const struct signin *in, const struct conf_section *connection, const struct claim *claim,
                        bool captured, struct check ret[static COMPARE_CHECKS], struct err *err);
/* The detail of the first failed check; NULL: none. */
const char *compare_fault(const struct check *checks, size_t n);

#endif
