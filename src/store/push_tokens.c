#include "store/push_tokens.h"

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "store/pushed_inner.h"

/* A row stays when its token is revoked: its number is not given again. */
const char push_tokens_tables[] =
    "CREATE TABLE token (id INTEGER PRIMARY KEY, directory TEXT NOT NULL, hash TEXT NOT NULL UNIQUE,"
    "  note TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER NOT NULL,"
    "  revoked INTEGER NOT NULL);"
    "CREATE INDEX token_directory ON token (directory, id);";

#define COLUMNS "id, created, expires, used, revoked, note"

bool push_token_is_good(const struct push_token *token, int64_t now)
{
    return token->revoked == 0 && (token->expires == 0 || token->expires > now);
}

static struct push_token read_row(struct stmt *st)
{
    return (struct push_token){.id = stmt_int(st, 0),
                               .created = stmt_int(st, 1),
                               .expires = stmt_int(st, 2),
                               .used = stmt_int(st, 3),
                               .revoked = stmt_int(st, 4),
                               .note = stmt_text(st, 5)};
}

static int check_room(struct pushed *pushed, const char *directory, int64_t now, struct err *err)
{
    int64_t n;
    if (db_number(pushed->db,
                  "SELECT count(*) FROM token WHERE directory = ? AND revoked = 0 AND (expires = 0 OR expires > ?)",
                  DB_ARGS(DB_TEXT(directory), DB_INT(now)), &n, err) != 0)
        return -1;
    if (n < PUSH_TOKENS_MAX)
        return 0;
    return err_set(err, ERR_CONFLICT,
                   "directory %s: %d tokens are good already; take out those that nobody uses: doorward token revoke",
                   directory, PUSH_TOKENS_MAX);
}

int push_tokens_make(struct pushed *pushed, const char *directory, const char *note, int64_t now, int64_t expires,
                     char ret_token[static PUSH_TOKEN_SIZE], struct push_token *ret, struct err *err)
{
    char word[TOKEN_SIZE], token[PUSH_TOKEN_SIZE], hash[DIGEST_HEX_MAX];
    token_new(word);
    snprintf(token, sizeof token, "%s%s", PUSH_TOKEN_PREFIX, word);
    digest_hex_of(token, strlen(token), hash);
    if (check_room(pushed, directory, now, err) != 0 ||
        db_run(
            pushed->db,
            "INSERT INTO token (directory, hash, note, created, expires, used, revoked) VALUES (?, ?, ?, ?, ?, 0, 0)",
            DB_ARGS(DB_TEXT(directory), DB_TEXT(hash), DB_TEXT(note), DB_INT(now), DB_INT(expires)), err) != 0)
        return -1;
    memcpy(ret_token, token, sizeof token);
    *ret = (struct push_token){.id = db_last_id(pushed->db), .created = now, .expires = expires, .note = note};
    return 0;
}

int push_tokens_each(struct pushed *pushed, const char *directory,
                     void (*each)(void *ctx, const struct push_token *token), void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(pushed->db, "SELECT " COLUMNS " FROM token WHERE directory = ? ORDER BY id",
                 DB_ARGS(DB_TEXT(directory)), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        const struct push_token token = read_row(st);
        each(ctx, &token);
    }
    return r;
}

int push_tokens_revoke(struct pushed *pushed, const char *directory, int64_t id, int64_t now, struct err *err)
{
    if (db_run(pushed->db, "UPDATE token SET revoked = ? WHERE id = ? AND directory = ? AND revoked = 0",
               DB_ARGS(DB_INT(now), DB_INT(id), DB_TEXT(directory)), err) != 0)
        return -1;
    return db_changed(pushed->db) > 0;
}

/* Every good one of the directory is compared to its end, and found or not the same is done. */
static int compare(struct pushed *pushed, const char *directory, const char *hash, int64_t now, struct push_token *ret,
                   struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(pushed->db,
                 "SELECT " COLUMNS ", hash FROM token WHERE directory = ? AND revoked = 0"
                 " AND (expires = 0 OR expires > ?) ORDER BY id",
                 DB_ARGS(DB_TEXT(directory), DB_INT(now)), &st, err) != 0)
        return -1;
    int r, found = 0;
    while ((r = stmt_step(st, err)) == 1) {
        bool same = token_same(stmt_span(st, 6), span_str(hash));
        if (same)
            *ret = read_row(st);
        found |= same;
    }
    return r < 0 ? -1 : found;
}

/* Who writes at the moment is not waited for: the next use is noted, too. */
static void note_use(struct pushed *pushed, const struct push_token *token, int64_t now)
{
    struct err ignored = ERR_INIT;
    if (now - token->used < PUSH_TOKENS_NOTED && now >= token->used)
        return;
    db_set_patient(pushed->db, false);
    db_run(pushed->db, "UPDATE token SET used = ? WHERE id = ?", DB_ARGS(DB_INT(now), DB_INT(token->id)), &ignored);
    db_set_patient(pushed->db, true);
}

int push_tokens_check(struct pushed *pushed, const char *directory, struct span token, int64_t now, struct err *err)
{
    struct push_token found = {0};
    char hash[DIGEST_HEX_MAX];
    digest_hex_of(token.n ? token.p : "", token.n, hash);
    int r = compare(pushed, directory, hash, now, &found, err);
    if (r == 1)
        note_use(pushed, &found, now);
    return r;
}
