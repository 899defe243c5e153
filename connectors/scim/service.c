#include "connectors/scim/service.h"

#include "base/cleanup.h"
#include "connectors/scim/answer.h"

#define OFFER_TRIES 3

void scim_service_mark(struct scim_service *service)
{
    char hex[DIGEST_HEX_MAX];
    digest_hex_of(service->base, strlen(service->base), hex);
    snprintf(service->mark, sizeof service->mark, "%.8s:", hex);
}

void scim_service_release(struct scim_service *service)
{
    scim_ids_release(&service->ids);
    scim_offer_release(&service->offer);
}

bool scim_service_lacks(const struct scim_service *service, enum scim_kind kind, const char *ours)
{
    return service->listed[kind] && scim_ids_is_new(&service->ids, ours);
}

/* --- what it offers ----------------------------------------------------------------------------------------------- */

struct asking {
    struct scim_offer *offer;
    bool last; /* whatever comes is taken */
    bool failed;
    struct scim_answer why;
};

struct one_asked {
    struct asking *asking;
    enum scim_document which;
};

static void on_document(void *ctx, const struct http_reply *reply)
{
    const struct one_asked *one = ctx;
    struct asking *a = one->asking;
    if (a->last || scim_offer_is_final(reply)) {
        scim_offer_take(a->offer, one->which, reply);
        return;
    }
    struct scim_question question = {.object = "what the service offers", .expect = SCIM_EXPECT_NOTHING};
    a->failed = true;
    scim_read(reply, &question, &a->why);
}

static void ask_all(struct scim_service *service, struct asking *a)
{
    struct one_asked each[SCIM_DOCUMENTS];
    for (unsigned i = 0; i < SCIM_DOCUMENTS; i++) {
        CLEANUP(buf_release) struct buf url = BUF_INIT;
        each[i] = (struct one_asked){a, (enum scim_document)i};
        buf_printf(&url, "%s%s", service->base, scim_document_path((enum scim_document)i));
        struct http_request request = {.method = "GET", .url = url.data, .type = SCIM_TYPE};
        http_start(service->http, &request, on_document, &each[i]);
    }
    http_run(service->http);
}

int scim_service_offer(struct scim_service *service, const struct scim_offer **ret,
                       struct platform_answer *ret_fault)
{
    if (!service->offer_known) {
        struct scim_offer offer;
        struct asking a = {.offer = &offer, .last = ++service->offer_tries >= OFFER_TRIES};
        scim_offer_init(&offer);
        ask_all(service, &a);
        if (a.failed) {
            scim_offer_release(&offer);
            *ret_fault = (struct platform_answer){.verdict = a.why.verdict, .wait = a.why.wait, .why = a.why.why};
            return -1;
        }
        service->offer = offer;
        service->offer_known = true;
    }
    *ret = &service->offer;
    return 0;
}
