#include "store/mirror.h"

#include "base/mem.h"
#include "store/mapped.h"
#include "store/schema.h"

struct mirror {
    struct db *db;
    struct mirror_directory directory;
    struct stmt *put_entry, *put_person, *put_group, *put_container, *put_ref, *bind_ref, *put_edge, *drop_edge, *gone,
        *edges;
};

static int find_directory(struct mirror *m, const char *name, struct err *err)
{
    if (db_run(m->db, "INSERT INTO directory (name) VALUES (?) ON CONFLICT (name) DO NOTHING", DB_ARGS(DB_TEXT(name)),
               err) != 0)
        return -1;
    CLEANUP(stmt_free) struct stmt *find = NULL;
    if (db_query(m->db, "SELECT id, read_at, version, cursor, extra FROM directory WHERE name = ?", DB_ARGS(DB_TEXT(name)),
                 &find, err) != 0 ||
        stmt_step(find, err) != 1)
        return -1;
    m->directory = (struct mirror_directory){
        .id = stmt_int(find, 0),
        .read_at = stmt_int(find, 1),
        .version = stmt_int(find, 2),
        .cursor = stmt_is_null(find, 3) ? NULL : mem_strdup(stmt_text(find, 3)),
        .extra = stmt_is_null(find, 4) ? NULL : mem_strdup(stmt_text(find, 4)),
    };
    return 0;
}

#define ATTR_COLUMNS                                                                                                   \
    "user_name, email, given_name, family_name, display_name, employee_number, title, department, language"

