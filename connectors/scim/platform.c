#include "connectors/scim/platform.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "connectors/scim/job.h"
#include "connectors/scim/look.h"
#include "connectors/scim/settings.h"
#include "connectors/scim/survey.h"

/* Tasks for each connection in one send: enough that waiting for the last of them does not count. */
#define TASKS_PER_CONNECTION 8
/* A service that leaves this many tasks in a row without an answer, and as many as go at once, is not asked more. */
#define SILENT_TASKS 4

struct platform {
    struct scim_service service;
    size_t connections, retries;
    int64_t retry_wait;
};

/* The tasks of one send. */
struct sending {
    struct platform *platform;
    struct scim_job *jobs;
    size_t n, running, silent;
    struct scim_job *ready, **ready_end;
    bool halted;                 /* nothing further is begun */
    struct platform_answer rest; /* that of what was not begun then */
};

static void scim_close(struct platform **platform)
{
    struct platform *p = *platform;
    if (!p)
        return;
    scim_service_close(&p->service);
    scim_map_free(&p->service.map);
    free(p);
    *platform = NULL;
}

static int scim_open(const struct conf_section *section, struct store *store, int64_t team, int64_t now,
                     struct platform **ret, struct err *err)
{
    (void)store, (void)team, (void)now;
    CLEANUP(scim_close) struct platform *p = mem_zero(sizeof *p);
    size_t row;
    if (scim_service_open(section, &p->service, err) != 0 || scim_map_new(NULL, &p->service.map, &row, err) != 0)
        return err_wrap(err, "platform %s", conf_name(section));
    p->connections = (size_t)conf_int(section, "connections");
    p->retries = (size_t)conf_int(section, "retries");
    p->retry_wait = conf_int(section, "retry-wait");
    *ret = TAKE(p);
    return 0;
}

static size_t scim_width(const struct platform *platform)
{
    return platform->connections * TASKS_PER_CONNECTION;
}

/* --- one send --------------------------------------------------------------------------------------------------- */

static void make_ready(struct sending *s, struct scim_job *job)
{
    *s->ready_end = job;
    s->ready_end = &job->next;
}

static struct scim_job *take_ready(struct sending *s)
{
    struct scim_job *job = s->ready;
    s->ready = job->next;
    if (!s->ready)
        s->ready_end = &s->ready;
    job->next = NULL;
    return job;
}

/* What is left of this send goes out when the service lets more through. */
static void pause_sending(struct sending *s, int64_t wait)
{
    s->halted = true;
    s->rest = (struct platform_answer){.verdict = PLATFORM_RETRY, .wait = wait, .busy = true, .unsent = true};
    err_set(&s->rest.why, ERR_FAILED, "not sent yet: the service lets no more through now");
}

static void begin_ready(struct sending *s)
{
    struct brake *brake = &s->platform->service.brake;
    while (s->ready && !s->halted && brake_lets(brake, s->running, clock_monotonic())) {
        s->running++;
        scim_job_begin(take_ready(s));
    }
    if (s->ready && !s->halted && s->running == 0)
        pause_sending(s, brake_wait(brake, clock_monotonic()));
}

/* Refused as a whole, asked to be left alone, or silent: the rest would only be answered the same, or later. */
static bool is_halt(struct sending *s, const struct scim_job *job)
{
    const struct platform_answer *a = job->answer;
    s->silent = a->verdict == PLATFORM_RETRY && !job->heard ? s->silent + 1 : 0;
    return a->verdict == PLATFORM_STOP || (a->verdict == PLATFORM_RETRY && a->wait > 0) ||
           (s->silent >= SILENT_TASKS && s->silent >= s->platform->connections);
}

