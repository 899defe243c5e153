/* What an organisation may make its own of the pages: texts, logo, colour. */
#ifndef WEB_LOOKS_H
#define WEB_LOOKS_H

#include "base/span.h"
#include "web/text.h"

#define LOGO_MAX (256 * 1024) /* bytes */

struct looks {
    struct texts texts;
    struct span logo;      /* n 0: none */
    const char *logo_type; /* "image/png" */
    const char *style;     /* goes behind page_style */
};

/* Reads what [serve] names. What it holds lives in the pool. ERR_CONFIG: a file or a colour does not do, and why. */
int looks_read(const struct conf *conf, struct pool *pool, struct looks *ret, struct err *err);
/* Would looks_read take it? */
int looks_check(const struct conf *conf, struct err *err);

#endif
