#include "connectors/scim/request.h"

#include <jansson.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "scim/patch.h"

void scim_request_release(struct scim_request *request)
{
    buf_release(&request->url);
    buf_release(&request->body);
    buf_release(&request->version);
}

struct scim_person scim_task_person(const struct platform_task *task)
{
    return (struct scim_person){
        .id = span_str(task->person), .attr = task->attr, .fixed = task->mapped, .nfixed = task->nmapped};
}

/* --- addresses -------------------------------------------------------------------------------------------------- */

/* "." and ".." would be resolved away by every client on the path, and an escaped dot is the same as a dot. */
static void begin(struct scim_request *ret, const char *method, const char *base, enum scim_kind kind, const char *id)
{
    ret->method = method;
    ret->kind = kind;
    buf_adds(&ret->url, base);
    buf_adds(&ret->url, kind == SCIM_USER ? "/Users" : "/Groups");
    if (!id)
        return;
    buf_addc(&ret->url, '/');
    text_percent(&ret->url, span_str(id));
}

/* A string in double quotes, as JSON has it and filters as well. */
static void add_quoted(struct buf *out, const char *text)
{
    CLEANUP(freep) char *quoted = NULL;
    json_t *string = json_string(text);
    quoted = json_dumps(string, JSON_ENCODE_ANY);
    json_decref(string);
    buf_adds(out, quoted ? quoted : "\"\"");
}

void scim_find(const char *base, enum scim_kind kind, const char *attribute, const char *value,
               struct scim_request *ret)
{
    CLEANUP(buf_release) struct buf filter = BUF_INIT;
    begin(ret, "GET", base, kind, NULL);
    buf_printf(&filter, "%s eq ", attribute);
    add_quoted(&filter, value);
    buf_adds(&ret->url, "?filter=");
    text_percent(&ret->url, (struct span){filter.data, filter.len});
    /* Without it a group comes with all its members. */
    buf_printf(&ret->url, "&attributes=id,externalId%s", kind == SCIM_USER ? ",userName,emails" : "");
}

void scim_get_user(const char *base, const char *id, struct scim_request *ret)
{
    begin(ret, "GET", base, SCIM_USER, id);
}

void scim_delete(const char *base, enum scim_kind kind, const char *id, struct scim_request *ret)
{
    begin(ret, "DELETE", base, kind, id);
}

/* --- bodies ----------------------------------------------------------------------------------------------------- */

/* Takes body. */
static void set_body(struct scim_request *ret, json_t *body)
{
    CLEANUP(freep) char *written = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    buf_adds(&ret->body, written ? written : "{}");
}

void scim_create_user(const char *base, const struct scim_map *map, const struct platform_task *task,
                      struct scim_request *ret)
{
    struct scim_person person = scim_task_person(task);
    json_t *user = scim_map_user(map, &person);
    json_object_set_new(user, "externalId", json_string(task->person));
    json_object_set_new(user, "active", json_boolean(task->active));
    begin(ret, "POST", base, SCIM_USER, NULL);
    set_body(ret, user);
}

void scim_create_group(const char *base, const struct platform_task *task, struct scim_request *ret)
{
    begin(ret, "POST", base, SCIM_GROUP, NULL);
    set_body(ret, json_pack("{s:[s], s:s, s:s}", "schemas", SCIM_GROUP_URN, "externalId", task->object_uid,
                            "displayName", task->object_name));
}

/* --- PATCH ------------------------------------------------------------------------------------------------------ */

/* Takes value; NULL takes the attribute away. */
static void add_operation(json_t *operations, const char *path, json_t *value)
{
    json_t *operation = json_pack("{s:s, s:s}", "op", value ? "replace" : "remove", "path", path);
    if (value)
        json_object_set_new(operation, "value", value);
    json_array_append_new(operations, operation);
}

/* Takes operations. */
static void patch(struct scim_request *ret, const char *base, enum scim_kind kind, const char *id, json_t *operations)
{
    begin(ret, "PATCH", base, kind, id);
    set_body(ret, json_pack("{s:[s], s:o}", "schemas", SCIM_PATCH_URN, "Operations", operations));
}

void scim_change_user(const char *base, const char *id, const struct scim_map *map, const struct platform_task *task,
                      bool make_ours, struct scim_request *ret)
{
    struct scim_person person = scim_task_person(task);
    json_t *operations = scim_map_edits(map, &person);
    if (make_ours)
        add_operation(operations, "externalId", json_string(task->person));
    add_operation(operations, "active", json_boolean(task->active));
    patch(ret, base, SCIM_USER, id, operations);
    ret->map = map;
    ret->task = task;
    ret->make_ours = make_ours;
}

void scim_suspend_user(const char *base, const char *id, struct scim_request *ret)
{
    json_t *operations = json_array();
    add_operation(operations, "active", json_false());
    patch(ret, base, SCIM_USER, id, operations);
}

void scim_rename_group(const char *base, const char *id, const struct platform_task *task, struct scim_request *ret)
{
    json_t *operations = json_array();
    if (task->former)
        add_operation(operations, "externalId", json_string(task->object_uid));
    add_operation(operations, "displayName", json_string(task->object_name));
    patch(ret, base, SCIM_GROUP, id, operations);
}

/* path[value eq "…"] */
static void add_removal(json_t *operations, const char *path, const char *value)
{
    CLEANUP(buf_release) struct buf where = BUF_INIT;
    buf_printf(&where, "%s[value eq ", path);
    add_quoted(&where, value);
    buf_addc(&where, ']');
    add_operation(operations, where.data, NULL);
}

void scim_change_members(const char *base, const char *group, bool add, const char *const *accounts, size_t n,
                         struct scim_request *ret)
{
    json_t *operations = json_array(), *members = json_array();
    for (size_t i = 0; i < n; i++)
        if (add)
            json_array_append_new(members, json_pack("{s:s}", "value", accounts[i]));
        else
            add_removal(operations, "members", accounts[i]);
    if (add)
        json_array_append_new(operations, json_pack("{s:s, s:s, s:O}", "op", "add", "path", "members", "value", members));
    json_decref(members);
    patch(ret, base, SCIM_GROUP, group, operations);
}

static const char *const value_paths[] = {[PLATFORM_AS_ENTITLEMENT] = "entitlements", [PLATFORM_AS_ROLE] = "roles"};

void scim_add_value(const char *base, const char *id, const struct platform_task *task, struct scim_request *ret)
{
    json_t *operations = json_pack("[{s:s, s:s, s:[{s:s}]}]", "op", "add", "path", value_paths[task->assign], "value",
                                   "value", task->value);
    patch(ret, base, SCIM_USER, id, operations);
}

void scim_remove_value(const char *base, const char *id, const struct platform_task *task, struct scim_request *ret)
{
    json_t *operations = json_array();
    add_removal(operations, value_paths[task->assign], task->value);
    patch(ret, base, SCIM_USER, id, operations);
}
