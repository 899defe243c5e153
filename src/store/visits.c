#include "store/visits.h"

#include "store/signins_inner.h"

const char visits_tables[] = "CREATE TABLE visit (sid TEXT NOT NULL, application TEXT NOT NULL, subject TEXT NOT NULL,"
                             "  since INTEGER NOT NULL, PRIMARY KEY (sid, application)) WITHOUT ROWID;";

int visits_put(struct signins *signins, const char *sid, const char *application, const char *subject, int64_t now,
               struct err *err)
{
    return db_run(signins->db,
                  "INSERT INTO visit (sid, application, subject, since) VALUES (?, ?, ?, ?)"
                  " ON CONFLICT (sid, application) DO NOTHING",
                  DB_ARGS(DB_TEXT(sid), DB_TEXT(application), DB_TEXT(subject), DB_INT(now)), err);
}
