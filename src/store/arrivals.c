#include "store/arrivals.h"

#include "base/text.h"
#include "store/signins_inner.h"

/* email_folded: what e-mails are compared by; the caller's text_fold. */
const char arrivals_tables[] =
    "CREATE TABLE arrival (connection TEXT NOT NULL, uid TEXT NOT NULL, email TEXT NOT NULL, email_folded TEXT NOT NULL,"
    "  given_name TEXT NOT NULL, family_name TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,"
    "  PRIMARY KEY (connection, uid)) WITHOUT ROWID;"
    "CREATE INDEX arrival_email ON arrival (email_folded);";

static const char *folded(struct pool *pool, const char *email)
{
    const char *text = text_fold(pool, span_str(email));
    return text ? text : email;
}

int arrivals_put(struct signins *signins, const struct arrival *a, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    int put = signins_run_counted(
        signins,
        "INSERT INTO arrival (connection, uid, email, email_folded, given_name, family_name, first_seen, last_seen)"
        " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7 WHERE (SELECT count(*) FROM arrival) < ?8 OR EXISTS"
        " (SELECT 1 FROM arrival WHERE connection = ?1 AND uid = ?2)"
        " ON CONFLICT (connection, uid) DO UPDATE SET email = excluded.email, email_folded = excluded.email_folded,"
        " given_name = excluded.given_name, family_name = excluded.family_name, last_seen = excluded.last_seen",
        DB_ARGS(DB_TEXT(a->connection), DB_TEXT(a->uid), DB_TEXT(a->email), DB_TEXT(folded(pool, a->email)),
                DB_TEXT(a->given_name), DB_TEXT(a->family_name), DB_INT(a->last_seen), DB_INT(ARRIVALS_MAX)),
        err);
    if (put == 0)
        return err_set(err, ERR_REFUSED,
                       "connection %s: %d people whom no directory has were let in already (jit); remove some: doorward "
                       "report arrivals",
                       a->connection, ARRIVALS_MAX);
    return put < 0 ? -1 : 0;
}

static void read_row(struct stmt *st, struct arrival *ret)
{
    *ret = (struct arrival){.connection = stmt_text(st, 0),
                            .uid = stmt_text(st, 1),
                            .email = stmt_text(st, 2),
                            .given_name = stmt_text(st, 3),
                            .family_name = stmt_text(st, 4),
                            .first_seen = stmt_int(st, 5),
                            .last_seen = stmt_int(st, 6)};
}
#define COLUMNS "connection, uid, email, given_name, family_name, first_seen, last_seen"

int arrivals_get(struct signins *signins, const char *connection, const char *uid, struct pool *pool,
                 struct arrival *ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(signins->db, "SELECT " COLUMNS " FROM arrival WHERE connection = ? AND uid = ?",
                 DB_ARGS(DB_TEXT(connection), DB_TEXT(uid)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r != 1)
        return r;
    read_row(st, ret);
    const char **const texts[] = {&ret->connection, &ret->uid, &ret->email, &ret->given_name, &ret->family_name};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = pool_strdup(pool, *texts[i]);
    return 1;
}

int arrivals_has_email(struct signins *signins, const char *email, const char *connection, const char *uid,
                       struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    int64_t found;
    if (db_number(signins->db,
                  "SELECT count(*) FROM arrival WHERE email_folded = ? AND NOT (connection = ? AND uid = ?)",
                  DB_ARGS(DB_TEXT(folded(pool, email)), DB_TEXT(connection), DB_TEXT(uid)), &found, err) != 0)
        return -1;
    return found > 0;
}

int arrivals_each(struct signins *signins, void (*each)(void *ctx, const struct arrival *arrival), void *ctx,
                  struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    struct arrival a;
    if (db_prepare(signins->db, "SELECT " COLUMNS " FROM arrival ORDER BY email_folded, connection, uid", &st, err) !=
        0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        read_row(st, &a);
        each(ctx, &a);
    }
    return r;
}

int arrivals_drop(struct signins *signins, const char *connection, const char *uid, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    int64_t ended;
    if (signins_begin(signins, err) != 0)
        return -1;
    int dropped = signins_run_counted(signins, "DELETE FROM arrival WHERE connection = ? AND uid = ?",
                                      DB_ARGS(DB_TEXT(connection), DB_TEXT(uid)), err);
    if (dropped >= 0 && signins_session_end_of(signins, arrivals_directory(pool, connection), uid, &ended, err) == 0)
        return signins_commit(signins, err) == 0 ? dropped : -1;
    signins_rollback(signins);
    return -1;
}

const char *arrivals_directory(struct pool *pool, const char *connection)
{
    return pool_printf(pool, ARRIVALS_DIRECTORY "%s", connection);
}
