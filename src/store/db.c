#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define BUSY_SECONDS 5   /* until somebody who keeps it locked is reported */
#define STMT_KEPT    256 /* statements kept prepared; the program has fewer */

struct stmt {
    struct db *db;
    sqlite3_stmt *s;
    const char *sql;
    bool in_use;
};

struct db {
    sqlite3 *handle;
    char *path;
    struct stmt kept[STMT_KEPT];
    size_t nkept;
    double waits_since;
};

static const struct {
    int code;
    enum err_kind kind;
    const char *text;
} faults[] = {
    {SQLITE_FULL, ERR_STORE, "the disk is full; nothing of this step was written; make room and run again"},
    {SQLITE_BUSY, ERR_CONFLICT, "the database is locked by another program; try again when it has ended"},
    {SQLITE_LOCKED, ERR_CONFLICT, "the database is locked by another program; try again when it has ended"},
    {SQLITE_CORRUPT, ERR_STORE, "the database is damaged; restore it from a backup, or move it away to start anew"},
    {SQLITE_NOTADB, ERR_STORE,
     "this is not a Doorward database; restore it from a backup, or move it away to start anew"},
    {SQLITE_READONLY, ERR_STORE, "the database cannot be written; check the owner and mode of the file and its folder"},
    {SQLITE_CANTOPEN, ERR_STORE, "the database cannot be opened; check the owner and mode of the file and its folder"},
    {SQLITE_IOERR, ERR_STORE, "reading or writing the disk failed; check the disk"},
};

static int fail(struct db *db, struct err *err)
{
    int code = sqlite3_errcode(db->handle);
    const char *message = sqlite3_errmsg(db->handle);
    if (code == SQLITE_CONSTRAINT && strncmp(message, "gate:", 5) == 0)
        return err_set(err, ERR_GATE, "%s", message);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (faults[i].code == code)
            return err_set(err, faults[i].kind, "%s: %s (%s)", db->path, faults[i].text, message);
    return err_set(err, ERR_STORE, "%s: %s", db->path, message);
}

int db_exec(struct db *db, const char *sql, struct err *err)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(db, err);
}

/*
 * SQLite makes its files with the umask's mode; ours hold people's data. A file that is there is not opened for it: closing a descriptor
 * gives up every lock that this process has on the file, those of other handles too, and another process would take away the WAL below them.
 */
static int make_private(const char *path, struct err *err)
{
    if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0)
        return 0;
    int fd = errno == ENOENT ? open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return errno == EEXIST ? 0 : err_errno(err, ERR_STORE, "%s", path);
    close(fd);
    return 0;
}

/*
 * Somebody else writes, which takes less than a millisecond; SQLite's own waiting goes up to a tenth of a second a time, and several sign-ins at
 * once would spend most of theirs asleep.
 */
static int wait_for_others(void *db, int times)
{
    struct db *waiting = db;
    double now = clock_monotonic();
    if (times == 0)
        waiting->waits_since = now;
    if (now - waiting->waits_since > BUSY_SECONDS)
        return 0;
    usleep(times < 50 ? 100 + 10 * (useconds_t)times : 5000);
    return 1;
}

void db_set_patient(struct db *db, bool patient)
{
    sqlite3_busy_handler(db->handle, patient ? wait_for_others : NULL, patient ? db : NULL);
}

static int settle(struct db *db, struct err *err)
{
    db_set_patient(db, true);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return db_exec(db,
                   "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
                   "PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY;",
                   err);
}

int db_settle_writing(struct db *db, struct err *err)
{
    /* FULL: what a run reports as done stays done when the power fails. */
    return db_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;",
                   err);
}

