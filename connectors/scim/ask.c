#include "connectors/scim/steps.h"

#include "base/cleanup.h"
#include "connectors/scim/rewrite.h"
#include "connectors/scim/sending.h"

/* Somebody else is faster at most so often. */
#define WRITES_MAX 5

void scim_take_reply(void *ctx, const struct http_reply *reply)
{
    struct scim_job *job = ctx;
    struct scim_answer answer;
    job->heard = reply->status != 0;
    scim_read(reply, &job->question, &answer);
    job->then(job, &answer);
}

void scim_send_alone(struct scim_job *job, const struct scim_request *request, size_t max_bytes, http_done *done)
{
    struct http_request sent = {.method = request->method,
                                .url = request->url.data,
                                .type = SCIM_TYPE,
                                .if_match = buf_str(&request->version),
                                .max_bytes = max_bytes,
                                .body = {request->body.data, request->body.len},
                                .body_unwanted = job->question.expect == SCIM_EXPECT_NOTHING};
    job->shares = false;
    scim_service_start(job->service, &sent, done, job);
}

void scim_ask(struct scim_job *job, struct scim_request *request, struct scim_question question, scim_then *then)
{
    job->question = question;
    job->question.object = job->object;
    job->then = then;
    if (question.expect != SCIM_EXPECT_LIST && question.expect != SCIM_EXPECT_SELF &&
        scim_bulk_put(&job->sending->bulk, job, request))
        return;
    scim_send_alone(job, request, 0, scim_take_reply);
    scim_request_release(request);
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

static void read_whole(struct scim_job *job);

static void end_change(struct scim_job *job, const struct scim_answer *answer)
{
    scim_request_release(&job->change);
    job->changed(job, answer);
}

static void on_written(struct scim_job *job, const struct scim_answer *answer)
{
    if (answer->finding == SCIM_CHANGED && ++job->writes < WRITES_MAX)
        read_whole(job);
    else
        end_change(job, answer);
}

static void write_whole(struct scim_job *job, const struct http_reply *reply)
{
    struct scim_request whole = SCIM_REQUEST_INIT;
    struct scim_answer answer = {.finding = SCIM_GOOD, .status = reply->status};
    if (scim_rewrite(job->service->map, &job->change, reply, &whole, &answer.why) != 0) {
        answer.finding = SCIM_FAULT;
        answer.verdict = PLATFORM_SKIP;
        err_wrap(&answer.why, "%s", job->object);
    }
    if (answer.finding == SCIM_GOOD && whole.method) {
        scim_ask(job, &whole, (struct scim_question){.expect = SCIM_EXPECT_NOTHING}, on_written);
        return;
    }
    scim_request_release(&whole);
    end_change(job, &answer);
}

/* Some services show members only to who asks: written as it was shown, the group would lose them all. */
static void on_members(void *ctx, const struct http_reply *reply)
{
    struct scim_job *job = ctx;
    struct scim_answer answer;
    job->heard = reply->status != 0;
    scim_read(reply, &job->question, &answer);
    if (answer.finding == SCIM_GOOD && scim_members_shown(reply) > 0) {
        answer.finding = SCIM_FAULT;
        answer.verdict = PLATFORM_SKIP;
        err_set(&answer.why, ERR_REFUSED,
                "%s: the service hides the members that it has, so that it cannot be written as a whole; "
                "write update = patch, if the service knows PATCH",
                job->object);
    } else if (answer.finding == SCIM_GOOD || answer.verdict == PLATFORM_SKIP) {
        job->memberless = true;
        read_whole(job);
        return;
    }
    end_change(job, &answer);
}

static void look_for_members(struct scim_job *job)
{
    CLEANUP(scim_request_release) struct scim_request get = {.method = "GET"};
    buf_printf(&get.url, "%s?attributes=members", job->change.url.data);
    scim_send_alone(job, &get, SCIM_WHOLE_MAX, on_members);
}

static bool hides_members(const struct scim_job *job, const struct http_reply *reply)
{
    return job->change.kind == SCIM_GROUP && !job->memberless && scim_members_shown(reply) < 0;
}

static void on_whole(void *ctx, const struct http_reply *reply)
{
    struct scim_job *job = ctx;
    struct scim_answer answer;
    job->heard = reply->status != 0;
    scim_read(reply, &job->question, &answer);
    if (answer.finding == SCIM_GOOD && hides_members(job, reply))
        look_for_members(job);
    else if (answer.finding == SCIM_GOOD)
        write_whole(job, reply);
    else
        end_change(job, &answer);
}

static void read_whole(struct scim_job *job)
{
    struct scim_request get = {.method = "GET", .url = job->change.url};
    job->question = (struct scim_question){.object = job->object, .expect = SCIM_EXPECT_IT};
    scim_send_alone(job, &get, SCIM_WHOLE_MAX, on_whole);
}

static void on_patched(struct scim_job *job, const struct scim_answer *answer)
{
    if (answer->finding == SCIM_NO_METHOD &&
        (job->service->manner.put || scim_manner_without_patch(&job->service->manner)))
        read_whole(job);
    else
        end_change(job, answer);
}

/* Kept until the end, as a service may turn out to have no PATCH only when it gets one. */
static struct scim_request copy_of(const struct scim_request *request)
{
    struct scim_request copy = {.method = request->method, .kind = request->kind};
    buf_adds(&copy.url, request->url.data);
    buf_adds(&copy.body, request->body.data);
    return copy;
}

void scim_change(struct scim_job *job, struct scim_request *request, scim_then *then)
{
    scim_request_release(&job->change);
    job->change = *request;
    job->changed = then;
    job->writes = 0;
    job->memberless = false;
    if (job->service->manner.put) {
        read_whole(job);
        return;
    }
    struct scim_request patch = copy_of(request);
    scim_ask(job, &patch, (struct scim_question){.expect = SCIM_EXPECT_NOTHING}, on_patched);
}
