#include "store/pushed_inner.h"

/*
 * resource is narrow, so that 50,000 members are listed by their ids, and one more is counted, without reading what they hold: that is in
 * content. Rows are numbered in the order in which they came, which is the order of a listing. A tree less is a page less to write: that a user's
 * name is its own is looked at in "lookup" by whoever holds the writer's lock.
 */
const char pushed_resource_tables[] =
    "CREATE TABLE resource (row INTEGER PRIMARY KEY, directory INTEGER NOT NULL REFERENCES directory,"
    "  kind INTEGER NOT NULL, gone INTEGER NOT NULL, id TEXT NOT NULL, display TEXT NOT NULL,"
    "  created INTEGER NOT NULL, change INTEGER NOT NULL, UNIQUE (directory, id));"
    "CREATE INDEX resource_there ON resource (directory, kind) WHERE gone = 0;"
    "CREATE INDEX resource_change ON resource (directory, change);"
    "CREATE TABLE content (resource INTEGER PRIMARY KEY, text TEXT NOT NULL);"
    "CREATE TABLE lookup (directory INTEGER NOT NULL, kind INTEGER NOT NULL, what INTEGER NOT NULL,"
    "  value TEXT NOT NULL, resource INTEGER NOT NULL,"
    "  PRIMARY KEY (directory, kind, what, value, resource)) WITHOUT ROWID;"
    "CREATE INDEX lookup_resource ON lookup (resource);";

/* --- reading ----------------------------------------------------------------------------------------------------------- */

struct pushed_resource pushed_read(struct stmt *st, int text_column)
{
    struct pushed_resource r = {.row = stmt_int(st, 0),
                                .kind = (enum pushed_kind)stmt_int(st, 1),
                                .gone = stmt_int(st, 2) != 0,
                                .id = stmt_text(st, 3),
                                .display = stmt_text(st, 4),
                                .created = stmt_int(st, 5),
                                .change = stmt_int(st, 6)};
    if (text_column >= 0)
        r.text = stmt_span(st, text_column);
    return r;
}

struct pushed_resource pushed_keep_read(struct stmt *st, int text_column, struct pool *pool)
{
    struct pushed_resource r = pushed_read(st, text_column);
    r.id = pool_strdup(pool, r.id);
    r.display = pool_strdup(pool, r.display);
    if (r.text.p)
        r.text.p = pool_strndup(pool, r.text.p, r.text.n);
    return r;
}

/* The statement is stepped once. */
static int give_one(struct stmt *st, int text_column, struct pool *pool, struct pushed_resource *ret, struct err *err)
{
    int r = stmt_step(st, err);
    if (r == 1)
        *ret = pushed_keep_read(st, text_column, pool);
    return r;
}

int pushed_give(struct stmt *st, int text_column, pushed_each_fn *each, void *ctx, struct err *err)
{
    int r, told = 0;
    while (told == 0 && (r = stmt_step(st, err)) == 1) {
        struct pushed_resource resource = pushed_read(st, text_column);
        told = each(ctx, &resource, err);
    }
    return told < 0 || (told == 0 && r < 0) ? -1 : 0;
}

#define WITH_TEXT    ", (SELECT text FROM content WHERE resource = r.row)"
#define TEXT_COLUMN  7
#define WITHOUT_TEXT ", NULL"

int pushed_get(struct pushed *pushed, int64_t directory, enum pushed_kind kind, struct span id, bool with_text,
               struct pool *pool, struct pushed_resource *ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_prepare(pushed->db,
                   with_text ? "SELECT " PUSHED_COLUMNS WITH_TEXT
                               " FROM resource r WHERE directory = ? AND id = ? AND kind = ? AND gone = 0"
                             : "SELECT " PUSHED_COLUMNS
                               " FROM resource r WHERE directory = ? AND id = ? AND kind = ? AND gone = 0",
                   &st, err) != 0)
        return -1;
    stmt_bind_int(st, 1, directory);
    stmt_bind_span(st, 2, id);
    stmt_bind_int(st, 3, (int64_t)kind);
    return give_one(st, with_text ? TEXT_COLUMN : -1, pool, ret, err);
}

