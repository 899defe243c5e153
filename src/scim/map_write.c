/* What a map makes of a User. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "scim/json.h"
#include "scim/limits.h"
#include "scim/map_inner.h"
#include "scim/patch.h"
#include "scim/resource.h"
#include "scim/value.h"

/* --- one value --------------------------------------------------------------------------------------------------- */

static const char *what_it_must_be(const struct scim_attr *attr)
{
    static const char *const words[] = {
        [SCIM_STRING] = "not a text",
        [SCIM_BOOLEAN] = "not true or false",
        [SCIM_DECIMAL] = "not a number",
        [SCIM_INTEGER] = "not a whole number",
        [SCIM_DATETIME] = "not an instant such as 2026-05-13T04:42:34Z",
        [SCIM_BINARY] = "not in base64",
        [SCIM_REFERENCE] = "not a text",
        [SCIM_COMPLEX] = "not a single value",
    };
    return words[attr->type];
}

/* Directories write TRUE and FALSE (RFC 4517, 3.3.3). */
static json_t *spelled(const struct scim_attr *attr, struct span value)
{
    json_auto_t *number = NULL;
    if (attr->type != SCIM_DECIMAL && attr->type != SCIM_INTEGER)
        return json_stringn(value.p, value.n);
    number = json_loadb(value.p, value.n, JSON_DECODE_ANY, NULL);
    return json_is_number(number) ? json_incref(number) : NULL;
}

json_t *scim_map_json(const struct scim_attr *attr, struct span value, const char **ret_why)
{
    struct scim_error error = SCIM_ERROR_INIT;
    json_auto_t *text = value.n ? spelled(attr, value) : NULL;
    json_t *checked = NULL;
    if (text && scim_value_check(attr, true, SCIM_SENT, text, &checked, &error) == 0 && checked)
        return checked;
    *ret_why = value.n ? what_it_must_be(attr) : "it is empty";
    return NULL;
}

static bool is_user_name(const struct scim_map *map, const struct scim_map_line *rule)
{
    return rule == &map->rules[map->user_name];
}

static const struct named_value *fixed_of(const struct scim_map_line *rule, const struct scim_person *person)
{
    for (size_t i = 0; i < person->nfixed; i++)
        if (span_eq(person->fixed[i].name, span_str(rule->shown.target)))
            return &person->fixed[i];
    return NULL;
}

static struct span value_of(const struct scim_map *map, const struct scim_map_line *rule,
                            const struct scim_person *person, struct pool *pool)
{
    const struct named_value *fixed = person->nfixed ? fixed_of(rule, person) : NULL;
    struct span value = fixed          ? fixed->value
                        : rule->source ? scim_expr_eval(rule->source, person, pool)
                                       : (struct span){NULL, 0};
    return value.n == 0 && is_user_name(map, rule) ? person->attr[ATTR_EMAIL] : value;
}

json_t *scim_line_json(const struct scim_map *map, const struct scim_map_line *rule, const struct scim_person *person,
                       struct pool *pool)
{
    const char *why;
    struct span value = value_of(map, rule, person, pool);
    return value.n ? scim_map_json(scim_line_attr(rule), value, &why) : NULL;
}

struct span scim_map_eval(const struct scim_map *map, size_t i, const struct scim_person *person, struct pool *pool,
                          const char **ret_why)
{
    const char *why = NULL;
    struct span value = value_of(map, &map->rules[i], person, pool);
    enum scim_attr_type type = scim_line_attr(&map->rules[i])->type;
    if (ret_why)
        *ret_why = NULL;
    if (type == SCIM_STRING || type == SCIM_REFERENCE)
        return value;
    json_auto_t *json = value.n ? scim_map_json(scim_line_attr(&map->rules[i]), value, &why) : NULL;
    if (ret_why)
        *ret_why = json ? NULL : why;
    if (json_is_boolean(json))
        return span_str(json_is_true(json) ? "true" : "false");
    return json ? value : (struct span){NULL, 0};
}

struct span scim_map_user_name(const struct scim_map *map, const struct scim_person *person, struct pool *pool)
{
    return scim_map_eval(map, map->user_name, person, pool, NULL);
}

/* --- a User ------------------------------------------------------------------------------------------------------ */

/* The object in which the attribute is; NULL: it is not there and not to be made. */
static json_t *inside(json_t *object, const char *name, bool make)
{
    json_t *found = scim_json_get(object, name);
    if (json_is_object(found) || !make)
        return json_is_object(found) ? found : NULL;
    json_object_set_new(object, name, json_object());
    return json_object_get(object, name);
}

/* Takes value; NULL takes the attribute away. */
static void set(json_t *object, const char *name, json_t *value)
{
    if (value)
        json_object_set_new(object, name, value);
    else if (object)
        json_object_del(object, name);
}

bool scim_line_means(const struct scim_map_line *rule, const json_t *value, bool lenient)
{
    const char *key;
    json_t *said;
    json_object_foreach (rule->element, key, said) {
        const json_t *has = scim_json_get(value, key);
        bool same = json_is_string(said) && json_is_string(has)
                        ? text_same(json_string_value(said), json_string_value(has))
                        : json_is_boolean(said) && scim_json_boolean(has) == (int)json_is_true(said);
        if (!same && !(lenient && !has))
            return false;
    }
    return json_is_object(value);
}

/* The one that is meant; or else, with services that keep no types, the first that does not say what it is. */
static json_t *find_element(const struct scim_map_line *rule, json_t *values)
{
    json_t *value;
    size_t i;
    for (int lenient = 0; lenient < 2; lenient++)
        json_array_foreach (values, i, value)
            if (scim_line_means(rule, value, lenient))
                return value;
    return NULL;
}

