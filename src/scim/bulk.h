/*
 * Bulk requests (RFC 7644, 3.7): a list of operations becomes steps in an order in which each can be carried out.
 *
 *   scim_json_load (SCIM_BULK_MAX) -> scim_bulk_read -> for each step: scim_bulk_prepare, carry out, scim_bulk_result
 *                                  -> scim_bulk_json -> scim_bulk_release
 *
 * An operation that refers to "bulkId:x" comes after the one that makes x. When they refer to each other in a circle,
 * one is made without its reference, and a step behind the other puts it in (3.7.1). Otherwise the order is the
 * client's, and operations on the same resource always keep it.
 */
#ifndef SCIM_BULK_H
#define SCIM_BULK_H

#include <jansson.h>

#include "base/pool.h"
#include "scim/schema.h"

#define SCIM_BULK_URN          "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
#define SCIM_BULK_RESPONSE_URN "urn:ietf:params:scim:api:messages:2.0:BulkResponse"

enum scim_method { SCIM_POST, SCIM_PUT, SCIM_PATCH, SCIM_DELETE };

#define SCIM_NO_OP ((size_t)-1)

struct scim_bulk_op {
    enum scim_method method;
    const struct scim_resource_type *type;
    const char *bulk_id;     /* NULL: none */
    const char *id;          /* of what is changed; NULL: of POST, or it is made by the operation "made_by" */
    size_t made_by;          /* SCIM_NO_OP: by none of this request */
    const char *version;     /* to be compared as by If-Match; NULL: not */
    json_t *data;            /* as sent; scim_bulk_prepare gives what is to be used. NULL: of DELETE */
    struct scim_error error; /* status not 0: it is not to be carried out, and this is its answer */
};

struct scim_bulk_step {
    size_t op;
    bool completes; /* the operation was done; what it could not refer to then is to be put in, by a PATCH */
};

struct scim_bulk_link; /* a reference between operations */

struct scim_bulk {
    struct scim_bulk_op *ops; /* in the client's order */
    size_t nops;
    const struct scim_bulk_step *steps;
    size_t nsteps;
    size_t fail_on_errors; /* 0: go on, however many there are */

    /* The rest is the module's own. */
    struct pool *pool;
    struct scim_bulk_link *links;
    size_t nlinks, links_cap;
    const size_t *first_link; /* by operation, and one more for the end */
};

/*
 * types: those that the service has. message: as from scim_json_load, and kept until the end; its values are changed.
 * ret lives in the pool, but for what scim_bulk_release gives back, also after an error. -1: the request as a whole is
 * none: 400, or 413 when it has more than SCIM_BULK_OPS_MAX operations. What is wrong with one operation stands in its
 * error.
 */
int scim_bulk_read(struct pool *pool, const struct scim_resource_type *const *types, size_t ntypes, json_t *message,
                   struct scim_bulk *ret, struct scim_error *error);
void scim_bulk_release(struct scim_bulk *bulk);

/*
 * The data of a step, once for each, in the order of the steps. ids: by operation, what was made by it or changed by
 * it; NULL: nothing (yet, or it failed). ret: a new reference, NULL for DELETE; of a step that completes, a PatchOp
 * message for ids[op]. 409: something that it refers to was not made.
 */
int scim_bulk_prepare(struct scim_bulk *bulk, const struct scim_bulk_step *step, const char *const *ids, json_t **ret,
                      struct scim_error *error);

/* Whether to go on after so many operations that failed (failOnErrors). */
bool scim_bulk_goes_on(const struct scim_bulk *bulk, size_t errors);

/*
 * What became of one operation. location: NULL when nothing was made. etag: NULL: none. error: NULL, or why it failed;
 * then status is not looked at. A new reference.
 */
json_t *scim_bulk_result(const struct scim_bulk_op *op, int status, const char *location, const char *etag,
                         const struct scim_error *error);
/* The answer to all of it. results: an array, taken over. A new reference. */
json_t *scim_bulk_json(json_t *results);

#endif
