#include "scim/page.h"

#include "scim/json.h"
#include "scim/limits.h"

#define UNRESERVED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

/* Past 10^15 the exact number makes no difference to anybody; it stays there. */
static int whole_number(struct span s, int64_t *ret)
{
    const int64_t far = 1000000000000000;
    size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+') ? 1 : 0;
    int64_t value = 0;
    if (i == s.n)
        return -1;
    for (; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -1;
        value = value > far ? far : value * 10 + (s.p[i] - '0');
    }
    *ret = s.p[0] == '-' ? -value : value;
    return 0;
}

static int read_count(struct span text, enum scim_wrong wrong, size_t usual, size_t most, int64_t *ret,
                      struct scim_error *error)
{
    *ret = (int64_t)(usual < most ? usual : most);
    if (!text.p)
        return 0;
    if (whole_number(text, ret) != 0)
        return scim_error_set(error, wrong, "count is '%.*s'; it is a whole number", SPAN_ARG(text));
    if (*ret > (int64_t)most)
        *ret = (int64_t)most;
    return 0;
}

static bool is_cursor(struct span s)
{
    if (s.n > SCIM_CURSOR_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\0' || !strchr(UNRESERVED, s.p[i]))
            return false;
    return true;
}

static int read_by_cursor(struct span cursor, int64_t count, struct scim_page *ret, struct scim_error *error)
{
    if (!is_cursor(cursor))
        return scim_error_set(error, SCIM_WRONG_CURSOR, "the cursor is none of this service's");
    if (count < 0)
        return scim_error_set(error, SCIM_WRONG_COUNT, "count is negative");
    *ret = (struct scim_page){.by_cursor = true, .cursor = cursor, .start = 1, .count = (size_t)count};
    return 0;
}

int scim_page_read(struct span start_index, struct span count, struct span cursor, size_t usual, size_t most,
                   bool by_cursor, struct scim_page *ret, struct scim_error *error)
{
    int64_t n = 0, start = 1;
    if (start_index.p && cursor.p)
        return scim_error_set(error, SCIM_WRONG_VALUE, "startIndex and cursor are both there; send one of them");
    by_cursor = cursor.p || (by_cursor && !start_index.p);
    if (read_count(count, by_cursor ? SCIM_WRONG_COUNT : SCIM_WRONG_VALUE, usual, most, &n, error) != 0)
        return -1;
    if (by_cursor)
        return read_by_cursor(cursor, n, ret, error);
    if (start_index.p && whole_number(start_index, &start) != 0)
        return scim_error_set(error, SCIM_WRONG_VALUE, "startIndex is '%.*s'; it is a whole number",
                              SPAN_ARG(start_index));
    *ret = (struct scim_page){.start = start < 1 ? 1 : (size_t)start, .count = n < 0 ? 0 : (size_t)n};
    return 0;
}

json_t *scim_list_json(const struct scim_page *page, int64_t total, json_t *resources, const char *next,
                       const char *previous)
{
    json_t *list = json_pack("{s:[s]}", "schemas", SCIM_LIST_URN);
    if (total >= 0)
        json_object_set_new(list, "totalResults", json_integer(total));
    json_object_set_new(list, "itemsPerPage", json_integer((json_int_t)json_array_size(resources)));
    if (!page->by_cursor)
        json_object_set_new(list, "startIndex", json_integer((json_int_t)page->start));
    if (previous)
        json_object_set_new(list, "previousCursor", json_string(previous));
    if (next)
        json_object_set_new(list, "nextCursor", json_string(next));
    json_object_set_new(list, "Resources", resources);
    return list;
}

/*
 * --- and back
 * ------------------------------------------------------------------------------------------------------------
 */

static int read_number(const json_t *body, const char *name, int64_t missing, int64_t *ret, struct scim_error *error)
{
    const json_t *value = scim_json_get(body, name);
    *ret = missing;
    if (!value || json_is_null(value))
        return 0;
    *ret = json_integer_value(value);
    return json_is_integer(value) && *ret >= 0
               ? 0
               : scim_error_set(error, SCIM_WRONG_VALUE, "%s of the listing is no whole number", name);
}

static int read_cursor(const json_t *body, const char **ret, struct scim_error *error)
{
    const json_t *value = scim_json_get(body, "nextCursor");
    *ret = NULL;
    if (!value || json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0))
        return 0;
    *ret = json_string_value(value);
    return *ret && is_cursor(span_str(*ret))
               ? 0
               : scim_error_set(error, SCIM_WRONG_VALUE, "nextCursor of the listing is none");
}

int scim_list_read(const json_t *body, struct scim_list *ret, struct scim_error *error)
{
    struct scim_list list = {0};
    if (!scim_json_get(body, "schemas") || !scim_json_is(body, SCIM_LIST_URN))
        return scim_error_set(error, SCIM_WRONG_VALUE, "the answer is no ListResponse");
    list.resources = scim_json_get(body, "Resources");
    if (json_is_null(list.resources))
        list.resources = NULL;
    if (list.resources && !json_is_array(list.resources))
        return scim_error_set(error, SCIM_WRONG_VALUE, "Resources of the listing is no array");
    if (read_number(body, "totalResults", -1, &list.total, error) != 0 ||
        read_number(body, "startIndex", 1, &list.start, error) != 0 || read_cursor(body, &list.next, error) != 0)
        return -1;
    if (list.total >= 0 && (int64_t)json_array_size(list.resources) > list.total)
        return scim_error_set(error, SCIM_WRONG_VALUE, "the listing has more resources than its totalResults");
    *ret = list;
    return 0;
}
