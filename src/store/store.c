#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/text.h"
#include "store/schema.h"

static int make_folder(const char *dir, struct err *err)
{
    struct stat st;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return err_errno(err, ERR_STORE, "state folder %s: cannot be made", dir);
    if (stat(dir, &st) != 0)
        return err_errno(err, ERR_STORE, "state folder %s", dir);
    if (!S_ISDIR(st.st_mode))
        return err_set(err, ERR_STORE, "state folder %s: not a folder", dir);
    if (st.st_mode & 0022)
        return err_set(err, ERR_STORE, "state folder %s: others may write to it (mode %04o); run: chmod 700 %s", dir,
                       (unsigned)(st.st_mode & 07777), dir);
    return 0;
}

static int refuse_locked(int fd, const char *dir, struct err *err)
{
    char holder[256];
    ssize_t n = pread(fd, holder, sizeof holder - 1, 0);
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct span text = {holder, n > 0 ? (size_t)n : 0};
    return err_set(err, ERR_CONFLICT, "state folder %s: in use by %s; wait until it has ended", dir,
                   text.n ? text_printable(pool, text) : "another doorward");
}

/* flock ends with the process, however it ends; what stands in the file is only for people. */
static int take_lock(const char *dir, const char *command, int *ret, struct err *err)
{
    CLEANUP(freep) char *path = mem_printf("%s/lock", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(err, ERR_STORE, "%s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int r = errno == EWOULDBLOCK ? refuse_locked(fd, dir, err) : err_errno(err, ERR_STORE, "%s", path);
        close(fd);
        return r;
    }
    char now[CLOCK_TEXT_MAX];
    CLEANUP(freep)
    char *holder = mem_printf("%s (process %ld) since %s", command, (long)getpid(), clock_format(clock_now(), now));
    if (ftruncate(fd, 0) != 0 || pwrite(fd, holder, strlen(holder), 0) < 0) {
        err_errno(err, ERR_STORE, "%s", path);
        close(fd);
        return -1;
    }
    *ret = fd;
    return 0;
}

#define CHECK_EVERY (24 * 3600)

/* Damage that a run would meet comes up by itself; a check of every page, once a day, finds what it would not. */
static int check_file(struct db *db, int64_t now, struct err *err)
{
    int64_t last = 0;
    if (db_get_int(db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'checked_at'", &last, err) != 0)
        return -1;
    if (last + CHECK_EVERY > now && last <= now)
        return 0;
    CLEANUP(stmt_free) struct stmt *check = NULL, *note = NULL;
    if (db_prepare(db, "PRAGMA quick_check(1)", &check, err) != 0 || stmt_step(check, err) < 0)
        return -1;
    if (strcmp(stmt_text(check, 0), "ok") != 0)
        return err_set(err, ERR_STORE,
                       "%s: the database is damaged (%s); restore it from a backup, or move it away to start anew",
                       db_path(db), stmt_text(check, 0));
    stmt_reset(check);
    if (db_prepare(db,
                   "INSERT INTO meta (key, value) VALUES ('checked_at', ?) ON CONFLICT (key) DO UPDATE SET value = "
                   "excluded.value",
                   &note, err) != 0)
        return -1;
    stmt_bind_int(note, 1, now);
    return stmt_run(note, err);
}

int store_open(const char *dir, enum store_mode mode, const char *command, struct store **ret, struct err *err)
{
    CLEANUP(store_close) struct store *store = mem_zero(sizeof *store);
    store->lock = -1;
    store->dir = mem_strdup(dir);
    CLEANUP(freep) char *path = mem_printf("%s/doorward.db", dir);
    if (mode == STORE_READ && access(path, F_OK) != 0)
        return err_set(err, ERR_NOT_FOUND, "%s: there is no state yet", path);
    if (mode == STORE_WRITE && (make_folder(dir, err) != 0 || take_lock(dir, command, &store->lock, err) != 0))
        return -1;
    if (db_open(path, mode == STORE_READ, &store->db, err) != 0)
        return -1;
    int (*settle)(struct db *, struct err *) = mode == STORE_READ ? schema_require : schema_migrate;
    if (settle(store->db, err) != 0 || (mode == STORE_WRITE && (db_settle_writing(store->db, err) != 0 ||
                                                                check_file(store->db, clock_now(), err) != 0)))
        return -1;
    *ret = TAKE(store);
    return 0;
}

void store_close(struct store **store)
{
    if (!*store)
        return;
    db_close(&(*store)->signins);
    db_close(&(*store)->db);
    if ((*store)->lock >= 0)
        close((*store)->lock);
    free((*store)->actor);
    free((*store)->dir);
    free(*store);
    *store = NULL;
}

int store_moves(struct store *store, int64_t *ret, struct err *err)
{
    return db_get_int(store->db, "PRAGMA data_version", ret, err);
}
