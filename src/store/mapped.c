#include "store/mapped.h"

#include <jansson.h>

#include "base/mem.h"

char *named_values_text(const struct named_value *values, size_t n)
{
    if (n == 0)
        return NULL;
    json_auto_t *object = json_object();
    for (size_t i = 0; i < n; i++) {
        CLEANUP(freep) char *name = mem_strndup(values[i].name.p, values[i].name.n);
        json_object_set_new(object, name, json_stringn(values[i].value.n ? values[i].value.p : "", values[i].value.n));
    }
    return json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
}

size_t named_values_read(struct span text, struct pool *pool, const struct named_value **ret)
{
    json_auto_t *object = text.n ? json_loadb(text.p, text.n, 0, NULL) : NULL;
    struct named_value *values = pool_alloc(pool, (json_object_size(object) + 1) * sizeof *values);
    size_t n = 0;
    const char *key;
    json_t *value;
    json_object_foreach (object, key, value)
        if (json_is_string(value))
            values[n++] = (struct named_value){span_str(pool_strdup(pool, key)),
                                               span_str(pool_strdup(pool, json_string_value(value)))};
    *ret = values;
    return n;
}

#define ATTRS(t)                                                                                                       \
    t ".user_name, " t ".email, " t ".given_name, " t ".family_name, " t ".display_name, " t ".employee_number, " t    \
      ".title, " t ".department, " t ".language"
#define ROW " p.id, e.uid, p.extra, a.id IS NOT NULL, a.mapped, " ATTRS("p") ", " ATTRS("a")

static struct mapped_row row_of(struct stmt *st)
{
    struct mapped_row row = {.person = (uint32_t)stmt_int(st, 0),
                             .uid = stmt_span(st, 1),
                             .extra = stmt_span(st, 2),
                             .has_account = stmt_int(st, 3) != 0,
                             .mapped = stmt_span(st, 4)};
    for (int a = 0; a < ATTR_COUNT; a++) {
        row.attr[a] = stmt_span(st, 5 + a);
        row.given[a] = stmt_span(st, 5 + ATTR_COUNT + a);
    }
    return row;
}

int mapped_each(struct db *db, int64_t team, int (*each)(void *ctx, const struct mapped_row *row, struct err *err),
                void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT" ROW " FROM account a JOIN person p ON p.id = a.person JOIN entry e ON e.id = p.id"
                 " WHERE a.team = ? AND a.state <> 'removed'",
                 DB_ARGS(DB_INT(team)), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        struct mapped_row row = row_of(st);
        if (each(ctx, &row, err) != 0)
            return -1;
    }
    return r;
}

int mapped_one(struct db *db, int64_t team, uint32_t person, uint32_t holder,
               int (*each)(void *ctx, const struct mapped_row *row, struct err *err), void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT" ROW " FROM person p JOIN entry e ON e.id = p.id"
                 " LEFT JOIN account a ON a.team = ? AND a.person = ? WHERE p.id = ?",
                 DB_ARGS(DB_INT(team), DB_INT(holder), DB_INT(person)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r != 1)
        return r;
    struct mapped_row row = row_of(st);
    return each(ctx, &row, err) == 0 ? 1 : -1;
}

int mapped_any(struct db *db, int64_t team, bool *ret, struct err *err)
{
    int64_t any;
    if (db_number(db, "SELECT EXISTS (SELECT 1 FROM account WHERE team = ? AND mapped IS NOT NULL)",
                  DB_ARGS(DB_INT(team)), &any, err) != 0)
        return -1;
    *ret = any != 0;
    return 0;
}

int mapped_keep(struct db *db, int64_t team, uint32_t person, const struct named_value *values, size_t n,
                struct err *err)
{
    CLEANUP(freep) char *text = named_values_text(values, n);
    return db_run(db,
                  "UPDATE account SET mapped = ?1 WHERE team = ?2 AND person = ?3 AND coalesce(mapped, '') <> "
                  "coalesce(?1, '')",
                  DB_ARGS(DB_TEXT(text), DB_INT(team), DB_INT(person)), err);
}

int mapped_of_change(struct db *db, int64_t run, uint32_t seq, bool after, struct pool *pool,
                     const struct named_value **ret, size_t *ret_n, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT json_extract(CASE WHEN ?1 THEN after ELSE before END, '$.mapped') FROM run_change"
                 " WHERE run = ?2 AND seq = ?3",
                 DB_ARGS(DB_INT(after), DB_INT(run), DB_INT(seq)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r < 0)
        return -1;
    *ret_n = named_values_read(r ? stmt_span(st, 0) : (struct span){NULL, 0}, pool, ret);
    return 0;
}
