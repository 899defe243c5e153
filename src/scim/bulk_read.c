#include "base/text.h"
#include "scim/bulk_link.h"
#include "scim/json.h"
#include "scim/limits.h"
#include "scim/patch.h"

struct reader {
    struct scim_bulk *bulk;
    const struct scim_resource_type *const *types;
    size_t ntypes;
    struct scim_bulk_name *names;
    size_t nnames;
};

static const char *const methods[] = {
    [SCIM_POST] = "POST", [SCIM_PUT] = "PUT", [SCIM_PATCH] = "PATCH", [SCIM_DELETE] = "DELETE"};

/*
 * --- one operation
 * ------------------------------------------------------------------------------------------------------
 */

static int read_method(const json_t *o, struct scim_bulk_op *op)
{
    const char *method = json_string_value(scim_json_get(o, "method"));
    for (size_t i = 0; method && i < sizeof methods / sizeof *methods; i++)
        if (text_same_ascii(methods[i], method)) {
            op->method = (enum scim_method)i;
            return 0;
        }
    return scim_error_set(&op->error, SCIM_WRONG_SYNTAX, "method is '%s'; it is POST, PUT, PATCH or DELETE",
                          method ? method : "");
}

static const struct scim_resource_type *type_of(const struct reader *r, struct span endpoint)
{
    for (size_t i = 0; i < r->ntypes; i++)
        if (span_eq(span_str(r->types[i]->endpoint + 1), endpoint))
            return r->types[i];
    return NULL;
}

/* "/Users", or "/Users/ID". */
static int read_path(const struct reader *r, const json_t *o, struct scim_bulk_op *op)
{
    const char *path = json_string_value(scim_json_get(o, "path"));
    path = path ? path + (*path == '/') : "";
    size_t n = strcspn(path, "/");
    op->type = type_of(r, (struct span){path, n});
    if (!op->type)
        return scim_error_set(&op->error, SCIM_WRONG_NOT_FOUND, "path is '/%s'; there is no such endpoint", path);
    const char *id = path[n] ? path + n + 1 : "";
    if ((*id == '\0') != (op->method == SCIM_POST) || strchr(id, '/') || strchr(id, '?'))
        return scim_error_set(&op->error, SCIM_WRONG_SYNTAX, "path is '/%s'; %s", path,
                              op->method == SCIM_POST ? "POST goes to an endpoint" : "name one resource");
    op->id = *id ? pool_strdup(r->bulk->pool, id) : NULL;
    return 0;
}

static int read_bulk_id(const struct reader *r, const json_t *o, struct scim_bulk_op *op)
{
    const json_t *value = scim_json_get(o, "bulkId");
    size_t n = json_string_length(value);
    if (value && !json_is_null(value) && (n == 0 || n > SCIM_BULK_ID_MAX))
        return scim_error_set(&op->error, SCIM_WRONG_VALUE, "bulkId is no text of 1 to %d bytes", SCIM_BULK_ID_MAX);
    op->bulk_id = n ? pool_strdup(r->bulk->pool, json_string_value(value)) : NULL;
    if (op->method == SCIM_POST && !op->bulk_id)
        return scim_error_set(&op->error, SCIM_WRONG_SYNTAX, "POST has no bulkId; give it one");
    return 0;
}

/* One that cannot be compared must not count as one that was not sent. */
static int read_version(const struct reader *r, const json_t *o, struct scim_bulk_op *op)
{
    const json_t *value = scim_json_get(o, "version");
    const char *version = json_string_value(value);
    if (value && !json_is_null(value) && !version)
        return scim_error_set(&op->error, SCIM_WRONG_VALUE, "version is no text; it is the ETag of the resource");
    op->version = version && *version ? pool_strdup(r->bulk->pool, version) : NULL;
    return 0;
}

static int read_data(json_t *o, struct scim_bulk_op *op)
{
    op->data = op->method == SCIM_DELETE ? NULL : scim_json_get(o, "data");
    if (op->method != SCIM_DELETE && !json_is_object(op->data)) {
        op->data = NULL;
        return scim_error_set(&op->error, SCIM_WRONG_SYNTAX, "%s has no data", methods[op->method]);
    }
    return 0;
}

static void read_op(struct reader *r, json_t *o, struct scim_bulk_op *op)
{
    *op = (struct scim_bulk_op){.type = r->types[0], .made_by = SCIM_NO_OP};
    if (!json_is_object(o)) {
        scim_error_set(&op->error, SCIM_WRONG_SYNTAX, "the operation is no JSON object");
        return;
    }
    if (read_method(o, op) != 0 || read_bulk_id(r, o, op) != 0 || read_path(r, o, op) != 0 ||
        read_version(r, o, op) != 0 || read_data(o, op) != 0)
        op->data = NULL;
}

