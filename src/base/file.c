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

int file_read(const char *path, size_t max, struct buf *ret, struct err *err)
{
    CLEANUP(closep) int fd = -1;
    struct stat st;
    if (open_regular(path, &fd, &st, err) != 0)
        return -1;
    CLEANUP(buf_release) struct buf data = BUF_INIT;
    for (;;) {
        char *to = buf_reserve(&data, 65536);
        ssize_t n = read(fd, to, 65536);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, ERR_FAILED, "%s", path);
        if (n == 0)
            break;
        data.len += (size_t)n;
        data.data[data.len] = '\0';
        if (data.len > max)
            return err_set(err, ERR_INPUT, "%s: larger than the limit of %zu bytes", path, max);
    }
    buf_add(ret, data.data, data.len);
    return 0;
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
