#include "store/trials.h"

#include "store/signins_inner.h"

const char trials_tables[] =
    "CREATE TABLE trial (id TEXT PRIMARY KEY, connection TEXT NOT NULL, browser TEXT NOT NULL, created INTEGER NOT NULL,"
    "  expires INTEGER NOT NULL, answered INTEGER NOT NULL, report TEXT NOT NULL) WITHOUT ROWID;";

int trials_put(struct signins *signins, const char *handle, const char *connection, int64_t now, int64_t expires,
               struct err *err)
{
    char id[DIGEST_HEX_MAX];
    int made = signins_run_counted(
        signins,
        "INSERT INTO trial (id, connection, browser, created, expires, answered, report)"
        " SELECT ?1, ?2, '', ?3, ?4, 0, '' WHERE (SELECT count(*) FROM trial WHERE expires > ?3) < ?5",
        DB_ARGS(DB_TEXT(signins_hash(handle, id)), DB_TEXT(connection), DB_INT(now), DB_INT(expires),
                DB_INT(TRIALS_MAX)),
        err);
    if (made == 0)
        return err_set(err, ERR_CONFLICT, "sso test: %d tests are waiting already; end some of them", TRIALS_MAX);
    return made < 0 ? -1 : 0;
}

int trials_get(struct signins *signins, const char *handle, int64_t now, struct pool *pool, struct trial *ret,
               struct err *err)
{
    char id[DIGEST_HEX_MAX];
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(signins->db,
                 "SELECT connection, browser, answered, report, expires FROM trial WHERE id = ? AND expires > ?",
                 DB_ARGS(DB_TEXT(signins_hash(handle, id)), DB_INT(now)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r != 1)
        return r;
    *ret = (struct trial){.connection = pool_strdup(pool, stmt_text(st, 0)),
                          .begun = *stmt_text(st, 1) != '\0',
                          .answered = stmt_int(st, 2) != 0,
                          .report = pool_strdup(pool, stmt_text(st, 3)),
                          .expires = stmt_int(st, 4)};
    return 1;
}

int trials_begin(struct signins *signins, const char *handle, const char *browser, int64_t now, char ret_id[static DIGEST_HEX_MAX],
                 struct err *err)
{
    char whose[DIGEST_HEX_MAX];
    return signins_run_counted(signins,
                               "UPDATE trial SET browser = ?1 WHERE id = ?2 AND browser IN ('', ?1) AND answered = 0"
                               " AND expires > ?3",
                               DB_ARGS(DB_TEXT(signins_hash(browser, whose)), DB_TEXT(signins_hash(handle, ret_id)),
                                       DB_INT(now)),
                               err);
}

int trials_answer(struct signins *signins, const char *id, const char *report, int64_t now, struct err *err)
{
    return signins_run_counted(
        signins,
        "UPDATE trial SET answered = ?1, report = ?2, expires = max(expires, ?1 + ?3)"
        " WHERE id = ?4 AND answered = 0 AND expires > ?1",
        DB_ARGS(DB_INT(now), DB_TEXT(report), DB_INT(TRIAL_REPORT_SECONDS), DB_TEXT(id)), err);
}

int trials_drop(struct signins *signins, const char *handle, struct err *err)
{
    char id[DIGEST_HEX_MAX];
    return db_run(signins->db, "DELETE FROM trial WHERE id = ?", DB_ARGS(DB_TEXT(signins_hash(handle, id))), err);
}
