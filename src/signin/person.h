/* The sign-in policy: who of those whom an identity provider names is let in. */
#ifndef SIGNIN_PERSON_H
#define SIGNIN_PERSON_H

#include "signin/signin.h"
#include "store/who.h"

/*
 * The person with this immutable id in a directory of one of the teams: there, active, not left out, and with an e-mail in one of the domains, so
 * that a connection cannot name people of another one's. ERR_REFUSED with the reason.
 */
int person_of(const struct signin *in, const char *id, const char *const *domains, size_t ndomains, struct who *ret,
              struct err *err);
/* May this person, who signed in before, go on? The same rules. */
int person_still(const struct signin *in, const char *directory, const char *uid, const char *const *domains,
                 size_t ndomains, struct who *ret, struct err *err);

#endif
