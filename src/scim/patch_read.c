/* A PATCH request to edits: every shape that clients give one and the same wish ends here. */
#include "scim/patch.h"

#include "base/mem.h"
#include "base/text.h"
#include "scim/json.h"
#include "scim/limits.h"
#include "scim/patch_members.h"
#include "scim/resource.h"

struct reader {
    struct pool *pool;
    const struct scim_resource_type *type;
    const struct scim_attr *apart;
    struct scim_patch *patch;
    size_t values; /* of lists, in all edits */
    bool named;    /* the client gave a path; otherwise it sent a value with names, in which much is ignored */
    struct scim_error *error;
};

void scim_patch_release(struct scim_patch *patch)
{
    free(patch->edits);
    json_decref(patch->held);
    *patch = (struct scim_patch)SCIM_PATCH_INIT;
}

static const char *name_of(const struct reader *r, const struct scim_path *path)
{
    return scim_attrpath_name(r->pool, &path->at);
}

/* A group's members are many also where they are not apart. */
static bool is_membership(const struct scim_edit *edit)
{
    return edit->path.at.attr && scim_attr_is_membership(edit->path.at.attr);
}

static int push(struct reader *r, struct scim_edit edit)
{
    r->values += json_array_size(edit.value);
    if (r->patch->n >= SCIM_PATCH_EDITS_MAX || (r->values > SCIM_PATCH_VALUES_MAX && !is_membership(&edit)))
        return scim_error_set(r->error, SCIM_WRONG_TOO_LARGE, "the request changes more than %d things; send several",
                              SCIM_PATCH_EDITS_MAX);
    if (!r->patch->held)
        r->patch->held = json_array();
    if (edit.value)
        json_array_append(r->patch->held, edit.value);
    *MEM_PUSH(&r->patch->edits, &r->patch->n, &r->patch->cap) = edit;
    return 0;
}

/*
 * --- values as the place wants them
 * --------------------------------------------------------------------------------------
 */

/* New references. */
static json_t *unwrap(json_t *value)
{
    return json_incref(json_array_size(value) == 1 ? json_array_get(value, 0) : value);
}

static json_t *wrap(const struct scim_attr *attr, json_t *value)
{
    if (json_is_array(value))
        return json_incref(value);
    if (json_is_string(value) && attr->type == SCIM_COMPLEX && scim_sub_find(attr, "value"))
        return json_pack("[{s:O}]", "value", value);
    return json_pack("[O]", value);
}

/* A bare text for one value of several: its "value". */
static json_t *as_element(const struct scim_attr *attr, json_t *value)
{
    json_t *one = unwrap(value);
    if (!json_is_string(one) || attr->type != SCIM_COMPLEX || !scim_sub_find(attr, "value"))
        return one;
    return json_pack("{s:o}", "value", one);
}

static int check(struct reader *r, const struct scim_path *path, json_t *value, json_t **ret)
{
    const struct scim_attr *attr = path->at.sub ? path->at.sub : path->at.attr;
    bool one = path->where && !path->at.sub;
    json_auto_t *shaped = one ? as_element(attr, value) : attr->multi ? wrap(attr, value) : unwrap(value);
    if (scim_value_check(attr, one, SCIM_SENT, shaped, ret, r->error) != 0)
        return scim_error_wrap(r->error, "%s", name_of(r, path));
    return 0;
}

/*
 * --- one place
 * ----------------------------------------------------------------------------------------------------------
 */

static bool is_mutable(const struct scim_path *path)
{
    return path->at.attr->mutability != SCIM_READ_ONLY && (!path->at.sub || path->at.sub->mutability != SCIM_READ_ONLY);
}

/* "schemas" follows from what a resource has, and the password is not for us: nothing is to be done for them. */
static bool is_ours(const struct scim_attr *attr)
{
    return attr->returned == SCIM_NEVER || attr == scim_attr_find(scim_common.attrs, 1, span_str("schemas"));
}

static int emit_remove(struct reader *r, const struct scim_path *path, json_t *values)
{
    const struct scim_attr *attr = path->at.attr, *last = path->at.sub ? path->at.sub : attr;
    if (last->required && !path->where)
        return scim_error_set(r->error, SCIM_WRONG_MUTABILITY, "%s is required and cannot be removed",
                              name_of(r, path));
    struct scim_edit edit = {.op = SCIM_REMOVE, .path = *path};
    if (values && !json_is_null(values) && attr->multi && !path->where && !path->at.sub) {
        json_auto_t *list = wrap(attr, values);
        edit.value = list;
        return push(r, edit);
    }
    return push(r, edit);
}

static int emit_value(struct reader *r, enum scim_edit_op op, const struct scim_path *path, json_t *value)
{
    json_auto_t *checked = NULL;
    if (!value && r->named)
        return scim_error_set(r->error, SCIM_WRONG_VALUE, "%s: there is no value", name_of(r, path));
    if (check(r, path, value, &checked) != 0)
        return -1;
    if (!checked)
        return op == SCIM_REPLACE ? emit_remove(r, path, NULL) : 0;
    return push(r, (struct scim_edit){.op = op, .path = *path, .value = checked});
}

static int emit(struct reader *r, enum scim_edit_op op, const struct scim_path *path, json_t *value)
{
    if (is_ours(path->at.attr))
        return 0;
    if (!is_mutable(path))
        return r->named ? scim_error_set(r->error, SCIM_WRONG_MUTABILITY, "%s is read-only", name_of(r, path)) : 0;
    if (path->at.attr == r->apart) {
        if (op == SCIM_REPLACE && !value && !path->where)
            return scim_error_set(r->error, SCIM_WRONG_VALUE, "%s: there is no value", name_of(r, path));
        struct scim_edit edit = {.op = op, .path = *path};
        return scim_patch_members(r->pool, value, &edit, r->error) != 0 ? -1 : push(r, edit);
    }
    return op == SCIM_REMOVE ? emit_remove(r, path, value) : emit_value(r, op, path, value);
}

