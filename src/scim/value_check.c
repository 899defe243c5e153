/* The rules for the values of one attribute (RFC 7643, 2.2 to 2.4). */
#include "scim/resource.h"

#include "base/text.h"
#include "scim/json.h"
#include "scim/limits.h"
#include "scim/value.h"

static int not_a(const char *what, struct scim_error *error)
{
    return scim_error_set(error, SCIM_WRONG_VALUE, "%s", what);
}

/*
 * --- simple values: ret as in scim_value_check
 * ------------------------------------------------------------------------
 */

static int check_string(json_t *value, json_t **ret, struct scim_error *error)
{
    if (!json_is_string(value))
        return not_a("the value is no text; send a JSON string", error);
    if (json_string_length(value) > SCIM_STRING_MAX)
        return scim_error_set(error, SCIM_WRONG_VALUE, "the text has %zu bytes; send at most %d",
                              json_string_length(value), SCIM_STRING_MAX);
    *ret = json_incref(value);
    return 0;
}

static int check_boolean(json_t *value, json_t **ret, struct scim_error *error)
{
    int truth = scim_json_boolean(value);
    if (truth < 0)
        return not_a("the value is no boolean; send true or false", error);
    *ret = json_boolean(truth);
    return 0;
}

static int check_decimal(json_t *value, json_t **ret, struct scim_error *error)
{
    if (!json_is_number(value))
        return not_a("the value is no number; send a JSON number", error);
    *ret = json_incref(value);
    return 0;
}

static int check_integer(json_t *value, json_t **ret, struct scim_error *error)
{
    if (!json_is_integer(value))
        return not_a("the value is no whole number; send a JSON number without fraction", error);
    *ret = json_incref(value);
    return 0;
}

static int check_instant(json_t *value, json_t **ret, struct scim_error *error)
{
    int64_t when = 0;
    struct span text = {json_string_value(value), json_string_length(value)};
    if (!text.p || scim_time_parse(text, &when) != 0)
        return not_a("the value is no instant; send one such as 2026-05-13T04:42:34Z", error);
    *ret = json_incref(value);
    return 0;
}

static int check_binary(json_t *value, json_t **ret, struct scim_error *error)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=";
    const char *text = json_string_value(value);
    if (!text || text[strspn(text, letters)])
        return not_a("the value is not in base64", error);
    return check_string(value, ret, error);
}

static int (*const simple[])(json_t *, json_t **, struct scim_error *) = {
    [SCIM_STRING] = check_string,    [SCIM_BOOLEAN] = check_boolean,  [SCIM_DECIMAL] = check_decimal,
    [SCIM_INTEGER] = check_integer,  [SCIM_DATETIME] = check_instant, [SCIM_BINARY] = check_binary,
    [SCIM_REFERENCE] = check_string,
};

/*
 * --- complex values
 * ------------------------------------------------------------------------------------------------------
 */

bool scim_value_is_ignored(const struct scim_attr *attr, enum scim_check how, const json_t *value)
{
    return json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0) ||
           attr->returned == SCIM_NEVER || (how == SCIM_SENT && attr->mutability == SCIM_READ_ONLY);
}

/* Puts a checked value in the place of the one that was sent, under the schema's own name. Takes it. */
static int put(json_t *object, const char *key, const struct scim_attr *attr, json_t *checked, struct scim_error *error)
{
    if (strcmp(key, attr->name) == 0)
        return json_object_set_new(object, key, checked);
    if (json_object_get(object, attr->name)) {
        json_decref(checked);
        return scim_error_set(error, SCIM_WRONG_SYNTAX, "%s stands twice, in different case", attr->name);
    }
    json_object_set_new(object, attr->name, checked);
    return json_object_del(object, key);
}

static int check_named(json_t *object, const char *key, const struct scim_attr *attr, enum scim_check how,
                       json_t *value, struct scim_error *error)
{
    json_t *checked = NULL;
    if (scim_value_is_ignored(attr, how, value))
        return json_object_del(object, key);
    if (scim_value_check(attr, false, how, value, &checked, error) != 0)
        return scim_error_wrap(error, "%s", attr->name);
    if (!checked)
        return json_object_del(object, key);
    if (checked == value && strcmp(key, attr->name) == 0) {
        json_decref(checked);
        return 0;
    }
    return put(object, key, attr, checked, error);
}

