#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"

static void closep(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static int open_regular(const char *path, int *ret, struct stat *st, struct err *err)
{
    CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_FAILED, "%s", path);
    if (fstat(fd, st) != 0)
        return err_errno(err, ERR_FAILED, "%s", path);
    if (!S_ISREG(st->st_mode))
        return err_set(err, ERR_FAILED, "%s: not a regular file", path);
    *ret = fd;
    fd = -1;
    return 0;
}

/* Reads on into ret until the end of the file. Without moving what is there, as long as the file has the size it said. */
static int read_on(const char *path, int fd, size_t max, size_t had, struct buf *ret, struct err *err)
{
    for (;;) {
        size_t room = ret->cap - ret->len > 1 ? ret->cap - ret->len - 1 : 65536;
        char *to = buf_reserve(ret, room);
        ssize_t n = read(fd, to, room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, ERR_FAILED, "%s", path);
        if (n == 0)
            return 0;
        ret->len += (size_t)n;
        ret->data[ret->len] = '\0';
        if (ret->len - had > max)
            return err_set(err, ERR_INPUT, "%s: larger than the limit of %zu bytes", path, max);
    }
}

int file_read(const char *path, size_t max, struct buf *ret, struct err *err)
{
    CLEANUP(closep) int fd = -1;
    struct stat st;
    if (open_regular(path, &fd, &st, err) != 0)
        return -1;
    size_t had = ret->len, expected = st.st_size > 0 ? (size_t)st.st_size : 0;
    buf_reserve(ret, (expected < max ? expected : max) + 64); /* in one piece: no copy of a secret is left behind */
    ret->data[had] = '\0';
    if (read_on(path, fd, max, had, ret, err) == 0)
        return 0;
    memset(ret->data + had, 0, ret->len - had);
    ret->len = had;
    return -1;
}

int file_check(const char *path, struct err *err)
{
    CLEANUP(closep) int fd = -1;
    struct stat st;
    return open_regular(path, &fd, &st, err);
}

int file_check_secret(const char *path, struct err *err)
{
    CLEANUP(closep) int fd = -1;
    struct stat st;
    if (open_regular(path, &fd, &st, err) != 0)
        return -1;
    /* A package gives the file to root and lets the service's own group read it. */
    bool group_may_read = st.st_gid == getegid() || geteuid() == 0;
    if (st.st_mode & (group_may_read ? 0027 : 0067))
        return err_set(err, ERR_REFUSED, "%s: others may read or change this secret (mode %04o); run: chmod 600 %s",
                       path, (unsigned)(st.st_mode & 07777), path);
    return 0;
}

static int write_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, data, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        data += written;
        n -= (size_t)written;
    }
    return 0;
}

int file_replace(const char *path, const void *data, size_t n, unsigned mode, struct err *err)
{
    CLEANUP(freep) char *beside = mem_printf("%s.new-%ld", path, (long)getpid());
    unlink(beside); /* of a process that was killed here; O_EXCL because it could be a link as well */
    CLEANUP(closep) int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return err_errno(err, ERR_FAILED, "%s", beside);
    if (write_all(fd, data, n) != 0 || fsync(fd) != 0 || rename(beside, path) != 0) {
        err_errno(err, ERR_FAILED, "%s", path);
        unlink(beside);
        return -1;
    }
    return 0;
}