static int prepare(struct mirror *m, struct err *err)
{
    const struct {
        struct stmt **st;
        const char *sql;
    } all[] = {
        {&m->put_entry, "INSERT INTO entry (id, directory, kind, uid, fp_hi, fp_lo, base) VALUES (?, ?, ?, ?, ?, ?, ?)"
                        " ON CONFLICT (id) DO UPDATE SET fp_hi = excluded.fp_hi, fp_lo = excluded.fp_lo, gone_at = 0,"
                        " base = excluded.base"},
        {&m->put_person,
         "INSERT INTO person (id, name, " ATTR_COLUMNS ", email_hash, domain, active, excluded, fp_hi, fp_lo)"
         " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = "
         "excluded.name,"
         " user_name = excluded.user_name, email = excluded.email, given_name = excluded.given_name,"
         " family_name = excluded.family_name, display_name = excluded.display_name,"
         " employee_number = excluded.employee_number, title = excluded.title, department = excluded.department,"
         " language = excluded.language, email_hash = excluded.email_hash, domain = excluded.domain,"
         " active = excluded.active, excluded = excluded.excluded, fp_hi = excluded.fp_hi, fp_lo = excluded.fp_lo"},
        {&m->put_group, "INSERT INTO grp (id, name, display_name) VALUES (?, ?, ?)"
                        " ON CONFLICT (id) DO UPDATE SET name = excluded.name, display_name = excluded.display_name"},
        {&m->put_container,
         "INSERT INTO container (id, name, was_until) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET moved_to = NULL,"
         " was = CASE WHEN container.name <> excluded.name THEN container.name ELSE container.was END,"
         " was_until = CASE WHEN container.name <> excluded.name THEN excluded.was_until ELSE container.was_until END,"
         " name = excluded.name"},
        {&m->put_ref, "INSERT INTO ref (id, directory, key_hi, key_lo, entry) VALUES (?, ?, ?, ?, ?)"},
        {&m->bind_ref, "UPDATE ref SET entry = ? WHERE id = ?"},
        {&m->put_edge, "INSERT INTO edge (grp, ref) VALUES (?, ?)"},
        {&m->drop_edge, "DELETE FROM edge WHERE grp = ? AND ref = ?"},
        {&m->gone, "UPDATE entry SET gone_at = ? WHERE id = ?"},
        {&m->edges, "SELECT ref FROM edge WHERE grp = ? ORDER BY ref"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (db_prepare(m->db, all[i].sql, all[i].st, err) != 0)
            return -1;
    return 0;
}

int mirror_open(struct db *db, const char *directory, struct mirror **ret, struct err *err)
{
    CLEANUP(mirror_close) struct mirror *m = mem_zero(sizeof *m);
    m->db = db;
    if (find_directory(m, directory, err) != 0 || prepare(m, err) != 0)
        return -1;
    *ret = TAKE(m);
    return 0;
}

void mirror_close(struct mirror **mirror)
{
    struct mirror *m = *mirror;
    if (!m)
        return;
    struct stmt **all[] = {&m->put_entry, &m->put_person, &m->put_group, &m->put_container, &m->put_ref,
                           &m->bind_ref,  &m->put_edge,   &m->drop_edge, &m->gone,          &m->edges};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        stmt_free(all[i]);
    free(m->directory.cursor);
    free(m->directory.extra);
    free(m);
    *mirror = NULL;
}

const struct mirror_directory *mirror_directory(const struct mirror *m)
{
    return &m->directory;
}

int mirror_max_id(struct mirror *m, uint32_t *ret_entry, uint32_t *ret_ref, struct err *err)
{
    int64_t entry = 0, ref = 0;
    if (db_get_int(m->db, "SELECT max(id) FROM entry", &entry, err) != 0 ||
        db_get_int(m->db, "SELECT max(id) FROM ref", &ref, err) != 0)
        return -1;
    *ret_entry = (uint32_t)entry;
    *ret_ref = (uint32_t)ref;
    return 0;
}

static struct key128 key_at(struct stmt *st, int col)
{
    return (struct key128){(uint64_t)stmt_int(st, col), (uint64_t)stmt_int(st, col + 1)};
}

static void bind_key(struct stmt *st, int i, struct key128 key)
{
    stmt_bind_int(st, i, (int64_t)key.hi);
    stmt_bind_int(st, i + 1, (int64_t)key.lo);
}

int mirror_load_entries(struct mirror *m, int (*each)(void *ctx, const struct mirror_row *row), void *ctx,
                        struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(m->db,
                 "SELECT id, kind, uid, fp_hi, fp_lo, gone_at <> 0, base FROM entry WHERE +directory = ? ORDER BY id",
                 DB_ARGS(DB_INT(m->directory.id)), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        struct mirror_row row = {.id = (uint32_t)stmt_int(st, 0),
                                 .kind = (enum entry_kind)stmt_int(st, 1),
                                 .uid = stmt_span(st, 2),
                                 .fingerprint = key_at(st, 3),
                                 .gone = stmt_int(st, 5) != 0,
                                 .base = (uint32_t)stmt_int(st, 6)};
        if (each(ctx, &row) != 0)
            return -1;
    }
    return r;
}

int mirror_load_refs(struct mirror *m, void (*each)(void *ctx, uint32_t id, struct key128 key, uint32_t entry),
                     void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(m->db, "SELECT id, key_hi, key_lo, entry FROM ref WHERE +directory = ? ORDER BY id",
                 DB_ARGS(DB_INT(m->directory.id)), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, (uint32_t)stmt_int(st, 0), key_at(st, 1), (uint32_t)stmt_int(st, 3));
    return r;
}

int mirror_load_edges(struct mirror *m, uint32_t group, void (*each)(void *ctx, uint32_t ref), void *ctx,
                      struct err *err)
{
    stmt_bind_int(m->edges, 1, group);
    int r;
    while ((r = stmt_step(m->edges, err)) == 1)
        each(ctx, (uint32_t)stmt_int(m->edges, 0));
    return r;
}

static int put_entry(struct mirror *m, uint32_t id, uint32_t base, const struct entry *e, struct err *err)
{
    stmt_bind_int(m->put_entry, 1, id);
    stmt_bind_int(m->put_entry, 2, m->directory.id);
    stmt_bind_int(m->put_entry, 3, e->kind);
    stmt_bind_span(m->put_entry, 4, e->id);
    bind_key(m->put_entry, 5, e->fingerprint);
    stmt_bind_int(m->put_entry, 7, base);
    return stmt_run(m->put_entry, err);
}

int mirror_put_person(struct mirror *m, uint32_t id, uint32_t base, const struct entry *e,
                      const struct mirror_person *p, struct err *err)
{
    if (put_entry(m, id, base, e, err) != 0)
        return -1;
    struct stmt *st = m->put_person;
    int i = 1;
    stmt_bind_int(st, i++, id);
    stmt_bind_span(st, i++, e->name);
    for (int a = 0; a < ATTR_COUNT; a++)
        stmt_bind_span(st, i++, e->attr[a]);
    if (p->domain)
        stmt_bind_int(st, i++, p->email_hash);
    else
        stmt_bind_null(st, i++);
    stmt_bind_text(st, i++, p->domain);
    stmt_bind_int(st, i++, e->active);
    stmt_bind_int(st, i++, e->excluded);
    bind_key(st, i, p->fingerprint);
    return stmt_run(st, err);
}

int mirror_put_extra(struct mirror *m, uint32_t id, const struct named_value *extra, size_t n, struct err *err)
{
    CLEANUP(freep) char *text = named_values_text(extra, n);
    return db_run(m->db, "UPDATE person SET extra = ? WHERE id = ?", DB_ARGS(DB_TEXT(text), DB_INT(id)), err);
}

int mirror_put_container(struct mirror *m, uint32_t id, uint32_t base, const struct entry *e, int64_t now,
                         struct err *err)
{
    if (put_entry(m, id, base, e, err) != 0)
        return -1;
    stmt_bind_int(m->put_container, 1, id);
    stmt_bind_span(m->put_container, 2, e->name);
    stmt_bind_int(m->put_container, 3, now);
    return stmt_run(m->put_container, err);
}

int mirror_base(struct mirror *m, const char *name, uint32_t *ret, struct err *err)
{
    int64_t id;
    if (db_run(m->db, "INSERT INTO base (directory, name) VALUES (?, ?) ON CONFLICT (directory, name) DO NOTHING",
               DB_ARGS(DB_INT(m->directory.id), DB_TEXT(name)), err) != 0 ||
        db_number(m->db, "SELECT id FROM base WHERE directory = ? AND name = ?",
                  DB_ARGS(DB_INT(m->directory.id), DB_TEXT(name)), &id, err) != 0)
        return -1;
    *ret = (uint32_t)id;
    return 0;
}

int mirror_put_group(struct mirror *m, uint32_t id, uint32_t base, const struct entry *e, struct err *err)
{
    if (put_entry(m, id, base, e, err) != 0)
        return -1;
    stmt_bind_int(m->put_group, 1, id);
    stmt_bind_span(m->put_group, 2, e->name);
    stmt_bind_span(m->put_group, 3, e->attr[ATTR_DISPLAY_NAME]);
    return stmt_run(m->put_group, err);
}

int mirror_put_ref(struct mirror *m, uint32_t id, struct key128 key, uint32_t entry, struct err *err)
{
    stmt_bind_int(m->put_ref, 1, id);
    stmt_bind_int(m->put_ref, 2, m->directory.id);
    bind_key(m->put_ref, 3, key);
    if (entry)
        stmt_bind_int(m->put_ref, 5, entry);
    else
        stmt_bind_null(m->put_ref, 5);
    return stmt_run(m->put_ref, err);
}

int mirror_bind_ref(struct mirror *m, uint32_t id, uint32_t entry, struct err *err)
{
    if (entry)
        stmt_bind_int(m->bind_ref, 1, entry);
    else
        stmt_bind_null(m->bind_ref, 1);
    stmt_bind_int(m->bind_ref, 2, id);
    return stmt_run(m->bind_ref, err);
}

static int run_edge(struct stmt *st, uint32_t group, uint32_t ref, struct err *err)
{
    stmt_bind_int(st, 1, group);
    stmt_bind_int(st, 2, ref);
    return stmt_run(st, err);
}

int mirror_put_edge(struct mirror *m, uint32_t group, uint32_t ref, struct err *err)
{
    return run_edge(m->put_edge, group, ref, err);
}

int mirror_drop_edge(struct mirror *m, uint32_t group, uint32_t ref, struct err *err)
{
    return run_edge(m->drop_edge, group, ref, err);
}

int mirror_gone(struct mirror *m, uint32_t id, int64_t now, struct err *err)
{
    stmt_bind_int(m->gone, 1, now);
    stmt_bind_int(m->gone, 2, id);
    return stmt_run(m->gone, err);
}

int mirror_bulk_begin(struct mirror *m, bool *ret_bulk, struct err *err)
{
    int64_t some = 0;
    if (db_get_int(m->db, "SELECT EXISTS (SELECT 1 FROM ref)", &some, err) != 0)
        return -1;
    *ret_bulk = !some;
    return some ? 0 : db_exec(m->db, "DROP INDEX edge_ref; DROP INDEX ref_entry", err);
}

int mirror_bulk_end(struct mirror *m, struct err *err)
{
    return db_exec(m->db, SCHEMA_EDGE_INDEXES, err);
}

int mirror_done(struct mirror *m, const char *cursor, const char *extra, int64_t now, bool changed, struct err *err)
{
    if (db_exec(m->db, SCHEMA_SEARCH_INDEXES, err) != 0)
        return -1;
    return db_run(m->db, "UPDATE directory SET cursor = ?, extra = ?, read_at = ?, version = version + ? WHERE id = ?",
                  DB_ARGS(DB_TEXT(cursor), DB_TEXT(extra), DB_INT(now), DB_INT(changed), DB_INT(m->directory.id)), err);
}
