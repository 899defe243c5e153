#include "store/notices.h"

#include "store/signins_inner.h"

const char notices_tables[] =
    "CREATE TABLE notice (seq INTEGER PRIMARY KEY, application TEXT NOT NULL, sid TEXT NOT NULL,"
    "  subject TEXT NOT NULL, tries INTEGER NOT NULL, next_at INTEGER NOT NULL, since INTEGER NOT NULL);"
    "CREATE INDEX notice_due ON notice (application, next_at);"
    "CREATE INDEX notice_sid ON notice (sid);";

int notices_applications(struct signins *signins, int most, struct pool *pool, const char **ret, struct err *err)
{
    int n = 0, r = 1;
    /* From one to the next by the index: there may be many rows of few applications. */
    while (n < most && r == 1) {
        CLEANUP(stmt_free) struct stmt *st = NULL;
        if (db_query(signins->db,
                     "SELECT application FROM notice WHERE application > ? ORDER BY application, next_at LIMIT 1",
                     DB_ARGS(DB_TEXT(n ? ret[n - 1] : "")), &st, err) != 0)
            return -1;
        r = stmt_step(st, err);
        if (r == 1)
            ret[n++] = pool_strdup(pool, stmt_text(st, 0));
    }
    return r < 0 ? -1 : n;
}

int notices_due(struct signins *signins, const char *application, int64_t now, int most, struct pool *pool,
                struct notice *ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    int n = 0, r;
    if (db_query(signins->db,
                 "SELECT seq, sid, subject, tries, since FROM notice WHERE application = ? AND next_at <= ?"
                 " ORDER BY next_at, seq LIMIT ?",
                 DB_ARGS(DB_TEXT(application), DB_INT(now), DB_INT(most)), &st, err) != 0)
        return -1;
    while ((r = stmt_step(st, err)) == 1 && n < most)
        ret[n++] = (struct notice){.seq = stmt_int(st, 0),
                                   .application = application,
                                   .sid = pool_strdup(pool, stmt_text(st, 1)),
                                   .subject = pool_strdup(pool, stmt_text(st, 2)),
                                   .tries = stmt_int(st, 3),
                                   .since = stmt_int(st, 4)};
    return r < 0 ? -1 : n;
}

int notices_lease(struct signins *signins, int64_t seq, int64_t now, int64_t until, struct err *err)
{
    return db_run(signins->db,
                  "UPDATE notice SET tries = tries + 1, next_at = ?1, since = CASE since WHEN 0 THEN ?2 ELSE since END"
                  " WHERE seq = ?3",
                  DB_ARGS(DB_INT(until), DB_INT(now), DB_INT(seq)), err);
}

int notices_retry(struct signins *signins, int64_t seq, int64_t next, struct err *err)
{
    return db_run(signins->db, "UPDATE notice SET next_at = ? WHERE seq = ?", DB_ARGS(DB_INT(next), DB_INT(seq)), err);
}

int notices_done(struct signins *signins, int64_t seq, struct err *err)
{
    return db_run(signins->db, "DELETE FROM notice WHERE seq = ?", DB_ARGS(DB_INT(seq)), err);
}

int notices_skip(struct signins *signins, const char *sid, const char *application, struct err *err)
{
    return db_run(signins->db, "DELETE FROM notice WHERE sid = ? AND application = ?",
                  DB_ARGS(DB_TEXT(sid), DB_TEXT(application)), err);
}

int notices_drop(struct signins *signins, const char *application, int64_t *ret_dropped, struct err *err)
{
    if (db_run(signins->db, "DELETE FROM notice WHERE application = ?", DB_ARGS(DB_TEXT(application)), err) != 0)
        return -1;
    *ret_dropped = db_changed(signins->db);
    return 0;
}

int notices_count(struct signins *signins, int64_t *ret, struct err *err)
{
    return db_get_int(signins->db, "SELECT count(*) FROM notice", ret, err);
}
