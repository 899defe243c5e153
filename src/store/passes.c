#include "store/passes.h"

#include "crypto/token.h"
#include "store/signins_inner.h"

const char passes_tables[] =
    "CREATE TABLE hop (seq INTEGER PRIMARY KEY, handle TEXT NOT NULL UNIQUE, state TEXT NOT NULL, code TEXT UNIQUE,"
    "  application TEXT NOT NULL, origin TEXT NOT NULL, url TEXT NOT NULL, sid TEXT NOT NULL, expires INTEGER NOT NULL);"
    "CREATE INDEX hop_expires ON hop (expires);"
    "CREATE TABLE pass (hash TEXT NOT NULL UNIQUE, sid TEXT NOT NULL, application TEXT NOT NULL, origin TEXT NOT NULL,"
    "  PRIMARY KEY (sid, application, origin)) WITHOUT ROWID;"
    "CREATE TRIGGER session_with_pass_ended AFTER DELETE ON session BEGIN DELETE FROM pass WHERE sid = OLD.sid; END;";

int hop_put(struct signins *signins, const char *handle, const char *state, const struct hop *hop, int64_t expires,
            struct err *err)
{
    char key[DIGEST_HEX_MAX], whose[DIGEST_HEX_MAX];
    return db_run(signins->db,
                  "INSERT INTO hop (handle, state, application, origin, url, sid, expires) VALUES (?, ?, ?, ?, ?, '', ?)",
                  DB_ARGS(DB_TEXT(signins_hash(handle, key)), DB_TEXT(signins_hash(state, whose)),
                          DB_TEXT(hop->application), DB_TEXT(hop->origin), DB_TEXT(hop->url), DB_INT(expires)),
                  err);
}

static void read_row(struct stmt *st, struct pool *pool, struct hop *ret)
{
    *ret = (struct hop){.application = pool_strdup(pool, stmt_text(st, 0)),
                        .origin = pool_strdup(pool, stmt_text(st, 1)),
                        .url = pool_strdup(pool, stmt_text(st, 2)),
                        .sid = pool_strdup(pool, stmt_text(st, 3))};
}

int hop_get(struct signins *signins, const char *handle, int64_t now, struct pool *pool, struct hop *ret,
            struct err *err)
{
    char key[DIGEST_HEX_MAX];
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(signins->db,
                 "SELECT application, origin, url, sid FROM hop WHERE handle = ? AND expires > ? AND code IS NULL",
                 DB_ARGS(DB_TEXT(signins_hash(handle, key)), DB_INT(now)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r == 1)
        read_row(st, pool, ret);
    return r;
}

int hop_grant(struct signins *signins, const char *handle, const char *code, const char *sid, int64_t expires,
              struct err *err)
{
    char key[DIGEST_HEX_MAX], hash[DIGEST_HEX_MAX];
    return signins_run_counted(
        signins, "UPDATE hop SET code = ?, sid = ?, expires = ? WHERE handle = ? AND code IS NULL",
        DB_ARGS(DB_TEXT(signins_hash(code, hash)), DB_TEXT(sid), DB_INT(expires), DB_TEXT(signins_hash(handle, key))),
        err);
}

int hop_take(struct signins *signins, const char *code, const char *state, int64_t now, struct pool *pool,
             struct hop *ret, struct err *err)
{
    char key[DIGEST_HEX_MAX], whose[DIGEST_HEX_MAX];
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(signins->db,
                 "DELETE FROM hop WHERE code = ? RETURNING application, origin, url, sid, expires, state",
                 DB_ARGS(DB_TEXT(signins_hash(code, key))), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r != 1)
        return r;
    read_row(st, pool, ret);
    bool good = stmt_int(st, 4) > now && token_same(stmt_span(st, 5), span_str(signins_hash(state, whose)));
    return stmt_run(st, err) != 0 ? -1 : good;
}

int pass_put(struct signins *signins, const char *pass, const struct hop *hop, struct err *err)
{
    char key[DIGEST_HEX_MAX];
    return db_run(signins->db,
                  "INSERT INTO pass (hash, sid, application, origin) SELECT ?, sid, ?, ? FROM session WHERE sid = ?"
                  " ON CONFLICT (sid, application, origin) DO UPDATE SET hash = excluded.hash",
                  DB_ARGS(DB_TEXT(signins_hash(pass, key)), DB_TEXT(hop->application), DB_TEXT(hop->origin),
                          DB_TEXT(hop->sid)),
                  err);
}

int pass_get(struct signins *signins, const char *pass, const char *application, const char *origin, struct pool *pool,
             const char **ret_sid, struct err *err)
{
    char key[DIGEST_HEX_MAX];
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(signins->db, "SELECT sid FROM pass WHERE hash = ? AND application = ? AND origin = ?",
                 DB_ARGS(DB_TEXT(signins_hash(pass, key)), DB_TEXT(application), DB_TEXT(origin)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r == 1)
        *ret_sid = pool_strdup(pool, stmt_text(st, 0));
    return r;
}
