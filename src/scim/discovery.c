#include "scim/discovery.h"

#include <stddef.h>

#include "scim/json.h"
#include "scim/limits.h"
#include "scim/schema.h"

const struct scim_features scim_features_all = {
    .patch = true,
    .bulk = true,
    .filter = true,
    .sort = true,
    .etag = true,
    .bulk_operations = SCIM_BULK_OPS_MAX,
    .bulk_bytes = SCIM_BULK_MAX,
    .filter_results = SCIM_PAGE_MAX,
    .index_pages = true,
    .cursor_pages = true,
    .page_usual = SCIM_PAGE_DEFAULT,
    .page_max = SCIM_PAGE_MAX,
};

/* group.name of the resource, and the field it is. */
static const struct row {
    const char *group, *name;
    size_t at;
} truths[] =
    {
        {"patch", "supported", offsetof(struct scim_features, patch)},
        {"bulk", "supported", offsetof(struct scim_features, bulk)},
        {"filter", "supported", offsetof(struct scim_features, filter)},
        {"changePassword", "supported", offsetof(struct scim_features, change_password)},
        {"sort", "supported", offsetof(struct scim_features, sort)},
        {"etag", "supported", offsetof(struct scim_features, etag)},
        {"pagination", "cursor", offsetof(struct scim_features, cursor_pages)},
        {"pagination", "index", offsetof(struct scim_features, index_pages)},
},
  numbers[] = {
      {"bulk", "maxOperations", offsetof(struct scim_features, bulk_operations)},
      {"bulk", "maxPayloadSize", offsetof(struct scim_features, bulk_bytes)},
      {"filter", "maxResults", offsetof(struct scim_features, filter_results)},
      {"pagination", "defaultPageSize", offsetof(struct scim_features, page_usual)},
      {"pagination", "maxPageSize", offsetof(struct scim_features, page_max)},
      {"pagination", "cursorTimeout", offsetof(struct scim_features, cursor_seconds)},
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static bool *truth_at(struct scim_features *features, const struct row *row)
{
    return (bool *)(void *)((char *)features + row->at);
}

static int64_t *number_at(struct scim_features *features, const struct row *row)
{
    return (int64_t *)(void *)((char *)features + row->at);
}

static json_t *group(json_t *config, const char *name)
{
    json_t *found = json_object_get(config, name);
    if (found)
        return found;
    json_object_set_new(config, name, json_object());
    return json_object_get(config, name);
}

/* Sizes of pages and the time of a cursor may stay unsaid; the limits of bulk and filter are required. */
static bool is_optional(const struct row *row)
{
    return strcmp(row->group, "pagination") == 0;
}

json_t *scim_features_json(const struct scim_features *features, const char *base)
{
    struct scim_features f = *features;
    json_t *config = json_pack("{s:[s]}", "schemas", SCIM_CONFIG_URN);
    for (size_t i = 0; i < COUNT(truths); i++)
        json_object_set_new(group(config, truths[i].group), truths[i].name, json_boolean(*truth_at(&f, &truths[i])));
    for (size_t i = 0; i < COUNT(numbers); i++)
        if (*number_at(&f, &numbers[i]) || !is_optional(&numbers[i]))
            json_object_set_new(group(config, numbers[i].group), numbers[i].name,
                                json_integer(*number_at(&f, &numbers[i])));
    json_object_set_new(group(config, "pagination"), "defaultPaginationMethod",
                        json_string(f.cursor_by_default ? "cursor" : "index"));
    json_object_set_new(config, "authenticationSchemes",
                        json_pack("[{s:s, s:s, s:s, s:s, s:b}]", "type", "oauthbearertoken", "name", "Bearer token",
                                  "description", "A token that the administrator made for this directory", "specUri",
                                  "https://www.rfc-editor.org/info/rfc6750", "primary", true));
    json_object_set_new(config, "meta",
                        json_pack("{s:s, s:o}", "resourceType", "ServiceProviderConfig", "location",
                                  json_sprintf("%s/ServiceProviderConfig", base)));
    return config;
}

int scim_features_read(const json_t *body, struct scim_features *ret, struct scim_error *error)
{
    struct scim_features f = {0};
    if (!scim_json_get(body, "schemas") || !scim_json_is(body, SCIM_CONFIG_URN))
        return scim_error_set(error, SCIM_WRONG_VALUE, "the answer is no ServiceProviderConfig");
    for (size_t i = 0; i < COUNT(truths); i++)
        *truth_at(&f, &truths[i]) =
            scim_json_boolean(scim_json_get(scim_json_get(body, truths[i].group), truths[i].name)) == 1;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        json_int_t n = json_integer_value(scim_json_get(scim_json_get(body, numbers[i].group), numbers[i].name));
        *number_at(&f, &numbers[i]) = n > 0 ? n : 0;
    }
    const json_t *pages = scim_json_get(body, "pagination");
    const char *method = json_string_value(scim_json_get(pages, "defaultPaginationMethod"));
    f.cursor_by_default = f.cursor_pages && method && strcmp(method, "cursor") == 0;
    f.index_pages = scim_json_boolean(scim_json_get(pages, "index")) != 0;
    *ret = f;
    return 0;
}