int scim_required_check(const struct scim_attr *attrs, size_t n, const json_t *object, struct scim_error *error)
{
    for (size_t i = 0; i < n; i++) {
        if (!attrs[i].required || attrs[i].mutability == SCIM_READ_ONLY)
            continue;
        const json_t *value = json_object_get(object, attrs[i].name);
        if (!value || (json_is_string(value) && json_string_length(value) == 0))
            return scim_error_set(error, SCIM_WRONG_VALUE, "%s is missing; it is required", attrs[i].name);
    }
    return 0;
}

static int check_object(const struct scim_attr *attr, enum scim_check how, json_t *object, struct scim_error *error)
{
    void *next = NULL;
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach_safe (object, next, key, value) {
        const struct scim_attr *sub = scim_sub_find(attr, key);
        if (!sub)
            json_object_del(object, key);
        else if (check_named(object, key, sub, how, value, error) != 0)
            return -1;
    }
    return how == SCIM_SENT ? scim_required_check(attr->subs, attr->nsubs, object, error) : 0;
}

/* "manager": "26118915", as Entra ID sends it. */
static json_t *from_bare_text(const struct scim_attr *attr, bool one, json_t *value)
{
    if (!json_is_string(value) || one || !scim_sub_find(attr, "value"))
        return NULL;
    return json_string_length(value) ? json_pack("{s:O}", "value", value) : json_object();
}

static int check_complex(const struct scim_attr *attr, bool one, enum scim_check how, json_t *value, json_t **ret,
                         struct scim_error *error)
{
    json_auto_t *object = from_bare_text(attr, one, value);
    if (!object)
        object = json_incref(value);
    if (!json_is_object(object))
        return not_a("the value is no complex one; send a JSON object", error);
    /* Without sub-attributes a schema says nothing of what is in it. */
    if (attr->nsubs && check_object(attr, how, object, error) != 0)
        return -1;
    if (json_object_size(object) == 0)
        return 0;
    *ret = json_incref(object);
    return 0;
}

/*
 * --- several values
 * -------------------------------------------------------------------------------------------------------
 */

bool scim_attr_is_membership(const struct scim_attr *attr)
{
    const struct scim_attr *value = scim_sub_find(attr, "value");
    return attr->multi && value && value->mutability == SCIM_IMMUTABLE;
}

static int check_one(const struct scim_attr *attr, bool one, enum scim_check how, json_t *value, json_t **ret,
                     struct scim_error *error)
{
    *ret = NULL;
    if (json_is_null(value))
        return 0;
    if (attr->type == SCIM_COMPLEX)
        return check_complex(attr, one, how, value, ret, error);
    return simple[attr->type](value, ret, error);
}

/* In one pass, as there may be many: null stands where nothing is left. */
static void without_nulls(json_t *values)
{
    json_auto_t *rest = json_array();
    json_t *value = NULL;
    size_t i = 0;
    json_array_foreach (values, i, value)
        if (!json_is_null(value))
            json_array_append(rest, value);
    json_array_clear(values);
    json_array_extend(values, rest);
}

static int check_all(const struct scim_attr *attr, enum scim_check how, json_t *values, struct scim_error *error)
{
    size_t primaries = 0, nulls = 0;
    for (size_t i = 0; i < json_array_size(values); i++) {
        json_t *value = json_array_get(values, i), *checked = NULL;
        if (check_one(attr, true, how, value, &checked, error) != 0)
            return -1;
        primaries += json_is_true(json_object_get(checked, "primary"));
        nulls += !checked;
        if (checked == value)
            json_decref(checked);
        else
            json_array_set_new(values, i, checked ? checked : json_null());
    }
    /* A list of members that say nothing is no list of no members: a group must not be emptied by a client's mistake. */
    if (nulls && how == SCIM_SENT && scim_attr_is_membership(attr))
        return not_a("one of the values has no value; name a member by its id", error);
    if (nulls)
        without_nulls(values);
    if (primaries > 1 && how == SCIM_SENT)
        return not_a("more than one value is primary; mark one at most", error);
    return 0;
}

int scim_value_check(const struct scim_attr *attr, bool one, enum scim_check how, json_t *value, json_t **ret,
                     struct scim_error *error)
{
    *ret = NULL;
    if (!attr->multi || one)
        return check_one(attr, one, how, value, ret, error);
    if (!json_is_array(value))
        return not_a("the value is one only; send a JSON array", error);
    if (json_array_size(value) > SCIM_VALUES_MAX && !scim_attr_is_membership(attr))
        return scim_error_set(error, SCIM_WRONG_VALUE, "%zu values; send at most %d", json_array_size(value),
                              SCIM_VALUES_MAX);
    if (check_all(attr, how, value, error) != 0)
        return -1;
    if (json_array_size(value))
        *ret = json_incref(value);
    return 0;
}