int pushed_get_any(struct pushed *pushed, int64_t directory, struct span id, struct pool *pool,
                   struct pushed_resource *ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_prepare(pushed->db, "SELECT " PUSHED_COLUMNS " FROM resource r WHERE directory = ? AND id = ? AND gone = 0",
                   &st, err) != 0)
        return -1;
    stmt_bind_int(st, 1, directory);
    stmt_bind_span(st, 2, id);
    return give_one(st, -1, pool, ret, err);
}

int pushed_get_row(struct pushed *pushed, int64_t row, bool with_text, struct pool *pool, struct pushed_resource *ret,
                   struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(pushed->db,
                 with_text ? "SELECT " PUSHED_COLUMNS WITH_TEXT " FROM resource r WHERE row = ?"
                           : "SELECT " PUSHED_COLUMNS " FROM resource r WHERE row = ?",
                 DB_ARGS(DB_INT(row)), &st, err) != 0)
        return -1;
    return give_one(st, with_text ? TEXT_COLUMN : -1, pool, ret, err);
}

int pushed_user_named(struct pushed *pushed, int64_t directory, struct span name, int64_t *ret_row, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_prepare(pushed->db,
                   "SELECT resource FROM lookup WHERE directory = ? AND kind = 0 AND what = 0 AND value = ?", &st,
                   err) != 0)
        return -1;
    stmt_bind_int(st, 1, directory);
    stmt_bind_span(st, 2, name);
    int r = stmt_step(st, err);
    if (r == 1)
        *ret_row = stmt_int(st, 0);
    return r;
}

/* --- listings ----------------------------------------------------------------------------------------------------------- */

/*
 * Each takes ?1 directory, ?2 kind, ?3 after or what its comment says, ?4 most, ?5 skip. Behind "text" the same with the texts.
 */
#define LISTING(from, order)                                                                                           \
    {                                                                                                                  \
        "SELECT " PUSHED_COLUMNS WITHOUT_TEXT " FROM " from " ORDER BY " order " LIMIT ?4 OFFSET ?5",                  \
            "SELECT " PUSHED_COLUMNS WITH_TEXT " FROM " from " ORDER BY " order " LIMIT ?4 OFFSET ?5"                  \
    }
#define NAMED                                                                                                          \
    "lookup l JOIN resource r ON r.row = l.resource WHERE l.directory = ?1 AND l.kind = ?2 AND l.what = 0"             \
    " AND r.row > ?3"

enum listing { LIST_ALL, LIST_BY_NAME, LIST_BY_NAME_DOWN, LIST_KEYED, LIST_SINCE, LIST_MEMBER_OF };
static const struct {
    const char *bare, *text;
} listings[] = {
    [LIST_ALL] = LISTING("resource r WHERE r.directory = ?1 AND r.kind = ?2 AND r.gone = 0 AND r.row > ?3", "r.row"),
    [LIST_BY_NAME] = LISTING(NAMED, "l.value, l.resource"),
    [LIST_BY_NAME_DOWN] = LISTING(NAMED, "l.value DESC, l.resource DESC"),
    /* ?6 what, ?7 value */
    [LIST_KEYED] = LISTING("lookup l JOIN resource r ON r.row = l.resource WHERE l.directory = ?1 AND l.kind = ?2 AND"
                           " l.what = ?6 AND l.value = ?7 AND l.resource > ?3",
                           "l.resource"),
    /* ?3 since */
    [LIST_SINCE] = LISTING("resource r WHERE r.directory = ?1 AND r.kind = ?2 AND r.gone = 0 AND r.change > ?3",
                           "r.change, r.row"),
    /* ?6 member */
    [LIST_MEMBER_OF] = LISTING("member m JOIN resource r ON r.row = m.grp WHERE m.member = ?6 AND r.directory = ?1 AND"
                               " r.kind = ?2 AND m.grp > ?3",
                               "m.grp"),
};

