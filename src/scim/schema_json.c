/* Tables to JSON and back, by the same words (RFC 7643, 7). */
#include "scim/schema.h"

#include "base/text.h"
#include "scim/json.h"
#include "scim/limits.h"

static const char *const types[] = {"string",   "boolean", "decimal",   "integer",
                                    "dateTime", "binary",  "reference", "complex"};
static const char *const mutabilities[] = {"readWrite", "readOnly", "immutable", "writeOnly"};
static const char *const returneds[] = {"default", "always", "never", "request"};
static const char *const uniquenesses[] = {"none", "server", "global"};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void set_words(json_t *object, const char *key, const char *const *words)
{
    if (!words)
        return;
    json_t *list = json_array();
    for (; *words; words++)
        json_array_append_new(list, json_string(*words));
    json_object_set_new(object, key, list);
}

/* subs: at most one level (RFC 7643, 2.3.8), so the recursion ends there. */
static json_t *attr_json(const struct scim_attr *a)
{
    json_t *object = json_pack("{s:s, s:s, s:b, s:s, s:b, s:b, s:s, s:s, s:s}", "name", a->name, "type", types[a->type],
                               "multiValued", a->multi, "description", a->description, "required", a->required,
                               "caseExact", a->case_exact, "mutability", mutabilities[a->mutability], "returned",
                               returneds[a->returned], "uniqueness", uniquenesses[a->uniqueness]);
    set_words(object, "canonicalValues", a->canonical);
    set_words(object, "referenceTypes", a->references);
    if (a->type != SCIM_COMPLEX)
        return object;
    json_t *subs = json_array();
    for (size_t i = 0; i < a->nsubs; i++)
        json_array_append_new(subs, attr_json(&a->subs[i]));
    json_object_set_new(object, "subAttributes", subs);
    return object;
}

json_t *scim_schema_json(const struct scim_schema *schema, const char *base)
{
    json_t *attributes = json_array();
    for (size_t i = 0; i < schema->nattrs; i++)
        json_array_append_new(attributes, attr_json(&schema->attrs[i]));
    return json_pack("{s:[s], s:s, s:s, s:s, s:o, s:{s:s, s:o}}", "schemas", SCIM_SCHEMA_URN, "id", schema->id, "name",
                     schema->name, "description", schema->description, "attributes", attributes, "meta", "resourceType",
                     "Schema", "location", json_sprintf("%s/Schemas/%s", base, schema->id));
}

json_t *scim_type_json(const struct scim_resource_type *type, const char *base)
{
    json_t *extensions = json_array();
    for (size_t i = 0; i < type->nextensions; i++)
        json_array_append_new(extensions, json_pack("{s:s, s:b}", "schema", type->extensions[i].schema->id, "required",
                                                    type->extensions[i].required));
    return json_pack("{s:[s], s:s, s:s, s:s, s:s, s:s, s:o, s:{s:s, s:o}}", "schemas", SCIM_TYPE_URN, "id", type->name,
                     "name", type->name, "endpoint", type->endpoint, "description", type->description, "schema",
                     type->schema->id, "schemaExtensions", extensions, "meta", "resourceType", "ResourceType",
                     "location", json_sprintf("%s/ResourceTypes/%s", base, type->name));
}

/*
 * --- and back -------------------------------------------------------------------------------------------------------
 */

static const char *read_text(struct pool *pool, const json_t *object, const char *key)
{
    const char *text = json_string_value(scim_json_get(object, key));
    return pool_strdup(pool, text ? text : "");
}

static int read_word(const json_t *object, const char *key, const char *const *words, size_t n, int *ret,
                     struct scim_error *error)
{
    const json_t *value = scim_json_get(object, key);
    *ret = 0;
    if (!value || json_is_null(value))
        return 0;
    for (size_t i = 0; json_is_string(value) && i < n; i++)
        if (text_same_ascii(words[i], json_string_value(value))) {
            *ret = (int)i;
            return 0;
        }
    return scim_error_set(error, SCIM_WRONG_VALUE, "%s has none of the values of RFC 7643, 7", key);
}

