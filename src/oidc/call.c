#include "oidc/call.h"

#include "base/cleanup.h"
#include "base/mem.h"

/* What any of the answers may have; each reader has its own limit below it. */
#define BYTES_MAX (256 * 1024)
_Static_assert(DISCOVERY_BYTES_MAX <= BYTES_MAX && KEYSET_BYTES_MAX <= BYTES_MAX, "every answer may come whole");

static void release_body(struct http_reply *reply)
{
    buf_release(&reply->body);
}

static void keep(void *ctx, const struct http_reply *reply)
{
    struct http_reply *kept = ctx;
    *kept = *reply;
    kept->body = (struct buf)BUF_INIT;
    buf_add(&kept->body, reply->body.data, reply->body.len);
}

int call_send(const char *ca_file, const struct http_request *request, struct http_reply *ret, struct err *err)
{
    const struct http_policy policy = {
        .ca_file = ca_file, .connections = 1, .timeout = CALL_TIMEOUT, .max_bytes = BYTES_MAX};
    CLEANUP(http_close) struct http *http = NULL;
    CLEANUP(freep) struct http_reply *reply = mem_zero(sizeof *reply);
    if (http_open(&policy, &http, err) != 0)
        return -1;
    http_start(http, request, keep, reply);
    http_run(http);
    if (reply->err.kind != ERR_NONE) {
        *err = reply->err;
        release_body(reply);
        return -1;
    }
    *ret = *reply;
    return 0;
}

static int send_directly(void *ctx, const char *ca_file, const struct http_request *request, struct http_reply *ret,
                         struct err *err)
{
    (void)ctx;
    return call_send(ca_file, request, ret, err);
}

const struct caller call_directly = {.send = send_directly};

static int get(const struct caller *caller, const char *ca_file, const char *url, const char *what,
               struct http_reply *ret, struct err *err)
{
    const struct http_request request = {.method = "GET", .url = url, .accept = "application/json"};
    CLEANUP(release_body) struct http_reply reply = {0};
    if (caller->send(caller->ctx, ca_file, &request, &reply, err) != 0)
        return err_wrap(err, "provider's %s", what);
    if (reply.status != 200)
        return err_set(err, reply.status >= 500 || reply.status == 429 ? ERR_NETWORK : ERR_REFUSED,
                       "provider's %s: %s answers with status %ld; check issuer of the connection, and look at the "
                       "provider's log",
                       what, url, reply.status);
    *ret = reply;
    reply.body = (struct buf)BUF_INIT;
    return 0;
}

int call_discovery(struct pool *pool, const struct caller *caller, const char *ca_file, const char *issuer,
                   struct provider *ret, struct err *err)
{
    CLEANUP(release_body) struct http_reply reply = {0};
    if (get(caller, ca_file, discovery_url(pool, issuer), "discovery document", &reply, err) != 0)
        return -1;
    return discovery_read(pool, (struct span){reply.body.data, reply.body.len}, issuer, ret, err);
}

int call_keyset(const struct caller *caller, const char *ca_file, const struct provider *provider, struct keyset **ret,
                struct err *err)
{
    CLEANUP(release_body) struct http_reply reply = {0};
    if (get(caller, ca_file, provider->jwks, "key set", &reply, err) != 0)
        return -1;
    return keyset_read((struct span){reply.body.data, reply.body.len}, ret, err);
}
