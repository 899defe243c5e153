#include "net/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/lane.h"
#include "net/request.h"
#include "net/watch.h"

#define BACKLOG 256

struct server {
    struct server_settings settings;
    struct MHD_Daemon *daemon;
    char *certificate, *key; /* GnuTLS reads them when a daemon starts */
    struct watch *watch;
    atomic_size_t bodies; /* bytes */
    int socket;
    uint16_t port;
    struct lane *lane; /* NULL: no request is slow */
    pthread_mutex_t lock;
    pthread_cond_t done;
    unsigned aside; /* requests that were handed to the lane, until their answers are sent */
    bool closing;   /* no more are */
};

/* --- one request -------------------------------------------------------------------------------------------------- */

static struct MHD_Response *make_response(const struct response *response)
{
    struct MHD_Response *out =
        MHD_create_response_from_buffer(response->body.len, (void *)buf_str(&response->body), MHD_RESPMEM_MUST_COPY);
    bool good = out && (!response->type || MHD_add_response_header(out, "Content-Type", response->type) == MHD_YES);
    for (size_t i = 0; good && i < response->nheaders; i++)
        good = MHD_add_response_header(out, response->headers[i].name, response->headers[i].value) == MHD_YES;
    if (good)
        return out;
    if (out)
        MHD_destroy_response(out);
    return NULL;
}

static enum MHD_Result queue(struct MHD_Connection *connection, const struct response *response)
{
    static const struct response broken = {.status = 500};
    struct MHD_Response *out = make_response(response);
    int status = out ? response->status : broken.status;
    if (!out)
        out = make_response(&broken);
    enum MHD_Result r = out ? MHD_queue_response(connection, (unsigned)status, out) : MHD_NO;
    if (out)
        MHD_destroy_response(out);
    return r;
}

static void response_release(struct response *response)
{
    buf_release(&response->body);
    free(response->headers);
}

/* --- requests that wait for others ---------------------------------------------------------------------------------- */

static void answer_aside(void *job)
{
    struct request *request = job;
    const struct server_settings *settings = &request->server->settings;
    settings->handle(settings->ctx, request, &request->response);
    request->answered = true;
    MHD_resume_connection(request->connection);
}

/* libmicrohttpd must not stop while a connection is suspended. */
static bool may_step_aside(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    bool may = !server->closing;
    server->aside += may;
    pthread_mutex_unlock(&server->lock);
    return may;
}

static bool step_aside(struct server *server, struct request *request)
{
    const struct server_settings *settings = &server->settings;
    if (!server->lane || !settings->is_slow(settings->ctx, request) || !may_step_aside(server))
        return false;
    request->aside = true;
    request->response.status = 503;
    MHD_suspend_connection(request->connection);
    if (!lane_put(server->lane, request)) {
        request->answered = true;
        MHD_resume_connection(request->connection);
    }
    return true;
}

static void note_done(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    server->aside--;
    pthread_cond_broadcast(&server->done);
    pthread_mutex_unlock(&server->lock);
}

/* Until all that were handed over are answered; nothing more is, as long as closing. */
static void close_lane(struct server *server, bool closing)
{
    pthread_mutex_lock(&server->lock);
    server->closing = closing;
    while (closing && server->aside > 0)
        pthread_cond_wait(&server->done, &server->lock);
    pthread_mutex_unlock(&server->lock);
}

/* --- from the request line to the answer ----------------------------------------------------------------------------- */

static enum MHD_Result answer(struct server *server, struct request *request)
{
    if (request->answered)
        return queue(request->connection, &request->response);
    if (!request->too_large && !request->unread && step_aside(server, request))
        return MHD_YES;
    CLEANUP(response_release) struct response response = {.status = 500};
    server->settings.handle(server->settings.ctx, request, &response);
    if (request->too_large)
        response.status = MHD_HTTP_CONTENT_TOO_LARGE;
    if (request->too_large || request->unread) /* the rest need not be read either */
        response_header(&response, "Connection", "close");
    return queue(request->connection, &response);
}

/* Before a body is read: the connection is closed behind the answer, so that the rest need not be read either. */
static enum MHD_Result refuse(struct MHD_Connection *connection, int status)
{
    CLEANUP(response_release) struct response response = {.status = status};
    response_header(&response, "Connection", "close");
    return queue(connection, &response);
}

/* --- headers that two readers could understand differently (RFC 9112, 6.3 and 3.2) ---------------------------------- */

struct tally {
    const char *name;
    unsigned n;
    bool odd; /* a name is no token ("Transfer-Encoding "), or a value holds a control character */
};

/* RFC 9110, 5.6.2 */
static bool is_token(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", text[i]))
            return false;
    return n > 0;
}

