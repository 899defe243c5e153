#include "store/renewals.h"

#include <unistd.h>

#include "base/mem.h"
#include "store/signins_inner.h"

const char renewals_tables[] = "CREATE TABLE renewal (connection TEXT PRIMARY KEY, entity TEXT NOT NULL,"
                               "  at INTEGER NOT NULL) WITHOUT ROWID;";

int renewals_note(struct signins *signins, const char *connection, const char *entity, int64_t now, struct err *err)
{
    return db_run(signins->db,
                  "INSERT INTO renewal (connection, entity, at) VALUES (?1, ?2, ?3) ON CONFLICT (connection) DO UPDATE"
                  " SET entity = excluded.entity, at = excluded.at"
                  " WHERE entity <> excluded.entity OR at NOT BETWEEN excluded.at - ?4 AND excluded.at",
                  DB_ARGS(DB_TEXT(connection), DB_TEXT(entity), DB_INT(now), DB_INT(RENEWAL_SECONDS - 1)), err);
}

/* 1: it is open; 0: there is none; -1 */
static int open_beside(struct store *store, struct err *err)
{
    const char *path = db_path(store->db), *slash = strrchr(path, '/');
    CLEANUP(freep)
    char *beside = mem_printf("%.*s/signin.db", slash ? (int)(slash - path) : 1, slash ? path : ".");
    if (store->signins)
        return 1;
    if (access(beside, F_OK) != 0)
        return 0;
    int64_t any = 0;
    if (db_open(beside, true, &store->signins, err) != 0 ||
        db_get_int(store->signins, "SELECT count(*) FROM sqlite_schema WHERE name = 'renewal'", &any, err) != 0)
        return -1;
    if (!any)
        db_close(&store->signins); /* it is being made just now */
    return any != 0;
}

int renewals_last(struct store *store, const char *connection, const char *entity, int64_t *ret, struct err *err)
{
    *ret = 0;
    int open = open_beside(store, err);
    return open <= 0 ? open
                     : db_number(store->signins, "SELECT at FROM renewal WHERE connection = ? AND entity = ?",
                                 DB_ARGS(DB_TEXT(connection), DB_TEXT(entity)), ret, err);
}
