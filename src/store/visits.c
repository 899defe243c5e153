#include "store/visits.h"

#include "store/signins_inner.h"

/* What follows from an end follows here, so that no way to end a session can forget it. */
const char visits_tables[] = "CREATE TABLE visit (sid TEXT NOT NULL, application TEXT NOT NULL, subject TEXT NOT NULL,"
                             "  since INTEGER NOT NULL, PRIMARY KEY (sid, application)) WITHOUT ROWID;"
                             "CREATE TRIGGER session_ended AFTER DELETE ON session BEGIN"
                             " DELETE FROM visit WHERE sid = OLD.sid; END;"
                             "CREATE TRIGGER visit_ended AFTER DELETE ON visit BEGIN"
                             " DELETE FROM token WHERE granted IN"
                             "  (SELECT id FROM granted WHERE sid = OLD.sid AND application = OLD.application);"
                             " DELETE FROM granted WHERE sid = OLD.sid AND application = OLD.application;"
                             " INSERT INTO notice (application, sid, subject, tries, next_at, since)"
                             " VALUES (OLD.application, OLD.sid, OLD.subject, 0, 0, 0); END;";

int visits_put(struct signins *signins, const char *sid, const char *application, const char *subject, int64_t now,
               struct err *err)
{
    int64_t there;
    if (db_run(signins->db,
               "INSERT INTO visit (sid, application, subject, since) SELECT sid, ?1, ?2, ?3 FROM session"
               " WHERE sid = ?4 AND expires > ?3 ON CONFLICT (sid, application) DO NOTHING",
               DB_ARGS(DB_TEXT(application), DB_TEXT(subject), DB_INT(now), DB_TEXT(sid)), err) != 0 ||
        db_number(signins->db, "SELECT 1 FROM visit WHERE sid = ? AND application = ?",
                  DB_ARGS(DB_TEXT(sid), DB_TEXT(application)), &there, err) != 0)
        return -1;
    return there ? 0 : err_set(err, ERR_REFUSED, "application %s: the person's session is over", application);
}

int visits_of(struct signins *signins, const char *sid, struct pool *pool, const char *ret[static VISITS_MAX],
              struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    int n = 0, r;
    if (db_query(signins->db, "SELECT application FROM visit WHERE sid = ? ORDER BY application",
                 DB_ARGS(DB_TEXT(sid)), &st, err) != 0)
        return -1;
    while ((r = stmt_step(st, err)) == 1 && n < VISITS_MAX)
        ret[n++] = pool_strdup(pool, stmt_text(st, 0));
    return r < 0 ? -1 : n;
}

int visits_end(struct signins *signins, const char *sid, const char *application, struct err *err)
{
    return signins_run_counted(signins, "DELETE FROM visit WHERE sid = ? AND application = ?",
                               DB_ARGS(DB_TEXT(sid), DB_TEXT(application)), err);
}
