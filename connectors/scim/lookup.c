/* What is there, and what is known of it. */
#include "connectors/scim/sending.h"
#include "connectors/scim/steps.h"

/* --- at services without filters ---------------------------------------------------------------------------------- */

static void say(struct scim_job *job, const char *id)
{
    struct scim_answer answer = {.finding = id && *id ? SCIM_GOOD
                                            : id      ? SCIM_FAULT
                                                      : SCIM_ABSENT,
                                 .verdict = PLATFORM_SKIP};
    if (id)
        snprintf(answer.id, sizeof answer.id, "%s", id);
    else
        err_set(&answer.why, ERR_REFUSED, "%s: the service does not have it; if it should, look for it there",
                job->object);
    if (id && !*id)
        err_set(&answer.why, ERR_REFUSED, "%s: the service says that several have this %s; there has to be one at most",
                job->object, job->look.attribute);
    job->heard = true;
    job->look.then(job, &answer);
}

/* The roll has only the id of a name; whose it is, the account says. */
static void ask_self(struct scim_job *job, const char *id)
{
    struct scim_request request = SCIM_REQUEST_INIT;
    scim_get_user(job->service->base, id, &request);
    scim_ask(job, &request,
             (struct scim_question){.expect = SCIM_EXPECT_SELF,
                                    .attribute = "userName",
                                    .value = job->look.value,
                                    .any_case = true,
                                    .ours = job->task->person,
                                    .email = job->task->attr[ATTR_EMAIL]},
             job->look.then);
}

static void look_in_roll(struct scim_job *job)
{
    const struct scim_roll *roll = &job->service->roll[job->look.kind];
    bool by_name = strcmp(job->look.attribute, "userName") == 0, is_new = roll->sends == job->service->sends;
    if (!roll->is_read || (!is_new && (roll->may_lack_new || job->look.again || by_name))) {
        scim_sending_want_roll(job);
        return;
    }
    const char *id = by_name ? scim_roll_find_name(roll, job->look.value) : scim_roll_find(roll, job->look.value);
    job->look.again = false;
    if (by_name && id && *id)
        ask_self(job, id);
    else
        say(job, id);
}

void scim_look_failed(struct scim_job *job, const struct err *why)
{
    /* What is to be tried again was answered so, or not at all. */
    bool busy = why->kind == ERR_FAILED, retry = busy || why->kind == ERR_NETWORK;
    struct scim_answer answer = {
        .finding = SCIM_FAULT, .verdict = retry ? PLATFORM_RETRY : PLATFORM_STOP, .busy = busy, .why = *why};
    err_wrap(&answer.why, "%s", job->object);
    job->heard = busy;
    job->look.then(job, &answer);
}

/* --- by filter ---------------------------------------------------------------------------------------------------- */

static void on_looked(struct scim_job *job, const struct scim_answer *answer)
{
    if (answer->finding == SCIM_NO_FILTER) {
        job->service->manner.filters = false;
        look_in_roll(job);
    } else {
        job->look.again = false;
        job->look.then(job, answer);
    }
}

static void ask_filter(struct scim_job *job)
{
    struct scim_request request = SCIM_REQUEST_INIT;
    bool by_name = strcmp(job->look.attribute, "userName") == 0;
    struct scim_question question = {.expect = SCIM_EXPECT_LIST,
                                     .attribute = job->look.attribute,
                                     .value = job->look.value,
                                     .any_case = by_name,
                                     .ours = by_name ? job->task->person : NULL};
    if (by_name)
        question.email = job->task->attr[ATTR_EMAIL];
    scim_find(job->service->base, job->look.kind, job->look.attribute, job->look.value, &request);
    scim_ask(job, &request, question, on_looked);
}

void scim_look_on(struct scim_job *job)
{
    if (job->service->manner.filters)
        ask_filter(job);
    else
        look_in_roll(job);
}

void scim_look_up(struct scim_job *job, enum scim_kind kind, const char *ours, scim_then *then)
{
    job->look.kind = kind;
    job->look.attribute = "externalId";
    job->look.value = ours;
    job->look.then = then;
    scim_look_on(job);
}

void scim_look_up_name(struct scim_job *job, const char *name, scim_then *then)
{
    job->look.kind = SCIM_USER;
    job->look.attribute = "userName";
    job->look.value = name;
    job->look.then = then;
    scim_look_on(job);
}

/* --- what is known ------------------------------------------------------------------------------------------------ */

static const char *keep(char ret[static SCIM_ID_MAX], const char *id)
{
    snprintf(ret, SCIM_ID_MAX, "%s", id);
    return ret;
}

void scim_know_account(struct scim_job *job, const char *id)
{
    job->account = keep(job->found_account, id);
    scim_ids_put(&job->service->ids, job->task->person, id);
}

void scim_know_group(struct scim_job *job, const char *id)
{
    job->group = keep(job->found_group, id);
    scim_ids_put(&job->service->ids, job->task->object_uid, id);
}

void scim_forget(struct scim_job *job, enum scim_kind kind, const char *ours)
{
    scim_ids_forget(&job->service->ids, ours);
    scim_roll_drop(&job->service->roll[kind], ours);
}

void scim_doubt(struct scim_job *job, enum scim_kind kind, const struct scim_answer *answer)
{
    struct scim_roll *roll = &job->service->roll[kind];
    if (answer->verdict != PLATFORM_SKIP)
        roll->may_lack_new = true;
}

const char *scim_first_id(struct scim_job *job, const char *ours)
{
    job->by_former = job->task->former != NULL;
    return job->by_former ? job->task->former : ours;
}
