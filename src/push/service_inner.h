/*
 * What the files of the service share. Functions return 0, or -1 with either call->error set (the client's fault) or call->err (ours).
 */
#ifndef PUSH_SERVICE_INNER_H
#define PUSH_SERVICE_INNER_H

#include "push/service.h"
#include "scim/patch.h"

/* One request on its way. */
struct service_call {
    struct pushed *pushed;
    int64_t directory; /* 0: nothing was pushed to it yet */
    const char *name;
    const struct service_request *request;
    struct pool *pool;
    struct service_answer *answer;
    struct service_tally tally; /* of the transaction that is open; the answer's once it is on the disk */
    size_t rows;                /* of members that were looked through */
    struct scim_error error;
    struct err *err;
};

struct service_type {
    const struct scim_resource_type *scim;
    enum pushed_kind kind;
    const char *name;  /* the attribute that is the key NAME */
    const char *links; /* the attribute that is made of the table of members */
};
extern const struct service_type service_types[2]; /* by enum pushed_kind */
const struct scim_attr *service_attr(const struct service_type *type, const char *name);

/* One resource that is to be changed, and on which condition. */
struct service_target {
    const struct service_type *type;
    struct span id;
    struct span if_match, if_none_match; /* p NULL: any version */
};

/* --- one resource (resource.c) ------------------------------------------------------------------------------------------ */

/* Finds it and compares its version: 404, 412. */
int service_find(struct service_call *call, const struct service_target *target, bool with_text,
                 struct pushed_resource *ret);
/* Within a transaction. data: as from scim_json_load; changed, not kept. */
int service_create(struct service_call *call, const struct service_type *type, json_t *data,
                   struct pushed_resource *ret);
int service_replace(struct service_call *call, const struct service_target *target, json_t *data,
                    struct pushed_resource *ret);
int service_patch(struct service_call *call, const struct service_target *target, json_t *data,
                  struct pushed_resource *ret);
int service_delete(struct service_call *call, const struct service_target *target);
/* What the store is to keep of it; keys and text live in the pool. */
struct pushed_content service_content(struct service_call *call, const struct service_type *type,
                                      const json_t *resource);

/* --- members (member.c) ------------------------------------------------------------------------------------------------- */

/* Makes the members these; "ids" as sent. */
int service_members_set(struct service_call *call, int64_t group, const struct scim_member *members, size_t n,
                        bool *ret_changed);
/* The edits that are apart, in their order. */
int service_members_edit(struct service_call *call, int64_t group, const struct scim_patch *patch, bool *ret_changed);
/* Takes "members" out of a resource that was checked. sent: how many there were before: one that says nobody is no empty list. */
int service_members_take(struct service_call *call, json_t *resource, size_t sent, const struct scim_member **ret,
                         size_t *ret_n);

/* --- what is shown (show.c) ---------------------------------------------------------------------------------------------- */

const char *service_location(struct service_call *call, const struct service_type *type, const char *id);
const char *service_etag(struct service_call *call, const struct pushed_resource *resource);
/* The resource as it is, with all that the store knows; links: members or groups as well. A new reference. */
int service_whole(struct service_call *call, const struct pushed_resource *resource, bool links, json_t **ret);
/* One member of a group, or one group of a user. A new reference. */
json_t *service_link(struct service_call *call, const struct pushed_resource *resource, bool is_member);
/* Fills the answer: the resource as the projection wants it, ETag, and for 201 its Location. with_text or not. */
int service_show(struct service_call *call, const struct pushed_resource *resource,
                 const struct scim_projection *projection, int status);
/* Fills the answer; takes the reference. */
void service_body(struct service_call *call, int status, json_t *body);

/* --- what a request says (service.c) ------------------------------------------------------------------------------------ */

/* The body as JSON, when its type is one of ours: 415, 413, 400. ret: a new reference. */
int service_load_body(struct service_call *call, size_t max, json_t **ret);
/* The resource of this id, under the conditions of the headers. */
struct service_target service_target_of(const struct service_call *call, const struct service_type *type,
                                        const char *id);
int service_projection_of(struct service_call *call, const struct service_type *type, struct scim_projection *ret);

/* --- requests that change one resource (change.c) ------------------------------------------------------------------------ */

int service_post(struct service_call *call, const struct service_type *type, const char *id);
int service_put(struct service_call *call, const struct service_type *type, const char *id);
int service_patch_one(struct service_call *call, const struct service_type *type, const char *id);
int service_delete_one(struct service_call *call, const struct service_type *type, const char *id);

/* --- the rest ----------------------------------------------------------------------------------------------------------- */

/* type NULL: all resources. */
int service_list(struct service_call *call, const struct service_type *type, const struct scim_params *params);
int service_bulk(struct service_call *call, json_t *message);
/* ServiceProviderConfig, Schemas, ResourceTypes; id "" for the whole. */
int service_about_config(struct service_call *call, const char *id);
int service_about_schemas(struct service_call *call, const char *id);
int service_about_types(struct service_call *call, const char *id);

/* Transactions that write; the directory is there in them. */
int service_begin(struct service_call *call);
int service_commit(struct service_call *call);
/* The parts of it, within somebody else's: first and last. */
int service_ready(struct service_call *call);
void service_count(struct service_call *call); /* what was done is on the disk */

#endif
