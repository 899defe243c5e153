/*
 * How values are compared: without regard to case unless their attribute is caseExact (RFC 7643, 2.2), instants by
 * time.
 */
#ifndef SCIM_VALUE_H
#define SCIM_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"
#include "base/span.h"

/*
 * The form in which values that are not caseExact are equal when their bytes are: Unicode case folding, NFC. A store
 * keeps it for its index. In the pool, NUL-terminated. text: valid UTF-8; what is not comes back as it is.
 */
struct span scim_fold(struct pool *pool, struct span text);

enum scim_match { SCIM_MATCH_EQ, SCIM_MATCH_CO, SCIM_MATCH_SW, SCIM_MATCH_EW };
/*
 * Whether the text, folded unless exact, equals, contains, begins or ends with what is wanted (which is folded
 * already).
 */
bool scim_text_matches(struct span text, enum scim_match how, struct span wanted, bool exact);
/* Less than, equal to or greater than 0, by bytes of the form above, which for UTF-8 is the order of code points. */
int scim_text_order(struct span text, struct span other_folded, bool exact);

/*
 * xsd:dateTime with a zone or without (then UTC), fractions to the microsecond. ret: microseconds since 1970 in UTC.
 * Years 1 to 9999. -1: it is none.
 */
int scim_time_parse(struct span text, int64_t *ret);

#endif
