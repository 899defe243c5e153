#include "store/signins_inner.h"

#define COLUMNS                                                                                                        \
    "sid, directory, uid, email, connection, name_id, name_id_format, session_index, context, hint, signed_in_at, "    \
    "seated, created, expires, ends"

/* A browser that is not known is nobody's: nothing is found by it. */
static const char *hash_browser(const char *browser, char ret[static DIGEST_HEX_MAX])
{
    return browser && *browser ? signins_hash(browser, ret) : "";
}

static int write_row(struct signins *signins, const char *sql, const char *token, const struct signins_session *s,
                     struct err *err)
{
    char key[DIGEST_HEX_MAX], browser[DIGEST_HEX_MAX];
    return signins_run_counted(
        signins, sql,
        DB_ARGS(DB_TEXT(signins_hash(token, key)), DB_TEXT(s->sid), DB_TEXT(s->directory), DB_TEXT(s->uid),
                DB_TEXT(s->email), DB_TEXT(s->connection), DB_TEXT(or_empty(s->name_id)),
                DB_TEXT(or_empty(s->name_id_format)), DB_TEXT(or_empty(s->session_index)),
                DB_TEXT(or_empty(s->context)), DB_TEXT(or_empty(s->hint)), DB_INT(s->signed_in_at), DB_INT(s->seated),
                DB_INT(s->created), DB_INT(s->expires), DB_INT(s->ends ? s->ends : s->expires),
                DB_TEXT(hash_browser(s->browser, browser))),
        err);
}
#define PLACES "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17"

int signins_session_put(struct signins *signins, const char *token, const struct signins_session *s, struct err *err)
{
    return write_row(signins, "INSERT INTO session (hash, " COLUMNS ", browser) VALUES (" PLACES ")", token, s, err) < 0
               ? -1
               : 0;
}

int signins_session_renew(struct signins *signins, const char *token, const struct signins_session *s, struct err *err)
{
    return write_row(signins,
                     "UPDATE session SET (hash, " COLUMNS ", browser) = (" PLACES ") WHERE sid = ?2", token, s, err);
}

static void read_row(struct stmt *st, struct pool *pool, struct signins_session *ret)
{
    const char **const texts[] = {
        &ret->sid,     &ret->directory,      &ret->uid,           &ret->email,   &ret->connection,
        &ret->name_id, &ret->name_id_format, &ret->session_index, &ret->context, &ret->hint};
    int n = sizeof texts / sizeof *texts;
    for (int i = 0; i < n; i++)
        *texts[i] = pool_strdup(pool, stmt_text(st, i));
    ret->signed_in_at = stmt_int(st, n);
    ret->seated = stmt_int(st, n + 1) != 0;
    ret->created = stmt_int(st, n + 2);
    ret->expires = stmt_int(st, n + 3);
    ret->ends = stmt_int(st, n + 4);
    ret->mark = pool_strdup(pool, stmt_text(st, n + 5));
}

static int get(struct signins *signins, const char *sql, const char *key, int64_t now, struct pool *pool,
               struct signins_session *ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(signins->db, sql, DB_ARGS(DB_TEXT(key), DB_INT(now)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r == 1)
        read_row(st, pool, ret);
    return r;
}

int signins_session_get(struct signins *signins, const char *token, int64_t now, struct pool *pool,
                        struct signins_session *ret, struct err *err)
{
    char key[DIGEST_HEX_MAX];
    return get(signins, "SELECT " COLUMNS ", hash FROM session WHERE hash = ? AND expires > ?", signins_hash(token, key), now,
               pool, ret, err);
}

int signins_session_named(struct signins *signins, const char *sid, int64_t now, struct pool *pool,
                          struct signins_session *ret, struct err *err)
{
    return get(signins, "SELECT " COLUMNS ", hash FROM session WHERE sid = ? AND expires > ?", sid, now, pool, ret, err);
}

int signins_session_here(struct signins *signins, const char *token, const char *browser, int64_t now, struct pool *pool,
                         struct signins_session *ret, struct err *err)
{
    char key[DIGEST_HEX_MAX];
    int found = token ? signins_session_get(signins, token, now, pool, ret, err) : 0;
    if (found != 0 || !browser || !*browser)
        return found;
    return get(signins, "SELECT " COLUMNS ", hash FROM session WHERE browser = ? AND expires > ?",
               hash_browser(browser, key), now, pool, ret, err);
}

int signins_session_end_here(struct signins *signins, const char *token, const char *browser, const char *but,
                             struct err *err)
{
    char key[DIGEST_HEX_MAX];
    if (token && db_run(signins->db, "DELETE FROM session WHERE hash = ? AND sid <> ?",
                        DB_ARGS(DB_TEXT(signins_hash(token, key)), DB_TEXT(but)), err) != 0)
        return -1;
    if (!browser || !*browser)
        return 0;
    return db_run(signins->db, "DELETE FROM session WHERE browser = ? AND sid <> ?",
                  DB_ARGS(DB_TEXT(hash_browser(browser, key)), DB_TEXT(but)), err);
}

int signins_session_next(struct signins *signins, const char *after, int64_t now, int most, struct pool *pool,
                         struct signins_session *ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    int n = 0, r;
    if (db_query(signins->db, "SELECT " COLUMNS ", hash FROM session WHERE sid > ? AND expires > ? ORDER BY sid LIMIT ?",
                 DB_ARGS(DB_TEXT(after), DB_INT(now), DB_INT(most)), &st, err) != 0)
        return -1;
    while ((r = stmt_step(st, err)) == 1 && n < most)
        read_row(st, pool, &ret[n++]);
    return r < 0 ? -1 : n;
}

int signins_session_touch(struct signins *signins, const char *sid, int64_t until, struct err *err)
{
    return db_run(signins->db, "UPDATE session SET expires = CASE WHEN ends < ?1 THEN ends ELSE ?1 END WHERE sid = ?2",
                  DB_ARGS(DB_INT(until), DB_TEXT(sid)), err);
}

int signins_session_end_sid(struct signins *signins, const char *sid, struct err *err)
{
    return signins_run_counted(signins, "DELETE FROM session WHERE sid = ?", DB_ARGS(DB_TEXT(sid)), err);
}

int signins_session_end(struct signins *signins, const char *token, struct err *err)
{
    char key[DIGEST_HEX_MAX];
    return db_run(signins->db, "DELETE FROM session WHERE hash = ?", DB_ARGS(DB_TEXT(signins_hash(token, key))), err);
}

int signins_session_end_of(struct signins *signins, const char *directory, const char *uid, int64_t *ret_ended,
                           struct err *err)
{
    if (db_run(signins->db, "DELETE FROM session WHERE directory = ? AND uid = ?",
               DB_ARGS(DB_TEXT(directory), DB_TEXT(uid)), err) != 0)
        return -1;
    *ret_ended = db_changed(signins->db);
    return 0;
}

int signins_session_end_there(struct signins *signins, const char *connection, const char *subject, const char *session,
                              int64_t *ret_ended, struct err *err)
{
    *ret_ended = 0;
    if (!subject && !session)
        return 0;
    if (db_run(signins->db,
               "DELETE FROM session WHERE connection = ? AND (? = 0 OR name_id = ?)"
               " AND (? = 0 OR session_index = ? OR (session_index = '' AND ? = 1))",
               DB_ARGS(DB_TEXT(connection), DB_INT(subject != NULL), DB_TEXT(or_empty(subject)),
                       DB_INT(session != NULL), DB_TEXT(or_empty(session)), DB_INT(subject != NULL)),
               err) != 0)
        return -1;
    *ret_ended = db_changed(signins->db);
    return 0;
}