/*
 * --- values with names
 * ------------------------------------------------------------------------------------------------------
 */

static int emit_named(struct reader *r, enum scim_edit_op op, const char *key, json_t *value);

/* {"urn:…:User": {"department": "x"}} */
static int emit_extension(struct reader *r, enum scim_edit_op op, const struct scim_schema *extension, json_t *values)
{
    const char *key = NULL;
    json_t *value = NULL;
    if (op == SCIM_REPLACE && json_is_null(values))
        return push(r, (struct scim_edit){.op = SCIM_REMOVE, .path.at.extension = extension});
    if (!json_is_object(values))
        return scim_error_set(r->error, SCIM_WRONG_VALUE, "%s: the value is no JSON object", extension->id);
    r->named = false;
    json_object_foreach (values, key, value)
        if (emit_named(r, op, pool_printf(r->pool, "%s:%s", extension->id, key), value) != 0)
            return -1;
    return 0;
}

static int emit_place(struct reader *r, enum scim_edit_op op, const struct scim_path *path, json_t *value)
{
    if (path->at.attr)
        return emit(r, op, path, value);
    if (op == SCIM_REMOVE)
        return push(r, (struct scim_edit){.op = op, .path = *path});
    return emit_extension(r, op, path->at.extension, value);
}

static int emit_named(struct reader *r, enum scim_edit_op op, const char *key, json_t *value)
{
    struct scim_path path;
    struct scim_attrpath at;
    struct span name = {key, strcspn(key, "[")};
    if (!scim_attrpath_find(r->type, name, &at))
        return 0;
    if (scim_path_parse(r->pool, r->type, span_str(key), &path, r->error) != 0)
        return -1;
    return emit_place(r, op, &path, value);
}

/*
 * --- operations
 * ---------------------------------------------------------------------------------------------------------------
 */

static int read_op(const json_t *operation, enum scim_edit_op *ret, struct scim_error *error)
{
    static const char *const names[] = {[SCIM_ADD] = "add", [SCIM_REPLACE] = "replace", [SCIM_REMOVE] = "remove"};
    const char *name = json_string_value(scim_json_get(operation, "op"));
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        if (text_same_ascii(names[i], name)) {
            *ret = (enum scim_edit_op)i;
            return 0;
        }
    return scim_error_set(error, SCIM_WRONG_SYNTAX, "op is '%s'; it is add, replace or remove", name ? name : "");
}

static int read_without_path(struct reader *r, enum scim_edit_op op, json_t *value)
{
    const char *key = NULL;
    json_t *member = NULL;
    if (op == SCIM_REMOVE)
        return scim_error_set(r->error, SCIM_WRONG_NO_TARGET, "remove has no path; name what is to be removed");
    if (!json_is_object(value))
        return scim_error_set(r->error, SCIM_WRONG_VALUE, "without a path the value is an object of attributes");
    json_object_foreach (value, key, member) {
        r->named = false;
        if (emit_named(r, op, key, member) != 0)
            return -1;
    }
    return 0;
}

static int read_operation(struct reader *r, const json_t *operation)
{
    enum scim_edit_op op = SCIM_ADD;
    struct scim_path path;
    const json_t *at = scim_json_get(operation, "path");
    json_t *value = scim_json_get(operation, "value");
    if (read_op(operation, &op, r->error) != 0)
        return -1;
    if (!at || json_is_null(at) || (json_is_string(at) && json_string_length(at) == 0))
        return read_without_path(r, op, value);
    if (!json_is_string(at))
        return scim_error_set(r->error, SCIM_WRONG_PATH, "the path is no text");
    r->named = true;
    struct span text = {json_string_value(at), json_string_length(at)};
    if (scim_path_parse(r->pool, r->type, text, &path, r->error) != 0)
        return -1;
    return emit_place(r, op, &path, value);
}

int scim_patch_read(struct pool *pool, const struct scim_resource_type *type, const struct scim_attr *apart,
                    json_t *message, struct scim_patch *ret, struct scim_error *error)
{
    struct reader r = {.pool = pool, .type = type, .apart = apart, .patch = ret, .error = error};
    const json_t *operations = scim_json_get(message, "Operations"), *operation = NULL;
    size_t i = 0;
    if (!scim_json_is(message, SCIM_PATCH_URN))
        return scim_error_set(error, SCIM_WRONG_SYNTAX, "schemas does not have %s", SCIM_PATCH_URN);
    if (json_array_size(operations) == 0)
        return scim_error_set(error, SCIM_WRONG_SYNTAX, "there are no Operations");
    if (json_array_size(operations) > SCIM_PATCH_OPS_MAX)
        return scim_error_set(error, SCIM_WRONG_TOO_LARGE, "%zu operations; send at most %d at once",
                              json_array_size(operations), SCIM_PATCH_OPS_MAX);
    json_array_foreach (operations, i, operation)
        if (read_operation(&r, operation) != 0)
            return scim_error_wrap(error, "operation %zu", i + 1);
    return 0;
}

bool scim_patch_has_values(const struct scim_patch *patch)
{
    for (size_t i = 0; i < patch->n; i++)
        if (!patch->edits[i].apart)
            return true;
    return false;
}

bool scim_patch_has_members(const struct scim_patch *patch)
{
    for (size_t i = 0; i < patch->n; i++)
        if (patch->edits[i].apart)
            return true;
    return false;
}
