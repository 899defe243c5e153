#include "net/http.h"

#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/text.h"
#include "net/address.h"
#include "net/transfer.h"

#define POLL_MILLISECONDS 1000
#define TOKEN_SHORTEST    8 /* of those that are looked for in replies: a shorter one would be found in any text */

/* A request from http_start until after its "done". */
struct exchange {
    struct exchange *next; /* in the queue */
    char *method, *url, *client_file;
    struct buf body;
    size_t sent; /* of the body */
    struct curl_slist *headers;
    http_done *done;
    void *ctx;
    struct transfer transfer;
    double began;
    bool refused_address, own_authorization;
};

struct http {
    CURLM *multi;
    char *ca_file, *token;
    size_t connections, max_bytes, running;
    long timeout;
    struct exchange *first, **last; /* the queue */
    CURL *idle[HTTP_CONNECTIONS_MAX];
    size_t nidle;
};

static void wipe_token(struct http *http)
{
    if (http->token)
        explicit_bzero(http->token, strlen(http->token));
    free(TAKE(http->token));
}

static void free_exchange(struct exchange *x)
{
    curl_slist_free_all(x->headers);
    transfer_release(&x->transfer);
    buf_release(&x->body);
    free(x->method);
    free(x->url);
    free(x->client_file);
    free(x);
}

void http_close(struct http **http)
{
    struct http *h = *http;
    if (!h)
        return;
    for (size_t i = 0; i < h->nidle; i++)
        curl_easy_cleanup(h->idle[i]);
    curl_multi_cleanup(h->multi);
    wipe_token(h);
    free(h->ca_file);
    free(h);
    *http = NULL;
}

int http_open(const struct http_policy *policy, struct http **ret, struct err *err)
{
    transfer_library();
    if (transfer_check_ca(policy->ca_file, err) != 0)
        return -1;
    struct http *h = mem_zero(sizeof *h);
    h->multi = curl_multi_init();
    if (!h->multi) {
        free(h);
        return err_set(err, ERR_FAILED, "libcurl cannot be set up for several requests at once");
    }
    h->ca_file = policy->ca_file ? mem_strdup(policy->ca_file) : NULL;
    h->connections = policy->connections;
    h->max_bytes = policy->max_bytes;
    h->timeout = (long)policy->timeout;
    h->last = &h->first;
    curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)h->connections);
    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)h->connections);
    *ret = h;
    return 0;
}

void http_set_token(struct http *http, const char *token)
{
    wipe_token(http);
    http->token = token ? mem_strdup(token) : NULL;
}

/* --- one request ------------------------------------------------------------------------------------------------ */

static void add_header(struct exchange *x, const char *name, const char *value)
{
    CLEANUP(freep) char *line = value ? mem_printf("%s: %s", name, value) : NULL;
    if (line)
        x->headers = curl_slist_append(x->headers, line);
}

void http_start(struct http *http, const struct http_request *request, http_done *done, void *ctx)
{
    struct exchange *x = mem_zero(sizeof *x);
    x->method = mem_strdup(request->method);
    x->url = mem_strdup(request->url);
    x->client_file = request->client_file ? mem_strdup(request->client_file) : NULL;
    if (request->body.n)
        buf_add(&x->body, request->body.p, request->body.n);
    add_header(x, "Accept", request->accept ? request->accept : request->type);
    add_header(x, "Content-Type", x->body.len ? request->type : NULL);
    add_header(x, "Authorization", request->authorization);
    add_header(x, "If-Match", request->if_match && *request->if_match ? request->if_match : NULL);
    x->own_authorization = request->authorization != NULL;
    /* The wait for "100 Continue" would cost a second with servers that do not know it. */
    x->headers = curl_slist_append(x->headers, "Expect:");
    x->done = done;
    x->ctx = ctx;
    x->transfer.max_bytes = request->max_bytes ? request->max_bytes : http->max_bytes;
    x->transfer.errors_only = request->body_unwanted;
    *http->last = x;
    http->last = &x->next;
}

static bool is_plain(const char *url)
{
    return strncasecmp(url, "https://", 8) != 0;
}

/* The last moment before a connection, when the address is no longer a name that may resolve to something else. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct exchange *x = arg;
    (void)purpose;
    x->refused_address = is_plain(x->url) && !address_is_loopback(&address->addr);
    return x->refused_address ? CURL_SOCKET_BAD
                              : socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Without a way back: libcurl then cannot send a body again by itself when a kept connection ends without an answer. */
static size_t on_send(char *to, size_t size, size_t n, void *arg)
{
    struct exchange *x = arg;
    size_t left = x->body.len - x->sent;
    n *= size;
    n = n < left ? n : left;
    if (n)
        memcpy(to, x->body.data + x->sent, n);
    x->sent += n;
    return n;
}

static void set_request(const struct http *http, CURL *curl, struct exchange *x)
{
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, x->method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, x->headers);
    if (x->body.len) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body.len);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_send);
        curl_easy_setopt(curl, CURLOPT_READDATA, x);
    }
    if (http->token && !x->own_authorization) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, http->token);
    }
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(curl, CURLOPT_PIPEWAIT, is_plain(x->url) ? 0L : 1L);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, x);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, x);
}

