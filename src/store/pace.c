#include "store/pace.h"

#include "base/cleanup.h"

#define CHANGES_LEAST 10 /* fewer tell how long the connection took, not the changes */
#define RUNS_MOST     20 /* older ones tell of another service */

int pace_add(struct store *store, int64_t run, enum op op, size_t changes, int64_t milliseconds, struct err *err)
{
    return db_run(store->db,
                  "INSERT INTO pace (run, op, changes, millis) VALUES (?, ?, ?, ?) ON CONFLICT (run, op)"
                  " DO UPDATE SET changes = changes + excluded.changes, millis = millis + excluded.millis",
                  DB_ARGS(DB_INT(run), DB_TEXT(op_names[op]), DB_INT((int64_t)changes), DB_INT(milliseconds)), err);
}

int pace_find(struct store *store, const char *platform, enum op op, size_t changes, struct pace_found *ret,
              struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    int64_t most = 0;
    int r = 0;
    if (db_query(store->db,
                 "SELECT p.run, p.changes, p.millis FROM pace p JOIN run r ON r.id = p.run WHERE r.platform = ?"
                 " AND p.op = ? AND p.changes >= ? AND p.millis > 0 ORDER BY p.run DESC LIMIT ?",
                 DB_ARGS(DB_TEXT(platform), DB_TEXT(op_names[op]), DB_INT(CHANGES_LEAST), DB_INT(RUNS_MOST)), &st,
                 err) != 0)
        return -1;
    while (most < ((int64_t)changes + 1) / 2 && (r = stmt_step(st, err)) == 1) {
        int64_t n = stmt_int(st, 1);
        if (n <= most)
            continue;
        most = n;
        *ret = (struct pace_found){.run = stmt_int(st, 0), .milliseconds = (double)stmt_int(st, 2) / (double)n};
    }
    return r < 0 ? -1 : most > 0;
}
