/* What a map is made of, for its own files. */
#ifndef SCIM_MAP_INNER_H
#define SCIM_MAP_INNER_H

#include "scim/map.h"
#include "scim/map_table.h"
#include "scim/path.h"

enum scim_expr_op {
    EXPR_ATTR, /* one of what is kept of a person */
    EXPR_ID,
    EXPR_RAW, /* an attribute of the directory, by its name in text */
    EXPR_TEXT,
    EXPR_FIRST,
    EXPR_JOIN, /* text between them */
    EXPR_LOWER,
    EXPR_UPPER,
    EXPR_LOOKUP,
};

struct scim_expr {
    enum scim_expr_op op;
    enum attr attr;
    struct span text;
    const struct scim_table *table;
    const struct scim_expr *first, *next; /* what a function is applied to */
};

struct scim_map_line {
    struct scim_map_rule shown;
    struct scim_path path;
    json_t *element; /* of a value among several: what tells it from the others, {"type": "work"}; else NULL */
    const struct scim_expr *source; /* NULL: "none" */
};

struct scim_map {
    struct pool *pool;
    const struct scim_resource_type *type; /* User with the extensions that the rules name */
    struct scim_map_line rules[SCIM_MAP_RULES_MAX];
    size_t n;
    const char *raw[SCIM_MAP_RAW_MAX];
    size_t nraw;
    size_t user_name; /* the rule of userName */
};

/* How a rule's source is read; the map's list of raw attributes grows. table: as in struct scim_map_rows. */
struct scim_expr_reading {
    struct scim_map *map;
    const struct scim_map_rows *rows;
    size_t row;
};

/* The source of a rule: "fault; remedy" in err. ret NULL: "none". */
int scim_expr_parse(const struct scim_expr_reading *reading, struct span text, const struct scim_expr **ret,
                    struct err *err);
/* Empty: nothing. In the pool, or a part of the person's own values. */
struct span scim_expr_eval(const struct scim_expr *expr, const struct scim_person *person, struct pool *pool);
/* Whether it gives the same for everybody. */
bool scim_expr_is_constant(const struct scim_expr *expr);

/* Where a target is; extends the map's type by what the name says of somebody's own extension. */
int scim_target_parse(struct scim_map *map, struct span text, struct scim_map_line *ret, struct err *err);

/* The value as it is sent; NULL: it cannot be one of this attribute, and *ret_why says why. A new reference. */
json_t *scim_map_json(const struct scim_attr *attr, struct span value, const char **ret_why);
/* The attribute that a rule's value is of. */
static inline const struct scim_attr *scim_line_attr(const struct scim_map_line *rule)
{
    return rule->path.at.sub ? rule->path.at.sub : rule->path.at.attr;
}
/* The value of a rule for somebody; NULL: none. A new reference. */
json_t *scim_line_json(const struct scim_map *map, const struct scim_map_line *rule, const struct scim_person *person,
                       struct pool *pool);
/* Does a value among several have what the element says, where it says anything of it at all when lenient? */
bool scim_line_means(const struct scim_map_line *rule, const json_t *value, bool lenient);

#endif
