#include "connectors/scim/platform.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "connectors/scim/job.h"
#include "connectors/scim/settings.h"
#include "connectors/scim/token.h"

/* Tasks for each connection in one send: enough that waiting for the last of them does not count. */
#define TASKS_PER_CONNECTION 8
/* A service that leaves this many tasks in a row without an answer, and as many as go at once, is not asked more. */
#define SILENT_TASKS 4

struct platform {
    struct scim_service service;
    struct scim_token token;
    size_t connections;
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
    http_close(&p->service.http);
    scim_service_release(&p->service);
    scim_token_release(&p->token);
    free(p);
    *platform = NULL;
}

static int refresh_token(struct platform *p, struct err *err)
{
    bool changed = false;
    if (scim_token_refresh(&p->token, &changed, err) != 0)
        return -1;
    if (changed)
        http_set_token(p->service.http, p->token.text.data);
    return 0;
}

static int scim_open(const struct conf_section *section, struct store *store, int64_t team, int64_t now,
                     struct platform **ret, struct err *err)
{
    (void)store, (void)team, (void)now;
    CLEANUP(scim_close) struct platform *p = mem_zero(sizeof *p);
    struct http_policy policy = {.ca_file = conf_str(section, "ca-file"),
                                 .connections = (size_t)conf_int(section, "connections"),
                                 .timeout = conf_int(section, "timeout"),
                                 .max_bytes = SCIM_BODY_MAX};
    scim_ids_init(&p->service.ids);
    p->service.base = conf_str(section, "url");
    scim_service_mark(&p->service);
    p->token.path = conf_str(section, "token-file");
    p->connections = policy.connections;
    if (http_open(&policy, &p->service.http, err) != 0 || refresh_token(p, err) != 0)
        return err_wrap(err, "platform %s", conf_name(section));
    *ret = TAKE(p);
    return 0;
}

static size_t scim_width(const struct platform *platform, enum op op)
{
    (void)op;
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

static void begin_ready(struct sending *s)
{
    while (s->ready && s->running < s->platform->connections && !s->halted) {
        s->running++;
        scim_job_begin(take_ready(s));
    }
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
    s->rest = (struct platform_answer){.verdict = job->answer->verdict, .wait = job->answer->wait};
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

static void stop_all(struct platform_answer *answers, size_t n, const struct err *why)
{
    for (size_t i = 0; i < n; i++)
        answers[i] = (struct platform_answer){.verdict = PLATFORM_STOP, .why = *why};
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
    struct err why = ERR_INIT;
    if (n == 0)
        return;
    if (refresh_token(platform, &why) != 0)
        stop_all(ret, n, &why);
    else
        carry_out(platform, tasks, n, ret);
}

const struct platform_connector scim_platform = {
    .name = "scim",
    .help = "A service with SCIM 2.0 (RFC 7644). Products are groups there, by their titles.",
    .settings = scim_rows,
    .check = scim_settings_check,
    .open = scim_open,
    .send = scim_send,
    .width = scim_width,
    .close = scim_close,
};
