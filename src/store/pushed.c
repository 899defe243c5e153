#include "store/pushed_inner.h"

#include <unistd.h>

#include "base/mem.h"
#include "crypto/random.h"
#include "store/beside.h"

static const char tables[] =
    "CREATE TABLE origin (id TEXT NOT NULL);"
    "CREATE TABLE directory (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, users INTEGER NOT NULL,"
    "  groups INTEGER NOT NULL);";

/* --- opening --------------------------------------------------------------------------------------------------------- */

static void write_uuid(unsigned char b[static 16], unsigned version, char ret[static PUSHED_ID_SIZE])
{
    size_t n = 0;
    b[6] = (unsigned char)((b[6] & 0x0f) | version << 4);
    b[8] = (b[8] & 0x3f) | 0x80;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            ret[n++] = '-';
        ret[n++] = "0123456789abcdef"[b[i] >> 4];
        ret[n++] = "0123456789abcdef"[b[i] & 15];
    }
    ret[n] = '\0';
}

/* Milliseconds ahead, so that what is made together stands together in the index of ids. */
void pushed_new_id(int64_t now, char ret[static PUSHED_ID_SIZE])
{
    unsigned char b[16];
    int64_t millis = now / 1000;
    random_bytes(b, sizeof b);
    for (int i = 5; i >= 0; i--, millis >>= 8)
        b[i] = (unsigned char)millis;
    write_uuid(b, 7, ret);
}

static int make_tables(struct db *db, struct err *err)
{
    unsigned char b[16];
    char id[PUSHED_ID_SIZE];
    random_bytes(b, sizeof b);
    write_uuid(b, 4, id);
    CLEANUP(freep)
    char *sql = mem_printf("%s %s %s %s", tables, pushed_resource_tables, pushed_member_tables, push_tokens_tables);
    return db_exec(db, sql, err) != 0 ? -1
                                      : db_run(db, "INSERT INTO origin (id) VALUES (?)", DB_ARGS(DB_TEXT(id)), err);
}

static const struct beside push_db = {.application = 0x44577075, /* "DWpu" */
                                      .version = 1,
                                      .what = "what was pushed to Doorward",
                                      .nothing = "nothing was pushed yet",
                                      .make = make_tables};

static int read_origin(struct pushed *pushed, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_prepare(pushed->db, "SELECT id FROM origin", &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r == 1 && stmt_span(st, 0).n == PUSHED_ID_SIZE - 1) {
        memcpy(pushed->database, stmt_text(st, 0), PUSHED_ID_SIZE);
        return 0;
    }
    return r < 0
               ? -1
               : err_set(err, ERR_STORE, "%s: the database is damaged; restore it from a backup", db_path(pushed->db));
}

/*
 * KB of cache, as there is a handle a thread and rows are found by key; pages of 4 KB, 16 GB of them; pages of the log (64 MB) that are brought
 * into the file by whoever writes, in case that nobody calls pushed_fold.
 */
static const char limits[] =
    "PRAGMA cache_size = -1000; PRAGMA max_page_count = 4194304; PRAGMA wal_autocheckpoint = 16000";

int pushed_open(const char *dir, struct pushed **ret, struct err *err)
{
    CLEANUP(pushed_close) struct pushed *pushed = mem_zero(sizeof *pushed);
    if (beside_open(dir, "push.db", &push_db, &pushed->db, err) != 0 || read_origin(pushed, err) != 0 ||
        db_exec(pushed->db, limits, err) != 0)
        return -1;
    *ret = TAKE(pushed);
    return 0;
}

bool pushed_is_there(const char *dir)
{
    CLEANUP(freep) char *path = mem_printf("%s/push.db", dir);
    return access(path, F_OK) == 0;
}

int pushed_open_read(const char *dir, struct pushed **ret, struct err *err)
{
    CLEANUP(pushed_close) struct pushed *pushed = mem_zero(sizeof *pushed);
    if (beside_open_read(dir, "push.db", &push_db, &pushed->db, err) != 0 || read_origin(pushed, err) != 0)
        return -1;
    *ret = TAKE(pushed);
    return 0;
}

