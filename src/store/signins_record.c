#include "store/signins_inner.h"

#include "crypto/token.h"

#define COLUMNS "ref, connection, email, client, application, reason, at, result"

void signins_new_ref(char ret[static SIGNINS_REF_SIZE])
{
    char token[TOKEN_SIZE];
    token_new(token);
    memcpy(ret, token, SIGNINS_REF_SIZE - 1);
    ret[SIGNINS_REF_SIZE - 1] = '\0';
}

int signins_record_put(struct signins *signins, const struct signins_record *r, struct err *err)
{
    return db_run(signins->db, "INSERT INTO record (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                  DB_ARGS(DB_TEXT(r->ref), DB_TEXT(or_empty(r->connection)), DB_TEXT(or_empty(r->email)),
                          DB_TEXT(or_empty(r->client)), DB_TEXT(or_empty(r->application)), DB_TEXT(or_empty(r->reason)),
                          DB_INT(r->at), DB_INT(r->result)),
                  err);
}

/* pool NULL: texts are the statement's. */
static void read_row(struct stmt *st, struct pool *pool, struct signins_record *ret)
{
    const char **const texts[] = {&ret->ref,    &ret->connection,  &ret->email,
                                  &ret->client, &ret->application, &ret->reason};
    int n = sizeof texts / sizeof *texts;
    for (int i = 0; i < n; i++)
        *texts[i] = pool ? pool_strdup(pool, stmt_text(st, i)) : stmt_text(st, i);
    ret->at = stmt_int(st, n);
    ret->result = (enum signins_result)stmt_int(st, n + 1);
}

int signins_record_get(struct signins *signins, const char *ref, struct pool *pool, struct signins_record *ret,
                       struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(signins->db, "SELECT " COLUMNS " FROM record WHERE ref = ?", DB_ARGS(DB_TEXT(ref)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r == 1)
        read_row(st, pool, ret);
    return r;
}

int signins_record_each(struct signins *signins, int64_t since, const char *connection,
                        void (*each)(void *ctx, const struct signins_record *record), void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    struct signins_record record;
    int r;
    if (db_query(signins->db,
                 "SELECT " COLUMNS " FROM record WHERE at >= ? AND (? = '' OR connection = ?) ORDER BY seq DESC",
                 DB_ARGS(DB_INT(since), DB_TEXT(or_empty(connection)), DB_TEXT(or_empty(connection))), &st, err) != 0)
        return -1;
    while ((r = stmt_step(st, err)) == 1) {
        read_row(st, NULL, &record);
        each(ctx, &record);
    }
    return r;
}
