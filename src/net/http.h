/*
 * A client for one HTTP service: several requests at once over kept connections (HTTP/2 where the service offers it).
 *
 *   http_open -> (http_start… -> http_run)… -> http_close
 *
 * http_start only queues; http_run carries the queue out, at most "connections" at once, and calls each request's
 * "done" with its reply. "done" may start further requests. A request with a body is sent once, whatever becomes of it;
 * libcurl sends one without again when a kept connection ends before any answer.
 *
 * Certificates are always verified. http:// only reaches loopback addresses, whatever the name resolves to, as the
 * token would travel in the clear. No redirects, no cookies, no proxy of the environment.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "net/rate.h"

#define HTTP_CONNECTIONS_MAX 64
#define HTTP_HEADER_MAX      1024 /* bytes of a header that is kept; a longer one is taken as absent */

struct http;

struct http_policy {
    const char *ca_file; /* PEM, in place of the system's authorities; NULL: the system's */
    size_t connections;  /* 1 to HTTP_CONNECTIONS_MAX */
    int64_t timeout;     /* milliseconds for one whole request */
    size_t max_bytes;    /* of a reply's body */
};

/* Everything in it is copied by http_start. */
struct http_request {
    const char *method;        /* "GET", "POST" … */
    const char *url;           /* https://… or http://… */
    const char *type;          /* of the body, and what is accepted; NULL: neither is said */
    const char *accept;        /* what is accepted when that is another type; NULL: as type */
    const char *authorization; /* the header's whole value, in place of the token of http_set_token; NULL: that token */
    const char *client_file;   /* PEM with the certificate and the key that we show the server; NULL: none */
    const char *if_match;      /* the version that it is for (RFC 9110, 13.1.1); NULL or empty: any */
    struct span body;          /* none when empty */
    bool body_unwanted;        /* that of a reply below 300: it is let go by, of any size */
    size_t max_bytes;          /* of this reply's body; 0: the policy's */
};

struct http_reply {
    long status;     /* 0: there was no whole reply, and err says why; or over a size limit: then both are set */
    struct err err;  /* ERR_NONE, or as transfer_fault says; ERR_REFUSED also for http:// that leads elsewhere */
    struct buf body; /* dead after "done" */
    int64_t wait;    /* milliseconds, of Retry-After in either form; 0: not said */
    struct rate_limit limit;
    char type[HTTP_HEADER_MAX], location[HTTP_HEADER_MAX], etag[HTTP_HEADER_MAX]; /* "" when absent */
};

typedef void http_done(void *ctx, const struct http_reply *reply);

/* ERR_CONFIG: the CA file. */
int http_open(const struct http_policy *policy, struct http **ret, struct err *err);
void http_close(struct http **http);

/*
 * The bearer token of requests started from now on (RFC 6750); copied. NULL: none. It is in no message and no debug
 * line, and where a reply that is an error repeats it, it is made unreadable.
 */
void http_set_token(struct http *http, const char *token);
void http_start(struct http *http, const struct http_request *request, http_done *done, void *ctx);
/* Returns when nothing is queued or under way. */
void http_run(struct http *http);

#endif
