/*
 * Whatever a client sends as a PATCH, or as a resource: no crash; the resource that it is for stays as it was; what
 * comes out could have been sent itself, has no password, and checking it once more changes nothing; members come as
 * ids; every refusal can be shown.
 *
 *   clang -fsanitize=fuzzer,address,undefined …; fuzz_scim_patch tests/data/scim-patch
 */
#include <stdint.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "scim/json.h"
#include "scim/patch.h"
#include "scim/projection.h"
#include "scim/resource.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char person[] = "{\"schemas\": [\"urn:ietf:params:scim:schemas:core:2.0:User\"], \"userName\": "
                             "\"bjensen\", \"title\": \"T\", \"active\": true,"
                             " \"emails\": [{\"value\": \"a@b\", \"type\": \"work\", \"primary\": true}, {\"value\": "
                             "\"c@d\"}], \"name\": {\"familyName\":"
                             " \"Jensen\"}}";
static const char team[] = "{\"schemas\": [\"urn:ietf:params:scim:schemas:core:2.0:Group\"], \"displayName\": \"G\","
                           " \"members\": [{\"value\": \"u1\"}, {\"value\": \"u2\"}]}";

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void check_refusal(const struct scim_error *error)
{
    require((error->status == 400 && error->type) || error->status == 413);
    require(*error->detail && text_is_clean(span_str(error->detail)));
}

static void check_members(const struct scim_patch *patch)
{
    for (size_t i = 0; i < patch->n; i++) {
        const struct scim_edit *e = &patch->edits[i];
        require(!e->apart || (!e->value && !e->path.at.sub));
        require(!e->all || (e->op == SCIM_REMOVE && e->nmembers == 0));
        for (size_t j = 0; j < e->nmembers; j++)
            require(*e->members[j].id && strlen(e->members[j].id) <= SCIM_MEMBER_ID_MAX);
    }
}

/* A resource that was accepted is accepted again, and stays the same. */
static void check_stable(const struct scim_resource_type *type, const json_t *resource)
{
    struct scim_error error = SCIM_ERROR_INIT;
    json_auto_t *again = json_deep_copy(resource);
    require(scim_resource_check(type, SCIM_SENT, again, &error) == 0);
    require(json_equal(again, resource));
    require(!json_object_get(again, "password") && !json_object_get(again, "id"));
}

static void try_patch(struct pool *pool, const struct scim_resource_type *type, const struct scim_attr *apart,
                      struct span input, const char *resource)
{
    CLEANUP(scim_patch_release) struct scim_patch patch = SCIM_PATCH_INIT;
    struct scim_error error = SCIM_ERROR_INIT;
    json_auto_t *message = NULL, *before = json_loads(resource, 0, NULL), *copy = json_deep_copy(before), *after = NULL;
    bool changed = false;
    if (scim_json_load(input, SCIM_MESSAGE_MAX, &message, &error) != 0 ||
        scim_patch_read(pool, type, apart, message, &patch, &error) != 0 ||
        scim_patch_apply(type, &patch, before, &after, &changed, &error) != 0) {
        check_refusal(&error);
        require(json_equal(before, copy) && !after);
        return;
    }
    require(json_equal(before, copy) && changed != json_equal(before, after));
    check_members(&patch);
    check_stable(type, after);
}

static void try_resource(struct pool *pool, struct span input)
{
    struct scim_error error = SCIM_ERROR_INIT;
    struct scim_projection p;
    json_auto_t *resource = NULL;
    if (scim_json_load(input, SCIM_MESSAGE_MAX, &resource, &error) != 0 ||
        scim_resource_check(&scim_users, SCIM_SENT, resource, &error) != 0) {
        check_refusal(&error);
        return;
    }
    check_stable(&scim_users, resource);
    require(scim_projection_read(pool, &scim_users, (struct span){0}, span_str("emails,name.familyName"), &p, &error) ==
            0);
    json_auto_t *shown = scim_project(&p, resource);
    require(!json_object_get(shown, "emails") && json_object_get(shown, "userName"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct span input = {(const char *)data, size};
    try_patch(pool, &scim_users, NULL, input, person);
    try_patch(pool, &scim_groups, scim_type_attr(&scim_groups, span_str("members")), input, team);
    try_patch(pool, &scim_groups, NULL, input, team);
    try_resource(pool, input);
    return 0;
}
