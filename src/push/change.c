/* Requests that change one resource: read first, then carried out in a transaction, alone or with others. */
#include "push/service_inner.h"
#include "scim/limits.h"

/* What was read of the request before the transaction, in which others wait for their turn. */
struct change {
    struct service_call *call;
    struct service_target target;
    struct scim_projection projection;
    json_t *data;
    int (*make)(struct change *change);
};

static int create(struct change *c)
{
    struct pushed_resource r;
    if (service_create(c->call, c->target.type, c->data, &r) != 0)
        return -1;
    return service_show(c->call, &r, &c->projection, 201);
}

static int replace(struct change *c)
{
    struct pushed_resource r;
    if (service_replace(c->call, &c->target, c->data, &r) != 0)
        return -1;
    return service_show(c->call, &r, &c->projection, 200);
}

/* A group is not shown unless somebody asks: its members would all be read for one that joined (3.5.2 allows 204). */
static bool is_shown(const struct change *c)
{
    return c->projection.kind != SCIM_USUAL || c->target.type->kind == PUSHED_USER;
}

static int patch(struct change *c)
{
    struct pushed_resource r;
    if (service_patch(c->call, &c->target, c->data, &r) != 0)
        return -1;
    c->call->answer->status = 204;
    c->call->answer->etag = service_etag(c->call, &r);
    return is_shown(c) ? service_show(c->call, &r, &c->projection, 200) : 0;
}

static int take_away(struct change *c)
{
    c->call->answer->status = 204;
    return service_delete(c->call, &c->target);
}

static int make_in_line(void *job, struct pushed *pushed, struct err *err)
{
    struct change *c = job;
    struct service_call *call = c->call;
    struct pushed *own = call->pushed;
    call->pushed = pushed;
    call->err = err;
    int status = service_ready(call) != 0 ? -1 : c->make(c);
    call->pushed = own;
    return status == 0 ? 0 : call->error.status ? 1 : -1;
}

static int make_alone(struct change *c)
{
    return service_begin(c->call) != 0 || c->make(c) != 0 ? -1 : service_commit(c->call);
}

static int make(struct change *c)
{
    struct service_call *call = c->call;
    if (!call->request->line)
        return make_alone(c);
    if (line_pass(call->request->line, make_in_line, c, call->err) != 0)
        return -1;
    service_count(call);
    return 0;
}

static int change_one(struct service_call *call, const struct service_type *type, const char *id,
                      int (*how)(struct change *change), bool has_body)
{
    json_auto_t *data = NULL;
    struct change change = {.call = call, .target = service_target_of(call, type, id), .make = how};
    size_t max = type->kind == PUSHED_USER ? SERVICE_RESOURCE_MAX : SCIM_MESSAGE_MAX;
    if (service_projection_of(call, type, &change.projection) != 0 ||
        (has_body && service_load_body(call, max, &data) != 0))
        return -1;
    change.data = data;
    return make(&change);
}

int service_post(struct service_call *call, const struct service_type *type, const char *id)
{
    return change_one(call, type, id, create, true);
}

int service_put(struct service_call *call, const struct service_type *type, const char *id)
{
    return change_one(call, type, id, replace, true);
}

int service_patch_one(struct service_call *call, const struct service_type *type, const char *id)
{
    return change_one(call, type, id, patch, true);
}

int service_delete_one(struct service_call *call, const struct service_type *type, const char *id)
{
    return change_one(call, type, id, take_away, false);
}
