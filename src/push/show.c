/* Resources as clients see them. */
#include <time.h>

#include "push/service_inner.h"
#include "scim/etag.h"

const struct service_type service_types[2] = {
    [PUSHED_USER] = {&scim_users, PUSHED_USER, "userName", "groups"},
    [PUSHED_GROUP] = {&scim_groups, PUSHED_GROUP, "displayName", "members"},
};

const struct scim_attr *service_attr(const struct service_type *type, const char *name)
{
    return scim_type_attr(type->scim, span_str(name));
}

const char *service_location(struct service_call *call, const struct service_type *type, const char *id)
{
    return pool_printf(call->pool, "%s%s/%s", call->request->base, type->scim->endpoint, id);
}

const char *service_etag(struct service_call *call, const struct pushed_resource *resource)
{
    return scim_etag(call->pool, pool_printf(call->pool, "%lld", (long long)resource->change));
}

/* xsd:dateTime with milliseconds. */
static json_t *instant(int64_t micros)
{
    time_t seconds = (time_t)(micros / 1000000);
    char text[48];
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + n, sizeof text - n, ".%03dZ", (int)(micros / 1000 % 1000));
    return json_string(text);
}

static json_t *meta(struct service_call *call, const struct pushed_resource *r)
{
    const struct service_type *type = &service_types[r->kind];
    json_t *m = json_pack("{s:s}", "resourceType", type->scim->name);
    json_object_set_new(m, "created", instant(r->created));
    json_object_set_new(m, "lastModified", instant(r->change));
    json_object_set_new(m, "location", json_string(service_location(call, type, r->id)));
    json_object_set_new(m, "version", json_string(service_etag(call, r)));
    return m;
}

json_t *service_link(struct service_call *call, const struct pushed_resource *r, bool is_member)
{
    const struct service_type *type = &service_types[r->kind];
    json_t *link = json_object(), *ref;
    ref = json_sprintf("%s%s/%s", call->request->base, type->scim->endpoint, r->id);
    json_object_set_new_nocheck(link, "value", json_string_nocheck(r->id));
    json_object_set_new_nocheck(link, "$ref", ref);
    json_object_set_new_nocheck(link, "type", json_string_nocheck(is_member ? type->scim->name : "direct"));
    if (*r->display)
        json_object_set_new_nocheck(link, "display", json_string(r->display));
    return link;
}

struct links {
    struct service_call *call;
    json_t *into;
    bool are_members;
};

static int add_link(void *ctx, const struct pushed_resource *resource, struct err *err)
{
    struct links *links = ctx;
    (void)err;
    json_array_append_new(links->into, service_link(links->call, resource, links->are_members));
    return 0;
}

/* A new reference; empty for nothing. */
static int links_of(struct service_call *call, const struct pushed_resource *r, json_t **ret)
{
    struct links links = {call, json_array(), r->kind == PUSHED_GROUP};
    struct pushed_query groups = {
        .directory = call->directory, .kind = PUSHED_GROUP, .way = PUSHED_MEMBER_OF, .member = r->row};
    int status = links.are_members ? pushed_members(call->pushed, r->row, add_link, &links, call->err)
                                   : pushed_each(call->pushed, &groups, add_link, &links, call->err);
    if (status != 0)
        json_decref(links.into);
    else
        *ret = links.into;
    return status;
}

int service_whole(struct service_call *call, const struct pushed_resource *r, bool links, json_t **ret)
{
    json_error_t why;
    json_auto_t *resource = json_loadb(r->text.p ? r->text.p : "", r->text.n, 0, &why), *linked = NULL;
    if (!resource)
        return err_set(call->err, ERR_STORE, "push.db: resource %s cannot be read; restore the file from a backup",
                       r->id);
    if (links && links_of(call, r, &linked) != 0)
        return -1;
    json_object_set_new(resource, "id", json_string(r->id));
    if (json_array_size(linked))
        json_object_set(resource, service_types[r->kind].links, linked);
    json_object_set_new(resource, "meta", meta(call, r));
    *ret = json_incref(resource);
    return 0;
}

static int add_text(const char *text, size_t n, void *out)
{
    buf_add(out, text, n);
    return 0;
}

void service_body(struct service_call *call, int status, json_t *body)
{
    call->answer->status = status;
    json_dump_callback(body, add_text, &call->answer->body, JSON_COMPACT);
    json_decref(body);
}

static int with_text(struct service_call *call, const struct pushed_resource *r, struct pushed_resource *ret)
{
    *ret = *r;
    if (r->text.p)
        return 0;
    int found = pushed_get_row(call->pushed, r->row, true, call->pool, ret, call->err);
    return found == 1  ? 0
           : found < 0 ? -1
                       : err_set(call->err, ERR_STORE, "push.db: row %lld is gone", (long long)r->row);
}

/* --- many members --------------------------------------------------------------------------------------------------------- */

/* A text between quotes; it is valid UTF-8. */
static void add_escaped(struct buf *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        if ((unsigned char)*p < ' ')
            buf_printf(out, "\\u%04x", (unsigned)*p);
        else if (*p == '"' || *p == '\\')
            buf_printf(out, "\\%c", *p);
        else
            buf_addc(out, *p);
    }
}

/* As service_link, in text: of 50,000 members nothing is made but that. */
static int write_member(void *ctx, const struct pushed_resource *r, struct err *err)
{
    struct service_call *call = ctx;
    struct buf *out = &call->answer->body;
    const struct scim_resource_type *type = service_types[r->kind].scim;
    (void)err;
    buf_adds(out, buf_str(out)[out->len - 1] == '[' ? "{\"value\":\"" : ",{\"value\":\"");
    buf_adds(out, r->id);
    buf_adds(out, "\",\"$ref\":\"");
    add_escaped(out, call->request->base);
    buf_adds(out, type->endpoint);
    buf_adds(out, "/");
    buf_adds(out, r->id);
    buf_adds(out, "\",\"type\":\"");
    buf_adds(out, type->name);
    if (*r->display) {
        buf_adds(out, "\",\"display\":\"");
        add_escaped(out, r->display);
    }
    buf_adds(out, "\"}");
    return 0;
}

/* Behind the rest of the group, in place of its last "}". */
static int write_members(struct service_call *call, const struct pushed_resource *group)
{
    struct buf *out = &call->answer->body;
    int64_t n;
    if (pushed_member_count(call->pushed, group->row, &n, call->err) != 0)
        return -1;
    if (n == 0)
        return 0;
    out->len--;
    buf_adds(out, ",\"members\":[");
    int status = pushed_members(call->pushed, group->row, write_member, call, call->err);
    buf_adds(out, "]}");
    return status;
}

int service_show(struct service_call *call, const struct pushed_resource *resource,
                 const struct scim_projection *projection, int status)
{
    const struct service_type *type = &service_types[resource->kind];
    struct pushed_resource r;
    json_auto_t *whole = NULL;
    bool links = scim_projection_has(projection, NULL, service_attr(type, type->links));
    bool as_text = links && type->kind == PUSHED_GROUP && projection->kind == SCIM_USUAL;
    if (with_text(call, resource, &r) != 0 || service_whole(call, &r, links && !as_text, &whole) != 0)
        return -1;
    call->answer->etag = service_etag(call, &r);
    call->answer->location = service_location(call, type, r.id);
    service_body(call, status, scim_project(projection, whole));
    return as_text ? write_members(call, &r) : 0;
}
