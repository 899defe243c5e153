/*
 * What a server's result code means for a pull, in one table: whether the search was cut off or cannot be done at
 * all, and the remedy.
 */
#ifndef CONNECTORS_LDAP_OUTCOME_H
#define CONNECTORS_LDAP_OUTCOME_H

#include <stdbool.h>

#include "base/err.h"

struct outcome {
    int code; /* of RFC 4511 or of libldap */
    enum err_kind kind;
    bool hopeless;    /* the search cannot be done as configured: an error, and not a partial read */
    const char *what; /* NULL: libldap's own words */
    const char *remedy;
    const char *remedy_paged; /* when pages are used already; NULL: the same */
};

/* Never NULL: unknown codes get a row of their own. */
const struct outcome *outcome_of(int code);

#endif
