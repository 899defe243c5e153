/*
 * Whatever a client sends as a bulk request: no crash; each operation has one step, and one more at most; when all that
 * went before is done, nothing that is handed out refers to an operation any more; every refusal can be shown.
 *
 *   clang -fsanitize=fuzzer,address,undefined …; fuzz_scim_bulk tests/data/scim-bulk
 */
#include <stdint.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "scim/bulk.h"
#include "scim/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct scim_resource_type *const types[] = {&scim_users, &scim_groups};

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void check_refusal(const struct scim_error *error)
{
    require(error->status >= 400 && error->status < 500 && *error->detail && text_is_clean(span_str(error->detail)));
}

static void check_settled(json_t *value)
{
    const char *text = json_string_value(value), *key = NULL;
    json_t *inner = NULL;
    size_t i = 0;
    require(!text || strncmp(text, "bulkId:", 7) != 0 || !text[7]);
    json_object_foreach (value, key, inner)
        if (strcmp(key, "path") != 0) /* of a completion: a name that the client made up */
            check_settled(inner);
    json_array_foreach (value, i, inner)
        check_settled(inner);
}

static void carry_out(struct pool *pool, struct scim_bulk *bulk)
{
    const char **ids = pool_zero(pool, bulk->nops * sizeof *ids);
    char *seen = pool_zero(pool, bulk->nops);
    for (size_t i = 0; i < bulk->nsteps; i++) {
        const struct scim_bulk_step *step = &bulk->steps[i];
        struct scim_error error = SCIM_ERROR_INIT;
        json_auto_t *data = NULL;
        require(step->op < bulk->nops && seen[step->op] == (step->completes ? 1 : 0));
        seen[step->op]++;
        if (scim_bulk_prepare(bulk, step, ids, &data, &error) != 0) {
            check_refusal(&error);
            continue;
        }
        ids[step->op] = "id";
        require(data || bulk->ops[step->op].method == SCIM_DELETE);
        if (data)
            check_settled(data);
    }
    for (size_t i = 0; i < bulk->nops; i++)
        require(seen[i] >= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct scim_error error = SCIM_ERROR_INIT;
    struct scim_bulk bulk = {0};
    json_auto_t *message = NULL;
    if (scim_json_load((struct span){(const char *)data, size}, SCIM_BULK_MAX, &message, &error) != 0) {
        check_refusal(&error);
        return 0;
    }
    if (scim_bulk_read(pool, types, 2, message, &bulk, &error) != 0)
        check_refusal(&error);
    else
        carry_out(pool, &bulk);
    scim_bulk_release(&bulk);
    return 0;
}
