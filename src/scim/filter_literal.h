/* A filter's literal, read for the attribute that it is compared with. */
#ifndef SCIM_FILTER_LITERAL_H
#define SCIM_FILTER_LITERAL_H

#include "scim/filter.h"

/* A token: text in quotes, decoded; or a bare word, as it stands. */
struct scim_word {
    struct span text;
    bool quoted;
};

/* attr NULL: unknown; anything goes. */
int scim_literal_read(struct pool *pool, enum scim_op op, const struct scim_attr *attr, struct scim_word word,
                      struct scim_literal *ret, struct scim_error *error);

#endif
