/* Edits on a copy of a resource (RFC 7644, 3.5.2.1 to 3.5.2.3). */
#include "scim/patch.h"

#include "base/text.h"
#include "scim/limits.h"
#include "scim/resource.h"

/* Where an edit works: an object, and the attribute in it. */
struct place {
    json_t *in;
    const struct scim_edit *edit;
    const struct scim_attr *attr, *sub;
    struct scim_error *error;
};

/*
 * --- one value
 * ----------------------------------------------------------------------------------------------------------
 */

/* Takes value. */
static int put(const struct place *p, json_t *object, const struct scim_attr *attr, json_t *value)
{
    const json_t *old = json_object_get(object, attr->name);
    if (attr->mutability == SCIM_IMMUTABLE && old && !json_equal(old, value)) {
        json_decref(value);
        return scim_error_set(p->error, SCIM_WRONG_MUTABILITY, "%s cannot be changed once it is set", attr->name);
    }
    return json_object_set_new(object, attr->name, value);
}

static int take(const struct place *p, json_t *object, const struct scim_attr *attr)
{
    if (attr->mutability == SCIM_IMMUTABLE && json_object_get(object, attr->name))
        return scim_error_set(p->error, SCIM_WRONG_MUTABILITY, "%s cannot be changed once it is set", attr->name);
    json_object_del(object, attr->name);
    return 0;
}

/* Sub-attributes that are not named stay as they are. */
static int merge(const struct place *p, json_t *object, const json_t *value)
{
    const char *key = NULL;
    json_t *member = NULL;
    json_object_foreach ((json_t *)value, key, member) {
        const struct scim_attr *sub = scim_sub_find(p->attr, key);
        int status = sub ? put(p, object, sub, json_deep_copy(member))
                         : json_object_set_new(object, key, json_deep_copy(member));
        if (status != 0)
            return -1;
    }
    return 0;
}

static int change_single(const struct place *p)
{
    const json_t *value = p->edit->value;
    json_t *old = json_object_get(p->in, p->attr->name);
    if (p->attr->type != SCIM_COMPLEX)
        return put(p, p->in, p->attr, json_deep_copy(value));
    if (!json_is_object(old)) {
        if (!p->sub)
            return put(p, p->in, p->attr, json_deep_copy(value));
        old = json_object();
        json_object_set_new(p->in, p->attr->name, old);
    }
    return p->sub ? put(p, old, p->sub, json_deep_copy(value)) : merge(p, old, value);
}

static int remove_single(const struct place *p)
{
    json_t *old = json_object_get(p->in, p->attr->name);
    if (!p->sub)
        return take(p, p->in, p->attr);
    if (!json_is_object(old))
        return 0;
    if (take(p, old, p->sub) != 0)
        return -1;
    if (json_object_size(old) == 0)
        json_object_del(p->in, p->attr->name);
    return 0;
}

/*
 * --- several values
 * ---------------------------------------------------------------------------------------------------------
 */

static json_t *values_of(const struct place *p)
{
    json_t *values = json_object_get(p->in, p->attr->name);
    if (json_is_array(values))
        return values;
    values = json_array();
    json_object_set_new(p->in, p->attr->name, values);
    return values;
}

static bool fits(const struct place *p, const json_t *value)
{
    return !p->edit->path.where || scim_filter_match_value(p->edit->path.where, value);
}

static bool contains(const json_t *values, const json_t *value)
{
    const json_t *one = NULL;
    size_t i = 0;
    json_array_foreach (values, i, one)
        if (json_equal(one, value))
            return true;
    return false;
}

static int append_new(const struct place *p, json_t *values)
{
    const json_t *value = NULL;
    size_t i = 0;
    json_array_foreach (p->edit->value, i, value)
        if (!contains(values, value))
            json_array_append_new(values, json_deep_copy(value));
    return 0;
}

/* The brackets may say what no value may be; so what is made of them is looked at as if it were sent. */
static int append_made(const struct place *p, json_t *values)
{
    if (p->attr->type != SCIM_COMPLEX)
        return json_array_append_new(values, json_deep_copy(p->edit->value));
    json_auto_t *made = json_object(), *checked = NULL;
    if (p->edit->path.where)
        scim_filter_says(p->edit->path.where, made); /* emails[type eq "work"] that is to be made has the type "work" */
    if (p->sub)
        json_object_set_new(made, p->sub->name, json_deep_copy(p->edit->value));
    else
        json_object_update(made, p->edit->value);
    if (scim_value_check(p->attr, true, SCIM_SENT, made, &checked, p->error) != 0)
        return scim_error_wrap(p->error, "%s", p->attr->name);
    return checked ? json_array_append(values, checked) : 0;
}

static int change_one(const struct place *p, json_t *values, size_t i)
{
    json_t *value = json_array_get(values, i);
    if (json_is_object(value) && p->sub)
        return put(p, value, p->sub, json_deep_copy(p->edit->value));
    if (json_is_object(value) && p->edit->op == SCIM_ADD)
        return merge(p, value, p->edit->value);
    return json_array_set_new(values, i, json_deep_copy(p->edit->value));
}

