/*
 * What the pages say: each text in each language, as it is written here or as the organisation has replaced it.
 *
 *   texts_init -> texts_replace where there is a file -> texts->text[language][TEXT_…]
 *
 * The English stands in text.c, the others in po/; they are part of the program, so none can be missing where it runs.
 */
#ifndef WEB_TEXT_H
#define WEB_TEXT_H

#include "base/err.h"
#include "base/pool.h"
#include "conf/conf.h"
#include "web/language.h"

enum text {
    TEXT_SIGN_IN,
    TEXT_EMAIL,
    TEXT_REMEMBER,
    TEXT_CONTINUE,
    TEXT_CONTINUE_WITH,
    TEXT_OTHER,
    TEXT_UNKNOWN,
    TEXT_REFERENCE,
    TEXT_CONTACT,
    TEXT_LANGUAGE,
    TEXT_TO_PROVIDER,
    TEXT_SIGNED_IN,
    TEXT_SIGNED_IN_AS,
    TEXT_SIGN_OUT,
    TEXT_SIGNED_OUT,
    TEXT_AGAIN,
    TEXT_FAULT,
    TEXT_REFUSED,
    TEXT_BROKEN,
    TEXT_NOT_FOUND,
    TEXT_METHOD,
    TEXT_FORM,
    TEXT_TOO_MANY,
    TEXT_TOO_LARGE,
    TEXT_TRIAL,
    TEXT_TRIAL_WHAT,
    TEXT_TRIAL_BEGIN,
    TEXT_TRIAL_PASSED,
    TEXT_TRIAL_FAILED,
    TEXT_TRIAL_OVER,
    TEXT_TRIAL_LINK,
    TEXTS
};

struct texts {
    const char *text[LANGUAGES][TEXTS];
};

void texts_init(struct texts *ret);
/*
 * Takes those of a file with a section for each language, such as "[ko]", and keys as texts_schema has them. They live in the pool.
 * ERR_CONFIG: every fault with its line.
 */
int texts_replace(struct texts *texts, const char *path, struct pool *pool, struct err *err);
const struct conf_schema *texts_schema(void);

/* As the catalogues have it, whatever was replaced. NULL: the text is missing in this language. */
const char *text_translated(enum language language, enum text text);
const char *text_key(enum text text); /* "sign-in" */

#endif
