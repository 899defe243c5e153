#include "scim/query.h"

#include <stddef.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "scim/json.h"
#include "scim/limits.h"

static const struct {
    const char *name;
    size_t at;
    json_type type; /* JSON_ARRAY: of names, which become one text with commas */
} members[] = {
    {"attributes", offsetof(struct scim_params, attributes), JSON_ARRAY},
    {"excludedAttributes", offsetof(struct scim_params, excluded), JSON_ARRAY},
    {"filter", offsetof(struct scim_params, filter), JSON_STRING},
    {"sortBy", offsetof(struct scim_params, sort_by), JSON_STRING},
    {"sortOrder", offsetof(struct scim_params, sort_order), JSON_STRING},
    {"startIndex", offsetof(struct scim_params, start_index), JSON_INTEGER},
    {"count", offsetof(struct scim_params, count), JSON_INTEGER},
    {"cursor", offsetof(struct scim_params, cursor), JSON_STRING},
};

/* NULL: one of them is no text. */
static const char *joined(struct pool *pool, const json_t *names)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    const json_t *name = NULL;
    size_t i = 0;
    json_array_foreach (names, i, name) {
        if (!json_is_string(name))
            return NULL;
        buf_printf(&text, "%s%s", i ? "," : "", json_string_value(name));
    }
    return pool_strdup(pool, buf_str(&text));
}

static const char *text_of(struct pool *pool, const json_t *value, json_type type)
{
    if (json_is_string(value))
        return pool_strdup(pool, json_string_value(value));
    if (type == JSON_INTEGER && json_is_integer(value))
        return pool_printf(pool, "%lld", (long long)json_integer_value(value));
    return type == JSON_ARRAY && json_is_array(value) ? joined(pool, value) : NULL;
}

int scim_params_search(struct pool *pool, const json_t *message, struct scim_params *ret, struct scim_error *error)
{
    struct scim_params params = {0};
    if (!scim_json_is(message, SCIM_SEARCH_URN))
        return scim_error_set(error, SCIM_WRONG_SYNTAX, "schemas does not have %s", SCIM_SEARCH_URN);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const json_t *value = scim_json_get(message, members[i].name);
        if (!value || json_is_null(value))
            continue;
        const char *text = text_of(pool, value, members[i].type);
        if (!text)
            return scim_error_set(error, SCIM_WRONG_VALUE, "%s is of another type", members[i].name);
        *(struct span *)(void *)((char *)&params + members[i].at) = span_str(text);
    }
    *ret = params;
    return 0;
}

int scim_query_read(struct pool *pool, const struct scim_resource_type *type, const struct scim_params *params,
                    bool by_cursor, struct scim_query *ret, struct scim_error *error)
{
    struct scim_query q = {0};
    if (params->filter.n && scim_filter_parse(pool, type, params->filter, &q.filter, error) != 0)
        return -1;
    if (scim_projection_read(pool, type, params->attributes, params->excluded, &q.projection, error) != 0 ||
        scim_order_read(type, params->sort_by, params->sort_order, &q.order, error) != 0 ||
        scim_page_read(params->start_index, params->count, params->cursor, SCIM_PAGE_DEFAULT, SCIM_PAGE_MAX, by_cursor,
                       &q.page, error) != 0)
        return -1;
    *ret = q;
    return 0;
}
