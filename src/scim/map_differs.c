/* What a User has otherwise than a map writes it. */
#include "base/cleanup.h"
#include "base/text.h"
#include "scim/json.h"
#include "scim/map_inner.h"

static bool is(const struct scim_map_line *rule, const char *attr, const char *sub)
{
    const struct scim_attrpath *at = &rule->path.at;
    return !at->extension && strcmp(at->attr->name, attr) == 0 &&
           (sub ? at->sub && strcmp(at->sub->name, sub) == 0 : !at->sub);
}

static bool same_text(const struct scim_map_line *rule, const char *wanted, const char *found)
{
    if (is(rule, "userName", NULL) || is(rule, "emails", "value"))
        return text_is_clean(span_str(found)) && text_same(wanted, found);
    return strcmp(wanted, found) == 0;
}

/* No value is what an empty one is, and null. */
static bool is_nothing(const json_t *value)
{
    return !value || json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0) ||
           ((json_is_array(value) || json_is_object(value)) && json_object_size(value) + json_array_size(value) == 0);
}

static bool same(const struct scim_map_line *rule, const json_t *wanted, const json_t *found)
{
    if (is_nothing(wanted) || is_nothing(found))
        return is_nothing(wanted) == is_nothing(found);
    if (json_is_boolean(wanted))
        return scim_json_boolean(found) == (int)json_is_true(wanted);
    if (json_is_number(wanted) && json_is_number(found))
        return json_number_value(wanted) == json_number_value(found);
    if (!json_is_string(wanted) || !json_is_string(found))
        return false;
    return same_text(rule, json_string_value(wanted), json_string_value(found));
}

/*
 * Among several, whether one that the target means has it. Services that keep no types, or none that they were sent,
 * have theirs compared when nothing is of the type.
 */
static bool same_element(const struct scim_map_line *rule, const json_t *wanted, const json_t *values)
{
    for (int lenient = 0; lenient < 2; lenient++) {
        const json_t *value;
        bool any = false;
        size_t i;
        json_array_foreach (values, i, value) {
            if (!scim_line_means(rule, value, lenient))
                continue;
            any = true;
            if (same(rule, wanted, scim_json_get(value, rule->path.at.sub->name)))
                return true;
        }
        if (any)
            return false;
    }
    return is_nothing(wanted);
}

/* Which one is preferred is a matter of each service: many take it as said of the first, or do not keep it. */
static bool is_compared(const struct scim_map_line *rule)
{
    return rule->source && !(rule->element && strcmp(rule->path.at.sub->name, "primary") == 0);
}

/* What a User has where the rule writes, of several the one that the target means. */
static const json_t *place(const struct scim_map_line *rule, const json_t *user)
{
    const struct scim_attrpath *at = &rule->path.at;
    const json_t *found = scim_attrpath_get(at, user), *value = NULL;
    size_t i = 0;
    if (!rule->element)
        return at->sub ? json_object_get(found, at->sub->name) : at->attr->multi ? json_array_get(found, 0) : found;
    json_array_foreach (found, i, value)
        if (scim_line_means(rule, value, false))
            return json_object_get(value, at->sub->name);
    return NULL;
}

static bool has_it(const struct scim_map_line *rule, const json_t *wanted, const json_t *user)
{
    const struct scim_attrpath *at = &rule->path.at;
    const json_t *in = at->extension ? scim_json_get(user, at->extension->id) : user;
    const json_t *found = scim_json_get(in, at->attr->name);
    if (rule->element)
        return same_element(rule, wanted, found);
    if (at->attr->multi)
        return same(rule, wanted, json_is_array(found) ? json_array_get(found, 0) : found);
    return same(rule, wanted, at->sub ? scim_json_get(found, at->sub->name) : found);
}

/* Of several values without a type that tells them apart, the first. */
static const json_t *found_of(const struct scim_map_line *rule, const json_t *user)
{
    const struct scim_attrpath *at = &rule->path.at;
    const json_t *in = at->extension ? scim_json_get(user, at->extension->id) : user;
    const json_t *found = scim_json_get(in, at->attr->name), *value = NULL;
    if (rule->element)
        for (size_t i = json_array_size(found); i-- > 0;)
            if (!value || scim_line_means(rule, json_array_get(found, i), false))
                value = json_array_get(found, i);
    if (rule->element || at->attr->multi)
        found = value ? value : json_array_get(found, 0);
    return at->sub ? scim_json_get(found, at->sub->name) : found;
}

static void name_it(const struct scim_map_line *rule, struct buf *ret)
{
    buf_printf(ret, "%s%s", ret->len ? ", " : "", rule->shown.target);
}

static void tell_it(const struct scim_map_line *rule, const json_t *user, struct buf *ret)
{
    const json_t *found = found_of(rule, user);
    const char *sep = ret->len ? ", " : "";
    if (is_nothing(found)) {
        buf_printf(ret, "%sno %s", sep, rule->shown.target);
        return;
    }
    char *text = json_is_string(found) ? NULL : json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT);
    buf_printf(ret, "%s%s is %s", sep, rule->shown.target, text ? text : json_string_value(found));
    free(text);
}

static int compare(const struct scim_map *map, const struct scim_person *person, const json_t *user, bool tells,
                   struct buf *ret)
{
    json_auto_t *wanted = scim_map_user(map, person);
    size_t n = 0;
    for (size_t i = 0; i < map->n; i++) {
        const struct scim_map_line *rule = &map->rules[i];
        if (!is_compared(rule) || has_it(rule, place(rule, wanted), user))
            continue;
        if (ret && tells)
            tell_it(rule, user, ret);
        else if (ret)
            name_it(rule, ret);
        n++;
    }
    return n > 0;
}

int scim_map_differs(const struct scim_map *map, const struct scim_person *person, const json_t *user, struct buf *ret)
{
    return compare(map, person, user, false, ret);
}

int scim_map_tell(const struct scim_map *map, const struct scim_person *person, const json_t *user, struct buf *ret)
{
    return compare(map, person, user, true, ret);
}
