#include "store/holdings.h"

#include "base/cleanup.h"

/* From the person to the accounts, in the order of the keys: one team after the other. */
#define PERSON   " FROM directory d CROSS JOIN entry e ON e.directory = d.id AND e.uid = ?"
#define ACCOUNTS PERSON " CROSS JOIN team t CROSS JOIN account a ON a.team = t.id AND a.person = e.id"
#define ALIVE    " WHERE d.name = ? AND e.gone_at = 0 AND a.state IN ('invited', 'active')"
#define SEATS                                                                                                          \
    ACCOUNTS " CROSS JOIN product p ON p.team = t.id CROSS JOIN seat s ON s.product = p.id AND s.account = a.id" ALIVE
#define GROUPS                                                                                                         \
    ACCOUNTS " CROSS JOIN synced_group g ON g.team = t.id"                                                             \
             " CROSS JOIN synced_member m ON m.synced_group = g.id AND m.account = a.id" ALIVE
#define OF_TEAM " AND (? = '' OR t.name = ?)"

static int each_name(struct db *db, const char *sql, const struct db_value *values, size_t n, holdings_each *each,
                     void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    int r;
    if (db_query(db, sql, values, n, &st, err) != 0)
        return -1;
    for (size_t i = 0; (r = stmt_step(st, err)) == 1 && i < HOLDINGS_MAX; i++)
        each(ctx, stmt_text(st, 0));
    return r < 0 ? -1 : 0;
}

int holdings_teams(struct db *db, const char *directory, const char *uid, holdings_each *each, void *ctx,
                   struct err *err)
{
    return each_name(db, "SELECT t.name" ACCOUNTS ALIVE " ORDER BY t.name", DB_ARGS(DB_TEXT(uid), DB_TEXT(directory)),
                     each, ctx, err);
}

int holdings_products(struct db *db, const char *directory, const char *uid, const char *team, holdings_each *each,
                      void *ctx, struct err *err)
{
    team = team ? team : "";
    return each_name(db, "SELECT DISTINCT p.name" SEATS OF_TEAM " ORDER BY p.name",
                     DB_ARGS(DB_TEXT(uid), DB_TEXT(directory), DB_TEXT(team), DB_TEXT(team)), each, ctx, err);
}

int holdings_synced_groups(struct db *db, const char *directory, const char *uid, const char *team, holdings_each *each,
                           void *ctx, struct err *err)
{
    team = team ? team : "";
    return each_name(db, "SELECT DISTINCT g.name" GROUPS OF_TEAM " ORDER BY g.name",
                     DB_ARGS(DB_TEXT(uid), DB_TEXT(directory), DB_TEXT(team), DB_TEXT(team)), each, ctx, err);
}

int holdings_directory_groups(struct db *db, const char *directory, const char *uid, holdings_each *each, void *ctx,
                              struct err *err)
{
    return each_name(db,
                     "WITH RECURSIVE up (grp) AS (SELECT x.grp" PERSON
                     " JOIN ref r ON r.entry = e.id JOIN edge x ON x.ref = r.id"
                     "  WHERE d.name = ? AND e.gone_at = 0"
                     " UNION SELECT x.grp FROM up JOIN ref r ON r.entry = up.grp JOIN edge x ON x.ref = r.id)"
                     " SELECT DISTINCT coalesce(g.display_name, g.name) AS shown FROM up JOIN grp g ON g.id = up.grp"
                     " JOIN entry e ON e.id = g.id WHERE e.gone_at = 0 ORDER BY shown",
                     DB_ARGS(DB_TEXT(uid), DB_TEXT(directory)), each, ctx, err);
}
