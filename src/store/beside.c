#include "store/beside.h"

#include <unistd.h>

#include "base/mem.h"

/* What the head of the file says; a file without any table is new. */
struct head {
    int64_t application, version, tables;
};

static int read_head(struct db *db, struct head *ret, struct err *err)
{
    return db_get_int(db, "PRAGMA application_id", &ret->application, err) != 0 ||
                   db_get_int(db, "PRAGMA user_version", &ret->version, err) != 0 ||
                   db_get_int(db, "SELECT count(*) FROM sqlite_schema", &ret->tables, err) != 0
               ? -1
               : 0;
}

static bool is_new(const struct head *head)
{
    return head->tables == 0 && head->application == 0;
}

static int check(struct db *db, const struct head *head, const struct beside *kind, struct err *err)
{
    if (head->application != kind->application)
        return err_set(err, ERR_STORE, "%s: this is not %s; move it away", db_path(db), kind->what);
    if (head->version != kind->version)
        return err_set(err, ERR_STORE,
                       "%s: made by another version of Doorward; install that one, or move the file away", db_path(db));
    return 0;
}

static int make(struct db *db, const struct beside *kind, struct err *err)
{
    CLEANUP(freep)
    char *sql = mem_printf("PRAGMA application_id = %d; PRAGMA user_version = %d", kind->application, kind->version);
    return kind->make(db, err) != 0 ? -1 : db_exec(db, sql, err);
}

/* At one moment, without the writer's lock. */
static int look(struct db *db, struct head *ret, struct err *err)
{
    if (db_exec(db, "BEGIN", err) != 0)
        return -1;
    int r = read_head(db, ret, err);
    db_rollback(db);
    return r;
}

/* Whoever writes much is waited for only when there is something to make; and whoever holds the lock looks again. */
static int settle(struct db *db, const struct beside *kind, struct err *err)
{
    struct head head;
    if (look(db, &head, err) != 0 || (!is_new(&head) && check(db, &head, kind, err) != 0) ||
        db_settle_writing(db, err) != 0)
        return -1;
    if (!is_new(&head))
        return 0;
    if (db_begin(db, err) != 0)
        return -1;
    if (read_head(db, &head, err) == 0 && (is_new(&head) ? make(db, kind, err) : check(db, &head, kind, err)) == 0)
        return db_commit(db, err);
    db_rollback(db);
    return -1;
}

int beside_open(const char *dir, const char *name, const struct beside *kind, struct db **ret, struct err *err)
{
    CLEANUP(freep) char *path = mem_printf("%s/%s", dir, name);
    CLEANUP(db_close) struct db *db = NULL;
    if (db_open(path, false, &db, err) != 0 || settle(db, kind, err) != 0)
        return -1;
    *ret = TAKE(db);
    return 0;
}

int beside_open_read(const char *dir, const char *name, const struct beside *kind, struct db **ret, struct err *err)
{
    CLEANUP(freep) char *path = mem_printf("%s/%s", dir, name);
    CLEANUP(db_close) struct db *db = NULL;
    struct head head = {0};
    if (access(path, F_OK) == 0 && (db_open(path, true, &db, err) != 0 || read_head(db, &head, err) != 0))
        return -1;
    if (!db || is_new(&head))
        return err_set(err, ERR_NOT_FOUND, "%s: %s", path, kind->nothing);
    if (check(db, &head, kind, err) != 0)
        return -1;
    *ret = TAKE(db);
    return 0;
}
