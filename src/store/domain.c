#include "store/domain.h"

const char *const domain_state_names[] = {"not challenged", "challenged", "proved", "lapsed"};
const char *const connection_state_names[] = {"configured", "tested", "active"};

static int index_of(const char *name, const char *const *names, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return 0;
}

int domain_get(struct store *store, const char *name, struct pool *pool, struct domain_row *ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(
            store->db,
            "SELECT token, state, method, dnssec, detail, created_at, proved_at, checked_at, absent_since FROM domain"
            " WHERE name = ?",
            DB_ARGS(DB_TEXT(name)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r < 0)
        return -1;
    *ret = (struct domain_row){.name = pool_strdup(pool, name), .token = "", .method = "", .dnssec = "", .detail = ""};
    if (r == 0)
        return 0;
    ret->token = pool_strdup(pool, stmt_text(st, 0));
    ret->state = (enum domain_state)index_of(stmt_text(st, 1), domain_state_names, 4);
    ret->method = pool_strdup(pool, stmt_text(st, 2));
    ret->dnssec = pool_strdup(pool, stmt_text(st, 3));
    ret->detail = pool_strdup(pool, stmt_text(st, 4));
    ret->created_at = stmt_int(st, 5);
    ret->proved_at = stmt_int(st, 6);
    ret->checked_at = stmt_int(st, 7);
    ret->absent_since = stmt_int(st, 8);
    return 0;
}

int domain_put(struct store *store, const struct domain_row *row, struct err *err)
{
    return db_run(
        store->db,
        "INSERT INTO domain (name, token, state, method, dnssec, detail, created_at, proved_at, checked_at, "
        "absent_since)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET token = excluded.token,"
        " state = excluded.state, method = excluded.method, dnssec = excluded.dnssec, detail = excluded.detail,"
        " created_at = excluded.created_at, proved_at = excluded.proved_at, checked_at = excluded.checked_at,"
        " absent_since = excluded.absent_since",
        DB_ARGS(DB_TEXT(row->name), DB_TEXT(row->token), DB_TEXT(domain_state_names[row->state]), DB_TEXT(row->method),
                DB_TEXT(row->dnssec), DB_TEXT(row->detail), DB_INT(row->created_at), DB_INT(row->proved_at),
                DB_INT(row->checked_at), DB_INT(row->absent_since)),
        err);
}

int domain_each(struct store *store, void (*each)(void *ctx, const char *name), void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_prepare(store->db, "SELECT name FROM domain ORDER BY name", &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, stmt_text(st, 0));
    return r;
}

int domain_drop(struct store *store, const char *name, struct err *err)
{
    return db_run(store->db, "DELETE FROM domain WHERE name = ?", DB_ARGS(DB_TEXT(name)), err);
}

int domain_bind(struct store *store, const char *name, const char *connection, struct err *err)
{
    return db_run(store->db, "UPDATE domain SET connection = ? WHERE name = ?",
                  DB_ARGS(DB_TEXT(connection), DB_TEXT(name)), err);
}

int domain_bind_none(struct store *store, struct err *err)
{
    return db_exec(store->db, "UPDATE domain SET connection = NULL WHERE connection IS NOT NULL", err);
}

int connection_get(struct store *store, const char *name, struct pool *pool, struct connection_row *ret,
                   struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(
            store->db,
            "SELECT state, entity, tested_as, tested_at, activated_at, usable_until FROM connection WHERE name = ?",
            DB_ARGS(DB_TEXT(name)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r < 0)
        return -1;
    *ret = (struct connection_row){.name = pool_strdup(pool, name), .entity = "", .tested_as = ""};
    if (r == 0)
        return 0;
    ret->state = (enum connection_state)index_of(stmt_text(st, 0), connection_state_names, 3);
    ret->entity = pool_strdup(pool, stmt_text(st, 1));
    ret->tested_as = pool_strdup(pool, stmt_text(st, 2));
    ret->tested_at = stmt_int(st, 3);
    ret->activated_at = stmt_int(st, 4);
    ret->usable_until = stmt_int(st, 5);
    return 0;
}

int connection_put(struct store *store, const struct connection_row *row, struct err *err)
{
    return db_run(
        store->db,
        "INSERT INTO connection (name, state, entity, tested_as, tested_at, activated_at, usable_until)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET state = excluded.state, entity = "
        "excluded.entity,"
        " tested_as = excluded.tested_as, tested_at = excluded.tested_at, activated_at = excluded.activated_at,"
        " usable_until = excluded.usable_until",
        DB_ARGS(DB_TEXT(row->name), DB_TEXT(connection_state_names[row->state]), DB_TEXT(row->entity),
                DB_TEXT(row->tested_as), DB_INT(row->tested_at), DB_INT(row->activated_at), DB_INT(row->usable_until)),
        err);
}

int connection_usable_until(struct store *store, const char *name, int64_t until, struct err *err)
{
    return db_run(store->db, "UPDATE connection SET usable_until = ?1 WHERE name = ?2 AND usable_until <> ?1",
                  DB_ARGS(DB_INT(until), DB_TEXT(name)), err);
}

int once_seen(struct store *store, const char *kind, const char *value, bool *ret, struct err *err)
{
    int64_t seen;
    if (db_number(store->db, "SELECT 1 FROM used_once WHERE kind = ? AND value = ?",
                  DB_ARGS(DB_TEXT(kind), DB_TEXT(value)), &seen, err) != 0)
        return -1;
    *ret = seen != 0;
    return 0;
}

int once_use(struct store *store, const char *kind, const char *value, int64_t expires_at, int64_t now, struct err *err)
{
    if (db_run(store->db, "DELETE FROM used_once WHERE expires_at < ?", DB_ARGS(DB_INT(now)), err) != 0)
        return -1;
    return db_run(store->db, "INSERT INTO used_once (kind, value, expires_at) VALUES (?, ?, ?)",
                  DB_ARGS(DB_TEXT(kind), DB_TEXT(value), DB_INT(expires_at)), err);
}