static enum listing listing_of(const struct pushed_query *q)
{
    static const enum listing by_way[] = {[PUSHED_ALL] = LIST_ALL,
                                          [PUSHED_BY_NAME] = LIST_BY_NAME,
                                          [PUSHED_KEYED] = LIST_KEYED,
                                          [PUSHED_SINCE] = LIST_SINCE,
                                          [PUSHED_MEMBER_OF] = LIST_MEMBER_OF};
    return q->way == PUSHED_BY_NAME && q->descending ? LIST_BY_NAME_DOWN : by_way[q->way];
}

int pushed_each(struct pushed *pushed, const struct pushed_query *q, pushed_each_fn *each, void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    enum listing listing = listing_of(q);
    if (db_prepare(pushed->db, q->with_text ? listings[listing].text : listings[listing].bare, &st, err) != 0)
        return -1;
    stmt_bind_int(st, 1, q->directory);
    stmt_bind_int(st, 2, (int64_t)q->kind);
    stmt_bind_int(st, 3, q->way == PUSHED_SINCE ? q->since : q->after);
    stmt_bind_int(st, 4, q->most ? q->most : INT64_MAX);
    stmt_bind_int(st, 5, q->skip);
    if (listing == LIST_MEMBER_OF)
        stmt_bind_int(st, 6, q->member);
    if (listing == LIST_KEYED) {
        stmt_bind_int(st, 6, (int64_t)q->key.kind);
        stmt_bind_span(st, 7, q->key.value);
    }
    return pushed_give(st, q->with_text ? TEXT_COLUMN : -1, each, ctx, err);
}

int pushed_each_since(struct pushed *pushed, int64_t directory, int64_t since, pushed_each_fn *each, void *ctx,
                      struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(pushed->db,
                 "SELECT " PUSHED_COLUMNS WITH_TEXT
                 " FROM resource r WHERE directory = ? AND change > ? ORDER BY change, row",
                 DB_ARGS(DB_INT(directory), DB_INT(since)), &st, err) != 0)
        return -1;
    return pushed_give(st, TEXT_COLUMN, each, ctx, err);
}

/* --- changes ------------------------------------------------------------------------------------------------------------ */

/* 1: nobody else has the user's name; 0; -1 */
static int name_is_free(struct pushed *pushed, int64_t directory, enum pushed_kind kind, int64_t row,
                        const struct pushed_content *content, struct err *err)
{
    for (size_t i = 0; kind == PUSHED_USER && i < content->nkeys; i++) {
        int64_t other = 0;
        if (content->keys[i].kind != PUSHED_NAME)
            continue;
        int r = pushed_user_named(pushed, directory, content->keys[i].value, &other, err);
        if (r < 0 || (r == 1 && other != row))
            return r < 0 ? -1 : 0;
    }
    return 1;
}

static int put_keys(struct pushed *pushed, int64_t directory, const struct pushed_resource *r,
                    const struct pushed_content *content, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_prepare(pushed->db,
                   "INSERT INTO lookup (directory, kind, what, value, resource) VALUES (?, ?, ?, ?, ?)"
                   " ON CONFLICT (directory, kind, what, value, resource) DO NOTHING",
                   &st, err) != 0)
        return -1;
    for (size_t i = 0; i < content->nkeys; i++) {
        if (content->keys[i].value.n == 0)
            continue;
        stmt_bind_int(st, 1, directory);
        stmt_bind_int(st, 2, (int64_t)r->kind);
        stmt_bind_int(st, 3, (int64_t)content->keys[i].kind);
        stmt_bind_span(st, 4, content->keys[i].value);
        stmt_bind_int(st, 5, r->row);
        if (stmt_run(st, err) != 0)
            return -1;
    }
    return 0;
}

static int put_text(struct pushed *pushed, int64_t row, struct span text, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_prepare(pushed->db,
                   "INSERT INTO content (resource, text) VALUES (?1, ?2)"
                   " ON CONFLICT (resource) DO UPDATE SET text = ?2",
                   &st, err) != 0)
        return -1;
    stmt_bind_int(st, 1, row);
    stmt_bind_span(st, 2, text);
    return stmt_run(st, err);
}

