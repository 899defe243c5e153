/* Text as people write it: UTF-8, of any script. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/pool.h"
#include "base/span.h"

/*
 * True for valid UTF-8 without control characters (C0, DEL, C1), line and paragraph separators, and the bidirectional
 * overrides and isolates that can make a line on a screen say something else than its bytes. Empty text is clean.
 */
bool text_is_clean(struct span s);
/* A UUID with hyphens, in either case. */
bool text_is_uuid(struct span s);
/* An id as entries have it: a UUID in lower case, in the pool; anything else as it is. */
struct span text_id(struct pool *pool, struct span s);
/* Without the spaces around it. */
struct span text_trim(struct span s);
/* A copy that can be shown on a terminal: whatever is not clean becomes U+FFFD. */
char *text_printable(struct pool *pool, struct span s);
/* Columns on a terminal: 2 for East Asian wide characters, 0 for combining ones. */
int text_width(const char *s);
/* ASCII upper case to lower case; other bytes stay. For names that are ASCII by their standard. */
void text_lower_ascii(char *s);
/* Compares ASCII text without regard to case. */
bool text_same_ascii(const char *a, const char *b);
/* Without regard to case and normalisation form, in any script. Both must be valid UTF-8. */
bool text_same(const char *a, const char *b);
/*
 * NFC, lower case by the full Unicode mapping: the form in which e-mail addresses are compared. NULL: not valid UTF-8.
 */
char *text_fold(struct pool *pool, struct span s);

/* Adds it for one segment of a path or one value of a query: all but the unreserved characters as %XX (RFC 3986, 2.1 and 2.3). */
void text_percent(struct buf *out, struct span s);
/* Adds clean UTF-8 as the text of an element or of an attribute in quotes, of XML and HTML alike. */
void text_markup(struct buf *out, const char *text);

/*
 * The name among names[0..n) nearest to what was typed, by edit distance without regard to ASCII case, or NULL when
 * none is near enough to be meant. For "unknown key 'bnid-dn'; did you mean 'bind-dn'?"
 */
const char *text_nearest(const char *typed, const char *const *names, size_t n);

/*
 * Shell pattern ("*-test@example.com"; * for any text and ? for one character) against the whole text, without regard
 * to ASCII case. At most length × length steps.
 */
bool text_glob(const char *pattern, struct span s);

#endif
