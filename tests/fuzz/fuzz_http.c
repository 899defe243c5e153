/*
 * Whatever comes over a connection to the HTTP server: no crash, and what a handler is given is no longer than what was sent. Bytes that hold
 * " HTTP/1." are sent as they are, others as the body of a form of the right length, which mutations of a whole request rarely are.
 *
 *   build/fuzz/fuzz_http build/fuzz/corpus/http tests/data/http
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "net/server.h"

#define ANSWER_MS 5
#define SOURCES                                                                                                        \
    200 /* addresses to connect from: each has ports of its own, and closed connections keep theirs for a minute */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct server *server;
static size_t sent;

static void require(bool ok)
{
    if (!ok)
        abort();
}

static size_t body_max(void *ctx, const struct request *request)
{
    (void)ctx, (void)request;
    return 65536;
}

static void check_value(const struct request *request, const char *name)
{
    const char *value = NULL;
    struct span octets = {0};
    if (request_param(request, name, &value) == 1)
        require(strlen(value) <= sent);
    if (request_field(request, name, &value) == 1)
        require(strlen(value) <= sent);
    if (request_field_octets(request, name, &octets) == 1)
        require(octets.n <= sent && octets.p[octets.n] == '\0');
    value = request_cookie(request, name);
    require(!value || strlen(value) <= sent);
}

static void handle(void *ctx, const struct request *request, struct response *response)
{
    static const char *const names[] = {"email", "SAMLResponse",     "RelayState",
                                        "a b",   "doorward-browser", "\xED\x95\x9C"};
    (void)ctx;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        check_value(request, names[i]);
    require(strlen(request_path(request)) <= sent && request_query(request).n <= sent &&
            request_body(request).n <= sent);
    response->status = 204;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const struct server_settings settings = {.address = "127.0.0.1",
                                                    .threads = 1,
                                                    .connections = 16,
                                                    .idle = 5,
                                                    .longest = 5,
                                                    .body_max = body_max,
                                                    .handle = handle};
    struct err err = ERR_INIT;
    (void)argc, (void)argv;
    signal(SIGPIPE, SIG_IGN);
    require(server_start(&settings, &server, &err) == 0);
    return 0;
}

static int reach(void)
{
    static unsigned turn;
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + turn++ % SOURCES)};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(server_port(server))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(fd >= 0 && bind(fd, (struct sockaddr *)&from, sizeof from) == 0);
    require(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    return fd;
}

/* Until there is an answer, or for as long as one to a whole request takes: what is cut off is left as browsers leave it. */
static void exchange(const char *data, size_t size)
{
    char answer[4096];
    int fd = reach();
    sent = size;
    for (ssize_t n = 1; size && n > 0; data += n > 0 ? n : 0, size -= n > 0 ? (size_t)n : 0)
        n = send(fd, data, size, 0);
    if (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, ANSWER_MS) == 1)
        recv(fd, answer, sizeof answer, 0);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf_release) struct buf whole = BUF_INIT;
    if (!memmem(data, size, " HTTP/1.", 8))
        buf_printf(&whole,
                   "POST /signin HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                   "Connection: close\r\nContent-Length: %zu\r\n\r\n",
                   size);
    buf_add(&whole, (const char *)data, size);
    exchange(whole.data, whole.len);
    return 0;
}
