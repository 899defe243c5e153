#include "store/who.h"

int who_find(struct db *db, const char *directory, const char *uid, struct pool *pool, struct who *ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(
            db,
            "SELECT p.email, p.domain, coalesce(p.display_name, p.email, p.user_name, p.name), p.active, p.excluded, e.id"
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
                        .excluded = (unsigned)stmt_int(st, 4)};
    return 1;
}

/* Product by product, and not by the account: that is how seats are found without reading all of them. */
int who_has_seat(struct db *db, int64_t person, bool *ret, struct err *err)
{
    int64_t any;
    if (db_number(db,
                  "SELECT 1 FROM product p WHERE EXISTS (SELECT 1 FROM seat s WHERE s.product = p.id AND s.account ="
                  " (SELECT a.id FROM account a WHERE a.team = p.team AND a.person = ?"
                  " AND a.state IN ('invited', 'active'))) LIMIT 1",
                  DB_ARGS(DB_INT(person)), &any, err) != 0)
        return -1;
    *ret = any != 0;
    return 0;
}
