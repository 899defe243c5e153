#include "store/grants.h"

#include "crypto/token.h"
#include "store/signins_inner.h"

/*
 * A code lives in its grant, so that its second use finds what the first gave. The grant is kept as long as anything of it can be used or
 * replayed: until its last token ended, or its session.
 */
const char grants_tables[] =
    "CREATE TABLE authorizing (seq INTEGER PRIMARY KEY, handle TEXT NOT NULL UNIQUE, browser TEXT NOT NULL,"
    "  application TEXT NOT NULL, redirect_uri TEXT NOT NULL, scope TEXT NOT NULL, state TEXT NOT NULL,"
    "  nonce TEXT NOT NULL, challenge TEXT NOT NULL, context TEXT NOT NULL, hint TEXT NOT NULL,"
    "  before TEXT NOT NULL,"
    "  again INTEGER NOT NULL, silent INTEGER NOT NULL, max_age INTEGER NOT NULL, created INTEGER NOT NULL, expires "
    "INTEGER NOT NULL);"
    "CREATE INDEX authorizing_expires ON authorizing (expires);"
    "CREATE TABLE granted (id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, sid TEXT NOT NULL,"
    "  application TEXT NOT NULL, subject TEXT NOT NULL, redirect_uri TEXT NOT NULL, scope TEXT NOT NULL,"
    "  nonce TEXT NOT NULL, challenge TEXT NOT NULL, created INTEGER NOT NULL, code_expires INTEGER NOT NULL,"
    "  redeemed INTEGER NOT NULL DEFAULT 0, expires INTEGER NOT NULL);"
    "CREATE INDEX granted_expires ON granted (expires);"
    "CREATE INDEX granted_sid ON granted (sid);"
    "CREATE TABLE token (hash TEXT PRIMARY KEY, kind INTEGER NOT NULL, granted INTEGER NOT NULL, scope TEXT NOT NULL,"
    "  created INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
    "CREATE INDEX token_granted ON token (granted);"
    "CREATE INDEX token_expires ON token (expires);";

/* --- authorizations -------------------------------------------------------------------------------------------------- */

int authorization_put(struct signins *signins, const char *handle, const char *browser, const struct authorization *a,
                      struct err *err)
{
    char key[DIGEST_HEX_MAX], whose[DIGEST_HEX_MAX];
    return db_run(
        signins->db,
        "INSERT INTO authorizing (handle, browser, application, redirect_uri, scope, state, nonce, challenge,"
        " context, hint, before, again, silent, max_age, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "?, ?, ?, ?, ?)",
        DB_ARGS(DB_TEXT(signins_hash(handle, key)), DB_TEXT(signins_hash(browser, whose)), DB_TEXT(a->application),
                DB_TEXT(a->redirect_uri), DB_TEXT(or_empty(a->scope)), DB_TEXT(or_empty(a->state)),
                DB_TEXT(or_empty(a->nonce)), DB_TEXT(a->challenge), DB_TEXT(or_empty(a->context)),
                DB_TEXT(or_empty(a->hint)), DB_TEXT(or_empty(a->before)), DB_INT(a->again), DB_INT(a->silent),
                DB_INT(a->max_age), DB_INT(a->created), DB_INT(a->expires)),
        err);
}

int authorization_get(struct signins *signins, const char *handle, const char *browser, int64_t now, struct pool *pool,
                      struct authorization *ret, struct err *err)
{
    char key[DIGEST_HEX_MAX], whose[DIGEST_HEX_MAX];
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(signins->db,
                 "SELECT application, redirect_uri, scope, state, nonce, challenge, context, hint, again, max_age,"
                 " created, expires, browser, silent, before FROM authorizing WHERE handle = ? AND expires > ?",
                 DB_ARGS(DB_TEXT(signins_hash(handle, key)), DB_INT(now)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r != 1)
        return r;
    if (!token_same(stmt_span(st, 12), span_str(signins_hash(browser, whose))))
        return 0;
    const char **const texts[] = {&ret->application, &ret->redirect_uri, &ret->scope,   &ret->state,
                                  &ret->nonce,       &ret->challenge,    &ret->context, &ret->hint};
    *ret = (struct authorization){.again = stmt_int(st, 8) != 0,
                                  .silent = stmt_int(st, 13) != 0,
                                  .before = pool_strdup(pool, stmt_text(st, 14)),
                                  .max_age = stmt_int(st, 9),
                                  .created = stmt_int(st, 10),
                                  .expires = stmt_int(st, 11)};
    for (int i = 0; i < (int)(sizeof texts / sizeof *texts); i++)
        *texts[i] = pool_strdup(pool, stmt_text(st, i));
    return 1;
}

int authorization_take(struct signins *signins, const char *handle, struct err *err)
{
    char key[DIGEST_HEX_MAX];
    return signins_run_counted(signins, "DELETE FROM authorizing WHERE handle = ?",
                               DB_ARGS(DB_TEXT(signins_hash(handle, key))), err);
}

/* --- grants ---------------------------------------------------------------------------------------------------------- */

int grant_put(struct signins *signins, const char *code, const struct grant *g, struct err *err)
{
    char key[DIGEST_HEX_MAX];
    return db_run(
        signins->db,
        "INSERT INTO granted (code, sid, application, subject, redirect_uri, scope, nonce, challenge, created,"
        " code_expires, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        DB_ARGS(DB_TEXT(signins_hash(code, key)), DB_TEXT(g->sid), DB_TEXT(g->application), DB_TEXT(g->subject),
                DB_TEXT(g->redirect_uri), DB_TEXT(or_empty(g->scope)), DB_TEXT(or_empty(g->nonce)),
                DB_TEXT(g->challenge), DB_INT(g->created), DB_INT(g->code_expires), DB_INT(g->code_expires)),
        err);
}

