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
        return err_errno(err, ERR_STATE, "state folder %s: cannot be made", dir);
    if (stat(dir, &st) != 0)
        return err_errno(err, ERR_STATE, "state folder %s", dir);
    if (!S_ISDIR(st.st_mode))
        return err_set(err, ERR_STATE, "state folder %s: not a folder", dir);
    if (st.st_mode & 0022)
        return err_set(err, ERR_STATE, "state folder %s: others may write to it (mode %04o); run: chmod 700 %s", dir,
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
        return err_errno(err, ERR_STATE, "%s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int r = errno == EWOULDBLOCK ? refuse_locked(fd, dir, err) : err_errno(err, ERR_STATE, "%s", path);
        close(fd);
        return r;
    }
    char now[CLOCK_TEXT_MAX];
    CLEANUP(freep)
    char *holder = mem_printf("%s (process %ld) since %s", command, (long)getpid(), clock_format(clock_now(), now));
    if (ftruncate(fd, 0) != 0 || pwrite(fd, holder, strlen(holder), 0) < 0) {
        err_errno(err, ERR_STATE, "%s", path);
        close(fd);
        return -1;
    }
    *ret = fd;
    return 0;
}

/* A quick check of the file's structure: full integrity_check reads everything and would cost more than a run. */
static int check_file(struct db *db, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_prepare(db, "SELECT count(*) FROM sqlite_schema", &st, err) != 0 || stmt_step(st, err) < 0)
        return -1;
    return 0;
}

int store_open(const char *dir, enum store_mode mode, const char *command, struct store **ret, struct err *err)
{
    CLEANUP(store_close) struct store *store = mem_zero(sizeof *store);
    store->lock = -1;
    CLEANUP(freep) char *path = mem_printf("%s/doorward.db", dir);
    if (mode == STORE_READ && access(path, F_OK) != 0)
        return err_set(err, ERR_NOT_FOUND, "%s: there is no state yet", path);
    if (mode == STORE_WRITE && (make_folder(dir, err) != 0 || take_lock(dir, command, &store->lock, err) != 0))
        return -1;
    if (db_open(path, mode == STORE_READ, &store->db, err) != 0 || check_file(store->db, err) != 0)
        return -1;
    int (*settle)(struct db *, struct err *) = mode == STORE_READ ? schema_require : schema_migrate;
    if (settle(store->db, err) != 0)
        return -1;
    *ret = TAKE(store);
    return 0;
}

void store_close(struct store **store)
{
    if (!*store)
        return;
    db_close(&(*store)->db);
    if ((*store)->lock >= 0)
        close((*store)->lock);
    free(*store);
    *store = NULL;
}
