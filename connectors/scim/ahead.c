#include "connectors/scim/ahead.h"

#include "base/clock.h"

void scim_ahead_clear(struct scim_ahead *ahead)
{
    for (size_t i = 0; i < ahead->n; i++)
        buf_release(&ahead->pages[i].body);
    ahead->n = 0;
}

size_t scim_ahead_width(const struct scim_reader *reader)
{
    size_t width = reader->service->brake.width;
    return width < 1 ? 1 : width < SCIM_AHEAD_MAX ? width : SCIM_AHEAD_MAX;
}

static void on_page(void *ctx, const struct http_reply *reply)
{
    struct scim_ahead_page *page = ctx;
    page->good = reply->status == 200 && reply->err.kind == ERR_NONE;
    if (page->good)
        buf_add(&page->body, reply->body.data, reply->body.len);
}

void scim_ahead_fetch(struct scim_ahead *ahead, struct scim_reader *reader, const size_t *starts,
                      const char *const *urls, size_t n)
{
    struct scim_service *service = reader->service;
    struct platform_answer fault;
    scim_ahead_clear(ahead);
    if (scim_service_ready(service, &fault) != 0)
        return;
    for (size_t i = 0; i < n && brake_lets(&service->brake, service->running, clock_monotonic()); i++) {
        struct scim_ahead_page *page = &ahead->pages[ahead->n++];
        struct http_request request = {
            .method = "GET", .url = urls[i], .type = SCIM_TYPE, .max_bytes = 2 * SCIM_AHEAD_SIZE};
        *page = (struct scim_ahead_page){.start = starts[i]};
        scim_service_start(service, &request, on_page, page);
    }
    http_run(service->http);
}

bool scim_ahead_take(struct scim_ahead *ahead, size_t start, struct buf *ret)
{
    for (size_t i = 0; i < ahead->n; i++) {
        struct scim_ahead_page *page = &ahead->pages[i];
        if (!page->good || page->start != start)
            continue;
        buf_release(ret);
        *ret = page->body;
        page->body = (struct buf)BUF_INIT;
        page->good = false;
        return true;
    }
    return false;
}
