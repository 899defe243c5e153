#include "store/signins_inner.h"

#include "base/mem.h"
#include "crypto/token.h"
#include "store/beside.h"
#include "store/grants.h"
#include "store/passes.h"

/*
 * Rows are numbered by time, so that the oldest are found without counting. used_once and session are looked up by what only its
 * holder knows.
 */
static const char tables[] =
    "CREATE TABLE request (seq INTEGER PRIMARY KEY, handle TEXT NOT NULL UNIQUE, id TEXT NOT NULL,"
    "  connection TEXT NOT NULL, browser TEXT NOT NULL, verifier TEXT NOT NULL, next TEXT NOT NULL,"
    "  again INTEGER NOT NULL, leaving INTEGER NOT NULL, trial TEXT NOT NULL, application TEXT NOT NULL, created "
    "INTEGER NOT NULL, expires "
    "INTEGER NOT NULL);"
    "CREATE INDEX request_expires ON request (expires);"
    "CREATE TABLE used_once (kind TEXT NOT NULL, value TEXT NOT NULL, expires INTEGER NOT NULL,"
    "  PRIMARY KEY (kind, value)) WITHOUT ROWID;"
    "CREATE INDEX used_once_expires ON used_once (expires);"
    "CREATE TABLE session (hash TEXT PRIMARY KEY, sid TEXT NOT NULL UNIQUE, directory TEXT NOT NULL, uid TEXT NOT NULL,"
    "  email TEXT NOT NULL, connection TEXT NOT NULL, name_id TEXT NOT NULL, name_id_format TEXT NOT NULL,"
    "  session_index TEXT NOT NULL, context TEXT NOT NULL, hint TEXT NOT NULL, signed_in_at INTEGER NOT NULL,"
    "  seated INTEGER NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL, ends INTEGER NOT NULL,"
    "  browser TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX session_browser ON session (browser);"
    "CREATE INDEX session_person ON session (directory, uid);"
    "CREATE INDEX session_there ON session (connection, name_id);"
    "CREATE INDEX session_expires ON session (expires);"
    "CREATE TABLE record (seq INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE, at INTEGER NOT NULL,"
    "  connection TEXT NOT NULL, email TEXT NOT NULL, client TEXT NOT NULL, application TEXT NOT NULL,"
    "  result INTEGER NOT NULL, reason TEXT NOT NULL);"
    "CREATE INDEX record_at ON record (at);";

/* --- opening --------------------------------------------------------------------------------------------------------- */

static int make_tables(struct db *db, struct err *err)
{
    CLEANUP(freep)
    char *sql = mem_printf("%s %s %s %s %s %s %s %s", tables, grants_tables, notices_tables, passes_tables,
                           visits_tables, trials_tables, renewals_tables, arrivals_tables);
    return db_exec(db, sql, err);
}

static const struct beside signin_db = {.application = 0x44577369, /* "DWsi" */
                                        .version = 1,
                                        .what = "Doorward's record of sign-ins",
                                        .nothing = "nobody has signed in yet",
                                        .make = make_tables};

int signins_open(const char *dir, struct signins **ret, struct err *err)
{
    CLEANUP(signins_close) struct signins *signins = mem_zero(sizeof *signins);
    /* KB of cache: a handle a thread, and rows are found by key. */
    if (beside_open(dir, "signin.db", &signin_db, &signins->db, err) != 0 ||
        db_exec(signins->db, "PRAGMA cache_size = -128", err) != 0)
        return -1;
    *ret = TAKE(signins);
    return 0;
}

int signins_open_read(const char *dir, struct signins **ret, struct err *err)
{
    CLEANUP(signins_close) struct signins *signins = mem_zero(sizeof *signins);
    if (beside_open_read(dir, "signin.db", &signin_db, &signins->db, err) != 0)
        return -1;
    *ret = TAKE(signins);
    return 0;
}