int grant_of_code(struct signins *signins, const char *code, struct pool *pool, struct grant *ret, struct err *err)
{
    char key[DIGEST_HEX_MAX];
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(signins->db,
                 "SELECT sid, application, subject, redirect_uri, scope, nonce, challenge, id, created, code_expires,"
                 " redeemed FROM granted WHERE code = ?",
                 DB_ARGS(DB_TEXT(signins_hash(code, key))), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r != 1)
        return r;
    const char **const texts[] = {&ret->sid,   &ret->application, &ret->subject,  &ret->redirect_uri,
                                  &ret->scope, &ret->nonce,       &ret->challenge};
    *ret = (struct grant){.id = stmt_int(st, 7),
                          .created = stmt_int(st, 8),
                          .code_expires = stmt_int(st, 9),
                          .redeemed = stmt_int(st, 10) != 0};
    for (int i = 0; i < (int)(sizeof texts / sizeof *texts); i++)
        *texts[i] = pool_strdup(pool, stmt_text(st, i));
    return 1;
}

int grant_redeem(struct signins *signins, int64_t grant, struct err *err)
{
    return signins_run_counted(signins, "UPDATE granted SET redeemed = 1 WHERE id = ? AND redeemed = 0",
                               DB_ARGS(DB_INT(grant)), err);
}

int grant_revoke(struct signins *signins, int64_t grant, struct err *err)
{
    if (db_run(signins->db, "DELETE FROM token WHERE granted = ?", DB_ARGS(DB_INT(grant)), err) != 0)
        return -1;
    return db_run(signins->db, "DELETE FROM granted WHERE id = ?", DB_ARGS(DB_INT(grant)), err);
}

/* --- tokens ---------------------------------------------------------------------------------------------------------- */

int token_put(struct signins *signins, const char *token, enum token_kind kind, int64_t grant, const char *scope,
              int64_t now, int64_t expires, struct err *err)
{
    char key[DIGEST_HEX_MAX];
    if (db_run(signins->db,
               "INSERT INTO token (hash, kind, granted, scope, created, expires) VALUES (?, ?, ?, ?, ?, ?)",
               DB_ARGS(DB_TEXT(signins_hash(token, key)), DB_INT(kind), DB_INT(grant), DB_TEXT(scope), DB_INT(now),
                       DB_INT(expires)),
               err) != 0)
        return -1;
    return db_run(signins->db, "UPDATE granted SET expires = ? WHERE id = ? AND expires < ?",
                  DB_ARGS(DB_INT(expires), DB_INT(grant), DB_INT(expires)), err);
}

int token_get(struct signins *signins, const char *token, int64_t now, struct pool *pool, struct token *ret,
              struct err *err)
{
    char key[DIGEST_HEX_MAX];
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(signins->db,
                 "SELECT g.sid, g.application, g.subject, t.scope, t.kind, t.granted, t.created, t.expires, t.used"
                 " FROM token t JOIN granted g ON g.id = t.granted JOIN session s ON s.sid = g.sid"
                 " WHERE t.hash = ? AND t.expires > ? AND s.expires > ?",
                 DB_ARGS(DB_TEXT(signins_hash(token, key)), DB_INT(now), DB_INT(now)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r != 1)
        return r;
    *ret = (struct token){.sid = pool_strdup(pool, stmt_text(st, 0)),
                          .application = pool_strdup(pool, stmt_text(st, 1)),
                          .subject = pool_strdup(pool, stmt_text(st, 2)),
                          .scope = pool_strdup(pool, stmt_text(st, 3)),
                          .kind = stmt_int(st, 4) == TOKEN_REFRESH ? TOKEN_REFRESH : TOKEN_ACCESS,
                          .grant = stmt_int(st, 5),
                          .created = stmt_int(st, 6),
                          .expires = stmt_int(st, 7),
                          .used = stmt_int(st, 8) != 0};
    return 1;
}

int token_use(struct signins *signins, const char *token, struct err *err)
{
    char key[DIGEST_HEX_MAX];
    return signins_run_counted(signins, "UPDATE token SET used = 1 WHERE hash = ? AND used = 0",
                               DB_ARGS(DB_TEXT(signins_hash(token, key))), err);
}

int token_drop(struct signins *signins, const char *token, struct err *err)
{
    char key[DIGEST_HEX_MAX];
    return db_run(signins->db, "DELETE FROM token WHERE hash = ?", DB_ARGS(DB_TEXT(signins_hash(token, key))), err);
}
