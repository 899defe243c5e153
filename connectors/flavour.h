/*
 * What kinds of directory server differ in, as one table: attribute names, filters, classes and limits. A further
 * server is a further row.
 */
#ifndef CONNECTORS_FLAVOUR_H
#define CONNECTORS_FLAVOUR_H

#include <stdint.h>

#include "model/entry.h"

#define FLAVOUR_CANDIDATES 4

/* What people and groups lie below, on every server: RFC 4519, RFC 2247 and Active Directory. Ends with NULL. */
extern const char *const flavour_container_classes[];

struct flavour {
    const char *name;
    const char *id;                                   /* attribute of the immutable id */
    const char *attr[ATTR_COUNT][FLAVOUR_CANDIDATES]; /* the first that has a value is taken */
    const char *group_name[FLAVOUR_CANDIDATES];
    const char *alias;  /* what posixGroup's memberUid names; NULL: no such short names */
    const char *active; /* rule, in the words of "map-active" */
    const char *person_filter, *group_filter;
    const char *const *person_classes, *const *group_classes; /* end with NULL; for sources that cannot filter */
    int64_t page_size;                                        /* entries; 0: one stream */
};

extern const char *const flavour_names[]; /* ends with NULL */

/* NULL when there is none of this name. */
const struct flavour *flavour_find(const char *name);

#endif
