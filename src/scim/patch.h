/*
 * PATCH (RFC 7644, 3.5.2): a request becomes a list of edits, and the edits a new resource, or statements of a store.
 *
 *   scim_patch_read -> scim_patch_apply                        all of it, on a copy
 *                   -> the edits that are "apart", one by one  members of a group, which nobody has to load
 *
 * All or nothing: what is wrong with a request shows in scim_patch_read, or in scim_patch_apply, which leaves the
 * resource as it was. What is apart cannot fail.
 *
 * Accepted beyond the RFC, because clients send it: operations in any case; booleans as text; one value instead of a
 * list and a list of one instead of a value; members as bare texts; "remove" with the list of what is to go; names with
 * dots, brackets or URNs as names of a value without path. In such a value what is unknown or readOnly is ignored, as
 * in a POST (Okta renames a group with its id in it); in a path it is an error. Taking away what is not there is no
 * error: it is gone, as was asked.
 */
#ifndef SCIM_PATCH_H
#define SCIM_PATCH_H

#include <jansson.h>

#include "base/pool.h"
#include "scim/path.h"

#define SCIM_PATCH_URN "urn:ietf:params:scim:api:messages:2.0:PatchOp"

enum scim_edit_op { SCIM_ADD, SCIM_REPLACE, SCIM_REMOVE };

/* A member as the client named it. The texts but id are NULL when not sent, and are only what the client believes. */
struct scim_member {
    const char *id; /* 1 to SCIM_MEMBER_ID_MAX bytes, as sent: still to be looked up */
    const char *type, *display;
};

struct scim_edit {
    enum scim_edit_op op;
    bool apart; /* of the membership attribute: members counts, and value is NULL */
    struct scim_path path;
    /*
     * Of ADD and REPLACE: the checked value (scim_value_check), for all of the path's place. Of REMOVE: the list of the
     * values to take away, NULL for all that the path names.
     */
    json_t *value;

    /*
     * Of what is apart:
     *   ADD      members join; who is one already stays
     *   REPLACE  the members are these, and nobody else; none: the group is empty
     *   REMOVE   members leave; with all: everybody does; with path.where: everybody for whom it holds does
     */
    const struct scim_member *members;
    size_t nmembers;
    bool all;
};

struct scim_patch {
    struct scim_edit *edits; /* in the order in which they are to be made */
    size_t n, cap;
    json_t *held; /* owns the values */
};

#define SCIM_PATCH_INIT                                                                                                \
    {                                                                                                                  \
        NULL, 0, 0, NULL                                                                                               \
    }

/*
 * message: as from scim_json_load; values in it are changed and taken. apart: the membership attribute that is to come
 * as lists of members; NULL: none, everything is applied, at a cost of members times values for a service's own small
 * groups only. ret: SCIM_PATCH_INIT, released by the caller, also after an error; texts and filters live in the pool.
 * More than SCIM_PATCH_OPS_MAX operations are 413.
 */
int scim_patch_read(struct pool *pool, const struct scim_resource_type *type, const struct scim_attr *apart,
                    json_t *message, struct scim_patch *ret, struct scim_error *error);
void scim_patch_release(struct scim_patch *patch);

/* Whether anything beside what is apart is changed, so that a store knows whether it has to read the resource. */
bool scim_patch_has_values(const struct scim_patch *patch);
bool scim_patch_has_members(const struct scim_patch *patch);

/*
 * The resource with the edits made that are not apart, a new reference; the resource itself stays as it is.
 * ret_changed: whether it differs (meta.lastModified stays when it does not). noTarget, mutability, invalidValue.
 */
int scim_patch_apply(const struct scim_resource_type *type, const struct scim_patch *patch, const json_t *resource,
                     json_t **ret, bool *ret_changed, struct scim_error *error);

#endif
