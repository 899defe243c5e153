/* Internal to src/net: a request as server.c collects it and request.c reads it. */
#ifndef NET_REQUEST_H
#define NET_REQUEST_H

#include "net/server.h"

struct MHD_Connection;

struct request {
    struct MHD_Connection *connection;
    struct pool *pool;
    const char *method, *path; /* NULL until the headers are there */
    struct span query;
    struct buf body;
    size_t body_max;
    double began;
    bool tls, too_large;
};

/* uri: path and query as they were received; copied. */
struct request *request_new(const char *uri);
void request_free(struct request *request); /* NULL is fine */

#endif
