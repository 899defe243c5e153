#include "connectors/mapping.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "scim/json.h"
#include "scim/map_table.h"

#define TABLES_MAX  32
#define SCHEMAS_MAX 16
#define SCHEMA_SIZE (1024 * 1024)

struct opening {
    const struct conf_section *section;
    struct pool *pool;
    struct digest *digest;
    struct {
        const char *path;
        const struct scim_table *table;
    } tables[TABLES_MAX];
    size_t n;
    const struct scim_schema *schemas[SCHEMAS_MAX];
    size_t nschemas;
};

static const char *row_at(void *ctx, size_t i)
{
    return conf_at(((struct opening *)ctx)->section, "map", i);
}

/* A relative path starts at the file that names it. */
static const char *full_path(const struct opening *o, size_t row, const char *file)
{
    const char *where = conf_where_key(o->section, "map", row), *slash = strrchr(where, '/');
    if (*file == '/' || !slash)
        return pool_strdup(o->pool, file);
    return pool_printf(o->pool, "%.*s/%s", (int)(slash - where), where, file);
}

static int read_table(struct opening *o, const char *path, struct err *err)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    if (o->n == TABLES_MAX)
        return err_set(err, ERR_CONFIG, "table %s is one too many; at most %d are read", path, TABLES_MAX);
    if (file_read(path, SCIM_TABLE_MAX, &text, err) != 0)
        return err_wrap(err, "table");
    digest_field(o->digest, (struct span){text.data, text.len});
    o->tables[o->n].path = path;
    if (scim_table_read(o->pool, (struct span){text.data, text.len}, &o->tables[o->n].table, err) != 0)
        return err_wrap(err, "table %s", path);
    o->n++;
    return 0;
}

static int find_table(void *ctx, size_t row, const char *file, const struct scim_table **ret, struct err *err)
{
    struct opening *o = ctx;
    const char *path = full_path(o, row, file);
    size_t i = 0;
    while (i < o->n && strcmp(o->tables[i].path, path) != 0)
        i++;
    if (i == o->n && read_table(o, path, err) != 0)
        return -1;
    *ret = o->tables[i].table;
    return 0;
}

/* The place stands ahead, where the configuration's reader looks for it and adds whose key it is. */
static int fault(const struct opening *o, size_t row, struct err *err)
{
    struct err why = *err;
    const char *text = text_printable(o->pool, span_str(conf_at(o->section, "map", row)));
    return err_set(err, ERR_CONFIG, "%s: map '%.300s': %s", conf_where_key(o->section, "map", row), text, why.text);
}

static int read_schema(struct opening *o, const char *path, struct err *err)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    struct scim_error error = SCIM_ERROR_INIT;
    json_auto_t *resource = NULL;
    if (file_read(path, SCHEMA_SIZE, &text, err) != 0)
        return -1;
    if (scim_json_load((struct span){text.data, text.len}, SCHEMA_SIZE, &resource, &error) != 0 ||
        scim_schema_read(o->pool, resource, &o->schemas[o->nschemas], &error) != 0)
        return err_set(err, ERR_CONFIG, "%s: %s", path, error.detail);
    o->nschemas++;
    return 0;
}

static int read_schemas(struct opening *o, struct err *err)
{
    for (size_t i = 0, n = conf_count(o->section, "extension-schema"); i < n; i++) {
        const char *where = conf_where_key(o->section, "extension-schema", i);
        if (i == SCHEMAS_MAX)
            return err_set(err, ERR_CONFIG, "%s: extension-schema: one too many; at most %d are read", where,
                           SCHEMAS_MAX);
        if (read_schema(o, conf_at(o->section, "extension-schema", i), err) != 0)
            return err_wrap(err, "%s: extension-schema", where);
    }
    return 0;
}

int mapping_open(const struct conf_section *section, struct mapping **ret, struct err *err)
{
    CLEANUP(mapping_close) struct mapping *m = mem_zero(sizeof *m);
    CLEANUP(digest_free) struct digest *digest = digest_new();
    struct opening o = {.section = section, .pool = m->pool = pool_new(), .digest = digest};
    m->nrows = conf_count(section, "map");
    size_t row = 0;
    digest_start(digest);
    if (read_schemas(&o, err) != 0)
        return -1;
    struct scim_map_rows rows = {.n = m->nrows,
                                 .at = row_at,
                                 .table = find_table,
                                 .ctx = &o,
                                 .extensions = o.schemas,
                                 .nextensions = o.nschemas};
    if (scim_map_new(&rows, &m->map, &row, err) != 0)
        return fault(&o, row, err);
    if (o.n > 0)
        digest_hex(digest, m->tables);
    *ret = TAKE(m);
    return 0;
}

void mapping_close(struct mapping **mapping)
{
    if (!*mapping)
        return;
    scim_map_free(&(*mapping)->map);
    pool_free(&(*mapping)->pool);
    free(*mapping);
    *mapping = NULL;
}
