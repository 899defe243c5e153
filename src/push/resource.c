/* One resource: found, made, replaced, changed, taken away. */
#include "push/service_inner.h"
#include "scim/etag.h"
#include "scim/json.h"
#include "scim/resource.h"
#include "scim/value.h"

#define KEYS_MAX (2 + SCIM_VALUES_MAX)

/* --- what the store keeps ------------------------------------------------------------------------------------------------ */

static const char *text_at(const json_t *resource, const char *name)
{
    const char *text = json_string_value(json_object_get(resource, name));
    return text ? text : "";
}

static const char *display_of(const struct service_type *type, const json_t *resource)
{
    const char *display = text_at(resource, "displayName");
    if (!*display)
        display = text_at(json_object_get(resource, "name"), "formatted");
    return *display ? display : text_at(resource, type->name);
}

static void add_key(struct pushed_content *content, struct pushed_key *keys, enum pushed_key_kind kind,
                    struct span value)
{
    if (value.n && content->nkeys < KEYS_MAX)
        keys[content->nkeys++] = (struct pushed_key){kind, value};
}

struct pushed_content service_content(struct service_call *call, const struct service_type *type,
                                      const json_t *resource)
{
    struct pushed_key *keys = pool_alloc(call->pool, KEYS_MAX * sizeof *keys);
    char *text = json_dumps(resource, JSON_COMPACT);
    struct pushed_content content = {.text = span_str(pool_strdup(call->pool, text)),
                                     .display = pool_strdup(call->pool, display_of(type, resource)),
                                     .keys = keys};
    const json_t *email = NULL;
    size_t i = 0;
    free(text);
    add_key(&content, keys, PUSHED_NAME, scim_fold(call->pool, span_str(text_at(resource, type->name))));
    add_key(&content, keys, PUSHED_EXTERNAL, span_str(pool_strdup(call->pool, text_at(resource, "externalId"))));
    json_array_foreach(json_object_get(resource, "emails"), i, email)
        add_key(&content, keys, PUSHED_EMAIL, scim_fold(call->pool, span_str(text_at(email, "value"))));
    return content;
}

static int not_unique(struct service_call *call, const struct service_type *type, const json_t *resource)
{
    return scim_error_set(&call->error, SCIM_WRONG_UNIQUENESS, "%s '%s' belongs to another %s", type->name,
                          text_at(resource, type->name), type->scim->name);
}

static int check_size(struct service_call *call, const struct service_type *type, const struct pushed_content *content)
{
    if (content->text.n <= SERVICE_RESOURCE_MAX)
        return 0;
    return scim_error_set(&call->error, SCIM_WRONG_TOO_LARGE, "the %s has %zu bytes; at most %d are kept",
                          type->scim->name, content->text.n, SERVICE_RESOURCE_MAX);
}

/* --- finding -------------------------------------------------------------------------------------------------------------- */

int service_find(struct service_call *call, const struct service_target *target, bool with_text,
                 struct pushed_resource *ret)
{
    int found = pushed_get(call->pushed, call->directory, target->type->kind, target->id, with_text, call->pool, ret,
                           call->err);
    if (found < 0)
        return -1;
    if (found == 0)
        return scim_error_set(&call->error, SCIM_WRONG_NOT_FOUND, "there is no %s '%.*s'", target->type->scim->name,
                              SPAN_ARG(target->id));
    bool read = strcmp(call->request->method, "GET") == 0;
    if (scim_etag_check(target->if_match, target->if_none_match, service_etag(call, ret), read) ==
        SCIM_PRECONDITION_FAILED)
        return scim_error_set(&call->error, SCIM_WRONG_PRECONDITION, "the %s has version %s by now",
                              target->type->scim->name, service_etag(call, ret));
    return 0;
}

/* --- changes --------------------------------------------------------------------------------------------------------------- */

static int check_room(struct service_call *call)
{
    struct pushed_about about;
    if (pushed_about(call->pushed, call->directory, &about, call->err) != 0)
        return -1;
    if (about.users + about.groups >= SERVICE_RESOURCES_MAX)
        return scim_error_set(&call->error, SCIM_WRONG_FORBIDDEN, "the directory is full: it has %d users and groups",
                              SERVICE_RESOURCES_MAX);
    return 0;
}

static size_t members_sent(const struct service_type *type, const json_t *data)
{
    return type->kind == PUSHED_GROUP ? json_array_size(scim_json_get(data, "members")) : 0;
}

int service_create(struct service_call *call, const struct service_type *type, json_t *data,
                   struct pushed_resource *ret)
{
    size_t n = 0, sent = members_sent(type, data);
    const struct scim_member *members = NULL;
    bool changed = false;
    if (scim_resource_check(type->scim, SCIM_SENT, data, &call->error) != 0 || check_room(call) != 0 ||
        service_members_take(call, data, sent, &members, &n) != 0)
        return -1;
    struct pushed_content content = service_content(call, type, data);
    if (check_size(call, type, &content) != 0)
        return -1;
    int made = pushed_create(call->pushed, call->directory, type->kind, &content, call->request->now, call->pool, ret,
                             call->err);
    if (made != 1)
        return made < 0 ? -1 : not_unique(call, type, data);
    ret->text = content.text;
    if (n && service_members_set(call, ret->row, members, n, &changed) != 0)
        return -1;
    call->tally.created++;
    return 0;
}