static const char *const *read_words(struct pool *pool, const json_t *object, const char *key)
{
    const json_t *list = scim_json_get(object, key), *value = NULL;
    size_t n = json_array_size(list), i = 0, kept = 0;
    if (n == 0)
        return NULL;
    const char **words = pool_zero(pool, (n + 1) * sizeof *words);
    json_array_foreach (list, i, value)
        if (json_is_string(value))
            words[kept++] = pool_strdup(pool, json_string_value(value));
    return words;
}

static bool is_name(const char *s)
{
    for (const char *p = s; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_$", *p))
            return false;
    return *s && strlen(s) <= SCIM_NAME_MAX / 4;
}

static int read_attrs(struct pool *pool, const json_t *list, bool subs, const struct scim_attr **ret, size_t *ret_n,
                      struct scim_error *error);

static int read_attr(struct pool *pool, const json_t *o, bool sub, struct scim_attr *ret, struct scim_error *error)
{
    int type = 0, mutability = 0, returned = 0, uniqueness = 0;
    ret->name = read_text(pool, o, "name");
    if (!is_name(ret->name))
        return scim_error_set(error, SCIM_WRONG_VALUE, "'%s' is no name of an attribute", ret->name);
    if (read_word(o, "type", types, COUNT(types), &type, error) != 0 ||
        read_word(o, "mutability", mutabilities, COUNT(mutabilities), &mutability, error) != 0 ||
        read_word(o, "returned", returneds, COUNT(returneds), &returned, error) != 0 ||
        read_word(o, "uniqueness", uniquenesses, COUNT(uniquenesses), &uniqueness, error) != 0)
        return scim_error_wrap(error, "attribute %s", ret->name);
    /* A complex sub-attribute is against 2.3.8; services that have one get it as a black box. */
    ret->description = read_text(pool, o, "description");
    ret->type = (enum scim_attr_type)type;
    ret->mutability = (enum scim_mutability)mutability;
    ret->returned = (enum scim_returned)returned;
    ret->uniqueness = (enum scim_uniqueness)uniqueness;
    ret->multi = json_is_true(scim_json_get(o, "multiValued"));
    ret->required = json_is_true(scim_json_get(o, "required"));
    ret->case_exact = json_is_true(scim_json_get(o, "caseExact"));
    ret->canonical = read_words(pool, o, "canonicalValues");
    ret->references = read_words(pool, o, "referenceTypes");
    if (sub || ret->type != SCIM_COMPLEX)
        return 0;
    return read_attrs(pool, scim_json_get(o, "subAttributes"), true, &ret->subs, &ret->nsubs, error);
}

static int read_attrs(struct pool *pool, const json_t *list, bool subs, const struct scim_attr **ret, size_t *ret_n,
                      struct scim_error *error)
{
    size_t n = json_array_size(list), i = 0;
    if (n > SCIM_SCHEMA_ATTRS_MAX)
        return scim_error_set(error, SCIM_WRONG_VALUE, "%zu attributes; at most %d are taken", n,
                              SCIM_SCHEMA_ATTRS_MAX);
    struct scim_attr *attrs = pool_zero(pool, (n ? n : 1) * sizeof *attrs);
    const json_t *value = NULL;
    json_array_foreach (list, i, value) {
        if (read_attr(pool, value, subs, &attrs[i], error) != 0)
            return -1;
        if (scim_attr_find(attrs, i, span_str(attrs[i].name)))
            return scim_error_set(error, SCIM_WRONG_VALUE, "attribute %s is defined twice", attrs[i].name);
    }
    *ret = attrs;
    *ret_n = n;
    return 0;
}

int scim_schema_read(struct pool *pool, const json_t *resource, const struct scim_schema **ret,
                     struct scim_error *error)
{
    struct scim_schema *schema = pool_zero(pool, sizeof *schema);
    schema->id = read_text(pool, resource, "id");
    schema->name = read_text(pool, resource, "name");
    schema->description = read_text(pool, resource, "description");
    if (!strchr(schema->id, ':') || strlen(schema->id) > SCIM_NAME_MAX / 2 || !text_is_clean(span_str(schema->id)))
        return scim_error_set(error, SCIM_WRONG_VALUE, "schema '%s': the id is no URN", schema->id);
    if (read_attrs(pool, scim_json_get(resource, "attributes"), false, &schema->attrs, &schema->nattrs, error) != 0)
        return scim_error_wrap(error, "schema %s", schema->id);
    *ret = schema;
    return 0;
}
