/* Accounts that are not there, or in the way. */
#include "base/cleanup.h"
#include "connectors/scim/steps.h"

static void on_namesake(struct scim_job *job, const struct scim_answer *answer)
{
    bool may_take = job->task->take_over && answer->is_nobodys && answer->same_email;
    if (answer->finding == SCIM_GOOD && (answer->is_ours || may_take)) {
        job->taken_over = !answer->is_ours;
        scim_know_account(job, answer->id);
        scim_job_go_on(job);
    } else if (answer->finding == SCIM_GOOD) {
        struct err why;
        err_set(&why, ERR_CONFLICT, "%s: exists on the platform and is not ours%s", job->object,
                !answer->is_nobodys   ? ", but of another system (externalId); mend it there"
                : !answer->same_email ? ", and has another e-mail; mend it there"
                                      : "; adopt = yes in the team's section takes it over");
        scim_end_skip(job, &why);
    } else if (answer->finding == SCIM_ABSENT) {
        scim_end_skip(job, &job->conflict);
    } else {
        scim_end_fault(job, answer);
    }
}

/*
 * Whose is the one that has the name? It can be ours where a service's look-ups lag behind what it did, or where
 * another process was faster.
 */
static void find_namesake(struct scim_job *job)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct scim_person person = scim_task_person(job->task);
    struct span name = scim_map_user_name(job->service->map, &person, pool);
    snprintf(job->namesake, sizeof job->namesake, "%.*s", SPAN_ARG(name));
    scim_look_up_name(job, job->namesake, on_namesake);
}

static void on_account_made(struct scim_job *job, const struct scim_answer *answer)
{
    if (answer->finding == SCIM_GOOD) {
        scim_know_account(job, answer->id);
        scim_end_done(job);
    } else if (answer->finding == SCIM_CONFLICT) {
        job->conflict = answer->why;
        find_namesake(job);
    } else {
        scim_doubt(job, SCIM_USER, answer);
        scim_end_fault(job, answer);
    }
}

void scim_make_account(struct scim_job *job)
{
    struct scim_request request = SCIM_REQUEST_INIT;
    scim_ids_expect(&job->service->ids, job->task->person);
    scim_create_user(job->service->base, job->service->map, job->task, &request);
    scim_ask(job, &request, (struct scim_question){.expect = SCIM_EXPECT_ONE, .ours = job->task->person},
             on_account_made);
}

void scim_account_found(struct scim_job *job, const struct scim_answer *answer)
{
    enum scim_absent absent = scim_way_of(job)->account;
    job->looked_for_account = true;
    if (answer->finding == SCIM_ABSENT && job->by_former) {
        job->by_former = false;
        scim_look_up(job, SCIM_USER, job->task->person, scim_account_found);
    } else if (answer->finding == SCIM_GOOD) {
        scim_know_account(job, answer->id);
        scim_job_go_on(job);
    } else if (answer->finding != SCIM_ABSENT || absent == ABSENT_SKIP) {
        scim_end_fault(job, answer);
    } else if (absent == ABSENT_DONE) {
        scim_end_done(job);
    } else {
        scim_make_account(job);
    }
}
