/* What a service can do (RFC 7643, 5; pagination: RFC 9865, 4), said and understood. */
#ifndef SCIM_DISCOVERY_H
#define SCIM_DISCOVERY_H

#include <jansson.h>

#include "scim/error.h"

struct scim_features {
    bool patch, bulk, filter, sort, etag, change_password;
    int64_t bulk_operations, bulk_bytes; /* 0: none, or not said */
    int64_t filter_results;
    bool index_pages, cursor_pages, cursor_by_default;
    int64_t page_usual, page_max, cursor_seconds; /* 0: not said */
};

/* What this code can do, with the limits of limits.h; a service takes away what it does not offer. */
extern const struct scim_features scim_features_all;

/*
 * The ServiceProviderConfig resource, with bearer tokens as the way in. base: the address before it. A new reference.
 */
json_t *scim_features_json(const struct scim_features *features, const char *base);
/*
 * Another service's. What it does not say, or says in another type, it cannot do; index pages are there unless it
 * denies them. -1: it is no ServiceProviderConfig.
 */
int scim_features_read(const json_t *body, struct scim_features *ret, struct scim_error *error);

#endif