void signins_close(struct signins **signins)
{
    if (!*signins)
        return;
    db_close(&(*signins)->db);
    free(*signins);
    *signins = NULL;
}

int signins_begin(struct signins *signins, struct err *err)
{
    return db_begin(signins->db, err);
}

int signins_commit(struct signins *signins, struct err *err)
{
    return db_commit(signins->db, err);
}

void signins_rollback(struct signins *signins)
{
    db_rollback(signins->db);
}

int signins_run_counted(struct signins *signins, const char *sql, const struct db_value *values, size_t n,
                        struct err *err)
{
    if (db_run(signins->db, sql, values, n, err) != 0)
        return -1;
    return db_changed(signins->db) > 0;
}

const char *signins_hash(const char *secret, char ret[static DIGEST_HEX_MAX])
{
    digest_hex_of(secret, strlen(secret), ret);
    return ret;
}

/* --- requests -------------------------------------------------------------------------------------------------------- */

int signins_request_put(struct signins *signins, const struct signins_request *r, struct err *err)
{
    char handle[DIGEST_HEX_MAX], browser[DIGEST_HEX_MAX];
    return db_run(signins->db,
                  "INSERT INTO request (handle, id, connection, browser, verifier, next, again, leaving, trial, "
                  "application, created, expires)"
                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  DB_ARGS(DB_TEXT(signins_hash(r->handle, handle)), DB_TEXT(r->id), DB_TEXT(r->connection),
                          DB_TEXT(signins_hash(r->browser, browser)), DB_TEXT(r->verifier ? r->verifier : ""),
                          DB_TEXT(r->next), DB_INT(r->again), DB_INT(r->leaving), DB_TEXT(or_empty(r->trial)),
                          DB_TEXT(or_empty(r->application)), DB_INT(r->created), DB_INT(r->expires)),
                  err);
}

