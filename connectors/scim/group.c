/* Groups that are not there, or in the way. */
#include "connectors/scim/steps.h"

static void on_group_made(struct scim_job *job, const struct scim_answer *answer)
{
    if (answer->finding == SCIM_GOOD) {
        scim_know_group(job, answer->id);
        if (job->task->op == OP_ADD_GROUP || job->task->op == OP_ADOPT_GROUP)
            scim_end_done(job);
        else
            scim_job_go_on(job);
    } else if (answer->finding == SCIM_CONFLICT) {
        struct err why;
        err_set(&why, ERR_CONFLICT,
                "%s: a group of this name exists on the platform and is not ours; rename one of them", job->object);
        scim_end_skip(job, &why);
    } else {
        scim_doubt(job, SCIM_GROUP, answer);
        scim_end_fault(job, answer);
    }
}

void scim_make_group(struct scim_job *job)
{
    struct scim_request request = SCIM_REQUEST_INIT;
    scim_ids_expect(&job->service->ids, job->task->object_uid);
    scim_create_group(job->service->base, job->task, &request);
    scim_ask(job, &request, (struct scim_question){.expect = SCIM_EXPECT_ONE, .ours = job->task->object_uid},
             on_group_made);
}

void scim_group_found(struct scim_job *job, const struct scim_answer *answer)
{
    job->looked_for_group = true;
    if (answer->finding == SCIM_ABSENT && job->by_former) {
        job->by_former = false;
        scim_look_up(job, SCIM_GROUP, job->task->object_uid, scim_group_found);
    } else if (answer->finding == SCIM_GOOD) {
        scim_know_group(job, answer->id);
        scim_job_go_on(job);
    } else if (answer->finding != SCIM_ABSENT || scim_way_of(job)->group == ABSENT_SKIP) {
        scim_end_fault(job, answer);
    } else if (scim_way_of(job)->group == ABSENT_DONE) {
        scim_end_done(job);
    } else {
        scim_make_group(job);
    }
}
