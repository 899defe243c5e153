#include "connectors/scim/request.h"

#include <jansson.h>

#include "base/cleanup.h"
#include "base/text.h"

#define CORE_USER  "urn:ietf:params:scim:schemas:core:2.0:User"
#define CORE_GROUP "urn:ietf:params:scim:schemas:core:2.0:Group"
#define ENTERPRISE "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
#define PATCH      "urn:ietf:params:scim:api:messages:2.0:PatchOp"

/* Single values. parent: the complex attribute or the extension that it is a part of. */
static const struct {
    enum attr attr;
    const char *parent, *name, *path;
} simple[] = {
    {ATTR_GIVEN_NAME, "name", "givenName", "name.givenName"},
    {ATTR_FAMILY_NAME, "name", "familyName", "name.familyName"},
    {ATTR_DISPLAY_NAME, NULL, "displayName", "displayName"},
    {ATTR_TITLE, NULL, "title", "title"},
    {ATTR_LANGUAGE, NULL, "preferredLanguage", "preferredLanguage"},
    {ATTR_EMPLOYEE_NUMBER, ENTERPRISE, "employeeNumber", ENTERPRISE ":employeeNumber"},
    {ATTR_DEPARTMENT, ENTERPRISE, "department", ENTERPRISE ":department"},
};
#define NSIMPLE (sizeof simple / sizeof *simple)

void scim_request_release(struct scim_request *request)
{
    buf_release(&request->url);
    buf_release(&request->body);
}

const char *scim_simple_path(size_t i, enum attr *ret)
{
    if (i >= NSIMPLE)
        return NULL;
    *ret = simple[i].attr;
    return simple[i].path;
}

struct span scim_user_name(const struct platform_task *task)
{
    return task->attr[ATTR_USER_NAME].n ? task->attr[ATTR_USER_NAME] : task->attr[ATTR_EMAIL];
}

/* --- addresses -------------------------------------------------------------------------------------------------- */

/* "." and ".." would be resolved away by every client on the path, and an escaped dot is the same as a dot. */
static void begin(struct scim_request *ret, const char *method, const char *base, enum scim_kind kind, const char *id)
{
    ret->method = method;
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

void scim_delete(const char *base, enum scim_kind kind, const char *id, struct scim_request *ret)
{
    begin(ret, "DELETE", base, kind, id);
}

/* --- bodies ----------------------------------------------------------------------------------------------------- */

static json_t *text(struct span value)
{
    return json_stringn(value.p, value.n);
}

/* Takes body. */
static void set_body(struct scim_request *ret, json_t *body)
{
    CLEANUP(freep) char *written = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    buf_adds(&ret->body, written ? written : "{}");
}

static json_t *emails(struct span address)
{
    return json_pack("[{s:o, s:s, s:b}]", "value", text(address), "type", "work", "primary", 1);
}

static json_t *child(json_t *object, const char *name)
{
    json_t *found = json_object_get(object, name);
    if (found)
        return found;
    json_object_set_new(object, name, json_object());
    return json_object_get(object, name);
}

void scim_create_user(const char *base, const struct platform_task *task, struct scim_request *ret)
{
    json_t *user = json_pack("{s:[s], s:s, s:o, s:b}", "schemas", CORE_USER, "externalId", task->person, "userName",
                             text(scim_user_name(task)), "active", (int)task->active);
    for (size_t i = 0; i < NSIMPLE; i++)
        if (task->attr[simple[i].attr].n)
            json_object_set_new(simple[i].parent ? child(user, simple[i].parent) : user, simple[i].name,
                                text(task->attr[simple[i].attr]));
    if (json_object_get(user, ENTERPRISE))
        json_array_append_new(json_object_get(user, "schemas"), json_string(ENTERPRISE));
    if (task->attr[ATTR_EMAIL].n)
        json_object_set_new(user, "emails", emails(task->attr[ATTR_EMAIL]));
    begin(ret, "POST", base, SCIM_USER, NULL);
    set_body(ret, user);
}

void scim_create_group(const char *base, const struct platform_task *task, struct scim_request *ret)
{
    begin(ret, "POST", base, SCIM_GROUP, NULL);
    set_body(ret, json_pack("{s:[s], s:s, s:s}", "schemas", CORE_GROUP, "externalId", task->object_uid, "displayName",
                            task->object_name));
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
    set_body(ret, json_pack("{s:[s], s:o}", "schemas", PATCH, "Operations", operations));
}

static json_t *text_or_none(struct span value)
{
    return value.n ? text(value) : NULL;
}

void scim_change_user(const char *base, const char *id, const struct platform_task *task, bool make_ours,
                      struct scim_request *ret)
{
    json_t *operations = json_array();
    if (make_ours)
        add_operation(operations, "externalId", json_string(task->person));
    add_operation(operations, "userName", text(scim_user_name(task)));
    for (size_t i = 0; i < NSIMPLE; i++)
        add_operation(operations, simple[i].path, text_or_none(task->attr[simple[i].attr]));
    add_operation(operations, "emails", task->attr[ATTR_EMAIL].n ? emails(task->attr[ATTR_EMAIL]) : NULL);
    add_operation(operations, "active", json_boolean(task->active));
    patch(ret, base, SCIM_USER, id, operations);
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

void scim_add_member(const char *base, const char *group, const char *account, struct scim_request *ret)
{
    json_t *operations =
        json_pack("[{s:s, s:s, s:[{s:s}]}]", "op", "add", "path", "members", "value", "value", account);
    patch(ret, base, SCIM_GROUP, group, operations);
}

void scim_remove_member(const char *base, const char *group, const char *account, struct scim_request *ret)
{
    CLEANUP(buf_release) struct buf path = BUF_INIT;
    json_t *operations = json_array();
    buf_adds(&path, "members[value eq ");
    add_quoted(&path, account);
    buf_addc(&path, ']');
    add_operation(operations, path.data, NULL);
    patch(ret, base, SCIM_GROUP, group, operations);
}
