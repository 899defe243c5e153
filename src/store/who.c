#include "store/who.h"

int who_find(struct db *db, const char *directory, const char *uid, struct pool *pool, struct who *ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(
            db,
            "SELECT p.email, p.domain, coalesce(p.display_name, p.email, p.user_name, p.name), p.active, p.excluded, e.id,"
            " p.given_name, p.family_name"
            " FROM entry e JOIN directory d ON d.id = e.directory JOIN person p ON p.id = e.id"
            " WHERE d.name = ? AND e.uid = ? AND e.gone_at = 0",
            DB_ARGS(DB_TEXT(directory), DB_TEXT(uid)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r != 1)
        return r;
    *ret = (struct who){.id = stmt_int(st, 5),
                        .directory = pool_strdup(pool, directory),
                        .uid = pool_strdup(pool, uid),
                        .email = pool_strdup(pool, stmt_text(st, 0)),
                        .domain = pool_strdup(pool, stmt_text(st, 1)),
                        .name = pool_strdup(pool, stmt_text(st, 2)),
                        .active = stmt_int(st, 3) != 0,
                        .excluded = (unsigned)stmt_int(st, 4),
                        .given_name = pool_strdup(pool, stmt_text(st, 6)),
                        .family_name = pool_strdup(pool, stmt_text(st, 7))};
    return 1;
}

int who_was(struct db *db, const char *uid, struct pool *pool, const char **ret_directory, int64_t *ret_gone_at,
            struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT d.name, e.gone_at FROM directory d CROSS JOIN entry e ON e.directory = d.id"
                 " WHERE e.uid = ? ORDER BY e.gone_at <> 0, e.gone_at DESC LIMIT 1",
                 DB_ARGS(DB_TEXT(uid)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r != 1)
        return r;
    *ret_directory = pool_strdup(pool, stmt_text(st, 0));
    *ret_gone_at = stmt_int(st, 1);
    return 1;
}

int who_has_email(struct db *db, int64_t email_hash, struct pool *pool, const char **ret_directory,
                  const char **ret_uid, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT d.name, e.uid FROM person p JOIN entry e ON e.id = p.id JOIN directory d ON d.id = e.directory"
                 " WHERE p.email_hash = ? ORDER BY e.gone_at <> 0 LIMIT 1",
                 DB_ARGS(DB_INT(email_hash)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r != 1)
        return r;
    *ret_directory = pool_strdup(pool, stmt_text(st, 0));
    *ret_uid = pool_strdup(pool, stmt_text(st, 1));
    return 1;
}

int who_was_read(struct db *db, const char *directory, struct err *err)
{
    int64_t at;
    if (db_number(db, "SELECT read_at FROM directory WHERE name = ?", DB_ARGS(DB_TEXT(directory)), &at, err) != 0)
        return -1;
    return at != 0;
}

/* Product by product, and not by the account: that is how seats are found without reading all of them. */
#define SEAT_OF(product)                                                                                               \
    "EXISTS (SELECT 1 FROM seat s WHERE s.product = " product ".id AND s.account = (SELECT a.id FROM account a"        \
    " WHERE a.team = " product ".team AND a.person = ?1 AND a.state IN ('invited', 'active')))"

int who_has_seat(struct db *db, int64_t person, bool *ret, struct err *err)
{
    int64_t any;
    if (db_number(db, "SELECT 1 FROM product p WHERE " SEAT_OF("p") " LIMIT 1", DB_ARGS(DB_INT(person)), &any, err) !=
        0)
        return -1;
    *ret = any != 0;
    return 0;
}

int who_holds(struct db *db, int64_t person, const char *team, const char *product, bool *ret, struct err *err)
{
    int64_t any;
    if (db_number(db,
                  "SELECT 1 FROM product p JOIN team t ON t.id = p.team WHERE t.name = ?2 AND p.name = ?3 AND " SEAT_OF(
                      "p"),
                  DB_ARGS(DB_INT(person), DB_TEXT(team), DB_TEXT(product)), &any, err) != 0)
        return -1;
    *ret = any != 0;
    return 0;
}
