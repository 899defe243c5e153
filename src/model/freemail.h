/* Domains under which anybody can get a mailbox: none of them is one organisation's. */
#ifndef MODEL_FREEMAIL_H
#define MODEL_FREEMAIL_H

#include <stddef.h>

/* In byte order, inside form (model/domain.h). */
extern const char *const freemail_domains[];
extern const size_t freemail_count;

/* The known domain that this one is, or stands below; NULL when there is none. */
const char *freemail_find(const char *alabel);

#endif
