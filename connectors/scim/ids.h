/* The platform's ids that became known in this process, by our own ids. */
#ifndef CONNECTORS_SCIM_IDS_H
#define CONNECTORS_SCIM_IDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/keymap.h"
#include "crypto/digest.h"

struct scim_ids {
    struct digest *digest;
    struct keymap map;
    char **ids;
    size_t n, cap;
};

void scim_ids_init(struct scim_ids *ids);
void scim_ids_release(struct scim_ids *ids);
/* NULL: not known. Dead after the next scim_ids_put. */
const char *scim_ids_get(const struct scim_ids *ids, const char *ours);
void scim_ids_put(struct scim_ids *ids, const char *ours, const char *theirs);
void scim_ids_forget(struct scim_ids *ids, const char *ours);
/* It may be there from now on, under an id that is not known: see scim_ids_is_new. */
void scim_ids_expect(struct scim_ids *ids, const char *ours);
/* Nothing was ever said of it: no put, no forget, no expect. */
bool scim_ids_is_new(const struct scim_ids *ids, const char *ours);

#endif
