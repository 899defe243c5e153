#include "connectors/scim/rewrite.h"

#include <jansson.h>

#include "base/cleanup.h"
#include "base/pool.h"
#include "base/text.h"
#include "scim/json.h"
#include "scim/patch.h"

static json_t *load(const struct buf *text)
{
    return text->len ? json_loadb(text->data, text->len, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

/* --- members ------------------------------------------------------------------------------------------------------ */

/* By hash: a list of those in the group times those who come or go would be billions of comparisons. */
static json_t *set_of(const struct scim_edit *edit)
{
    json_t *set = json_object();
    for (size_t i = 0; i < edit->nmembers; i++)
        json_object_set_new(set, edit->members[i].id, json_true());
    return set;
}

static bool remove_members(json_t *members, const struct scim_edit *edit)
{
    json_auto_t *gone = set_of(edit), *left = json_array();
    const json_t *member;
    size_t i, before = json_array_size(members);
    json_array_foreach(members, i, member)
    {
        const char *id = json_string_value(scim_json_get(member, "value"));
        if (!id || !json_object_get(gone, id))
            json_array_append(left, (json_t *)(uintptr_t)member);
    }
    json_array_clear(members);
    json_array_extend(members, left);
    return json_array_size(members) != before;
}

static bool add_members(json_t *members, const struct scim_edit *edit)
{
    json_auto_t *added = set_of(edit);
    const json_t *member;
    const char *id;
    json_t *ignored;
    size_t i;
    json_array_foreach(members, i, member)
    {
        id = json_string_value(scim_json_get(member, "value"));
        if (id)
            json_object_del(added, id);
    }
    json_object_foreach(added, id, ignored) json_array_append_new(members, json_pack("{s:s}", "value", id));
    return json_object_size(added) > 0;
}

static bool change_members(json_t *group, const struct scim_patch *patch)
{
    bool changed = false;
    json_t *members = scim_json_get(group, "members");
    if (!json_is_array(members)) {
        members = json_array();
        json_object_set_new(group, "members", members);
    }
    for (size_t i = 0; i < patch->n; i++)
        if (patch->edits[i].apart && patch->edits[i].op == SCIM_REMOVE)
            changed |= remove_members(members, &patch->edits[i]);
        else if (patch->edits[i].apart)
            changed |= add_members(members, &patch->edits[i]);
    return changed;
}

/* --- the rest ----------------------------------------------------------------------------------------------------- */

/* Extensions that we do not know stay named, or the service would take their values for strays. */
static void keep_schemas(const json_t *before, json_t *now)
{
    json_t *schemas = json_object_get(now, "schemas");
    const json_t *urn, *old = json_object_get(before, "schemas");
    size_t i;
    json_array_foreach(old, i, urn)
    {
        const char *name = json_string_value(urn);
        bool known = false;
        for (size_t k = 0; k < json_array_size(schemas); k++)
            known |= json_equal(urn, json_array_get(schemas, k));
        if (name && !known && json_object_get(now, name))
            json_array_append(schemas, (json_t *)(uintptr_t)urn);
    }
}

/* By the map itself, which also writes what only the service's own schemas know. */
static json_t *changed_user(const struct scim_request *request, const json_t *resource)
{
    json_t *now = json_deep_copy(resource);
    struct scim_person person = scim_task_person(request->task);
    scim_map_write(request->map, &person, now);
    if (request->make_ours)
        json_object_set_new(now, "externalId", json_string(request->task->person));
    json_object_set_new(now, "active", json_boolean(request->task->active));
    return now;
}

/* A new reference; NULL: everything is so already. */
static json_t *changed(const struct scim_resource_type *type, struct pool *pool, const struct scim_request *request,
                       json_t *resource, struct scim_error *error)
{
    CLEANUP(scim_patch_release) struct scim_patch patch = SCIM_PATCH_INIT;
    json_auto_t *message = load(&request->body), *now = NULL;
    const struct scim_attr *members = scim_type_attr(type, span_str("members"));
    bool is_changed = false;
    if (request->task) {
        now = changed_user(request, resource);
        return json_equal(now, resource) ? NULL : json_incref(now);
    }
    if (scim_patch_read(pool, type, members, message, &patch, error) != 0)
        return NULL;
    if (!scim_patch_has_values(&patch))
        now = json_incref(resource);
    else if (scim_patch_apply(type, &patch, resource, &now, &is_changed, error) != 0)
        return NULL;
    else
        keep_schemas(resource, now);
    if (scim_patch_has_members(&patch))
        is_changed |= change_members(now, &patch);
    return is_changed ? json_incref(now) : NULL;
}

/* What the service sets itself: some refuse it in a PUT. */
static void drop_read_only(json_t *resource, enum scim_kind kind)
{
    json_object_del(resource, "meta");
    if (kind == SCIM_USER)
        json_object_del(resource, "groups");
}

static const char *version_of(const struct http_reply *reply, const json_t *resource)
{
    const char *version = json_string_value(json_object_get(json_object_get(resource, "meta"), "version"));
    if (*reply->etag)
        return reply->etag;
    return version && text_is_clean(span_str(version)) ? version : ""; /* it becomes a header */
}

static void write_whole(const struct scim_request *patch, json_t *resource, struct scim_request *ret)
{
    CLEANUP(freep) char *text = NULL;
    drop_read_only(resource, patch->kind);
    text = json_dumps(resource, JSON_COMPACT);
    ret->method = "PUT";
    ret->kind = patch->kind;
    buf_adds(&ret->url, patch->url.data);
    buf_adds(&ret->body, text ? text : "{}");
}

int64_t scim_members_shown(const struct http_reply *reply)
{
    json_auto_t *group = load(&reply->body);
    const json_t *members = scim_json_get(group, "members");
    return json_is_array(members) ? (int64_t)json_array_size(members) : -1;
}

/* Another's values, written where this one's belong, would be the end of it. */
static bool is_asked_for(const struct scim_request *patch, const json_t *resource)
{
    CLEANUP(buf_release) struct buf end = BUF_INIT;
    const json_t *id = json_object_get(resource, "id");
    if (!json_is_string(id))
        return false;
    buf_addc(&end, '/');
    text_percent(&end, (struct span){json_string_value(id), json_string_length(id)});
    return patch->url.len >= end.len && strcmp(patch->url.data + patch->url.len - end.len, end.data) == 0;
}

int scim_rewrite(const struct scim_map *map, const struct scim_request *patch, const struct http_reply *reply,
                 struct scim_request *ret, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    json_auto_t *resource = load(&reply->body), *now = NULL;
    struct scim_error error = SCIM_ERROR_INIT;
    if (!json_is_object(resource) || !is_asked_for(patch, resource))
        return err_set(err, ERR_INPUT, "the service does not show it, but something else; ask its makers");
    buf_adds(&ret->version, version_of(reply, resource));
    now = changed(patch->kind == SCIM_USER ? scim_map_type(map) : &scim_groups, pool, patch, resource, &error);
    if (error.status)
        return err_set(err, ERR_INPUT, "what the service has cannot be changed as a whole (%s); look at it there",
                       error.detail);
    if (now)
        write_whole(patch, now, ret);
    return 0;
}