static int load(struct service_call *call, const struct pushed_resource *r, json_t **ret)
{
    json_error_t why;
    *ret = json_loadb(r->text.p ? r->text.p : "", r->text.n, 0, &why);
    return *ret ? 0
                : err_set(call->err, ERR_STORE, "push.db: resource %s cannot be read; restore the file from a backup",
                          r->id);
}

static int keep(struct service_call *call, const struct service_type *type, struct pushed_resource *r,
                const json_t *resource)
{
    struct pushed_content content = service_content(call, type, resource);
    if (check_size(call, type, &content) != 0)
        return -1;
    int kept = pushed_replace(call->pushed, r, call->directory, &content, call->request->now, call->err);
    r->text = content.text;
    r->display = content.display;
    return kept == 1 ? 0 : kept < 0 ? -1 : not_unique(call, type, resource);
}

/* What differs is written: the content, or else the number alone. */
static int settle(struct service_call *call, const struct service_type *type, struct pushed_resource *r,
                  const json_t *content, bool members)
{
    if (!content && !members)
        return 0;
    call->tally.changed++;
    return content ? keep(call, type, r, content)
                   : pushed_touch(call->pushed, r, call->directory, call->request->now, call->err);
}

/*
 * RFC 7644, 3.5.1, leaves open what becomes of what is not sent. By its externalId a person may be known to sign-ins: a client
 * that leaves it out, as Okta's examples do, does not mean that it is somebody else from now on. And nobody who was locked out comes
 * in again because a client did not speak of it. null takes both away.
 */
static const char *const kept[] = {"externalId", "active"};
#define KEPT (sizeof kept / sizeof *kept)

static void note_unsaid(const json_t *data, bool unsaid[static KEPT])
{
    for (size_t i = 0; i < KEPT; i++)
        unsaid[i] = !scim_json_get(data, kept[i]);
}

static void keep_unsaid(json_t *data, const json_t *present, const bool unsaid[static KEPT])
{
    for (size_t i = 0; i < KEPT; i++)
        if (unsaid[i] && json_object_get(present, kept[i]))
            json_object_set(data, kept[i], json_object_get(present, kept[i]));
}

int service_replace(struct service_call *call, const struct service_target *target, json_t *data,
                    struct pushed_resource *ret)
{
    json_auto_t *present = NULL;
    const struct scim_member *members = NULL;
    size_t n = 0, sent = members_sent(target->type, data);
    /* A list that is not there takes nobody away; one that is empty does. */
    bool members_changed = false, has_members = scim_json_get(data, "members") != NULL, unsaid[KEPT];
    note_unsaid(data, unsaid);
    if (service_find(call, target, true, ret) != 0 || load(call, ret, &present) != 0 ||
        scim_resource_check(target->type->scim, SCIM_SENT, data, &call->error) != 0 ||
        service_members_take(call, data, sent, &members, &n) != 0)
        return -1;
    keep_unsaid(data, present, unsaid);
    if (scim_resource_agrees(target->type->scim, present, data, &call->error) != 0 ||
        (target->type->kind == PUSHED_GROUP && has_members &&
         service_members_set(call, ret->row, members, n, &members_changed) != 0))
        return -1;
    return settle(call, target->type, ret, json_equal(present, data) ? NULL : data, members_changed);
}

static int patch(struct service_call *call, const struct service_target *target, const struct scim_patch *edits,
                 struct pushed_resource *ret)
{
    json_auto_t *present = NULL, *changed = NULL;
    bool differs = false, members_changed = false, values = scim_patch_has_values(edits);
    if (service_find(call, target, values, ret) != 0)
        return -1;
    if (values && (load(call, ret, &present) != 0 ||
                   scim_patch_apply(target->type->scim, edits, present, &changed, &differs, &call->error) != 0))
        return -1;
    if (scim_patch_has_members(edits) && service_members_edit(call, ret->row, edits, &members_changed) != 0)
        return -1;
    return settle(call, target->type, ret, differs ? changed : NULL, members_changed);
}

int service_patch(struct service_call *call, const struct service_target *target, json_t *data,
                  struct pushed_resource *ret)
{
    struct scim_patch edits = SCIM_PATCH_INIT;
    const struct scim_attr *apart =
        target->type->kind == PUSHED_GROUP ? service_attr(target->type, target->type->links) : NULL;
    int status = scim_patch_read(call->pool, target->type->scim, apart, data, &edits, &call->error);
    if (status == 0)
        status = patch(call, target, &edits, ret);
    scim_patch_release(&edits);
    return status;
}

int service_delete(struct service_call *call, const struct service_target *target)
{
    struct pushed_resource r;
    if (service_find(call, target, false, &r) != 0 ||
        pushed_delete(call->pushed, &r, call->directory, call->request->now, call->err) != 0)
        return -1;
    call->tally.deleted++;
    return 0;
}
