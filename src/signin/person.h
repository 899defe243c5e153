/* The sign-in policy: who of those whom an identity provider names is let in. */
#ifndef SIGNIN_PERSON_H
#define SIGNIN_PERSON_H

#include "signin/claim.h"
#include "signin/signin.h"
#include "store/who.h"

/*
 * The person with the claim's immutable id in a directory of one of the teams: there, active, not left out, and with an e-mail in one of the domains, so
 * that a connection cannot name people of another one's. While that domain's connection is not active, only its test users. With jit = yes, somebody who
 * never was in the mirror, by id and by e-mail, and of whom everything was sent, comes back with the directory arrivals_directory(…): to be recorded by
 * the caller (store/arrivals.h). ERR_REFUSED with the reason.
 */
int person_of(const struct signin *in, const struct conf_section *connection, const struct claim *claim,
              const char *const *domains, size_t ndomains, struct who *ret, struct err *err);
/*
 * May this person, who signed in before, go on? The same rules. Of an arrival that a directory has by now comes back what the directory says.
 */
int person_still(const struct signin *in, const char *directory, const char *uid, const char *const *domains,
                 size_t ndomains, struct who *ret, struct err *err);

/* Somebody with this immutable id in a team's directory, whether let in or not; rather one who is. 1, 0, -1 */
int person_find(const struct signin *in, const char *id, struct who *ret, struct err *err);
/* Who has this e-mail in the mirror, or had it when they went. 1, 0, -1 */
int person_by_email(const struct signin *in, const char *email, const char **ret_directory, const char **ret_uid,
                    struct err *err);

#endif
