#include "scim/resource.h"

#include "base/text.h"
#include "scim/limits.h"

/* A schema as if it were one complex attribute: the rules for what is in it are the same. */
static struct scim_attr as_attr(const struct scim_schema *schema)
{
    return (struct scim_attr){.name = schema->id, .subs = schema->attrs, .nsubs = schema->nattrs, .type = SCIM_COMPLEX};
}

/* An extension without a sub-attribute is empty, not a black box. */
static int check_extension(const struct scim_schema *schema, enum scim_check how, json_t *value, json_t **ret,
                           struct scim_error *error)
{
    const struct scim_attr whole = as_attr(schema);
    if (scim_value_check(&whole, false, how, value, ret, error) != 0)
        return scim_error_wrap(error, "%s", schema->id);
    return 0;
}

static const struct scim_attr *find(const struct scim_resource_type *type, const char *key, struct scim_attr *room,
                                    const struct scim_schema **ret_extension)
{
    *ret_extension = NULL;
    const struct scim_attr *attr = scim_type_attr(type, span_str(key));
    if (attr)
        return attr;
    *ret_extension = strchr(key, ':') ? scim_type_extension(type, span_str(key)) : NULL;
    if (!*ret_extension)
        return NULL;
    *room = as_attr(*ret_extension);
    return room;
}

static int check_value(const struct scim_attr *attr, const struct scim_schema *extension, enum scim_check how,
                       json_t *value, json_t **ret, struct scim_error *error)
{
    if (extension)
        return check_extension(extension, how, value, ret, error);
    if (scim_value_check(attr, false, how, value, ret, error) != 0)
        return scim_error_wrap(error, "%s", attr->name);
    return 0;
}

static int put(json_t *resource, const char *key, const char *name, json_t *old, json_t *checked,
               struct scim_error *error)
{
    bool renamed = strcmp(key, name) != 0;
    if (checked == old && !renamed) {
        json_decref(checked);
        return 0;
    }
    if (renamed && json_object_get(resource, name)) {
        json_decref(checked);
        return scim_error_set(error, SCIM_WRONG_SYNTAX, "%s stands twice, in different case", name);
    }
    json_object_set_new(resource, name, checked);
    return renamed ? json_object_del(resource, key) : 0;
}

static int check_member(const struct scim_resource_type *type, enum scim_check how, json_t *resource, const char *key,
                        json_t *value, struct scim_error *error)
{
    struct scim_attr room;
    const struct scim_schema *extension = NULL;
    const struct scim_attr *attr = find(type, key, &room, &extension);
    json_t *checked = NULL;
    if (!attr || scim_value_is_ignored(attr, how, value))
        return json_object_del(resource, key);
    if (check_value(attr, extension, how, value, &checked, error) != 0)
        return -1;
    return checked ? put(resource, key, attr->name, value, checked, error) : json_object_del(resource, key);
}

/*
 * --- schemas
 * ----------------------------------------------------------------------------------------------------------------
 */

static int check_schemas(const struct scim_resource_type *type, const json_t *resource, struct scim_error *error)
{
    const json_t *schemas = json_object_get(resource, "schemas"), *urn = NULL;
    size_t i = 0;
    bool own = !schemas;
    json_array_foreach (schemas, i, urn)
        own |= json_is_string(urn) && text_same_ascii(json_string_value(urn), type->schema->id);
    if (own)
        return 0;
    return scim_error_set(error, SCIM_WRONG_VALUE, "schemas does not have %s, which a %s is made of", type->schema->id,
                          type->name);
}

static bool has_schemas(const struct scim_resource_type *type, const json_t *resource, const json_t *schemas)
{
    size_t n = 0;
    const char *first = json_string_value(json_array_get(schemas, n++));
    bool same = first && strcmp(first, type->schema->id) == 0;
    for (size_t i = 0; same && i < type->nextensions; i++) {
        const char *urn = type->extensions[i].schema->id;
        const char *listed = json_object_get(resource, urn) ? json_string_value(json_array_get(schemas, n++)) : urn;
        same = listed && strcmp(listed, urn) == 0;
    }
    return same && json_array_size(schemas) == n;
}

void scim_resource_schemas(const struct scim_resource_type *type, json_t *resource)
{
    for (size_t i = 0; i < type->nextensions; i++) {
        const json_t *values = json_object_get(resource, type->extensions[i].schema->id);
        if (values && json_object_size(values) == 0)
            json_object_del(resource, type->extensions[i].schema->id);
    }
    if (has_schemas(type, resource, json_object_get(resource, "schemas")))
        return;
    json_t *schemas = json_pack("[s]", type->schema->id);
    for (size_t i = 0; i < type->nextensions; i++)
        if (json_object_get(resource, type->extensions[i].schema->id))
            json_array_append_new(schemas, json_string(type->extensions[i].schema->id));
    json_object_set_new(resource, "schemas", schemas);
}

static int check_required(const struct scim_resource_type *type, const json_t *resource, struct scim_error *error)
{
    if (scim_required_check(type->schema->attrs, type->schema->nattrs, resource, error) != 0)
        return -1;
    for (size_t i = 0; i < type->nextensions; i++)
        if (type->extensions[i].required && !json_object_get(resource, type->extensions[i].schema->id))
            return scim_error_set(error, SCIM_WRONG_VALUE, "the extension %s is missing; it is required",
                                  type->extensions[i].schema->id);
    return 0;
}

int scim_resource_check(const struct scim_resource_type *type, enum scim_check how, json_t *resource,
                        struct scim_error *error)
{
    void *next = NULL;
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach_safe (resource, next, key, value)
        if (check_member(type, how, resource, key, value, error) != 0)
            return -1;
    if (how == SCIM_SENT && (check_schemas(type, resource, error) != 0 || check_required(type, resource, error) != 0))
        return -1;
    scim_resource_schemas(type, resource);
    return 0;
}

/*
 * --- immutable values
 * ---------------------------------------------------------------------------------------------------------
 */

static int agree(const struct scim_schema *schema, const json_t *present, const json_t *replacement,
                 struct scim_error *error)
{
    for (size_t i = 0; i < schema->nattrs; i++) {
        const struct scim_attr *attr = &schema->attrs[i];
        const json_t *old = json_object_get(present, attr->name);
        if (attr->mutability == SCIM_IMMUTABLE && old && !json_equal(old, json_object_get(replacement, attr->name)))
            return scim_error_set(error, SCIM_WRONG_MUTABILITY, "%s cannot be changed once it is set", attr->name);
    }
    return 0;
}

int scim_resource_agrees(const struct scim_resource_type *type, const json_t *present, const json_t *replacement,
                         struct scim_error *error)
{
    if (agree(type->schema, present, replacement, error) != 0)
        return -1;
    for (size_t i = 0; i < type->nextensions; i++) {
        const char *urn = type->extensions[i].schema->id;
        if (agree(type->extensions[i].schema, json_object_get(present, urn), json_object_get(replacement, urn),
                  error) != 0)
            return -1;
    }
    return 0;
}
