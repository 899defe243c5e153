#include "connectors/scim/reader.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "connectors/scim/request.h"
#include "net/pause.h"
#include "scim/json.h"

/* Milliseconds of a wait that the service asks for: what is read can be read by the next run, and others wait meanwhile. */
#define PATIENCE 300000

/* One request and what came of it. */
struct got {
    const struct scim_question question;
    struct buf *body;
    struct scim_answer answer;
    bool good, too_large;
};

static void on_reply(void *ctx, const struct http_reply *reply)
{
    struct got *got = ctx;
    got->too_large = reply->status >= 200 && reply->status < 300 && reply->err.kind == ERR_INPUT;
    got->good = reply->status >= 200 && reply->status < 300 && reply->err.kind == ERR_NONE;
    if (got->good)
        buf_add(got->body, reply->body.data, reply->body.len);
    else
        scim_read(reply, &got->question, &got->answer);
}

static void sleep_for(int64_t milliseconds)
{
    struct timespec left = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

static int64_t wait_before(const struct scim_reader *r, size_t tries, int64_t asked)
{
    int64_t wait = (int64_t)(pause_after((double)r->first_wait / 1000, tries) * 1000);
    return wait > asked ? wait : asked;
}

/* One try. */
static void ask(struct scim_reader *r, const char *url, struct got *got)
{
    struct http_request request = {.method = "GET", .url = url, .type = SCIM_TYPE, .max_bytes = SCIM_READ_MAX};
    struct platform_answer fault;
    buf_clear(got->body);
    got->good = got->too_large = false;
    if (scim_service_ready(r->service, &fault) != 0) {
        got->answer = (struct scim_answer){.finding = SCIM_FAULT, .verdict = fault.verdict, .why = fault.why};
        return;
    }
    int64_t wait = brake_wait(&r->service->brake, clock_monotonic());
    if (wait > PATIENCE) {
        got->answer = (struct scim_answer){.finding = SCIM_FAULT, .verdict = PLATFORM_RETRY, .wait = wait};
        err_set(&got->answer.why, ERR_FAILED, "%s: the service lets nothing more through for %lld minutes",
                got->question.object, (long long)(wait / 60000));
        return;
    }
    sleep_for(wait);
    scim_service_start(r->service, &request, on_reply, got);
    http_run(r->service->http);
}

static void adapt(struct scim_reader *r, const struct scim_features *can, size_t page)
{
    const int64_t most[] = {can->page_max, can->filter_results};
    for (size_t i = 0; i < sizeof most / sizeof *most; i++)
        if (most[i] > 0 && (size_t)most[i] < page)
            page = (size_t)most[i];
    r->page = page;
    r->by_cursor = can->cursor_pages;
}

int scim_reader_begin(struct scim_reader *r, size_t page, struct err *err)
{
    const struct scim_offer *offer;
    struct platform_answer fault;
    for (size_t tries = 1;; tries++) {
        if (scim_service_ready(r->service, &fault) == 0 && scim_service_offer(r->service, &offer, &fault) == 0)
            break;
        if (fault.verdict != PLATFORM_RETRY || tries > r->retries || fault.wait > PATIENCE) {
            *err = fault.why;
            return -1;
        }
        sleep_for(wait_before(r, tries, fault.wait));
    }
    adapt(r, &offer->can, page);
    return 0;
}

static enum scim_got judge(const struct got *got, bool may_be_none, struct err *err)
{
    if (got->good)
        return SCIM_GOT;
    if (may_be_none && got->answer.finding == SCIM_ABSENT)
        return SCIM_GOT_NONE;
    *err = got->answer.why;
    if (got->too_large)
        return SCIM_GOT_LARGE;
    return got->answer.verdict == PLATFORM_SKIP ? SCIM_GOT_REFUSAL : SCIM_GOT_FAULT;
}

enum scim_got scim_reader_get(struct scim_reader *r, const char *url, const char *object, bool may_be_none,
                              struct buf *ret, struct err *err)
{
    struct got got = {.question = {.object = object, .expect = may_be_none ? SCIM_EXPECT_NOTHING : SCIM_EXPECT_LIST},
                      .body = ret};
    for (size_t tries = 1;; tries++) {
        ask(r, url, &got);
        if (got.good || got.answer.verdict != PLATFORM_RETRY || tries > r->retries || got.answer.wait > PATIENCE)
            return judge(&got, may_be_none, err);
        sleep_for(wait_before(r, tries, got.answer.wait));
    }
}

/* HTML is what most have in place of SCIM when the address is wrong. */
static bool is_markup(const struct buf *body)
{
    size_t i = 0;
    while (i < body->len && strchr(" \t\r\n", body->data[i]) && body->data[i])
        i++;
    return i < body->len && body->data[i] == '<';
}

int scim_reader_not_scim(const char *object, const struct buf *body, const struct scim_error *why, struct err *err)
{
    if (is_markup(body))
        return err_set(err, ERR_REFUSED, "%s: the answer is not SCIM but a page for browsers; check url", object);
    return err_set(err, ERR_REFUSED,
                   "%s: the answer is not what SCIM says (%s); check url, and ask the service's makers", object,
                   why->detail);
}

struct span scim_id_of(const json_t *resource)
{
    const json_t *id = scim_json_get(resource, "id");
    struct span s = {json_string_value(id), json_string_length(id)};
    bool good = s.n > 0 && s.n < SCIM_ID_MAX && !memchr(s.p, '\0', s.n) && text_is_clean(s) && strcmp(s.p, ".") != 0 &&
                strcmp(s.p, "..") != 0;
    return good ? s : (struct span){NULL, 0};
}
