#include "scim/order.h"

#include "base/text.h"
#include "scim/value.h"

static bool is_word(struct span s, const char *word)
{
    return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

int scim_order_read(const struct scim_resource_type *type, struct span sort_by, struct span sort_order,
                    struct scim_order *ret, struct scim_error *error)
{
    struct scim_order order = {.descending = sort_order.n && is_word(sort_order, "descending")};
    if (sort_order.n && !order.descending && !is_word(sort_order, "ascending"))
        return scim_error_set(error, SCIM_WRONG_VALUE, "sortOrder is '%.*s'; it is ascending or descending",
                              SPAN_ARG(sort_order));
    if (sort_by.n == 0) {
        *ret = (struct scim_order){0};
        return 0;
    }
    if (!scim_attrpath_find(type, sort_by, &order.at) || !order.at.attr)
        return scim_error_set(error, SCIM_WRONG_PATH, "sortBy is '%.*s'; there is no such attribute",
                              SPAN_ARG(sort_by));
    if (order.at.attr->type == SCIM_COMPLEX && !order.at.sub)
        order.at.sub = scim_sub_find(order.at.attr, "value");
    if (order.at.attr->type == SCIM_COMPLEX && !order.at.sub)
        return scim_error_set(error, SCIM_WRONG_PATH, "sortBy is '%.*s'; name one of its sub-attributes",
                              SPAN_ARG(sort_by));
    order.asked = true;
    *ret = order;
    return 0;
}

/*
 * --- keys
 * ---------------------------------------------------------------------------------------------------------------
 */

struct key {
    json_t *resource;
    size_t place; /* before: what is equal stays in its order */
    bool present;
    double number;
    struct span text;
};

static const json_t *counting_value(const struct scim_order *order, const json_t *resource)
{
    const json_t *value = scim_attrpath_get(&order->at, resource), *chosen = value, *one = NULL;
    size_t i = 0;
    if (json_is_array(value))
        chosen = json_array_get(value, 0);
    json_array_foreach (value, i, one)
        if (json_is_true(json_object_get(one, "primary"))) {
            chosen = one;
            break;
        }
    return order->at.sub ? json_object_get(chosen, order->at.sub->name) : chosen;
}

static void set_text(struct pool *pool, const struct scim_attr *attr, const json_t *value, struct key *ret)
{
    struct span text = {json_string_value(value), json_string_length(value)};
    int64_t when = 0;
    ret->present = true;
    if (attr->type == SCIM_DATETIME && scim_time_parse(text, &when) == 0)
        ret->number = (double)when;
    else
        ret->text = attr->case_exact ? text : scim_fold(pool, text);
}

static struct key key_of(struct pool *pool, const struct scim_order *order, json_t *resource, size_t place)
{
    struct key key = {.resource = resource, .place = place};
    const json_t *value = counting_value(order, resource);
    if (json_is_string(value))
        set_text(pool, order->at.sub ? order->at.sub : order->at.attr, value, &key);
    else if (json_is_number(value) || json_is_boolean(value)) {
        key.present = true;
        key.number = json_is_number(value) ? json_number_value(value) : json_is_true(value);
    }
    return key;
}

static int ascending(const struct key *a, const struct key *b)
{
    if (a->present != b->present)
        return a->present ? -1 : 1;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return scim_text_order(a->text, b->text, true);
}

static int compare(const void *one, const void *other, void *descending)
{
    const struct key *a = one, *b = other;
    int by = *(const bool *)descending ? ascending(b, a) : ascending(a, b);
    return by ? by : (a->place > b->place) - (a->place < b->place);
}

void scim_order_sort(struct pool *pool, const struct scim_order *order, json_t **resources, size_t n)
{
    if (!order->asked || n < 2)
        return;
    bool descending = order->descending;
    struct key *keys = pool_alloc(pool, n * sizeof *keys);
    for (size_t i = 0; i < n; i++)
        keys[i] = key_of(pool, order, resources[i], i);
    qsort_r(keys, n, sizeof *keys, compare, &descending);
    for (size_t i = 0; i < n; i++)
        resources[i] = keys[i].resource;
}
