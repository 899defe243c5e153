/*
 * Whatever an administrator writes as the rules of a map, one a line, the table that they may name behind a NUL: no
 * crash; they are refused in words that can be shown, or make a User that does not differ from itself, that a service
 * of ours would take, and that is written into another as it is.
 *
 *   clang -fsanitize=fuzzer,address,undefined …; fuzz_scim_map tests/data/scim-map
 */
#include <stdint.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "scim/map.h"
#include "scim/map_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    struct pool *pool;
    const char *rules[SCIM_MAP_RULES_MAX + 20];
    size_t n;
    struct span table;
};

static void require(bool ok)
{
    if (!ok)
        abort();
}

static const char *rule_at(void *ctx, size_t i)
{
    return ((struct input *)ctx)->rules[i];
}

static int table_of(void *ctx, size_t i, const char *file, const struct scim_table **ret, struct err *err)
{
    struct input *in = ctx;
    require(i < in->n && file != NULL);
    return scim_table_read(in->pool, in->table, ret, err);
}

static void split(struct input *in, const uint8_t *data, size_t size)
{
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    size_t n = nul ? (size_t)(nul - data) : size;
    in->table = nul ? (struct span){(const char *)nul + 1, size - n - 1} : (struct span){NULL, 0};
    char *text = pool_strndup(in->pool, (const char *)data, n), *rest = text;
    while (rest && in->n < sizeof in->rules / sizeof *in->rules)
        in->rules[in->n++] = strsep(&rest, "\n");
}

static void try_person(const struct scim_map *map, const struct scim_person *person)
{
    static const char theirs[] =
        "{\"userName\": 1, \"emails\": [{\"type\": \"WORK\"}, 3], \"name\": {\"givenName\": \"x\"},"
        " \"phoneNumbers\": \"none\", \"urn:x:y:User\": {\"a\": {\"b\": 1}}}";
    CLEANUP(buf_release) struct buf names = BUF_INIT;
    json_auto_t *user = scim_map_user(map, person), *edits = scim_map_edits(map, person),
                *other = json_loads(theirs, 0, NULL);
    require(scim_map_differs(map, person, user, &names) == 0 && names.len == 0);
    require(json_array_size(edits) <= scim_map_count(map));
    if (scim_map_differs(map, person, other, &names))
        require(text_is_clean((struct span){names.data, names.len}));
    scim_map_write(map, person, other);
    require(scim_map_differs(map, person, other, NULL) == 0);
}

static void try_rules(const struct scim_map *map, const struct scim_person *person, struct pool *pool)
{
    for (size_t i = 0; i < scim_map_count(map); i++) {
        const char *why = NULL;
        struct span value = scim_map_eval(map, i, person, pool, &why);
        require(value.n <= SCIM_MAP_VALUE_MAX && text_is_clean(value) && (!why || value.n == 0));
        require(*scim_map_rule(map, i).target && *scim_map_rule(map, i).source);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    CLEANUP(scim_map_free) struct scim_map *map = NULL;
    struct input in = {.pool = pool};
    struct err err = ERR_INIT;
    size_t row = SIZE_MAX;
    split(&in, data, size);
    struct scim_map_rows rows = {in.n, rule_at, table_of, &in};
    if (scim_map_new(&rows, &map, &row, &err) != 0) {
        require(err.kind == ERR_CONFIG && row < in.n && *err.text && text_is_clean(span_str(err.text)));
        return 0;
    }
    struct span attr[ATTR_COUNT] = {[ATTR_EMAIL] = span_str("a@b"), [ATTR_TITLE] = span_str("Straße Σ")};
    struct named_value extra[] = {{span_str("a"), span_str("true")}, {span_str("description"), span_str("𐐀 한 1")}};
    struct scim_person person = {.id = span_str("e1"), .attr = attr, .extra = extra, .nextra = 2};
    try_person(map, &person);
    try_rules(map, &person, pool);
    person = (struct scim_person){.attr = (struct span[ATTR_COUNT]){{0}}};
    try_person(map, &person);
    return 0;
}
