#include "store/container.h"

int container_each(struct db *db, const char *directory, bool all,
                   void (*each)(void *ctx, const struct container_row *row), void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT c.id, e.base, e.uid, c.name, c.moved_to, e.gone_at, c.was, c.was_until FROM container c CROSS "
                 "JOIN entry e ON"
                 " e.id = c.id WHERE +e.directory = (SELECT id FROM directory WHERE name = ?) AND (e.gone_at <> 0 OR "
                 "c.was IS NOT NULL OR ?)"
                 " ORDER BY c.id",
                 DB_ARGS(DB_TEXT(directory), DB_INT(all)), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        struct container_row row = {.id = (uint32_t)stmt_int(st, 0),
                                    .base = (uint32_t)stmt_int(st, 1),
                                    .uid = stmt_span(st, 2),
                                    .name = stmt_span(st, 3),
                                    .moved_to = stmt_span(st, 4),
                                    .asked = !stmt_is_null(st, 4),
                                    .gone_at = stmt_int(st, 5),
                                    .was = stmt_span(st, 6),
                                    .was_until = stmt_int(st, 7)};
        each(ctx, &row);
    }
    return r;
}

int container_set_moved(struct db *db, uint32_t container, const char *moved_to, struct err *err)
{
    return db_run(db, "UPDATE container SET moved_to = ? WHERE id = ?", DB_ARGS(DB_TEXT(moved_to), DB_INT(container)),
                  err);
}

int gone_each(struct db *db, const char *directory, void (*each)(void *ctx, const struct gone_row *row), void *ctx,
              struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT e.id, e.base, e.gone_at, p.name FROM entry e CROSS JOIN person p ON p.id = e.id"
                 " WHERE e.gone_at <> 0 AND +e.directory = (SELECT id FROM directory WHERE name = ?)",
                 DB_ARGS(DB_TEXT(directory)), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        struct gone_row row = {.person = (uint32_t)stmt_int(st, 0),
                               .base = (uint32_t)stmt_int(st, 1),
                               .gone_at = stmt_int(st, 2),
                               .name = stmt_span(st, 3)};
        each(ctx, &row);
    }
    return r;
}

int base_is_read(struct db *db, uint32_t base, bool *ret, struct err *err)
{
    int64_t any;
    if (db_number(db, "SELECT EXISTS (SELECT 1 FROM entry WHERE base = ? AND gone_at = 0)", DB_ARGS(DB_INT(base)), &any,
                  err) != 0)
        return -1;
    *ret = any != 0;
    return 0;
}

int base_name(struct db *db, uint32_t base, struct pool *pool, const char **ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, "SELECT name FROM base WHERE id = ?", DB_ARGS(DB_INT(base)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r < 0)
        return -1;
    *ret = r ? pool_strdup(pool, stmt_text(st, 0)) : NULL;
    return 0;
}