int signins_request_get(struct signins *signins, const char *handle, const char *browser, int64_t now,
                        struct pool *pool, struct signins_request *ret, bool *ret_other, struct err *err)
{
    char key[DIGEST_HEX_MAX], whose[DIGEST_HEX_MAX];
    CLEANUP(stmt_free) struct stmt *st = NULL;
    *ret_other = false;
    if (db_query(signins->db,
                 "SELECT id, connection, browser, next, created, expires, verifier, again, leaving, trial, application "
                 "FROM request WHERE handle = ? AND expires > ?",
                 DB_ARGS(DB_TEXT(signins_hash(handle, key)), DB_INT(now)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r != 1)
        return r;
    if (!token_same(stmt_span(st, 2), span_str(signins_hash(browser, whose)))) {
        *ret_other = true;
        return 0;
    }
    *ret = (struct signins_request){.id = pool_strdup(pool, stmt_text(st, 0)),
                                    .connection = pool_strdup(pool, stmt_text(st, 1)),
                                    .next = pool_strdup(pool, stmt_text(st, 3)),
                                    .created = stmt_int(st, 4),
                                    .expires = stmt_int(st, 5),
                                    .verifier = pool_strdup(pool, stmt_text(st, 6)),
                                    .again = stmt_int(st, 7) != 0,
                                    .leaving = stmt_int(st, 8) != 0,
                                    .trial = pool_strdup(pool, stmt_text(st, 9)),
                                    .application = pool_strdup(pool, stmt_text(st, 10))};
    return 1;
}

int signins_request_take(struct signins *signins, const char *handle, struct err *err)
{
    char key[DIGEST_HEX_MAX];
    return signins_run_counted(signins, "DELETE FROM request WHERE handle = ?",
                               DB_ARGS(DB_TEXT(signins_hash(handle, key))), err);
}

/* --- once ------------------------------------------------------------------------------------------------------------ */

int signins_use_once(struct signins *signins, const char *kind, const char *value, int64_t expires, struct err *err)
{
    return signins_run_counted(
        signins, "INSERT INTO used_once (kind, value, expires) VALUES (?, ?, ?) ON CONFLICT (kind, value) DO NOTHING",
        DB_ARGS(DB_TEXT(kind), DB_TEXT(value), DB_INT(expires)), err);
}

int signins_was_used(struct signins *signins, const char *kind, const char *value, struct err *err)
{
    int64_t used;
    if (db_number(signins->db, "SELECT 1 FROM used_once WHERE kind = ? AND value = ?",
                  DB_ARGS(DB_TEXT(kind), DB_TEXT(value)), &used, err) != 0)
        return -1;
    return used != 0;
}

/* --- forgetting ------------------------------------------------------------------------------------------------------ */

/* Each takes the limit it goes by, and how many rows at most: a step holds the lock for no longer than that takes. */
static const char *const by_time[] = {
    "DELETE FROM request WHERE seq IN (SELECT seq FROM request WHERE expires <= ? LIMIT ?)",
    "DELETE FROM used_once WHERE (kind, value) IN (SELECT kind, value FROM used_once WHERE expires <= ? LIMIT ?)",
    "DELETE FROM session WHERE hash IN (SELECT hash FROM session WHERE expires <= ? LIMIT ?)",
    "DELETE FROM trial WHERE id IN (SELECT id FROM trial WHERE expires <= ? LIMIT ?)",
    "DELETE FROM authorizing WHERE seq IN (SELECT seq FROM authorizing WHERE expires <= ? LIMIT ?)",
    "DELETE FROM token WHERE hash IN (SELECT hash FROM token WHERE expires <= ? LIMIT ?)",
    "DELETE FROM hop WHERE seq IN (SELECT seq FROM hop WHERE expires <= ? LIMIT ?)",
    "DELETE FROM granted WHERE id IN (SELECT id FROM granted WHERE expires <= ? LIMIT ?)",
};
static const struct {
    const char *sql;
    int64_t kept;
} by_number[] = {
    {"DELETE FROM request WHERE seq IN (SELECT seq FROM request WHERE seq <= (SELECT max(seq) FROM request) - ?"
     " ORDER BY seq LIMIT ?)",
     SIGNINS_REQUESTS_MAX},
    {"DELETE FROM authorizing WHERE seq IN (SELECT seq FROM authorizing WHERE seq <="
     " (SELECT max(seq) FROM authorizing) - ? ORDER BY seq LIMIT ?)",
     AUTHORIZATIONS_MAX},
    {"DELETE FROM hop WHERE seq IN (SELECT seq FROM hop WHERE seq <= (SELECT max(seq) FROM hop) - ?"
     " ORDER BY seq LIMIT ?)",
     HOPS_MAX},
    {"DELETE FROM record WHERE seq IN (SELECT seq FROM record WHERE seq <= (SELECT max(seq) FROM record) - ?"
     " ORDER BY seq LIMIT ?)",
     SIGNINS_RECORDS_MAX},
};

static int forget(struct signins *signins, const char *sql, int64_t limit, int most, bool *more, struct err *err)
{
    if (db_run(signins->db, sql, DB_ARGS(DB_INT(limit), DB_INT(most)), err) != 0)
        return -1;
    *more |= db_changed(signins->db) >= most;
    return 0;
}

int signins_sweep(struct signins *signins, int64_t now, int64_t records_since, int most, bool *ret_more,
                  struct err *err)
{
    *ret_more = false;
    for (size_t i = 0; i < sizeof by_time / sizeof *by_time; i++)
        if (forget(signins, by_time[i], now, most, ret_more, err) != 0)
            return -1;
    for (size_t i = 0; i < sizeof by_number / sizeof *by_number; i++)
        if (forget(signins, by_number[i].sql, by_number[i].kept, most, ret_more, err) != 0)
            return -1;
    return forget(signins, "DELETE FROM record WHERE seq IN (SELECT seq FROM record WHERE at < ? LIMIT ?)",
                  records_since, most, ret_more, err);
}
