#include "net/probe.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "crypto/random.h"
#include "net/resolvers.h"

#define HEADER    12
#define LABEL_MAX 63
#define TEXT_MAX  64

DEFINE_CLEANUP(free_addresses, struct addrinfo *, freeaddrinfo)

const char *probe_rcode(struct pool *pool, int rcode)
{
    static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
    bool known = rcode >= 0 && (size_t)rcode < sizeof names / sizeof *names;
    return known ? names[rcode] : pool_printf(pool, "RCODE %d", rcode);
}

/* A question for TXT with recursion desired (RFC 1035, 4.1). False for a name that is none. */
static bool make_question(const char *name, const unsigned char id[2], struct buf *out)
{
    const char head[HEADER] = {(char)id[0], (char)id[1], 1, 0, 0, 1}, tail[] = {0, 0, 16, 0, 1};
    buf_add(out, head, sizeof head);
    for (const char *p = name; *p;) {
        size_t n = strcspn(p, ".");
        if (n == 0 || n > LABEL_MAX)
            return false;
        buf_addc(out, (char)n);
        buf_add(out, p, n);
        p += n + (p[n] == '.');
    }
    buf_add(out, tail, sizeof tail);
    return true;
}

static int connect_to(const char *resolver)
{
    char host[TEXT_MAX];
    snprintf(host, sizeof host, "%s", resolver);
    char *at = strchr(host, '@');
    if (at)
        *at = '\0';
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM};
    CLEANUP(free_addresses) struct addrinfo *address = NULL;
    if (getaddrinfo(host, at ? at + 1 : "53", &hints, &address) != 0)
        return -1;
    int fd = socket(address->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static const char *read_reply(int fd, const unsigned char id[2], struct pool *pool)
{
    unsigned char reply[512];
    ssize_t n = recv(fd, reply, sizeof reply, 0);
    if (n < 0 && errno == ECONNREFUSED)
        return "has nothing listening on that port";
    if (n < 0)
        return pool_printf(pool, "cannot be reached (%s)", strerror(errno));
    if (n < HEADER || memcmp(reply, id, 2) != 0)
        return "answers with something that is not DNS";
    int rcode = reply[3] & 15;
    return pool_printf(pool, "answers %s", probe_rcode(pool, rcode));
}

/* Fills saying[i] as answers come in, until all have come or the time is over. */
static void wait_for_replies(struct pollfd *fds, size_t n, const unsigned char id[2], const char **saying,
                             struct pool *pool)
{
    double deadline = clock_monotonic() + PROBE_SECONDS;
    for (double left; (left = deadline - clock_monotonic()) > 0;) {
        size_t open = 0;
        for (size_t i = 0; i < n; i++)
            open += fds[i].fd >= 0;
        if (open == 0 || (poll(fds, n, (int)(left * 1000) + 1) < 0 && errno != EINTR))
            return;
        for (size_t i = 0; i < n; i++) {
            if (fds[i].fd < 0 || !fds[i].revents)
                continue;
            saying[i] = read_reply(fds[i].fd, id, pool);
            close(fds[i].fd);
            fds[i].fd = -1;
        }
    }
}

static void send_to_all(const char *const *resolvers, size_t n, const struct buf *question, struct pollfd *fds,
                        const char **saying, struct pool *pool)
{
    for (size_t i = 0; i < n; i++) {
        fds[i] = (struct pollfd){.fd = connect_to(resolvers[i]), .events = POLLIN};
        saying[i] = "does not answer";
        if (fds[i].fd >= 0 && send(fds[i].fd, question->data, question->len, 0) >= 0)
            continue;
        saying[i] = pool_printf(pool, "cannot be reached (%s)", strerror(errno));
        if (fds[i].fd >= 0)
            close(fds[i].fd);
        fds[i].fd = -1;
    }
}

const char *probe_resolvers(const char *const *resolvers, size_t n, const char *name, struct pool *pool)
{
    struct pollfd fds[RESOLVERS_MAX];
    const char *saying[RESOLVERS_MAX];
    unsigned char id[2];
    CLEANUP(buf_release) struct buf question = BUF_INIT, out = BUF_INIT;
    random_bytes(id, sizeof id);
    if (n > RESOLVERS_MAX || !make_question(name, id, &question))
        return "";
    send_to_all(resolvers, n, &question, fds, saying, pool);
    wait_for_replies(fds, n, id, saying, pool);
    for (size_t i = 0; i < n; i++) {
        if (fds[i].fd >= 0)
            close(fds[i].fd);
        buf_printf(&out, "%s%s %s", i ? "; " : "", resolvers[i], saying[i]);
    }
    return pool_strdup(pool, buf_str(&out));
}
