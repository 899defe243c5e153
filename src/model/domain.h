/*
 * E-mail domains: one form inside (IDNA2008 A-labels, lower case, no trailing dot), another for people to read, and
 * which of them an organisation can own.
 *
 *   domain_normalise -> domain_may_be_proved -> … -> domain_display
 *
 * Domains are compared byte for byte in the inside form. A subdomain is another domain.
 */
#ifndef MODEL_DOMAIN_H
#define MODEL_DOMAIN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/pool.h"

#define DOMAIN_MAX       253 /* bytes of a name in its inside form (RFC 1035, 2.3.4, as text) */
#define DOMAIN_PROVE_MAX 233 /* of one that leaves room for "_doorward-challenge." before it */
#define DOMAIN_INPUT_MAX 1024
#define EMAIL_MAX        320 /* bytes: 64 for the mailbox, "@", 255 for the domain */
#define EMAIL_LOCAL_MAX  64

/*
 * What somebody typed -> the inside form, in *ret from malloc. Unicode is mapped as browsers do (UTS 46,
 * non-transitional) and must be valid IDNA2008; A-labels are checked by decoding. Letters, digits and hyphens only,
 * at least two labels, no addresses: anything else is ERR_INPUT, with the fault and the remedy.
 */
int domain_normalise(const char *text, char **ret, struct err *err);

/*
 * Can this domain (inside form) belong to one organisation? ERR_REFUSED for public suffixes (co.kr, github.io), for
 * the domains of mail providers and everything below them, for names reserved for other uses, and for names too long
 * to hold the challenge.
 */
int domain_may_be_proved(const char *alabel, struct err *err);

/*
 * The domain of an e-mail address in its inside form, in *ret from malloc; ERR_INPUT when it is not an address with a
 * domain name. The mailbox is checked no further than that it is there, clean and short enough.
 */
int email_domain(const char *email, char **ret, struct err *err);

/* The inside form as people write it (Unicode), for messages only. The inside form itself when it has no other. */
const char *domain_display(struct pool *pool, const char *alabel);

#endif
