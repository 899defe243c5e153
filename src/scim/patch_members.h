/* Edits of a membership attribute, as lists of ids. */
#ifndef SCIM_PATCH_MEMBERS_H
#define SCIM_PATCH_MEMBERS_H

#include "scim/patch.h"

/* edit: op and path are set, apart is filled. value: as the client sent it, NULL: nothing. */
int scim_patch_members(struct pool *pool, json_t *value, struct scim_edit *edit, struct scim_error *error);

#endif
