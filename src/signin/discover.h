/* Which connection signs somebody in, and for whom a connection speaks. */
#ifndef SIGNIN_DISCOVER_H
#define SIGNIN_DISCOVER_H

#include "signin/signin.h"

#define DISCOVER_DOMAINS_MAX 256 /* of one connection */

/*
 * The connection of this domain, or else of the e-mail's, whose gate is open; or that of a proved domain, not active yet, of which this is a test user's e-mail.
 * ERR_REFUSED or ERR_INPUT: there is none, and why.
 */
int discover_connection(const struct signin *in, const char *email, const char *domain, const struct conf_section **ret,
                        struct err *err);

/*
 * The domains, as A-labels, whose gate is open and that this connection signs in; while it is not active and has test users, the proved ones (signin/person.h
 * then lets in nobody else). ERR_REFUSED: not one, because of … Texts are the configuration's.
 */
int discover_domains(const struct signin *in, const struct conf_section *connection, const char **ret, size_t *ret_n,
                     struct err *err);

/* All that are bound to the connection, whatever their gate: for a test of it, which signs nobody in. 0 of them is no fault. */
size_t discover_bound(const struct signin *in, const struct conf_section *connection, const char **ret);
/* Is it among the connection's test-user rows? */
bool discover_is_test_user(const struct conf_section *connection, const char *email);

#endif