static enum MHD_Result count_header(void *ctx, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                    const char *value, size_t n)
{
    struct tally *tally = ctx;
    (void)kind;
    tally->n += name_size == strlen(tally->name) && strncasecmp(name, tally->name, name_size) == 0;
    tally->odd = tally->odd || !is_token(name, name_size);
    for (size_t i = 0; i < n; i++)
        tally->odd = tally->odd || ((unsigned char)value[i] < ' ' && value[i] != '\t') || value[i] == 0x7f;
    return MHD_YES;
}

static struct tally tally_of(const struct request *request, const char *name)
{
    struct tally tally = {.name = name};
    MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, count_header, &tally);
    return tally;
}

static bool is_digits(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && strspn(text, "0123456789") == n;
}

/* How long the body is, whose request it is: said once, in one way. */
static bool is_unambiguous(const struct request *request)
{
    struct tally length = tally_of(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    struct tally coding = tally_of(request, MHD_HTTP_HEADER_TRANSFER_ENCODING);
    struct tally host = tally_of(request, MHD_HTTP_HEADER_HOST);
    const char *bytes = request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    const char *how = request_header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING);
    return length.n + coding.n <= 1 && host.n <= 1 && !host.odd && (!bytes || is_digits(bytes)) &&
           (!how || strcasecmp(how, "chunked") == 0);
}

static enum MHD_Result begin(struct server *server, struct request *request)
{
    const char *length = request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (!request->clean || !is_unambiguous(request))
        return refuse(request->connection, MHD_HTTP_BAD_REQUEST);
    request->body_max = server->settings.body_max(server->settings.ctx, request);
    request->unread = request->body_max == SERVER_BODY_UNREAD;
    if (request->body_max > SERVER_BODY_MAX)
        request->body_max = SERVER_BODY_MAX;
    if (request->unread)
        return answer(server, request);
    request->too_large = length && strtoull(length, NULL, 10) > request->body_max;
    return request->too_large ? answer(server, request) : MHD_YES;
}

static enum MHD_Result take_body(struct server *server, struct request *request, const char *data, size_t *n)
{
    if (request->body.len + *n > request->body_max)
        return MHD_NO; /* more than it said, or chunks without end */
    if (clock_monotonic() - request->began > server->settings.longest)
        return MHD_NO;
    if (atomic_fetch_add(&server->bodies, *n) + *n > SERVER_BODIES_MAX) {
        atomic_fetch_sub(&server->bodies, *n);
        return MHD_NO;
    }
    request->bodies = &server->bodies;
    buf_add(&request->body, data, *n);
    *n = 0;
    return MHD_YES;
}

/* --- what libmicrohttpd calls ------------------------------------------------------------------------------------------ */

static struct watched *watched_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **place,
                          enum MHD_ConnectionNotificationCode what)
{
    struct server *server = ctx;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *place = info ? watch_add(server->watch, info->connect_fd) : NULL;
    } else {
        watch_remove(server->watch, *place);
        *place = NULL;
    }
}

static enum MHD_Result on_access(void *ctx, struct MHD_Connection *connection, const char *path, const char *method,
                                 const char *version, const char *data, size_t *n, void **place)
{
    struct server *server = ctx;
    struct request *request = *place;
    (void)version;
    if (!request->method) {
        watch_busy(server->watch, watched_of(connection));
        request->connection = connection;
        request->path = path;
        request->method = method;
        request->tls = server->certificate != NULL;
        request->server = server;
        return begin(server, request);
    }
    return *n ? take_body(server, request, data, n) : answer(server, request);
}

/* Called with the request line as it was received, before anything of it is decoded. */
static void *on_uri(void *ctx, const char *uri, struct MHD_Connection *connection)
{
    (void)ctx;
    (void)connection;
    return request_new(uri);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **place,
                         enum MHD_RequestTerminationCode how)
{
    struct server *server = ctx;
    struct request *request = *place;
    (void)how;
    *place = NULL;
    watch_idle(server->watch, watched_of(connection));
    if (!request)
        return;
    bool aside = request->aside;
    response_release(&request->response);
    request_free(request);
    if (aside)
        note_done(server);
}

static void on_log(void *ctx, const char *fmt, va_list ap)
{
    (void)ctx; /* what a stranger sends is no news */
    (void)fmt;
    (void)ap;
}

/* --- starting and stopping ---------------------------------------------------------------------------------------- */

static int refuse_address(const struct server_settings *settings, int why, struct err *err)
{
    const char *remedy = "";
    if (why == EACCES)
        remedy = "; a port below 1024 takes CAP_NET_BIND_SERVICE, which doorward.service gives; or choose another";
    else if (why == EADDRINUSE)
        remedy = "; another program listens there (ss -ltnp shows it): end it, or choose another port";
    return err_set(err, ERR_NETWORK, "listen address %s port %u: %s%s", settings->address, settings->port,
                   strerror(why), remedy);
}