static json_t *values_of(json_t *object, const char *name, bool make)
{
    json_t *values = scim_json_get(object, name);
    if (json_is_array(values) || !make)
        return json_is_array(values) ? values : NULL;
    json_object_set_new(object, name, json_array());
    return json_object_get(object, name);
}

/* At most one value is the primary one. */
static void clear_primary(json_t *values)
{
    json_t *value;
    size_t i;
    json_array_foreach (values, i, value)
        if (json_is_object(value))
            json_object_del(value, "primary");
}

/* Takes value. */
static void write_element(const struct scim_map_line *rule, json_t *object, json_t *value)
{
    json_t *values = values_of(object, rule->path.at.attr->name, value != NULL);
    json_t *element = find_element(rule, values);
    if (!element && value) {
        element = json_deep_copy(rule->element);
        json_array_append_new(values, element);
    }
    if (json_is_true(value) && text_same_ascii(rule->path.at.sub->name, "primary"))
        clear_primary(values);
    set(element, rule->path.at.sub->name, value);
}

static void write_rule(const struct scim_map *map, const struct scim_map_line *rule, const struct scim_person *person,
                       struct pool *pool, json_t *user)
{
    const struct scim_attrpath *at = &rule->path.at;
    json_t *value = scim_line_json(map, rule, person, pool);
    json_t *object = at->extension ? inside(user, at->extension->id, value != NULL) : user;
    if (!object)
        return;
    if (rule->element)
        write_element(rule, object, value);
    else if (at->attr->multi)
        set(object, at->attr->name, value ? json_pack("[o]", value) : NULL);
    else if (at->sub)
        set(inside(object, at->attr->name, value != NULL), at->sub->name, value);
    else
        set(object, at->attr->name, value);
}

/*
 * Of a value among several: is there anything but what tells it from the others? A telephone number without number is
 * none.
 */
static bool is_empty_element(const struct scim_map_line *rule, const json_t *element)
{
    if (scim_sub_find(rule->path.at.attr, "value"))
        return !json_object_get(element, "value");
    return json_object_size(element) <= json_object_size(rule->element);
}

static void tidy_elements(const struct scim_map_line *rule, json_t *object)
{
    const char *name = rule->path.at.attr->name;
    json_t *values = values_of(object, name, false);
    for (size_t i = json_array_size(values); i-- > 0;)
        if (scim_line_means(rule, json_array_get(values, i), false) &&
            is_empty_element(rule, json_array_get(values, i)))
            json_array_remove(values, i);
    if (values && json_array_size(values) == 0)
        json_object_del(object, name);
}

/* What was left empty goes. */
static void tidy(const struct scim_map_line *rule, json_t *user)
{
    const struct scim_attrpath *at = &rule->path.at;
    json_t *object = at->extension ? inside(user, at->extension->id, false) : user;
    if (!object || !rule->source)
        return;
    if (rule->element)
        tidy_elements(rule, object);
    else if (at->sub && json_object_size(inside(object, at->attr->name, false)) == 0)
        json_object_del(object, at->attr->name);
    if (at->extension && json_object_size(object) == 0)
        json_object_del(user, at->extension->id);
}

static void add_schemas(const struct scim_map *map, json_t *user)
{
    json_t *schemas = values_of(user, "schemas", true);
    for (size_t i = 0; i <= map->type->nextensions; i++) {
        const char *urn = i ? map->type->extensions[i - 1].schema->id : map->type->schema->id;
        bool there = i > 0 && !json_object_get(user, urn);
        json_t *one;
        size_t k;
        json_array_foreach (schemas, k, one)
            there |= json_is_string(one) && text_same_ascii(json_string_value(one), urn);
        if (!there)
            json_array_append_new(schemas, json_string(urn));
    }
}

void scim_map_write(const struct scim_map *map, const struct scim_person *person, json_t *user)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    for (size_t i = 0; i < map->n; i++)
        if (map->rules[i].source)
            write_rule(map, &map->rules[i], person, pool, user);
    for (size_t i = 0; i < map->n; i++)
        tidy(&map->rules[i], user);
    add_schemas(map, user);
}

json_t *scim_map_user(const struct scim_map *map, const struct scim_person *person)
{
    json_t *user = json_object();
    scim_map_write(map, person, user);
    return user;
}

/* --- a PATCH ----------------------------------------------------------------------------------------------------- */

/* Takes value; NULL takes the attribute away. */
static void add_operation(json_t *operations, const char *path, json_t *value)
{
    json_t *operation = json_pack("{s:s, s:s}", "op", value ? "replace" : "remove", "path", path);
    if (value)
        json_object_set_new(operation, "value", value);
    json_array_append_new(operations, operation);
}

/* Among rules for parts of one attribute with several values, the first speaks for all. */
static bool is_first_of_attr(const struct scim_map *map, const struct scim_map_line *rule)
{
    for (const struct scim_map_line *r = map->rules; r < rule; r++)
        if (r->element && r->source && r->path.at.extension == rule->path.at.extension &&
            strcmp(r->path.at.attr->name, rule->path.at.attr->name) == 0)
            return false;
    return true;
}

json_t *scim_map_edits(const struct scim_map *map, const struct scim_person *person)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    json_auto_t *user = scim_map_user(map, person);
    json_t *operations = json_array();
    for (size_t i = 0; i < map->n; i++) {
        const struct scim_map_line *rule = &map->rules[i];
        if (!rule->source || (rule->element && !is_first_of_attr(map, rule)))
            continue;
        struct scim_attrpath whole = rule->path.at;
        if (rule->element)
            whole.sub = NULL;
        json_t *value = scim_attrpath_get(&whole, user);
        if (whole.sub)
            value = json_object_get(value, whole.sub->name);
        add_operation(operations, scim_attrpath_name(pool, &whole), json_incref(value));
    }
    return operations;
}
