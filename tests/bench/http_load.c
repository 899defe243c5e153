/*
 * Sends prepared HTTP/1.1 requests over several connections that stay open, each as fast as it is answered.
 *
 *   http_load PORT CONNECTIONS <REQUESTS >ANSWERS
 *
 * In: each request behind a line with its length in bytes. Out: for each, in the same order, a line "STATUS MICROSECONDS LENGTH" and the answer's
 * headers; at the end a line "seconds N". A connection that the server closed is opened again; a request that got no answer at all has status 0.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#define ANSWER_MAX 65536 /* bytes of one answer */

struct exchange {
    char *request, *headers;
    size_t n;
    int status;
    double took; /* seconds */
};

static struct {
    struct exchange *all;
    size_t n, cap;
    atomic_size_t next;
    uint16_t port;
} work;

static void read_requests(void)
{
    char line[32];
    while (fgets(line, sizeof line, stdin)) {
        struct exchange *e = MEM_PUSH(&work.all, &work.n, &work.cap);
        *e = (struct exchange){.n = strtoul(line, NULL, 10)};
        e->request = mem_alloc(e->n);
        if (fread(e->request, 1, e->n, stdin) != e->n)
            exit(64);
    }
}

static int reach(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(work.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static bool send_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
        if (k <= 0)
            return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

/* Bytes that the answer has altogether, once its headers are there; 0: not yet. */
static size_t whole(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n"), *length = strcasestr(answer, "\r\nContent-Length:");
    return !end ? 0 : (size_t)(end - answer) + 4 + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
}

static bool exchange(int fd, struct exchange *e)
{
    char answer[ANSWER_MAX + 1];
    size_t have = 0, want = 0;
    double began = clock_monotonic();
    if (!send_all(fd, e->request, e->n))
        return false;
    while (!want || have < want) {
        ssize_t k = recv(fd, answer + have, ANSWER_MAX - have, 0);
        if (k <= 0)
            return false;
        have += (size_t)k;
        answer[have] = '\0';
        want = want ? want : whole(answer);
    }
    e->took = clock_monotonic() - began;
    e->status = (int)strtol(answer + sizeof "HTTP/1.1", NULL, 10);
    e->headers = strndup(answer, (size_t)(strstr(answer, "\r\n\r\n") - answer) + 2);
    return !strcasestr(e->headers, "\r\nConnection: close");
}

static void *run(void *unused)
{
    int fd = -1;
    (void)unused;
    for (size_t i; (i = atomic_fetch_add(&work.next, 1)) < work.n;) {
        if (fd < 0)
            fd = reach();
        if (fd >= 0 && !exchange(fd, &work.all[i])) {
            close(fd);
            fd = -1;
        }
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

int main(int argc, char **argv)
{
    long connections = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    if (connections < 1) {
        fprintf(stderr, "usage: http_load PORT CONNECTIONS <REQUESTS >ANSWERS\n");
        return 64;
    }
    work.port = (uint16_t)strtoul(argv[1], NULL, 10);
    read_requests();
    pthread_t *threads = mem_zero((size_t)connections * sizeof *threads);
    double began = clock_monotonic();
    for (long i = 0; i < connections; i++)
        pthread_create(&threads[i], NULL, run, NULL);
    for (long i = 0; i < connections; i++)
        pthread_join(threads[i], NULL);
    double took = clock_monotonic() - began;
    for (size_t i = 0; i < work.n; i++) {
        const struct exchange *e = &work.all[i];
        size_t n = e->headers ? strlen(e->headers) : 0;
        printf("%d %.0f %zu\n", e->status, e->took * 1e6, n);
        fwrite(e->headers ? e->headers : "", 1, n, stdout);
    }
    printf("seconds %.6f\n", took);
    return 0;
}