/*
 * --- bulkIds
 * --------------------------------------------------------------------------------------------------------------
 */

static int by_bulk_id(const void *one, const void *other)
{
    const struct scim_bulk_name *a = one, *b = other;
    int by = strcmp(a->bulk_id, b->bulk_id);
    return by ? by : (a->op > b->op) - (a->op < b->op);
}

/* Only POST makes something that a bulkId can stand for. Of two with the same the second is refused. */
static void name_ops(struct reader *r)
{
    struct scim_bulk *b = r->bulk;
    struct scim_bulk_name *names = pool_alloc(b->pool, b->nops * sizeof *names);
    size_t n = 0;
    for (size_t i = 0; i < b->nops; i++)
        if (b->ops[i].method == SCIM_POST && b->ops[i].bulk_id)
            names[n++] = (struct scim_bulk_name){b->ops[i].bulk_id, i};
    qsort(names, n, sizeof *names, by_bulk_id);
    r->names = names;
    for (size_t i = 0; i < n; i++) {
        if (r->nnames == 0 || strcmp(names[r->nnames - 1].bulk_id, names[i].bulk_id) != 0) {
            names[r->nnames++] = names[i];
            continue;
        }
        struct scim_bulk_op *second = &b->ops[names[i].op];
        scim_error_set(&second->error, SCIM_WRONG_VALUE, "bulkId '%s' is given twice", second->bulk_id);
        second->data = NULL;
    }
}

/* PATCH /Users/bulkId:x */
static void link_path(struct reader *r, size_t i)
{
    struct scim_bulk_op *op = &r->bulk->ops[i];
    const char *bulk_id = scim_bulk_reference(op->id);
    if (!bulk_id)
        return;
    op->made_by = scim_bulk_lookup(r->names, r->nnames, bulk_id);
    if (op->made_by == SCIM_NO_OP) {
        scim_error_set(&op->error, SCIM_WRONG_VALUE, "path names bulkId '%s', which no operation of this request makes",
                       bulk_id);
        return;
    }
    scim_bulk_add_link(r->bulk, (struct scim_bulk_link){.from = i, .to = op->made_by});
}

/* What was asked of the same resource before comes before. */
static void link_same(struct reader *r, size_t i)
{
    const struct scim_bulk_op *op = &r->bulk->ops[i];
    for (size_t before = i; op->id && before-- > 0;) {
        const struct scim_bulk_op *other = &r->bulk->ops[before];
        if (other->id && other->type == op->type && strcmp(other->id, op->id) == 0) {
            scim_bulk_add_link(r->bulk, (struct scim_bulk_link){.from = i, .to = before});
            return;
        }
    }
}

static void link_op(struct reader *r, size_t i)
{
    link_path(r, i);
    link_same(r, i);
    if (r->bulk->ops[i].data)
        scim_bulk_find_links(r->bulk, i, r->names, r->nnames);
}

int scim_bulk_read(struct pool *pool, const struct scim_resource_type *const *types, size_t ntypes, json_t *message,
                   struct scim_bulk *ret, struct scim_error *error)
{
    *ret = (struct scim_bulk){.pool = pool};
    struct reader r = {.bulk = ret, .types = types, .ntypes = ntypes};
    const json_t *operations = scim_json_get(message, "Operations"), *most = scim_json_get(message, "failOnErrors");
    size_t n = json_array_size(operations);
    if (!scim_json_is(message, SCIM_BULK_URN))
        return scim_error_set(error, SCIM_WRONG_SYNTAX, "schemas does not have %s", SCIM_BULK_URN);
    if (n == 0)
        return scim_error_set(error, SCIM_WRONG_SYNTAX, "there are no Operations");
    if (n > SCIM_BULK_OPS_MAX)
        return scim_error_set(error, SCIM_WRONG_TOO_LARGE, "%zu operations; send at most %d at once", n,
                              SCIM_BULK_OPS_MAX);
    if (most && !json_is_null(most) && (!json_is_integer(most) || json_integer_value(most) < 0))
        return scim_error_set(error, SCIM_WRONG_VALUE, "failOnErrors is no whole number");
    ret->fail_on_errors = (size_t)json_integer_value(most);
    ret->nops = n;
    ret->ops = pool_alloc(pool, n * sizeof *ret->ops);
    for (size_t i = 0; i < n; i++)
        read_op(&r, json_array_get(operations, i), &ret->ops[i]);
    name_ops(&r);
    for (size_t i = 0; i < n; i++)
        link_op(&r, i);
    scim_bulk_put_in_order(ret);
    return 0;
}

void scim_bulk_release(struct scim_bulk *bulk)
{
    for (size_t i = 0; i < bulk->nlinks; i++)
        json_decref(bulk->links[i].unit);
    free(bulk->links);
    *bulk = (struct scim_bulk){0};
}