static int count(struct pushed *pushed, int64_t directory, enum pushed_kind kind, int64_t by, struct err *err)
{
    return db_run(pushed->db,
                  kind == PUSHED_USER ? "UPDATE directory SET users = users + ? WHERE id = ?"
                                      : "UPDATE directory SET groups = groups + ? WHERE id = ?",
                  DB_ARGS(DB_INT(by), DB_INT(directory)), err);
}

int pushed_create(struct pushed *pushed, int64_t directory, enum pushed_kind kind, const struct pushed_content *content,
                  int64_t now, struct pool *pool, struct pushed_resource *ret, struct err *err)
{
    char id[PUSHED_ID_SIZE];
    struct pushed_resource r = {.kind = kind, .display = content->display};
    int is_free = name_is_free(pushed, directory, kind, 0, content, err);
    if (is_free != 1)
        return is_free;
    pushed_new_id(now, id);
    if (pushed_next_change(pushed, directory, now, &r.change, err) != 0)
        return -1;
    r.created = r.change;
    if (db_run(
            pushed->db,
            "INSERT INTO resource (directory, kind, gone, id, display, created, change) VALUES (?, ?, 0, ?, ?, ?, ?)",
            DB_ARGS(DB_INT(directory), DB_INT(kind), DB_TEXT(id), DB_TEXT(r.display), DB_INT(r.created),
                    DB_INT(r.change)),
            err) != 0)
        return -1;
    r.row = db_last_id(pushed->db);
    if (put_text(pushed, r.row, content->text, err) != 0 || put_keys(pushed, directory, &r, content, err) != 0 ||
        count(pushed, directory, kind, 1, err) != 0)
        return -1;
    r.id = pool_strdup(pool, id);
    *ret = r;
    return 1;
}

static int forget_keys(struct pushed *pushed, int64_t row, struct err *err)
{
    return db_run(pushed->db, "DELETE FROM lookup WHERE resource = ?", DB_ARGS(DB_INT(row)), err);
}

int pushed_replace(struct pushed *pushed, struct pushed_resource *r, int64_t directory,
                   const struct pushed_content *content, int64_t now, struct err *err)
{
    int64_t change;
    int is_free = name_is_free(pushed, directory, r->kind, r->row, content, err);
    if (is_free != 1)
        return is_free;
    if (pushed_next_change(pushed, directory, now, &change, err) != 0 ||
        db_run(pushed->db, "UPDATE resource SET display = ?, change = ? WHERE row = ?",
               DB_ARGS(DB_TEXT(content->display), DB_INT(change), DB_INT(r->row)), err) != 0 ||
        put_text(pushed, r->row, content->text, err) != 0 || forget_keys(pushed, r->row, err) != 0 ||
        put_keys(pushed, directory, r, content, err) != 0)
        return -1;
    r->change = change;
    return 1;
}

int pushed_touch(struct pushed *pushed, struct pushed_resource *r, int64_t directory, int64_t now, struct err *err)
{
    int64_t change;
    if (pushed_next_change(pushed, directory, now, &change, err) != 0 ||
        db_run(pushed->db, "UPDATE resource SET change = ? WHERE row = ?", DB_ARGS(DB_INT(change), DB_INT(r->row)),
               err) != 0)
        return -1;
    r->change = change;
    return 0;
}

int pushed_delete(struct pushed *pushed, const struct pushed_resource *r, int64_t directory, int64_t now,
                  struct err *err)
{
    int64_t change;
    if (pushed_next_change(pushed, directory, now, &change, err) != 0 ||
        pushed_members_forget(pushed, r->row, change, err) != 0 || forget_keys(pushed, r->row, err) != 0 ||
        db_run(pushed->db, "DELETE FROM content WHERE resource = ?", DB_ARGS(DB_INT(r->row)), err) != 0 ||
        db_run(pushed->db, "UPDATE resource SET gone = 1, display = '', change = ? WHERE row = ?",
               DB_ARGS(DB_INT(change), DB_INT(r->row)), err) != 0)
        return -1;
    return count(pushed, directory, r->kind, -1, err);
}