static void answer_unsent(struct exchange *x)
{
    struct http_reply *reply = mem_zero(sizeof *reply);
    reply->limit = RATE_LIMIT_NONE;
    err_set(&reply->err, ERR_FAILED, "%s: libcurl cannot be set up for it", x->url);
    x->done(x->ctx, reply);
    free(reply);
    free_exchange(x);
}

static void send_one(struct http *http, struct exchange *x)
{
    CURL *curl = http->nidle ? http->idle[--http->nidle] : curl_easy_init();
    if (!curl || !transfer_prepare(curl, &x->transfer, x->url, "https,http", http->timeout)) {
        curl_easy_cleanup(curl);
        answer_unsent(x);
        return;
    }
    set_request(http, curl, x);
    transfer_trust(curl, http->ca_file);
    if (x->client_file) {
        curl_easy_setopt(curl, CURLOPT_SSLCERT, x->client_file);
        curl_easy_setopt(curl, CURLOPT_SSLKEY, x->client_file);
    }
    x->began = clock_monotonic();
    curl_multi_add_handle(http->multi, curl);
    http->running++;
}

static void send_queued(struct http *http)
{
    while (http->first && http->running < http->connections) {
        struct exchange *x = http->first;
        http->first = x->next;
        if (!http->first)
            http->last = &http->first;
        send_one(http, x);
    }
}

/* --- replies ---------------------------------------------------------------------------------------------------- */

static void keep_header(CURL *curl, const char *name, char ret[static HTTP_HEADER_MAX])
{
    struct curl_header *header = NULL;
    if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK ||
        strlen(header->value) >= HTTP_HEADER_MAX)
        return;
    memcpy(ret, header->value, strlen(header->value) + 1);
}

static const char *header_of(void *ctx, const char *name)
{
    struct curl_header *header = NULL;
    return curl_easy_header(ctx, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK ? header->value : NULL;
}

/* The service's own clock tells best what an instant of it means. */
static void read_limit(CURL *curl, struct rate_limit *ret)
{
    const char *date = header_of(curl, "date");
    time_t now = date ? curl_getdate(date, NULL) : -1;
    rate_limit_read(header_of, curl, now > 0 ? (int64_t)now : clock_now(), ret);
}

static void hide_token(const char *token, char *text, size_t n)
{
    size_t length = token ? strlen(token) : 0;
    if (length < TOKEN_SHORTEST)
        return;
    for (char *p = text; p && (p = memmem(p, n - (size_t)(p - text), token, length)); p += length)
        memset(p, '*', length);
}

static void read_reply(const struct http *http, CURL *curl, struct exchange *x, struct http_reply *reply)
{
    curl_off_t wait = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
    if (curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK && wait > 0)
        reply->wait = wait > INT64_MAX / 1000 ? INT64_MAX : (int64_t)wait * 1000;
    read_limit(curl, &reply->limit);
    keep_header(curl, "content-type", reply->type);
    keep_header(curl, "location", reply->location);
    keep_header(curl, "etag", reply->etag);
    reply->body = x->transfer.body;
    x->transfer.body = (struct buf)BUF_INIT;
    if (reply->status < 300)
        return;
    hide_token(http->token, reply->body.data, reply->body.len);
    hide_token(http->token, reply->location, strlen(reply->location));
}

/* What was looked for is of no use to whoever mends the network. */
static void explain(const struct exchange *x, CURLcode code, struct http_reply *reply)
{
    CLEANUP(freep) char *url = mem_strndup(x->url, strcspn(x->url, "?"));
    if (x->refused_address && code == CURLE_COULDNT_CONNECT)
        err_set(&reply->err, ERR_REFUSED,
                "%s: leads to another machine, where the token would travel in the clear; use https://", url);
    else
        transfer_fault(&x->transfer, code, url, &reply->err);
    bool over_limit = x->transfer.too_large || code == CURLE_FILESIZE_EXCEEDED;
    if (!over_limit)
        reply->status = 0;
}

static void finish(struct http *http, CURL *curl, CURLcode code)
{
    struct exchange *x = NULL;
    curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&x);
    struct http_reply *reply = mem_zero(sizeof *reply);
    read_reply(http, curl, x, reply);
    if (code != CURLE_OK)
        explain(x, code, reply);
    log_debug("%s %s: %ld%s, %.0f ms", x->method, x->url, reply->status, code == CURLE_OK ? "" : " no whole reply",
              (clock_monotonic() - x->began) * 1000);
    curl_multi_remove_handle(http->multi, curl);
    curl_easy_reset(curl); /* it holds addresses inside the exchange */
    http->running--;
    http->idle[http->nidle++] = curl;
    x->done(x->ctx, reply);
    buf_release(&reply->body);
    free(reply);
    free_exchange(x);
}

static void finish_ended(struct http *http)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(http->multi, &left)))
        if (message->msg == CURLMSG_DONE)
            finish(http, message->easy_handle, message->data.result);
}

void http_run(struct http *http)
{
    int busy = 0;
    send_queued(http);
    while (http->running > 0 || http->first) {
        curl_multi_perform(http->multi, &busy);
        finish_ended(http);
        send_queued(http);
        if (busy > 0 && busy == (int)http->running)
            curl_multi_poll(http->multi, NULL, 0, POLL_MILLISECONDS, NULL);
    }
}