/* The rest is answered the same, without the name of whom it was said first. */
static void halt(struct sending *s, const struct scim_job *job)
{
    if (s->halted && job->answer->verdict != PLATFORM_STOP)
        return;
    size_t named = strlen(job->object) + 2;
    const char *why = job->answer->why.text;
    s->halted = true;
    s->rest = (struct platform_answer){
        .verdict = job->answer->verdict, .wait = job->answer->wait, .busy = job->answer->busy, .unsent = true};
    err_set(&s->rest.why, job->answer->why.kind, "not sent, because of another: %s",
            strlen(why) > named ? why + named : why);
}

static void on_ended(struct scim_job *job)
{
    struct sending *s = job->ctx;
    s->running--;
    if (is_halt(s, job))
        halt(s, job);
    if (job->behind)
        make_ready(s, job->behind);
    begin_ready(s);
}

/*
 * Those of one group wait for each other: many services read, change and write a group, and a product's group is made
 * by the first who needs it.
 */
static void line_up(struct sending *s)
{
    CLEANUP(digest_free) struct digest *digest = digest_new();
    CLEANUP(keymap_release) struct keymap last = KEYMAP_INIT;
    for (size_t i = 0; i < s->n; i++) {
        const char *group = s->jobs[i].task->object_uid;
        uint32_t ahead = KEYMAP_NONE;
        if (group) {
            digest_start(digest);
            digest_add(digest, group, strlen(group));
            struct key128 key = digest_key(digest);
            ahead = keymap_find(&last, key);
            keymap_put(&last, key, (uint32_t)i);
        }
        if (ahead == KEYMAP_NONE)
            make_ready(s, &s->jobs[i]);
        else
            s->jobs[ahead].behind = &s->jobs[i];
    }
}

static void answer_all(struct platform_answer *answers, size_t n, const struct platform_answer *same)
{
    for (size_t i = 0; i < n; i++)
        answers[i] = *same;
}

static void carry_out(struct platform *platform, const struct platform_task *tasks, size_t n,
                      struct platform_answer *ret)
{
    struct sending s = {.platform = platform, .n = n, .ready_end = &s.ready};
    s.jobs = mem_zero(n * sizeof *s.jobs);
    for (size_t i = 0; i < n; i++) {
        ret[i] = (struct platform_answer){0};
        s.jobs[i] = (struct scim_job){
            .service = &platform->service, .task = &tasks[i], .answer = &ret[i], .ended = on_ended, .ctx = &s};
    }
    line_up(&s);
    begin_ready(&s);
    http_run(platform->service.http);
    for (size_t i = 0; i < n; i++)
        if (!s.jobs[i].begun)
            ret[i] = s.rest;
    free(s.jobs);
}

static void scim_send(struct platform *platform, const struct platform_task *tasks, size_t n,
                      struct platform_answer *ret)
{
    struct platform_answer fault;
    if (n == 0)
        return;
    if (scim_service_ready(&platform->service, &fault) != 0) {
        answer_all(ret, n, &fault);
        return;
    }
    scim_survey_if_worth(&platform->service, tasks, n);
    carry_out(platform, tasks, n, ret);
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static int scim_read_all(struct platform *p, const struct platform_sink *sink, enum pull_result *ret, struct err *err)
{
    struct scim_reader reader = {.http = p->service.http,
                                 .base = p->service.base,
                                 .page = SCIM_PAGE,
                                 .most = SCIM_RESOURCES_MAX,
                                 .retries = p->retries,
                                 .first_wait = p->retry_wait,
                                 .authorize = scim_service_authorize,
                                 .ctx = &p->service};
    return scim_look(&reader, p->service.mark, sink, ret, err);
}

static int differs(struct platform *platform, const struct platform_task *task, const struct platform_found *found,
                   struct buf *ret)
{
    return scim_differs(platform->service.map, task, found, ret);
}

const struct platform_connector scim_platform = {
    .name = "scim",
    .help = "A service with SCIM 2.0 (RFC 7644). Products are groups there, by their titles.",
    .settings = scim_rows,
    .check = scim_settings_check,
    .open = scim_open,
    .send = scim_send,
    .width = scim_width,
    .read = scim_read_all,
    .differs = differs,
    .close = scim_close,
};
