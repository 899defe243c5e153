#include "connectors/scim/service.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "connectors/scim/answer.h"

#define OFFER_TRIES 3
#define PAUSE       1000 /* milliseconds; see brake_init */

void scim_service_mark(struct scim_service *service)
{
    char hex[DIGEST_HEX_MAX];
    digest_hex_of(service->base, strlen(service->base), hex);
    snprintf(service->mark, sizeof service->mark, "%.8s:", hex);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

void scim_service_close(struct scim_service *service)
{
    http_close(&service->http);
    scim_ids_release(&service->ids);
    scim_roll_release(&service->roll[SCIM_USER]);
    scim_roll_release(&service->roll[SCIM_GROUP]);
    scim_offer_release(&service->offer);
    scim_auth_release(&service->auth);
}

int scim_service_open(const struct conf_section *section, struct scim_service *ret, struct err *err)
{
    struct http_policy policy = {.ca_file = conf_str(section, "ca-file"),
                                 .connections = (size_t)conf_int(section, "connections"),
                                 .timeout = conf_int(section, "timeout"),
                                 .max_bytes = SCIM_BODY_MAX};
    CLEANUP(scim_service_close) struct scim_service s = {.base = conf_str(section, "url")};
    if (http_open(&policy, &s.http, err) != 0)
        return -1;
    scim_ids_init(&s.ids);
    scim_auth_init(&s.auth, section);
    scim_service_mark(&s);
    brake_init(&s.brake, policy.connections, PAUSE);
    /* A file can be read at once, so that a wrong one is told before anything is begun. */
    if (!s.auth.oauth.url && scim_auth_ready(&s.auth, s.http, false, err) != 0)
        return -1;
    *ret = s;
    s = (struct scim_service){0};
    return 0;
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

/* One request until its reply was passed on. */
struct passage {
    struct scim_service *service;
    struct http_request request; /* with texts of its own */
    char *url, *if_match;
    struct buf body;
    http_done *done;
    void *ctx;
    double began;
    unsigned generation; /* of the token that it shows */
    bool again;
};

static void free_passage(struct passage *p)
{
    buf_release(&p->body);
    free(p->url);
    free(p->if_match);
    free(p);
}

static void on_passed(void *ctx, const struct http_reply *reply);

static void send(struct passage *p)
{
    p->generation = p->service->auth.generation;
    p->began = clock_monotonic();
    p->service->running++;
    brake_begin(&p->service->brake);
    http_start(p->service->http, &p->request, on_passed, p);
}

static void pass_fault(const struct passage *p, const struct http_reply *reply, const struct err *why)
{
    struct http_reply *copy = mem_zero(sizeof *copy);
    *copy = *reply;
    copy->status = 0;
    copy->err = *why;
    p->done(p->ctx, copy);
    free(copy);
}

/* Who was refused with a token that is no longer the one of now just tries that. */
static int renew(struct passage *p, struct err *err)
{
    struct scim_service *s = p->service;
    return p->generation != s->auth.generation ? 0 : scim_auth_ready(&s->auth, s->http, true, err);
}

static void on_passed(void *ctx, const struct http_reply *reply)
{
    struct passage *p = ctx;
    struct scim_service *s = p->service;
    struct err why = ERR_INIT;
    s->running--;
    brake_hear(&s->brake, reply, s->running, p->began, clock_monotonic());
    if (reply->status != 0 && reply->status != 401 && p->generation == s->auth.generation)
        scim_auth_proved(&s->auth);
    if (reply->status == 401 && !p->again && renew(p, &why) == 0) {
        p->again = true;
        send(p);
        return;
    }
    if (why.kind != ERR_NONE && why.kind != ERR_NOT_FOUND)
        pass_fault(p, reply, &why);
    else
        p->done(p->ctx, reply);
    free_passage(p);
}

void scim_service_start(struct scim_service *service, const struct http_request *request, http_done *done, void *ctx)
{
    struct passage *p = mem_zero(sizeof *p);
    *p = (struct passage){
        .service = service, .request = *request, .url = mem_strdup(request->url), .done = done, .ctx = ctx};
    if (request->body.n)
        buf_add(&p->body, request->body.p, request->body.n);
    p->if_match = request->if_match ? mem_strdup(request->if_match) : NULL;
    p->request.url = p->url;
    p->request.if_match = p->if_match;
    p->request.body = (struct span){p->body.data, p->body.len};
    send(p);
}

int scim_service_authorize(void *service, bool refused, struct err *err)
{
    struct scim_service *s = service;
    return scim_auth_ready(&s->auth, s->http, refused, err);
}

int scim_service_ready(struct scim_service *service, struct platform_answer *ret_fault)
{
    struct err why = ERR_INIT;
    if (scim_auth_ready(&service->auth, service->http, false, &why) == 0)
        return 0;
    *ret_fault = (struct platform_answer){
        .verdict = why.kind == ERR_NETWORK ? PLATFORM_RETRY : PLATFORM_STOP, .unsent = true, .why = why};
    return -1;
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
        scim_service_start(service, &request, on_document, &each[i]);
    }
    http_run(service->http);
}

int scim_service_offer(struct scim_service *service, const struct scim_offer **ret, struct platform_answer *ret_fault)
{
    if (!service->offer_known) {
        struct scim_offer offer;
        struct asking a = {.offer = &offer, .last = ++service->offer_tries >= OFFER_TRIES};
        scim_offer_init(&offer);
        ask_all(service, &a);
        if (a.failed) {
            scim_offer_release(&offer);
            *ret_fault = (struct platform_answer){
                .verdict = a.why.verdict, .wait = a.why.wait, .busy = a.why.busy, .unsent = true, .why = a.why.why};
            return -1;
        }
        service->offer = offer;
        service->offer_known = true;
    }
    *ret = &service->offer;
    return 0;
}
