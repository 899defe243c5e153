/*
 * What a protocol found out about one answer of an identity provider: every check, what was sent, and whom it names. A sign-in looks at the claim; a test of
 * the connection shows all of it.
 */
#ifndef SIGNIN_FINDING_H
#define SIGNIN_FINDING_H

#include <jansson.h>
#include <stdbool.h>

#include "base/pool.h"
#include "model/check.h"
#include "saml/response.h"
#include "signin/claim.h"

struct finding_field {
    const char *name, *value, *source; /* "email", what was read as it, and from where; value NULL: nothing */
};
struct finding_attribute {
    const char *name;
    const char *const *values;
    size_t nvalues;
};

struct finding {
    bool passed; /* every check: the claim may be accepted */
    const struct check *checks;
    size_t nchecks;
    const struct claim *claim; /* what the message says once its signature stood, complete or not; NULL: it did not */
    const struct finding_field *fields;
    size_t nfields;
    const struct finding_attribute *attributes; /* all that was sent */
    size_t nattributes;
};

/* What stands for an assertion that was used. Its id is its issuer's: no identity provider may use up another's. NULL: no id. */
const char *finding_assertion(struct pool *pool, const char *connection, const char *id);
/* Of an answer by SAML to this connection. Everything stays the report's or the pool's. */
void finding_of_saml(const struct saml_report *report, const char *connection, struct pool *pool, struct finding *ret);

#define FINDING_VALUES_MAX 500  /* of attributes; what goes beyond is left out of a report */
#define FINDING_VALUE_MAX  1024 /* bytes */

/*
 * The report of a test: {"connection", "passed", "checks": [{"code", "title", "result", "detail"}], "identity", "claimed", "fault"}. more: further checks
 * that were made; fault: why it failed, NULL: it passed. identity is whom it is of when it passed, claimed what was said when it did not; both
 * {"issuer", "subject", "name_id", "mapped", "sources", "attributes"}. Freed with json_decref.
 */
json_t *finding_report(const char *connection, const struct finding *finding, const struct check *more, size_t nmore,
                       const char *fault, struct pool *pool);

#endif
