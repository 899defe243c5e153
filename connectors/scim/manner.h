/*
 * How changes are sent to a service: as its section says, narrowed by what it offers and by what it refuses.
 *
 *   scim_manner_init -> scim_manner_choose before each send -> scim_manner_…
 */
#ifndef CONNECTORS_SCIM_MANNER_H
#define CONNECTORS_SCIM_MANNER_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"
#include "connectors/scim/features.h"

/* Operations in one bulk request, where the service allows as many: more would only make its answer come later. */
#define SCIM_BULK_MOST 100

struct scim_manner {
    bool put;               /* what is changed is read, changed and written as a whole: there is no PATCH */
    bool filters;           /* look-ups are filters; else one listing is read for all of them */
    size_t bulk;            /* operations in one bulk request; below 2: none */
    size_t bulk_bytes;      /* and their size */
    size_t members;         /* at most so many members change in one PATCH */
    size_t members_most;    /* … when the service is not in trouble */
    bool troubled;          /* it was out of order for several at once */
    bool may_bulk, may_put; /* as configured; may_put: when PATCH turns out not to be there */
    bool offered;           /* what the service offers was looked at */
};

void scim_manner_init(struct scim_manner *manner, const struct conf_section *section);
void scim_manner_choose(struct scim_manner *manner, const struct scim_offer *offer);

/* The service does not know PATCH. false: it has to, as the section says so, or it was known. */
bool scim_manner_without_patch(struct scim_manner *manner);
void scim_manner_without_bulk(struct scim_manner *manner);
/* It takes so many members at once, and no more. */
void scim_manner_fewer_members(struct scim_manner *manner, size_t most);
/* It was out of order for so many members at once; be it that one of them is too much for it. */
void scim_manner_trouble(struct scim_manner *manner, size_t members);

#endif
