#include "connectors/scim/bulk.h"

#include <jansson.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "connectors/scim/bulk_answer.h"
#include "connectors/scim/sending.h"
#include "connectors/scim/steps.h"
#include "scim/bulk.h"
#include "scim/limits.h"

/* Of an operation beside its data: the words around it, its path and its version. */
#define AROUND 300

/* A bulk request under way. */
struct carriage {
    struct scim_bulk_queue *queue;
    struct scim_bulk_item *items;
    size_t n;
};

void scim_bulk_begin(struct scim_bulk_queue *queue, struct scim_service *service)
{
    *queue = (struct scim_bulk_queue){.service = service};
}

static void free_items(struct scim_bulk_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        scim_request_release(&items[i].request);
    free(items);
}

void scim_bulk_release_queue(struct scim_bulk_queue *queue)
{
    free_items(queue->items, queue->n);
    *queue = (struct scim_bulk_queue){.service = queue->service};
}

/* --- the request -------------------------------------------------------------------------------------------------- */

static json_t *operation(const struct scim_service *service, const struct scim_bulk_item *item, size_t i)
{
    char id[24];
    const struct scim_request *r = &item->request;
    snprintf(id, sizeof id, "%zu", i);
    json_t *op =
        json_pack("{s:s, s:s, s:s}", "method", r->method, "bulkId", id, "path", r->url.data + strlen(service->base));
    if (r->version.len)
        json_object_set_new(op, "version", json_string(r->version.data));
    if (r->body.len)
        json_object_set_new(op, "data", json_loadb(r->body.data, r->body.len, 0, NULL));
    return op;
}

static char *message_of(const struct scim_service *service, const struct carriage *c)
{
    json_auto_t *operations = json_array(), *message = NULL;
    for (size_t i = 0; i < c->n; i++)
        json_array_append_new(operations, operation(service, &c->items[i], i));
    message = json_pack("{s:[s], s:O}", "schemas", SCIM_BULK_URN, "Operations", operations);
    return json_dumps(message, JSON_COMPACT);
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

/* Each by itself, as if there were no bulk. */
static void send_singly(const struct carriage *c)
{
    for (size_t i = 0; i < c->n; i++)
        scim_send_alone(c->items[i].job, &c->items[i].request, 0, scim_take_reply);
}

/* What happened to the whole happened to each; that it was not answered counts once. */
static void tell_all(const struct carriage *c, const struct http_reply *reply)
{
    for (size_t i = 0; i < c->n; i++) {
        c->items[i].job->shares = i > 0;
        scim_take_reply(c->items[i].job, reply);
    }
}

/* Whether it was done is not known: the job comes again, and looks. */
static void tell_unknown(const struct scim_bulk_item *item)
{
    struct scim_job *job = item->job;
    struct scim_answer answer = {.finding = SCIM_FAULT, .verdict = PLATFORM_RETRY};
    job->heard = true;
    err_set(&answer.why, ERR_FAILED,
            "%s: the service's answer to many changes at once does not say what became of this one; it is tried again",
            job->object);
    job->then(job, &answer);
}

static void tell_each(struct carriage *c, const struct http_reply *reply)
{
    CLEANUP(scim_bulk_answer_release) struct scim_bulk_answer answer;
    scim_bulk_answer_read(&answer, c->queue->service->base, c->items, c->n, reply);
    if (answer.lies)
        scim_manner_without_bulk(&c->queue->service->manner);
    for (size_t i = 0; i < c->n; i++)
        if (answer.replies[i])
            scim_take_reply(c->items[i].job, answer.replies[i]);
        else
            tell_unknown(&c->items[i]);
}

static void tell_all_unknown(const struct carriage *c)
{
    for (size_t i = 0; i < c->n; i++)
        tell_unknown(&c->items[i]);
}

/* Refused before anything of it was done: too large, or something that it does not know after all. */
static bool is_refused(const struct http_reply *reply)
{
    return reply->status == 400 || reply->status == 404 || reply->status == 405 || reply->status == 413 ||
           reply->status == 415 || reply->status == 422 || reply->status == 501;
}

static void judge(struct carriage *c, const struct http_reply *reply)
{
    struct scim_manner *manner = &c->queue->service->manner;
    bool is_done = reply->status >= 200 && reply->status < 300;
    if (is_refused(reply)) {
        if (reply->status == 413)
            manner->bulk = c->n / 2;
        else
            scim_manner_without_bulk(manner);
        send_singly(c);
    } else if (is_done && reply->err.kind == ERR_NONE) {
        tell_each(c, reply);
    } else if (is_done) { /* and says more of it than is read */
        scim_manner_without_bulk(manner);
        tell_all_unknown(c);
    } else {
        if (reply->status == 0)
            manner->bulk = c->n / 2; /* it may only have taken too long */
        else if (reply->status >= 500 && reply->wait == 0)
            scim_manner_without_bulk(manner);
        tell_all(c, reply);
    }
}

static void on_reply(void *ctx, const struct http_reply *reply)
{
    struct carriage *c = ctx;
    for (size_t i = 0; i < c->n; i++) {
        c->items[i].job->shares = false;
        scim_sending_resume(c->items[i].job);
    }
    judge(c, reply);
    free_items(c->items, c->n);
    free(c);
}

/* --- collecting --------------------------------------------------------------------------------------------------- */

bool scim_bulk_flush(struct scim_bulk_queue *queue)
{
    if (queue->n == 0)
        return false;
    struct carriage *c = mem_zero(sizeof *c);
    *c = (struct carriage){queue, queue->items, queue->n};
    *queue = (struct scim_bulk_queue){.service = queue->service};
    if (c->n == 1) {
        scim_sending_resume(c->items[0].job);
        send_singly(c);
        free_items(c->items, c->n);
        free(c);
        return true;
    }
    CLEANUP(buf_release) struct buf url = BUF_INIT;
    CLEANUP(freep) char *message = message_of(queue->service, c);
    buf_printf(&url, "%s/Bulk", queue->service->base);
    struct http_request request = {
        .method = "POST", .url = url.data, .type = SCIM_TYPE, .body = span_str(message), .max_bytes = SCIM_BULK_MAX};
    scim_service_start(queue->service, &request, on_reply, c);
    return true;
}

bool scim_bulk_put(struct scim_bulk_queue *queue, struct scim_job *job, struct scim_request *request)
{
    const struct scim_manner *manner = &queue->service->manner;
    size_t bytes = request->body.len + request->url.len + AROUND;
    if (manner->bulk < 2 || bytes > manner->bulk_bytes)
        return false;
    if (queue->bytes + bytes > manner->bulk_bytes)
        scim_bulk_flush(queue);
    *MEM_PUSH(&queue->items, &queue->n, &queue->cap) = (struct scim_bulk_item){.job = job, .request = *request};
    queue->bytes += bytes;
    if (queue->n >= manner->bulk)
        scim_bulk_flush(queue);
    scim_sending_wait(job);
    return true;
}
