#include "daemon/notify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

static int notify_fd = -1;
static double watchdog_every;

/* "@name" is abstract: a zero byte in front, and a length instead of a zero behind. */
static int connect_to(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if ((*path != '/' && *path != '@') || n >= sizeof to.sun_path)
        return -1;
    memcpy(to.sun_path, path, n);
    if (*path == '@')
        to.sun_path[0] = '\0';
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (*path == '/'));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, size) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static double read_watchdog(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    intmax_t whole = usec ? strtoimax(usec, NULL, 10) : 0;
    if (whole <= 0 || (pid && strtoimax(pid, NULL, 10) != getpid()))
        return 0;
    return (double)whole / 2e6;
}

void notify_open(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    watchdog_every = read_watchdog();
    notify_fd = path ? connect_to(path) : -1;
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

void notify_send(const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (notify_fd >= 0)
        send(notify_fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void notify_reloading(void)
{
    notify_send("RELOADING=1\nMONOTONIC_USEC=%" PRIu64, (uint64_t)(clock_monotonic() * 1e6));
}

double notify_watchdog(void)
{
    return watchdog_every;
}

void notify_close(void)
{
    if (notify_fd >= 0)
        close(notify_fd);
    notify_fd = -1;
}
