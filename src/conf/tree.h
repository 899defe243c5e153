/*
 * The checked configuration as it lies in memory. Once it is loaded nothing in it changes, and any thread may read it. For the files of this folder; everybody else reads it through conf.h.
 */
#ifndef CONF_TREE_H
#define CONF_TREE_H

#include <stdatomic.h>

#include "base/pool.h"
#include "conf/conf.h"
#include "crypto/digest.h"

struct conf_value {
    const char *text;
    int64_t number; /* CONF_INT, CONF_DURATION, CONF_MILLIS, CONF_BOOL */
    unsigned line;
    const char *where; /* "FILE:LINE" */
};

/* One key of a section, written or not. */
struct conf_slot {
    const struct conf_item *item;
    struct conf_value *values;
    size_t n, cap;
    struct conf_value def; /* text NULL: there is none */
};

struct conf_section {
    const struct conf_kind *kind;
    const struct conf_variant *variant; /* NULL when the kind has none */
    const char *name;                   /* "" when the kind has none */
    const char *file, *where; /* where: "FILE:LINE", or "FILE" */
    unsigned line;            /* 0: not written */
    bool faulty;
    struct conf_slot *slots;
    size_t nslots;
    unsigned type_line;
};

struct conf {
    struct pool *pool;
    const struct conf_schema *schema;
    struct conf_section **sections; /* in the order written; those that were not, last */
    size_t n, cap;
    char digest[DIGEST_HEX_MAX];
    atomic_uint others; /* who shares it */
};

/* NULL: the key is not in the rows of this section. */
struct conf_slot *tree_slot(const struct conf_section *section, const char *key);
/* "directory hq", or "sync". */
const char *tree_label(struct pool *pool, const struct conf_section *section);

#endif
