/* What identity providers assert of a person, whatever their protocol, in the form in which it is compared with the directory's. */
#ifndef MODEL_ASSERTED_H
#define MODEL_ASSERTED_H

#include "base/pool.h"

/* The part behind "@" as a lower-case A-label, or NULL when this is no e-mail address. */
const char *asserted_email_domain(struct pool *pool, const char *email);
/* An immutable id in the form in which directories deliver it (model/entry.h): GUIDs in lower case with hyphens. */
const char *asserted_immutable_id(struct pool *pool, const char *value);

#endif
