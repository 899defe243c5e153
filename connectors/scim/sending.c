#include "connectors/scim/sending.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "connectors/scim/steps.h"

/* Tasks for each connection in one send: enough that waiting for the last of them does not count. */
#define TASKS_PER_CONNECTION 32
/* Tasks in one send where many of them are one request. */
#define TASKS_MAX 2000
/* A service that leaves this many tasks in a row without an answer, and as many as go at once, is not asked more. */
#define SILENT_TASKS 4

static bool is_membership(enum op op)
{
    return op == OP_ASSIGN || op == OP_UNASSIGN || op == OP_JOIN || op == OP_LEAVE;
}

size_t scim_sending_width(const struct scim_service *service, size_t connections, enum op op)
{
    const struct scim_manner *m = &service->manner;
    size_t together = is_membership(op) ? m->members_most : m->bulk;
    size_t each = together > TASKS_PER_CONNECTION ? together : TASKS_PER_CONNECTION;
    return connections * each < TASKS_MAX ? connections * each : TASKS_MAX;
}

/* --- turns -------------------------------------------------------------------------------------------------------- */

static struct scim_job *take_ready(struct scim_sending *s)
{
    struct scim_job *job = s->ready;
    s->ready = job->next;
    if (!s->ready)
        s->ready_end = &s->ready;
    job->next = NULL;
    return job;
}

void scim_sending_resume(struct scim_job *job)
{
    job->holds = true;
    job->sending->running++;
}

/* What is left of this send goes out when the service lets more through. */
static void pause_sending(struct scim_sending *s, int64_t wait)
{
    s->halted = true;
    s->rest = (struct platform_answer){.verdict = PLATFORM_RETRY, .wait = wait, .busy = true, .unsent = true};
    err_set(&s->rest.why, ERR_FAILED, "not sent yet: the service lets no more through now");
}

static bool is_idle(const struct scim_sending *s)
{
    return s->running == 0 && s->service->running == 0 && s->bulk.n == 0 && !s->unlisted;
}

/* Not from within itself: many that end without a request would be a deep recursion. */
static void begin_ready(struct scim_sending *s)
{
    if (s->beginning)
        return;
    struct brake *brake = &s->service->brake;
    s->beginning = true;
    while (s->ready && !s->halted && brake_lets(brake, s->running, clock_monotonic())) {
        struct scim_job *job = take_ready(s);
        scim_sending_resume(job);
        job->turn(job);
    }
    s->beginning = false;
    if (s->ready && !s->halted && is_idle(s))
        pause_sending(s, brake_wait(brake, clock_monotonic()));
}

void scim_sending_ready(struct scim_job *job)
{
    struct scim_sending *s = job->sending;
    *s->ready_end = job;
    s->ready_end = &job->next;
    begin_ready(s);
}

void scim_sending_wait(struct scim_job *job)
{
    if (job->holds)
        job->sending->running--;
    job->holds = false;
    begin_ready(job->sending);
}

void scim_sending_over(struct scim_job *job)
{
    job->over = true;
    if (job->behind)
        scim_sending_ready(job->behind);
    scim_sending_wait(job);
}

/* As the service asks for; or as long as the brake holds, where it says only that it is too much. */
static int64_t pause_after(const struct scim_sending *s, const struct platform_answer *a)
{
    return a->wait > 0 || !a->busy ? a->wait : brake_wait(&s->service->brake, clock_monotonic());
}

/* Refused as a whole, asked to be left alone, or silent: the rest would only be answered the same, or later. */
static bool is_halt(struct scim_sending *s, const struct scim_job *job)
{
    const struct platform_answer *a = job->answer;
    s->silent = a->verdict == PLATFORM_RETRY && !job->heard ? s->silent + !job->shares : 0;
    return a->verdict == PLATFORM_STOP || (a->verdict == PLATFORM_RETRY && pause_after(s, a) > 0) ||
           (s->silent >= SILENT_TASKS && s->silent >= s->connections);
}

/* The rest is answered the same, without the name of whom it was said first. */
static void halt(struct scim_sending *s, const struct scim_job *job)
{
    if (s->halted && job->answer->verdict != PLATFORM_STOP)
        return;
    size_t named = strlen(job->object) + 2;
    const char *why = job->answer->why.text;
    s->halted = true;
    s->rest = (struct platform_answer){.verdict = job->answer->verdict,
                                       .wait = pause_after(s, job->answer),
                                       .busy = job->answer->busy,
                                       .unsent = true};
    err_set(&s->rest.why, job->answer->why.kind, "not sent, because of another: %s",
            strlen(why) > named ? why + named : why);
}

bool scim_sending_hear(struct scim_job *job)
{
    if (is_halt(job->sending, job))
        halt(job->sending, job);
    return !job->sending->halted;
}

/* Whoever holds no connection was answered together with another, which was heard. */
static void on_ended(struct scim_job *job)
{
    if (job->holds)
        scim_sending_hear(job);
    if (job->crowd && !job->joined)
        scim_crowd_miss(job);
    scim_sending_over(job);
}

/* --- who waits for whom ------------------------------------------------------------------------------------------- */