/* Those that the brackets name, or with a sub-attribute alone, all. */
static int change_chosen(const struct place *p, json_t *values)
{
    size_t changed = 0;
    for (size_t i = 0; i < json_array_size(values); i++) {
        if (!fits(p, json_array_get(values, i)))
            continue;
        if (change_one(p, values, i) != 0)
            return -1;
        changed++;
    }
    if (changed)
        return 0;
    if (p->edit->path.where && p->edit->op == SCIM_REPLACE)
        return scim_error_set(p->error, SCIM_WRONG_NO_TARGET, "%s has no value that the brackets name", p->attr->name);
    return append_made(p, values);
}

/*
 * "primary" goes to the value that has it last (3.5.2): those that had it before lose it. before: of the values then.
 */
static int settle_primary(const struct place *p, const json_t *values, const json_t *before)
{
    size_t n = 0, i = 0, j = 0;
    json_t *value = NULL, *old = NULL;
    json_array_foreach (values, i, value)
        n += json_is_true(json_object_get(value, "primary"));
    json_array_foreach (before, j, old)
        json_array_foreach (values, i, value)
            if (n > 1 && value == old && json_is_true(json_object_get(value, "primary"))) {
                json_object_set_new(value, "primary", json_false());
                n--;
            }
    return n > 1 ? scim_error_set(p->error, SCIM_WRONG_VALUE, "%s: more than one value is primary", p->attr->name) : 0;
}

static json_t *primaries(const json_t *values)
{
    json_t *before = json_array(), *value = NULL;
    size_t i = 0;
    json_array_foreach (values, i, value)
        if (json_is_true(json_object_get(value, "primary")))
            json_array_append(before, value);
    return before;
}

static int change_values(const struct place *p)
{
    bool whole = !p->edit->path.where && !p->sub;
    if (whole && p->edit->op == SCIM_REPLACE)
        return put(p, p->in, p->attr, json_deep_copy(p->edit->value));
    json_t *values = values_of(p);
    json_auto_t *before = primaries(values);
    if ((whole ? append_new(p, values) : change_chosen(p, values)) != 0)
        return -1;
    if (json_array_size(values) > SCIM_VALUES_MAX && !scim_attr_is_membership(p->attr))
        return scim_error_set(p->error, SCIM_WRONG_VALUE, "%s would have more than %d values", p->attr->name,
                              SCIM_VALUES_MAX);
    return settle_primary(p, values, before);
}

/* Whether a value is one of those that "remove" lists: by its "value" where it has one, else as a whole. */
static bool is_listed(const json_t *list, const json_t *value)
{
    const json_t *id = json_object_get(value, "value"), *one = NULL;
    size_t i = 0;
    json_array_foreach (list, i, one) {
        const json_t *wanted = json_object_get(one, "value");
        if (id && wanted ? json_equal(id, wanted) : json_equal(value, one) || (id && json_equal(id, one)))
            return true;
    }
    return false;
}

static int remove_values(const struct place *p)
{
    json_t *values = json_object_get(p->in, p->attr->name);
    for (size_t i = json_array_size(values); i-- > 0;) {
        json_t *value = json_array_get(values, i);
        if (!fits(p, value) || (p->edit->value && !is_listed(p->edit->value, value)))
            continue;
        if (p->sub && take(p, value, p->sub) != 0)
            return -1;
        if (!p->sub || json_object_size(value) == 0)
            json_array_remove(values, i);
    }
    if (json_array_size(values) == 0)
        json_object_del(p->in, p->attr->name);
    return 0;
}

/*
 * --- all edits
 * -------------------------------------------------------------------------------------------------------------
 */

static json_t *container(json_t *root, const struct scim_schema *extension)
{
    json_t *in = json_object_get(root, extension->id);
    if (json_is_object(in))
        return in;
    in = json_object();
    json_object_set_new(root, extension->id, in);
    return in;
}

static int make(json_t *root, const struct scim_edit *edit, struct scim_error *error)
{
    const struct scim_attrpath *at = &edit->path.at;
    if (!at->attr) {
        json_object_del(root, at->extension->id);
        return 0;
    }
    struct place p = {.edit = edit, .attr = at->attr, .sub = at->sub, .error = error};
    p.in = at->extension ? container(root, at->extension) : root;
    if (edit->op == SCIM_REMOVE)
        return at->attr->multi ? remove_values(&p) : remove_single(&p);
    return at->attr->multi ? change_values(&p) : change_single(&p);
}

int scim_patch_apply(const struct scim_resource_type *type, const struct scim_patch *patch, const json_t *resource,
                     json_t **ret, bool *ret_changed, struct scim_error *error)
{
    json_auto_t *root = json_deep_copy(resource);
    for (size_t i = 0; i < patch->n; i++)
        if (!patch->edits[i].apart && make(root, &patch->edits[i], error) != 0)
            return -1;
    scim_resource_schemas(type, root);
    if (scim_required_check(type->schema->attrs, type->schema->nattrs, root, error) != 0)
        return -1;
    *ret_changed = !json_equal(root, resource);
    *ret = json_incref(root);
    return 0;
}