static int open_socket(const struct server_settings *settings, struct server *server, struct err *err)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
    bool is_v6 = strchr(settings->address, ':') != NULL;
    socklen_t n = is_v6 ? sizeof *v6 : sizeof *v4;
    int on = 1;
    address.ss_family = is_v6 ? AF_INET6 : AF_INET;
    if (inet_pton(address.ss_family, settings->address, is_v6 ? (void *)&v6->sin6_addr : (void *)&v4->sin_addr) != 1)
        return err_set(err, ERR_CONFIG,
                       "listen address '%s': not a numeric address; write 127.0.0.1 or ::", settings->address);
    *(is_v6 ? &v6->sin6_port : &v4->sin_port) = htons(settings->port);
    server->socket = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->socket < 0 || setsockopt(server->socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(server->socket, (struct sockaddr *)&address, n) != 0 || listen(server->socket, BACKLOG) != 0 ||
        getsockname(server->socket, (struct sockaddr *)&address, &n) != 0)
        return refuse_address(settings, errno, err);
    server->port = ntohs(is_v6 ? v6->sin6_port : v4->sin_port);
    return 0;
}

/* Each daemon has a descriptor of its own: one that cannot start closes what it was given. */
static struct MHD_Daemon *start_daemon(struct server *server, const char *certificate, const char *key)
{
    const struct server_settings *s = &server->settings;
    int own = fcntl(server->socket, F_DUPFD_CLOEXEC, 0);
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME |
                     (certificate ? MHD_USE_TLS : 0);
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL}};
    if (!certificate)
        tls[0].option = MHD_OPTION_END;
    return MHD_start_daemon(flags, 0, NULL, NULL, on_access, server,                        /**/
                            MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,                       /**/
                            MHD_OPTION_LISTEN_SOCKET, own,                                  /**/
                            MHD_OPTION_THREAD_POOL_SIZE, s->threads,                        /**/
                            MHD_OPTION_CONNECTION_LIMIT, s->connections,                    /**/
                            MHD_OPTION_PER_IP_CONNECTION_LIMIT, s->per_address,             /**/
                            MHD_OPTION_CONNECTION_TIMEOUT, s->idle,                         /**/
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_HEADERS_MAX, /**/
                            MHD_OPTION_STRICT_FOR_CLIENT, 1,                                /**/
                            MHD_OPTION_URI_LOG_CALLBACK, on_uri, NULL,                      /**/
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,              /**/
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,            /**/
                            MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

/* It takes nothing new, and ends when what it has is answered. */
static void stop_daemon(struct server *server, struct MHD_Daemon *daemon)
{
    if (!daemon)
        return;
    int own = MHD_quiesce_daemon(daemon);
    close_lane(server, true);
    MHD_stop_daemon(daemon);
    close_lane(server, false);
    if (own >= 0)
        close(own);
}

static int renew(struct server *server, const char *certificate, const char *key, struct err *err)
{
    struct MHD_Daemon *old = server->daemon, *daemon = start_daemon(server, certificate, key);
    if (!daemon)
        return err_set(err, certificate ? ERR_CONFIG : ERR_FAILED, "web server at %s port %u: it cannot be started%s",
                       server->settings.address, server->port,
                       certificate ? "; check that the key is that of the certificate" : "");
    server->daemon = daemon;
    free(server->certificate);
    free(server->key);
    server->certificate = certificate ? mem_strdup(certificate) : NULL;
    server->key = key ? mem_strdup(key) : NULL;
    stop_daemon(server, old);
    return 0;
}

int server_start(const struct server_settings *settings, struct server **ret, struct err *err)
{
    CLEANUP(server_stop) struct server *server = mem_zero(sizeof *server);
    server->settings = *settings;
    server->socket = -1;
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->done, NULL);
    server->watch = watch_new();
    if (settings->is_slow && lane_start(settings->slow_threads, answer_aside, &server->lane, err) != 0)
        return -1;
    if (open_socket(settings, server, err) != 0 || renew(server, settings->certificate, settings->key, err) != 0)
        return -1;
    *ret = TAKE(server);
    return 0;
}

uint16_t server_port(const struct server *server)
{
    return server->port;
}

int server_renew(struct server *server, const char *certificate, const char *key, struct err *err)
{
    return renew(server, certificate, key, err);
}

void server_tick(struct server *server)
{
    watch_cut(server->watch, server->settings.idle + server->settings.longest);
}

void server_stop(struct server **server)
{
    struct server *s = *server;
    if (!s)
        return;
    stop_daemon(s, s->daemon);
    lane_stop(&s->lane);
    if (s->socket >= 0)
        close(s->socket);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->done);
    watch_free(&s->watch);
    free(s->certificate);
    free(s->key);
    free(s);
    *server = NULL;
}
