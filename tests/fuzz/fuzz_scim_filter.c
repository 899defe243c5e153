/*
 * Whatever a client sends as a filter: no crash; it is taken and then says yes or no of any resource, and its negation
 * the opposite; or it is refused as invalidFilter, in words that can be shown. The same of what stands in the brackets
 * of a path.
 *
 *   clang -fsanitize=fuzzer,address,undefined …; fuzz_scim_filter tests/data/scim-filter
 */
#include <stdint.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "scim/filter.h"
#include "scim/limits.h"
#include "scim/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char person[] =
    "{\"id\": \"1\", \"userName\": \"bjensen\", \"title\": \"Stra\\u00dfe\", \"active\": true, \"emails\": "
    "[{\"value\": \"a@b\","
    " \"type\": \"work\", \"primary\": true}, {\"value\": \"c@d\"}], \"name\": {\"familyName\": \"Jensen\"}, \"meta\":"
    " {\"created\": \"2011-05-13T04:42:34Z\"}, \"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\":"
    " {\"department\": \"D\", \"manager\": {\"value\": \"9\"}}}";

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void check_refusal(const struct scim_error *error, const char *type)
{
    require(error->status == 400 && strcmp(error->type, type) == 0 && *error->detail);
    require(text_is_clean(span_str(error->detail)));
}

static size_t depth_of(const struct scim_filter *f)
{
    size_t deepest = 0;
    for (const struct scim_filter *kid = f->first; kid; kid = kid->next) {
        size_t depth = depth_of(kid);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

static void try_filter(struct pool *pool, const struct scim_resource_type *type, struct span input,
                       const json_t *resource)
{
    const struct scim_filter *f = NULL;
    struct scim_error error = SCIM_ERROR_INIT;
    if (scim_filter_parse(pool, type, input, &f, &error) != 0) {
        check_refusal(&error, "invalidFilter");
        return;
    }
    require(input.n <= SCIM_FILTER_MAX && depth_of(f) <= 4 * SCIM_FILTER_DEPTH_MAX + 4);
    struct scim_filter not = {.op = SCIM_NOT, .first = f};
    require(scim_filter_match(f, resource, NULL) != scim_filter_match(&not, resource, NULL));
    const struct scim_attr *name = scim_type_attr(type, span_str("userName"));
    const struct scim_filter *equal = name ? scim_filter_needs_equal(f, name, NULL) : NULL;
    if (equal && scim_filter_match(f, resource, NULL))
        require(scim_filter_match(equal, resource, NULL));
    require(!equal || scim_filter_mentions(f, name));
}

static void try_path(struct pool *pool, struct span input, const json_t *resource)
{
    struct scim_path path;
    struct scim_error error = SCIM_ERROR_INIT;
    if (scim_path_parse(pool, &scim_users, input, &path, &error) != 0) {
        check_refusal(&error, strcmp(error.type, "invalidPath") == 0 ? "invalidPath" : "invalidFilter");
        return;
    }
    require(path.at.attr || path.at.extension);
    const json_t *values = path.where ? scim_attrpath_get(&path.at, resource) : NULL, *value = NULL;
    size_t i = 0;
    json_array_foreach (values, i, value)
        scim_filter_match_value(path.where, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    json_auto_t *resource = json_loads(person, 0, NULL);
    struct span input = {(const char *)data, size};
    try_filter(pool, &scim_users, input, resource);
    try_filter(pool, &scim_groups, input, resource);
    try_path(pool, input, resource);
    return 0;
}
