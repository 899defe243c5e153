/*
 * Filters (RFC 7644, 3.4.2.2): text to tree, and a tree against a resource.
 *
 *   scim_filter_parse -> scim_filter_match*             resource by resource
 *                     -> scim_filter_needs_equal, …     what a store can answer by an index
 *
 * What the grammar leaves open, and what clients send beyond it:
 *   - An attribute that the type does not have has no value (3.4.2.2). Without a value, "ne" is true, "eq null" is true,
 *     and everything else is false. Of several values one that fits is enough, also for "ne".
 *   - A multi-valued complex attribute without sub-attribute stands for its "value".
 *   - A value without quotes is taken as text where the attribute is text (externalId eq jyoung); "true" in quotes is a
 *     boolean where the attribute is one.
 *   - emails[type eq "work"].value eq "x" means emails[type eq "work" and value eq "x"].
 */
#ifndef SCIM_FILTER_H
#define SCIM_FILTER_H

#include <jansson.h>

#include "base/pool.h"
#include "scim/attrpath.h"

enum scim_op {
    SCIM_EQ,
    SCIM_NE,
    SCIM_CO,
    SCIM_SW,
    SCIM_EW,
    SCIM_GT,
    SCIM_GE,
    SCIM_LT,
    SCIM_LE,
    SCIM_PR,
    SCIM_AND,
    SCIM_OR,
    SCIM_NOT,
    SCIM_VALUE_PATH, /* at[first]: some value for which first holds */
};

/* How the literal is to be compared; it fits the attribute. */
enum scim_literal_kind { SCIM_NULL, SCIM_TRUTH, SCIM_NUMBER, SCIM_INSTANT, SCIM_TEXT };

struct scim_literal {
    enum scim_literal_kind kind;
    struct span text;    /* of TEXT: folded (scim_fold) unless the attribute is caseExact */
    struct span spelled; /* of TEXT: as the client sent it */
    double number;       /* of NUMBER */
    int64_t integer;     /* of INSTANT, microseconds; of NUMBER when is_integer */
    bool is_integer, truth;
};

/* A node; read it, but never change it. */
struct scim_filter {
    enum scim_op op;
    bool known; /* of comparisons: the type has the attribute */
    struct scim_attrpath
        at; /* of comparisons and value paths, when known; within a value path sub is the one compared */
    struct scim_literal value;       /* of comparisons but PR */
    const struct scim_filter *first; /* of AND and OR: two or more, by next; of NOT and VALUE_PATH: one */
    const struct scim_filter *next;
};

/*
 * text: at most SCIM_FILTER_MAX bytes, SCIM_FILTER_DEPTH_MAX deep, SCIM_FILTER_TERMS_MAX comparisons; more is
 * invalidFilter, as is an operator that the attribute's type does not have. The tree lives in the pool, its depth is as
 * limited.
 */
int scim_filter_parse(struct pool *pool, const struct scim_resource_type *type, struct span text,
                      const struct scim_filter **ret, struct scim_error *error);
/* What stands in the brackets of a value path on at: names are its sub-attributes. */
int scim_filter_parse_values(struct pool *pool, const struct scim_attrpath *at, struct span text,
                             const struct scim_filter **ret, struct scim_error *error);

/*
 * Whoever knows better than the resource: asked for each comparison and value path that is known. 1 it holds, 0 it does
 * not, -1 look into the resource. So a store answers 'members eq "…"' without loading a group's members.
 */
struct scim_oracle {
    int (*holds)(void *ctx, const struct scim_filter *term);
    void *ctx;
};

/* The resource has its attributes' exact names (scim_resource_check). oracle may be NULL. */
bool scim_filter_match(const struct scim_filter *filter, const json_t *resource, const struct scim_oracle *oracle);
/* One value of a multi-valued attribute against what scim_filter_parse_values gave. */
bool scim_filter_match_value(const struct scim_filter *filter, const json_t *value);

/*
 * The comparison attr[.sub] eq …, with a TEXT, that every resource which matches has to fulfil; NULL: there is none.
 * sub NULL: the attribute is simple. When the whole filter is that comparison, what the index gives is the answer;
 * otherwise each has to be matched. Among several the first.
 */
const struct scim_filter *scim_filter_needs_equal(const struct scim_filter *filter, const struct scim_attr *attr,
                                                  const struct scim_attr *sub);
/* Whether the filter looks at the attribute at all, so that a store knows what it has to load. */
bool scim_filter_mentions(const struct scim_filter *filter, const struct scim_attr *attr);
/*
 * Puts into the object what a value has for which scim_filter_parse_values' result holds: {"type": "work"} of type eq "work". false: it says
 * something else than that attributes equal something, and the object may have a part of it.
 */
bool scim_filter_says(const struct scim_filter *where, json_t *object);
/*
 * The equals of (sub eq "a" or sub eq "b" …) in the order of the text: how many; 0: it is not of that form. ret: room
 * for max.
 */
size_t scim_filter_equals(const struct scim_filter *filter, const struct scim_attr *sub, struct span *ret, size_t max);

#endif
