/*
 * One entry as a source holds it: attribute types and values, as views into the source's memory.
 *
 *   raw_start -> (raw_attr -> raw_value…)… -> whoever reads it; again raw_start; raw_release at the end
 *
 * The arrays are kept from entry to entry, so that a stream of entries costs no allocation.
 */
#ifndef CONNECTORS_RAW_H
#define CONNECTORS_RAW_H

#include "base/span.h"

#define RAW_NONE SIZE_MAX

struct raw_attr {
    struct span type; /* with its options: "member;range=0-1499" */
    size_t first, n;  /* its values */
    size_t next;      /* a later attribute of the same type, or RAW_NONE; filled by deliver.h */
};

struct raw {
    struct span name; /* the DN */
    struct raw_attr *attrs;
    struct span *values;
    size_t nattrs, cap_attrs, nvalues, cap_values;
};

#define RAW_INIT                                                                                                       \
    {                                                                                                                  \
        .attrs = NULL                                                                                                  \
    }

void raw_start(struct raw *raw, struct span name);
/* Begins an attribute; the values that follow are its own. The same type may come again. */
void raw_attr(struct raw *raw, struct span type);
void raw_value(struct raw *raw, struct span value);
void raw_release(struct raw *raw);

/* The type without its options. */
struct span raw_base_type(struct span type);

#endif
