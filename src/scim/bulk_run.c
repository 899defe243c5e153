/* Operations with their references filled in, and what became of them. */
#include "scim/bulk_link.h"
#include "scim/patch.h"

static int not_made(const struct scim_bulk *bulk, size_t op, struct scim_error *error)
{
    const char *bulk_id = bulk->ops[op].bulk_id;
    return scim_error_set(error, SCIM_WRONG_CONFLICT, "it refers to bulkId '%s', which was not made",
                          bulk_id ? bulk_id : "");
}

static void fill_in(const struct scim_bulk_link *link, const char *id)
{
    if (link->key)
        json_object_set_new(link->in, link->key, json_string(id));
    else
        json_array_set_new(link->in, link->index, json_string(id));
}

/*
 * --- the operation itself
 * -------------------------------------------------------------------------------------------------
 */

/* Links stand in the order of the values they are in, so one pass finds all that go. */
static json_t *without_deferred(const json_t *values, const struct scim_bulk_link *link,
                                const struct scim_bulk_link *end)
{
    json_t *rest = json_array(), *value = NULL;
    size_t i = 0;
    json_array_foreach (values, i, value) {
        while (link < end && (!link->deferred || link->unit == NULL))
            link++;
        if (link == end || link->unit != value) {
            json_array_append(rest, value);
            continue;
        }
        while (link < end && link->unit == value)
            link++;
    }
    return rest;
}

static bool same_attribute(const struct scim_bulk_link *a, const struct scim_bulk_link *b)
{
    return a->container == b->container && a->name && b->name && strcmp(a->name, b->name) == 0;
}

/* link to end: those of one attribute. */
static void leave_out(const struct scim_bulk_link *link, const struct scim_bulk_link *end)
{
    bool any = false;
    for (const struct scim_bulk_link *l = link; l < end; l++)
        any |= l->deferred;
    if (any && !link->multi)
        json_object_del(link->container, link->name);
    else if (any)
        json_object_set_new(link->container, link->name,
                            without_deferred(json_object_get(link->container, link->name), link, end));
}

static int fill_in_all(const struct scim_bulk *bulk, const struct scim_bulk_link *link,
                       const struct scim_bulk_link *end, const char *const *ids, struct scim_error *error)
{
    for (; link < end; link++) {
        if (link->deferred || !link->in)
            continue;
        if (!ids[link->to])
            return not_made(bulk, link->to, error);
        fill_in(link, ids[link->to]);
    }
    return 0;
}

static int prepare(struct scim_bulk *bulk, size_t op, const char *const *ids, json_t **ret, struct scim_error *error)
{
    size_t n = bulk->first_link[op + 1] - bulk->first_link[op];
    const struct scim_bulk_link *link = n ? &bulk->links[bulk->first_link[op]] : NULL, *end = n ? link + n : NULL;
    if (fill_in_all(bulk, link, end, ids, error) != 0)
        return -1;
    for (const struct scim_bulk_link *next = NULL; link < end; link = next) {
        for (next = link + 1; next < end && same_attribute(link, next);)
            next++;
        leave_out(link, next);
    }
    *ret = json_incref(bulk->ops[op].data);
    return 0;
}

/*
 * --- what was left out
 * ------------------------------------------------------------------------------------------------------
 */

/* The operation that puts values into an attribute; one for all that follow each other. */
static json_t *adding(json_t *operations, const struct scim_bulk_link *link)
{
    json_t *last = json_array_get(operations, json_array_size(operations) - 1);
    const char *path = json_string_value(json_object_get(last, "path"));
    if (path && strcmp(path, link->path) == 0)
        return last;
    last = json_pack("{s:s, s:s, s:[]}", "op", "add", "path", link->path, "value");
    json_array_append_new(operations, last);
    return last;
}

static void add_value(json_t *operations, const struct scim_bulk_link *link, const char *id)
{
    json_auto_t *value = json_is_string(link->unit) ? json_string(id) : json_incref(link->unit);
    json_t *operation = adding(operations, link);
    if (link->multi)
        json_array_append(json_object_get(operation, "value"), value);
    else
        json_object_set(operation, "value", value);
}

static int prepare_completion(struct scim_bulk *bulk, size_t op, const char *const *ids, json_t **ret,
                              struct scim_error *error)
{
    json_auto_t *operations = json_array();
    const json_t *last = NULL;
    for (size_t i = bulk->first_link[op]; i < bulk->first_link[op + 1]; i++) {
        const struct scim_bulk_link *link = &bulk->links[i];
        if (!link->deferred)
            continue;
        if (!ids[link->to])
            return not_made(bulk, link->to, error);
        if (!json_is_string(link->unit))
            fill_in(link, ids[link->to]);
        if (link->unit != last)
            add_value(operations, link, ids[link->to]);
        last = link->unit;
    }
    *ret = json_pack("{s:[s], s:O}", "schemas", SCIM_PATCH_URN, "Operations", operations);
    return 0;
}

int scim_bulk_prepare(struct scim_bulk *bulk, const struct scim_bulk_step *step, const char *const *ids, json_t **ret,
                      struct scim_error *error)
{
    const struct scim_bulk_op *op = &bulk->ops[step->op];
    *ret = NULL;
    if (op->error.status) {
        *error = op->error;
        return -1;
    }
    if (op->made_by != SCIM_NO_OP && !ids[op->made_by])
        return not_made(bulk, op->made_by, error);
    return step->completes ? prepare_completion(bulk, step->op, ids, ret, error)
                           : prepare(bulk, step->op, ids, ret, error);
}

bool scim_bulk_goes_on(const struct scim_bulk *bulk, size_t errors)
{
    return bulk->fail_on_errors == 0 || errors < bulk->fail_on_errors;
}

/*
 * --- answers
 * ------------------------------------------------------------------------------------------------------------------
 */

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new(object, key, json_string(text));
}

json_t *scim_bulk_result(const struct scim_bulk_op *op, int status, const char *location, const char *etag,
                         const struct scim_error *error)
{
    static const char *const methods[] = {
        [SCIM_POST] = "POST", [SCIM_PUT] = "PUT", [SCIM_PATCH] = "PATCH", [SCIM_DELETE] = "DELETE"};
    json_t *result = json_pack("{s:s}", "method", methods[op->method]);
    set_text(result, "location", location);
    set_text(result, "bulkId", op->bulk_id);
    set_text(result, "version", etag);
    json_object_set_new(result, "status", json_sprintf("%d", error ? error->status : status));
    if (error)
        json_object_set_new(result, "response", scim_error_json(error));
    return result;
}

json_t *scim_bulk_json(json_t *results)
{
    return json_pack("{s:[s], s:o}", "schemas", SCIM_BULK_RESPONSE_URN, "Operations", results);
}
