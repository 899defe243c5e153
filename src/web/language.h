/* The languages that pages are written in, and which of them somebody reads best. */
#ifndef WEB_LANGUAGE_H
#define WEB_LANGUAGE_H

#include <stddef.h>

enum language { LANGUAGE_EN, LANGUAGE_KO, LANGUAGE_JA, LANGUAGES };

struct language_about {
    const char *tag;  /* RFC 5646 */
    const char *name; /* in itself */
};
extern const struct language_about languages[LANGUAGES];

/*
 * The best for an Accept-Language header (RFC 9110, 12.5.4): a range means the language of its first subtag, "*" those that are not named,
 * q=0 excludes. What is no range with a weight is passed over. English when the header is NULL or names none of ours.
 */
enum language language_accepted(const char *header);
/* The first of ours in a list of tags with spaces between them, as in OpenID Connect's ui_locales. LANGUAGES: none. */
enum language language_listed(const char *tags);

#endif