void pushed_close(struct pushed **pushed)
{
    if (!*pushed)
        return;
    db_close(&(*pushed)->db);
    free(*pushed);
    *pushed = NULL;
}

bool pushed_is_moved(const struct pushed *pushed)
{
    return db_is_moved(pushed->db);
}

int pushed_writes_much(struct pushed *pushed, struct err *err)
{
    return db_exec(pushed->db, "PRAGMA cache_size = -32000", err);
}

int pushed_fold(struct pushed *pushed, struct err *err)
{
    return db_exec(pushed->db, "PRAGMA wal_checkpoint(PASSIVE)", err);
}

const char *pushed_database(const struct pushed *pushed)
{
    return pushed->database;
}

/* --- transactions ------------------------------------------------------------------------------------------------------ */

int pushed_begin(struct pushed *pushed, struct err *err)
{
    return db_begin(pushed->db, err);
}

int pushed_snapshot(struct pushed *pushed, struct err *err)
{
    return db_exec(pushed->db, "BEGIN", err);
}

int pushed_commit(struct pushed *pushed, struct err *err)
{
    return db_commit(pushed->db, err);
}

void pushed_rollback(struct pushed *pushed)
{
    db_rollback(pushed->db);
}

int pushed_mark(struct pushed *pushed, struct err *err)
{
    return db_exec(pushed->db, "SAVEPOINT part", err);
}

int pushed_keep(struct pushed *pushed, struct err *err)
{
    return db_exec(pushed->db, "RELEASE part", err);
}

void pushed_undo(struct pushed *pushed)
{
    struct err ignored = ERR_INIT; /* SQLite may have rolled back everything already: then there is no part */
    db_exec(pushed->db, "ROLLBACK TO part; RELEASE part", &ignored);
}

/* --- directories ------------------------------------------------------------------------------------------------------- */

int pushed_directory(struct pushed *pushed, const char *name, int64_t *ret, struct err *err)
{
    int64_t found;
    if (db_number(pushed->db, "SELECT id FROM directory WHERE name = ?", DB_ARGS(DB_TEXT(name)), &found, err) != 0)
        return -1;
    *ret = found;
    return found != 0;
}

int pushed_directory_make(struct pushed *pushed, const char *name, int64_t *ret, struct err *err)
{
    int found = pushed_directory(pushed, name, ret, err);
    if (found != 0)
        return found < 0 ? -1 : 0;
    if (db_run(pushed->db, "INSERT INTO directory (name, users, groups) VALUES (?, 0, 0) ON CONFLICT (name) DO NOTHING",
               DB_ARGS(DB_TEXT(name)), err) != 0)
        return -1;
    return pushed_directory(pushed, name, ret, err) < 0 ? -1 : 0;
}

static int last_change(struct pushed *pushed, int64_t directory, int64_t *ret, struct err *err)
{
    return db_number(pushed->db, "SELECT max(change) FROM resource WHERE directory = ?", DB_ARGS(DB_INT(directory)),
                     ret, err);
}

int pushed_about(struct pushed *pushed, int64_t directory, struct pushed_about *ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    struct pushed_about about = {0};
    if (db_query(pushed->db, "SELECT users, groups FROM directory WHERE id = ?", DB_ARGS(DB_INT(directory)), &st,
                 err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r < 0 || last_change(pushed, directory, &about.change, err) != 0)
        return -1;
    if (r == 1) {
        about.users = stmt_int(st, 0);
        about.groups = stmt_int(st, 1);
    }
    *ret = about;
    return 0;
}

int pushed_next_change(struct pushed *pushed, int64_t directory, int64_t now, int64_t *ret, struct err *err)
{
    int64_t last;
    if (last_change(pushed, directory, &last, err) != 0)
        return -1;
    *ret = now > last ? now : last + 1;
    return 0;
}
