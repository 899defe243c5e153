/* Internal to src/net: a request as server.c collects it and request.c reads it. */
#ifndef NET_REQUEST_H
#define NET_REQUEST_H

#include "net/server.h"

#include <stdatomic.h>

struct MHD_Connection;

struct request {
    struct MHD_Connection *connection;
    struct pool *pool;
    const char *method, *path; /* NULL until the headers are there */
    struct span query;
    struct buf body;
    size_t body_max;
    atomic_size_t *bodies; /* of all requests: the size of this one's is in it */
    double began;
    bool tls;
    struct server *server;
    struct response response;
    bool aside, answered; /* a thread of the lane has it; and has filled the response */
    bool clean;           /* the request line, see request_new */
    bool too_large;       /* the body */
    bool unread; /* the handler was called before it */
};

/* uri: path and query as they were received; copied. What no client has a reason to send leaves the request not clean. */
struct request *request_new(const char *uri);
void request_free(struct request *request); /* NULL is fine */

#endif
