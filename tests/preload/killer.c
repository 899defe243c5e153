/*
 * Preloaded into the program, it ends it with SIGKILL just before the KILLER_AT-th of the calls that matter: a step of the database, a write or
 * a sync of a file, something sent on a socket. With KILLER_FULL=N the disk is full from the N-th of them on. With KILLER_COUNT=FILE it
 * leaves their number there.
 *
 *   LD_PRELOAD=build/tests/preload/killer.so KILLER_AT=17 build/doorward …
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

struct sqlite3_stmt;

static long at, full;
static atomic_long calls;

__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("KILLER_AT"), *from = getenv("KILLER_FULL");
    at = text ? strtol(text, NULL, 10) : 0;
    full = from ? strtol(from, NULL, 10) : 0;
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("KILLER_COUNT");
    FILE *f = path ? fopen(path, "we") : NULL;
    if (!f)
        return;
    fprintf(f, "%ld\n", atomic_load(&calls));
    fclose(f);
}

/* Is the disk full by now? */
static bool count(void)
{
    long call = atomic_fetch_add(&calls, 1) + 1;
    if (call == at)
        kill(getpid(), SIGKILL);
    return full && call >= full;
}

static int refuse(void)
{
    errno = ENOSPC;
    return -1;
}

/* The same call in the library that would have answered it. */
#define WATCH(type, name, parameters, arguments)       WATCH_OR(type, name, parameters, arguments, false)
#define WATCH_WRITE(type, name, parameters, arguments) WATCH_OR(type, name, parameters, arguments, true)
#define WATCH_OR(type, name, parameters, arguments, writes)                                                            \
    type name parameters;                                                                                              \
    type name parameters                                                                                               \
    {                                                                                                                  \
        static type(*real) parameters;                                                                                 \
        if (!real)                                                                                                     \
            *(void **)&real = dlsym(RTLD_NEXT, #name);                                                                 \
        return count() && (writes) ? refuse() : real arguments;                                                        \
    }

WATCH(int, sqlite3_step, (struct sqlite3_stmt * s), (s))
WATCH_WRITE(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t offset), (fd, p, n, offset))
WATCH_WRITE(ssize_t, pwrite64, (int fd, const void *p, size_t n, off64_t offset), (fd, p, n, offset))
WATCH(int, fsync, (int fd), (fd))
WATCH(int, fdatasync, (int fd), (fd))
WATCH(int, ftruncate64, (int fd, off64_t n), (fd, n))
WATCH(ssize_t, send, (int fd, const void *p, size_t n, int flags), (fd, p, n, flags))
WATCH(ssize_t, sendto, (int fd, const void *p, size_t n, int flags, __CONST_SOCKADDR_ARG to, socklen_t len),
      (fd, p, n, flags, to, len))
WATCH(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags))
WATCH(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n))