/* Once a process: counting every allocation under a lock costs a tenth of a bulk load, and nobody reads the count. */
static void configure_library(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int db_open(const char *path, bool read_only, struct db **ret, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure_library);
    if (!read_only && make_private(path, err) != 0)
        return -1;
    CLEANUP(db_close) struct db *db = mem_zero(sizeof *db);
    db->path = mem_strdup(path);
    int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (sqlite3_open_v2(path, &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return fail(db, err);
    sqlite3_extended_result_codes(db->handle, 0);
    if (settle(db, err) != 0)
        return -1;
    *ret = TAKE(db);
    return 0;
}

void db_close(struct db **db)
{
    if (!*db)
        return;
    for (size_t i = 0; i < (*db)->nkept; i++)
        sqlite3_finalize((*db)->kept[i].s);
    sqlite3_close((*db)->handle);
    free((*db)->path);
    free(*db);
    *db = NULL;
}

const char *db_path(const struct db *db)
{
    return db->path;
}

bool db_is_moved(struct db *db)
{
    int moved = 0;
    return sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved;
}

int db_begin(struct db *db, struct err *err)
{
    return db_exec(db, "BEGIN IMMEDIATE", err);
}

int db_commit(struct db *db, struct err *err)
{
    if (db_exec(db, "COMMIT", err) == 0)
        return 0;
    db_rollback(db);
    return -1;
}

void db_rollback(struct db *db)
{
    if (!sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

static struct stmt *kept_slot(struct db *db, const char *sql)
{
    for (size_t i = 0; i < db->nkept; i++)
        if (db->kept[i].sql == sql && !db->kept[i].in_use)
            return &db->kept[i];
    return NULL;
}

int db_prepare(struct db *db, const char *sql, struct stmt **ret, struct err *err)
{
    struct stmt *st = kept_slot(db, sql);
    if (!st) {
        sqlite3_stmt *s = NULL;
        if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK)
            return fail(db, err);
        if (db->nkept == STMT_KEPT) {
            st = mem_zero(sizeof *st); /* the cache is full: this one is freed with stmt_free */
        } else {
            st = &db->kept[db->nkept++];
        }
        *st = (struct stmt){.db = db, .s = s, .sql = sql};
    }
    st->in_use = true;
    *ret = st;
    return 0;
}

int db_query(struct db *db, const char *sql, const struct db_value *values, size_t n, struct stmt **ret,
             struct err *err)
{
    if (db_prepare(db, sql, ret, err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (values[i].is_text)
            stmt_bind_text(*ret, (int)i + 1, values[i].text);
        else
            stmt_bind_int(*ret, (int)i + 1, values[i].number);
    }
    return 0;
}

int db_run(struct db *db, const char *sql, const struct db_value *values, size_t n, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    return db_query(db, sql, values, n, &st, err) == 0 ? stmt_run(st, err) : -1;
}

void stmt_free(struct stmt **stmt)
{
    struct stmt *st = *stmt;
    if (!st)
        return;
    *stmt = NULL;
    sqlite3_reset(st->s);
    sqlite3_clear_bindings(st->s);
    st->in_use = false;
    if (st < st->db->kept || st >= st->db->kept + STMT_KEPT) {
        sqlite3_finalize(st->s);
        free(st);
    }
}

void stmt_bind_int(struct stmt *st, int i, int64_t value)
{
    sqlite3_bind_int64(st->s, i, value);
}

void stmt_bind_text(struct stmt *st, int i, const char *value)
{
    sqlite3_bind_text(st->s, i, value, -1, SQLITE_STATIC);
}

void stmt_bind_span(struct stmt *st, int i, struct span text)
{
    if (text.n)
        sqlite3_bind_text(st->s, i, text.p, (int)text.n, SQLITE_STATIC);
    else
        sqlite3_bind_null(st->s, i);
}

void stmt_bind_null(struct stmt *st, int i)
{
    sqlite3_bind_null(st->s, i);
}

int stmt_step(struct stmt *st, struct err *err)
{
    switch (sqlite3_step(st->s)) {
    case SQLITE_ROW:
        return 1;
    case SQLITE_DONE:
        sqlite3_reset(st->s);
        return 0;
    default:
        fail(st->db, err);
        sqlite3_reset(st->s);
        return -1;
    }
}

int stmt_run(struct stmt *st, struct err *err)
{
    int r;
    while ((r = stmt_step(st, err)) == 1)
        ;
    return r;
}

void stmt_reset(struct stmt *st)
{
    sqlite3_reset(st->s);
}

int64_t stmt_int(struct stmt *st, int col)
{
    return sqlite3_column_int64(st->s, col);
}

const char *stmt_text(struct stmt *st, int col)
{
    const char *text = (const char *)sqlite3_column_text(st->s, col);
    return text ? text : "";
}

struct span stmt_span(struct stmt *st, int col)
{
    const char *text = (const char *)sqlite3_column_text(st->s, col);
    return (struct span){text, (size_t)sqlite3_column_bytes(st->s, col)};
}

bool stmt_is_null(struct stmt *st, int col)
{
    return sqlite3_column_type(st->s, col) == SQLITE_NULL;
}

bool stmt_is_int(struct stmt *st, int col)
{
    return sqlite3_column_type(st->s, col) == SQLITE_INTEGER;
}

int64_t db_changed(struct db *db)
{
    return sqlite3_changes(db->handle);
}

int64_t db_last_id(struct db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

int db_number(struct db *db, const char *sql, const struct db_value *values, size_t n, int64_t *ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, sql, values, n, &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r < 0)
        return -1;
    *ret = r ? stmt_int(st, 0) : 0;
    return 0;
}

int db_get_int(struct db *db, const char *sql, int64_t *ret, struct err *err)
{
    return db_number(db, sql, NULL, 0, ret, err);
}