static struct scim_crowd *crowd_of(struct scim_sending *s, const struct scim_job *ahead)
{
    if (ahead)
        return ahead->crowd;
    struct scim_crowd *crowd = mem_zero(sizeof *crowd);
    *MEM_PUSH(&s->crowds, &s->ncrowds, &s->crowds_cap) = crowd;
    return crowd;
}

/*
 * Those of one group act together, or wait for each other: many services read, change and write a group, and a
 * product's group is made by the first who needs it.
 */
static void line_up(struct scim_sending *s)
{
    CLEANUP(digest_free) struct digest *digest = digest_new();
    CLEANUP(keymap_release) struct keymap last = KEYMAP_INIT;
    for (size_t i = 0; i < s->n; i++) {
        struct scim_job *job = &s->jobs[i], *ahead = NULL;
        const char *group = job->task->value ? NULL : job->task->object_uid;
        if (group) {
            digest_start(digest);
            digest_add(digest, group, strlen(group));
            struct key128 key = digest_key(digest);
            uint32_t found = keymap_find(&last, key);
            ahead = found == KEYMAP_NONE ? NULL : &s->jobs[found];
            keymap_put(&last, key, (uint32_t)i);
        }
        if (group && is_membership(job->task->op))
            scim_crowd_add(crowd_of(s, ahead), job);
        else if (ahead)
            ahead->behind = job;
    }
}

static void begin(struct scim_sending *s)
{
    CLEANUP(freep) bool *waits = mem_zero(s->n * sizeof *waits);
    for (size_t i = 0; i < s->n; i++)
        if (s->jobs[i].behind)
            waits[s->jobs[i].behind - s->jobs] = true;
    s->beginning = true;
    for (size_t i = 0; i < s->n; i++)
        if (!waits[i])
            scim_sending_ready(&s->jobs[i]);
    s->beginning = false;
    begin_ready(s);
}

/* --- one send ----------------------------------------------------------------------------------------------------- */

void scim_sending_want_roll(struct scim_job *job)
{
    job->next = job->sending->unlisted;
    job->sending->unlisted = job;
    scim_sending_wait(job);
}

static int read_roll(struct scim_service *service, enum scim_kind kind, struct err *err)
{
    struct scim_roll *roll = &service->roll[kind];
    if (roll->is_read && roll->sends == service->sends)
        return 0;
    if (scim_roll_read(service, kind, roll, err) != 0)
        return -1;
    roll->sends = service->sends;
    return 0;
}

/* false: nobody waits for one. */
static bool read_rolls(struct scim_sending *s)
{
    struct scim_job *waiting = s->unlisted, *next;
    s->unlisted = NULL;
    for (struct scim_job *job = waiting; job; job = next) {
        struct err why = ERR_INIT;
        next = job->next;
        job->next = NULL;
        if (s->halted)
            continue;
        if (read_roll(s->service, job->look.kind, &why) == 0) {
            job->turn = scim_look_on;
            scim_sending_ready(job);
        } else {
            scim_sending_resume(job);
            scim_look_failed(job, &why);
        }
    }
    return waiting != NULL;
}

/* When nothing is under way, what was collected goes out, and what many wait for is read. */
static void run(struct scim_sending *s)
{
    do
        http_run(s->service->http);
    while (!s->halted && (scim_bulk_flush(&s->bulk) || read_rolls(s)));
}

static void release(struct scim_sending *s)
{
    for (size_t i = 0; i < s->n; i++)
        scim_job_release(&s->jobs[i]);
    for (size_t i = 0; i < s->ncrowds; i++) {
        scim_crowd_release(s->crowds[i]);
        free(s->crowds[i]);
    }
    scim_bulk_release_queue(&s->bulk);
    free(s->crowds);
    free(s->jobs);
}

static void send_all(struct scim_sending *s, const struct platform_task *tasks, struct platform_answer *ret)
{
    s->ready_end = &s->ready;
    s->jobs = mem_zero(s->n * sizeof *s->jobs);
    for (size_t i = 0; i < s->n; i++) {
        ret[i] = (struct platform_answer){0};
        s->jobs[i] = (struct scim_job){.service = s->service,
                                       .task = &tasks[i],
                                       .answer = &ret[i],
                                       .ended = on_ended,
                                       .sending = s,
                                       .turn = scim_job_begin};
    }
    line_up(s);
    begin(s);
    run(s);
    for (size_t i = 0; i < s->n; i++)
        if (!s->jobs[i].over)
            ret[i] = s->rest;
    release(s);
}

void scim_sending_carry_out(struct scim_service *service, size_t connections, const struct platform_task *tasks,
                            size_t n, struct platform_answer *ret)
{
    struct scim_sending s = {.service = service, .connections = connections, .n = n};
    struct platform_answer fault = {0};
    const struct scim_offer *offer = NULL;
    if (scim_service_offer(service, &offer, &fault) != 0) {
        for (size_t i = 0; i < n; i++)
            ret[i] = fault;
        return;
    }
    scim_manner_choose(&service->manner, offer);
    service->sends++;
    scim_bulk_begin(&s.bulk, service);
    send_all(&s, tasks, ret);
}
