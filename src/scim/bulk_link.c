#include "scim/bulk_link.h"

#include "base/mem.h"

#define MARK "bulkId:"

const char *scim_bulk_reference(const char *text)
{
    size_t n = strlen(MARK);
    return text && strncmp(text, MARK, n) == 0 && text[n] ? text + n : NULL;
}

size_t scim_bulk_lookup(const struct scim_bulk_name *names, size_t n, const char *bulk_id)
{
    for (size_t low = 0, high = n; low < high;) {
        size_t middle = low + (high - low) / 2;
        int by = strcmp(bulk_id, names[middle].bulk_id);
        if (by == 0)
            return names[middle].op;
        if (by < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return SCIM_NO_OP;
}

void scim_bulk_add_link(struct scim_bulk *bulk, struct scim_bulk_link link)
{
    json_incref(link.unit);
    *MEM_PUSH(&bulk->links, &bulk->nlinks, &bulk->links_cap) = link;
}

/*
 * --- finding them
 * -------------------------------------------------------------------------------------------------------
 */

struct finder {
    struct scim_bulk *bulk;
    size_t op;
    const struct scim_bulk_name *names;
    size_t nnames;
    struct scim_bulk_link unit; /* what the value that is looked through belongs to */
};

static void found(struct finder *f, const char *bulk_id, json_t *in, const char *key, size_t index)
{
    struct scim_bulk_link link = f->unit;
    link.to = scim_bulk_lookup(f->names, f->nnames, bulk_id);
    link.in = in;
    link.key = key;
    link.index = index;
    if (link.to != SCIM_NO_OP)
        scim_bulk_add_link(f->bulk, link);
    else
        scim_error_set(&f->bulk->ops[f->op].error, SCIM_WRONG_VALUE,
                       "the data refers to bulkId '%s', which no operation of this request makes", bulk_id);
}

/* As deep as scim_json_load let it become. */
static void look_through(struct finder *f, json_t *value, json_t *in, const char *key, size_t index)
{
    json_t *inner = NULL;
    const char *name = NULL;
    size_t i = 0;
    const char *bulk_id = scim_bulk_reference(json_string_value(value));
    if (bulk_id)
        found(f, bulk_id, in, key, index);
    json_object_foreach (value, name, inner)
        look_through(f, inner, value, name, 0);
    json_array_foreach (value, i, inner)
        look_through(f, inner, value, NULL, i);
}

/* One attribute of the data: each of its values can be left out by itself. */
static void look_at(struct finder *f, json_t *container, const char *name, const char *path, json_t *value)
{
    /* The object's own copy of its name goes with the attribute when that is left out. */
    const char *key = pool_strdup(f->bulk->pool, name);
    path = path == name ? key : path;
    json_t *one = NULL;
    size_t i = 0;
    f->unit = (struct scim_bulk_link){.from = f->op, .container = container, .path = path, .name = key};
    f->unit.multi = json_is_array(value);
    if (!f->unit.multi) {
        f->unit.unit = value;
        look_through(f, value, container, key, 0);
    }
    json_array_foreach (value, i, one) {
        f->unit.unit = one;
        look_through(f, one, value, NULL, i);
    }
}

void scim_bulk_find_links(struct scim_bulk *bulk, size_t op, const struct scim_bulk_name *names, size_t nnames)
{
    struct finder f = {.bulk = bulk, .op = op, .names = names, .nnames = nnames};
    const struct scim_resource_type *type = bulk->ops[op].type;
    const char *key = NULL, *inner_key = NULL;
    json_t *value = NULL, *inner = NULL;
    json_object_foreach (bulk->ops[op].data, key, value) {
        if (!scim_type_extension(type, span_str(key)) || !json_is_object(value)) {
            look_at(&f, bulk->ops[op].data, key, key, value);
            continue;
        }
        json_object_foreach (value, inner_key, inner)
            look_at(&f, value, inner_key, pool_printf(bulk->pool, "%s:%s", key, inner_key), inner);
    }
}
