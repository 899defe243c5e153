#include "store/signins_inner.h"

#include "crypto/token.h"

void signins_new_ref(char ret[static SIGNINS_REF_SIZE])
{
    char token[TOKEN_SIZE];
    token_new(token);
    memcpy(ret, token, SIGNINS_REF_SIZE - 1);
    ret[SIGNINS_REF_SIZE - 1] = '\0';
}

int signins_record_put(struct signins *signins, const struct signins_record *r, struct err *err)
{
    return db_run(signins->db,
                  "INSERT INTO record (ref, at, connection, email, accepted, reason) VALUES (?, ?, ?, ?, ?, ?)",
                  DB_ARGS(DB_TEXT(r->ref), DB_INT(r->at), DB_TEXT(or_empty(r->connection)), DB_TEXT(or_empty(r->email)),
                          DB_INT(r->accepted), DB_TEXT(or_empty(r->reason))),
                  err);
}

int signins_record_get(struct signins *signins, const char *ref, struct pool *pool, struct signins_record *ret,
                       struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(signins->db, "SELECT at, connection, email, accepted, reason FROM record WHERE ref = ?",
                 DB_ARGS(DB_TEXT(ref)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r != 1)
        return r;
    *ret = (struct signins_record){.ref = pool_strdup(pool, ref),
                                   .at = stmt_int(st, 0),
                                   .connection = pool_strdup(pool, stmt_text(st, 1)),
                                   .email = pool_strdup(pool, stmt_text(st, 2)),
                                   .accepted = stmt_int(st, 3) != 0,
                                   .reason = pool_strdup(pool, stmt_text(st, 4))};
    return 1;
}
