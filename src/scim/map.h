/*
 * Which attribute of a SCIM User gets what of a person: rules such as "title <- description".
 *
 *   scim_map_new -> scim_map_user                a User to be made
 *                -> scim_map_edits               the same as operations of a PATCH
 *                -> scim_map_write               into a User that was read, for a PUT
 *                -> scim_map_differs             what a User that was read has otherwise
 *                -> scim_map_count, scim_map_eval   rule by rule
 *                -> scim_map_free
 *
 * A rule is TARGET <- SOURCE. TARGET: an attribute of User as a path of a PATCH names it: title, name.givenName,
 * emails[type eq "work"].value, urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department, or an attribute
 * of an extension of somebody's own, urn:example:…:User:badge. SOURCE:
 *
 *   user-name, email …     what is kept of a person (attr_names), and id, our immutable id
 *   description            any other name: the first value of this attribute of the directory; of one that speaks SCIM,
 *                          a path without brackets
 *   "text"                 a constant; \" and \\ within it
 *   first(A, B…)           the first that there is
 *   join("SEP", A, B…)     those that there are, with SEP between them
 *   lower(A), upper(A)     in the letters of any script
 *   lookup("FILE", A)      what the table FILE has for A (scim/map_table.h)
 *   none                   alone: the attribute is left to others, although a default would write it
 *
 * Rules come beside the defaults, and in place of the default for the same target. Whatever a map does not write stays
 * as the platform has it; a target whose source gives nothing is taken away there. id, externalId, active and schemas
 * are no business of a map.
 *
 * A map is never changed once it is made, so that threads may share it.
 */
#ifndef SCIM_MAP_H
#define SCIM_MAP_H

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"
#include "model/entry.h"
#include "scim/schema.h"

#define SCIM_MAP_RULES_MAX  100
#define SCIM_MAP_SOURCE_MAX 2048 /* bytes of a rule */
#define SCIM_MAP_DEPTH_MAX  16   /* functions in each other */
#define SCIM_MAP_TERMS_MAX  128  /* names, constants and functions of one rule */
#define SCIM_MAP_VALUE_MAX  4096 /* bytes of what a rule gives; what is longer is cut at a character */
#define SCIM_MAP_RAW_MAX    32   /* attributes of the directory beyond what is kept of everybody */

struct scim_map;
struct scim_table;

/* What is written, by whom the map is made. */
struct scim_map_rows {
    size_t n;
    const char *(*at)(void *ctx, size_t i); /* the text of a rule */
    /*
     * The table that a rule names, kept by whoever gives it as long as the map. -1: with err filled; NULL: none can
     * be.
     */
    int (*table)(void *ctx, size_t i, const char *file, const struct scim_table **ret, struct err *err);
    void *ctx;
    /*
     * What is known of extensions of somebody's own: only what they have can be a target. Of others any attribute is
     * one, a text.
     */
    const struct scim_schema *const *extensions;
    size_t nextensions;
};

/*
 * The defaults and the rows. rows NULL: the defaults alone. -1: ERR_CONFIG, err has "fault; remedy" and *ret_row which
 * row it is in.
 */
int scim_map_new(const struct scim_map_rows *rows, struct scim_map **ret, size_t *ret_row, struct err *err);
void scim_map_free(struct scim_map **map);

/* User with the extensions that the rules name; lives as long as the map. */
const struct scim_resource_type *scim_map_type(const struct scim_map *map);

/* The attributes of the directory that the rules name, in lower case. */
size_t scim_map_raw(const struct scim_map *map, const char *const **ret_names);

/* What a map is filled from. */
struct scim_person {
    struct span id;
    const struct span *attr;         /* ATTR_COUNT of them */
    const struct named_value *extra; /* by scim_map_raw's names; one that is not there is absent */
    size_t nextra;
    const struct named_value *fixed; /* by target: what counts in place of the rule's source; empty: nothing */
    size_t nfixed;
};

/* A User with what the map writes, and schemas; nothing else. What is made lives on its own, a new reference. */
json_t *scim_map_user(const struct scim_map *map, const struct scim_person *person);
/* Operations of a PATCH that make an account so: replace what there is, remove what there is not. A new array. */
json_t *scim_map_edits(const struct scim_map *map, const struct scim_person *person);
/* Makes a User so that was read; what the map does not write stays in it. */
void scim_map_write(const struct scim_map *map, const struct scim_person *person, json_t *user);
/*
 * Whether a User has something else than what the map writes: 1, and the names are added to ret ("title,
 * name.givenName"); 0: it has not.
 * Text is compared byte by byte, user names and e-mail addresses without regard to case; of several values, the one
 * that the target means, or the only one when the service keeps no types. ret may be NULL.
 */
int scim_map_differs(const struct scim_map *map, const struct scim_person *person, const json_t *user,
                     struct buf *ret);
/* The same, and ret says how it is there: "title is Chief, no name.givenName". It may hold whatever the User holds. */
int scim_map_tell(const struct scim_map *map, const struct scim_person *person, const json_t *user, struct buf *ret);

/* --- rule by rule ------------------------------------------------------------------------------------------------ */

struct scim_map_rule {
    const char *target; /* as the schema writes it */
    const char *source; /* as it was written; "none": not written at all */
    size_t row;         /* of the rows; SCIM_MAP_DEFAULT: it is a default */
    bool writes;        /* false: "none" */
};
#define SCIM_MAP_DEFAULT SIZE_MAX

size_t scim_map_count(const struct scim_map *map);
struct scim_map_rule scim_map_rule(const struct scim_map *map, size_t i);
/*
 * What the i-th rule gives, in the form in which it is sent; empty: nothing. In the pool, or a part of the person's
 * own values. ret_why may be NULL; else *ret_why says why there is nothing although the source has something (a text
 * that is no boolean), or is NULL.
 */
struct span scim_map_eval(const struct scim_map *map, size_t i, const struct scim_person *person, struct pool *pool,
                          const char **ret_why);
/* The name to sign in with, which no rule can leave out: the e-mail address when its own gives nothing. */
struct span scim_map_user_name(const struct scim_map *map, const struct scim_person *person, struct pool *pool);

#endif
