/*
 * An HTTP server: requests come in whole, within limits, and a handler answers them one at a time.
 *
 *   server_start -> (the handler is called from several threads) -> server_tick once a second, server_renew… -> server_stop
 *
 * The handler reads from top to bottom and may wait for its own work: a thread serves one request meanwhile. What it is
 * handed is as it was received; nothing of it is trusted.
 */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"
#include "base/span.h"

#define SERVER_BODY_MAX    (16 * 1024 * 1024) /* bytes, whatever a handler asks for */
#define SERVER_BODY_UNREAD ((size_t)-1)       /* instead of a size: answered without its body, whatever it holds */
#define SERVER_HEADERS_MAX 32768         /* bytes of request line and headers */
#define SERVER_VALUES_MAX  64            /* parameters of a query or a form */
#define SERVER_BODIES_MAX  (256u << 20)  /* bytes of all bodies that are there at once */

struct server;
struct request;

/* What a handler fills. Freed by the server. */
struct response {
    int status;       /* 200, … */
    struct buf body;  /* with its length */
    const char *type; /* Content-Type; NULL: no body */
    struct response_header {
        const char *name, *value;
    } * headers; /* added by response_header */
    size_t nheaders, cap;
};

struct server_settings {
    const char *address;     /* to listen at: "127.0.0.1", "::1" */
    uint16_t port;           /* 0: any free one */
    const char *certificate; /* PEM text, with the chain; NULL: plain HTTP */
    const char *key;         /* PEM text */
    unsigned threads;        /* 1 and up */
    unsigned connections;    /* at once, all together */
    unsigned per_address;    /* at once, from one address; 0: no limit */
    unsigned idle;           /* seconds without a byte until a connection is closed */
    unsigned longest;        /* seconds that a body may take to arrive; beyond idle, headers as well */
    /*
     * The largest body of this request that is worth reading, at most SERVER_BODY_MAX; 0: none; SERVER_BODY_UNREAD: who asks is not let in. Called
     * before it is read.
     */
    size_t (*body_max)(void *ctx, const struct request *request);
    void (*handle)(void *ctx, const struct request *request, struct response *response);
    /*
     * Does its answer wait for another machine? Then "handle" is called in one of slow_threads more threads, and nobody else waits behind it. NULL: none
     * does. More than LANE_WAITING_MAX that wait get status 503.
     */
    bool (*is_slow)(void *ctx, const struct request *request);
    unsigned slow_threads;
    void *ctx;
};

/* ERR_NETWORK: the address is taken or not ours; ERR_CONFIG: certificate and key do not fit. */
int server_start(const struct server_settings *settings, struct server **ret, struct err *err);
uint16_t server_port(const struct server *server);
/* Other certificate and key, for connections that begin from now on. On -1 the old ones stay. */
int server_renew(struct server *server, const char *certificate, const char *key, struct err *err);
/* Cuts connections whose next request takes longer than idle and longest together to come in. */
void server_tick(struct server *server);
/* Requests that are being answered are finished. */
void server_stop(struct server **server);

/* --- what a handler asks of its request; texts live in the request's pool ------------------------------------------ */

struct pool *request_pool(const struct request *request);
const char *request_method(const struct request *request); /* "GET" */
const char *request_path(const struct request *request);   /* decoded, without the query */
struct span request_query(const struct request *request);  /* the octets behind "?", as they were received */
struct span request_body(const struct request *request);
const char *request_peer(const struct request *request); /* numeric address of who connected */
bool request_is_tls(const struct request *request);
/* Its body is longer than body_max said, and was not read: whatever is answered gets status 413, and the connection is closed. */
bool request_is_too_large(const struct request *request);
/* body_max said SERVER_BODY_UNREAD: if there was a body, it is not here, and the connection is closed behind the answer. */
bool request_is_unread(const struct request *request);
/* NULL: not there. Of several of one name, the first. */
const char *request_header(const struct request *request, const char *name);
/* Of several of one name, all, in their order with commas between them (RFC 9110, 5.3). NULL: not there. */
const char *request_header_lines(const struct request *request, const char *name);
const char *request_cookie(const struct request *request, const char *name);
/*
 * A parameter of the query, or of a body of type application/x-www-form-urlencoded. 1: there once; 0: not there; -1: more than once, or
 * not clean UTF-8, for which there is no honest reason.
 */
int request_param(const struct request *request, const char *name, const char **ret);
int request_field(const struct request *request, const char *name, const char **ret);
/* The same of a value of any octets: base64 comes in lines. -1: only when it is there more than once. */
int request_field_octets(const struct request *request, const char *name, struct span *ret);

/* --- and of its response ------------------------------------------------------------------------------------------- */

/*
 * Adds a header; name and value have to live as long as the request's pool. With a value that could begin a line of its own nothing is
 * answered but status 500.
 */
void response_header(struct response *response, const char *name, const char *value);

#endif
