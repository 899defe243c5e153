/* What the parts of a job (job.h) need of each other. */
#ifndef CONNECTORS_SCIM_STEPS_H
#define CONNECTORS_SCIM_STEPS_H

#include "connectors/scim/job.h"

/* What it means when the service does not have it. */
enum scim_absent {
    ABSENT_UNUSED, /* it is not needed */
    ABSENT_SKIP,
    ABSENT_DONE, /* what is gone has no seat, is in no group and cannot be used */
    ABSENT_MAKE,
};

struct scim_way {
    enum scim_absent account, group;
    void (*act)(const struct scim_job *job, struct scim_request *ret);
    bool on_group; /* the group is what is acted upon */
};
const struct scim_way *scim_way_of(const struct scim_job *job);

/* --- ask.c, lookup.c: each sends one request and returns; then is called when the answer is there --- */

/* Takes the request's memory. A change may go out with others, in one bulk request. */
void scim_ask(struct scim_job *job, struct scim_request *request, struct scim_question question, scim_then *then);
/* The same of a PATCH, which is written as a whole where the service has no PATCH. */
void scim_change(struct scim_job *job, struct scim_request *request, scim_then *then);
/* Looks for what bears our id, or for the account that has a user name; ours and name live as long as the job. */
void scim_look_up(struct scim_job *job, enum scim_kind kind, const char *ours, scim_then *then);
void scim_look_up_name(struct scim_job *job, const char *name, scim_then *then);
/* On with a look-up that waited for the roll. */
void scim_look_on(struct scim_job *job);
void scim_look_failed(struct scim_job *job, const struct err *why);

/* For bulk.c: the answer to what the job asked last, its ctx; and the request by itself. max_bytes: 0: as usual. */
void scim_take_reply(void *ctx, const struct http_reply *reply);
void scim_send_alone(struct scim_job *job, const struct scim_request *request, size_t max_bytes, http_done *done);

/* What was found is kept, by this job and for those behind it. */
void scim_know_account(struct scim_job *job, const char *id);
void scim_know_group(struct scim_job *job, const char *id);
/* It is gone. */
void scim_forget(struct scim_job *job, enum scim_kind kind, const char *ours);
/* It was asked for, and nothing came back: it may be there or not. */
void scim_doubt(struct scim_job *job, enum scim_kind kind, const struct scim_answer *answer);
/* What is adopted bears the id that it had until now; or the new one already, when an earlier attempt got through. */
const char *scim_first_id(struct scim_job *job, const char *ours);

/* --- account.c, group.c: they end the job, or go on with it --- */

void scim_account_found(struct scim_job *job, const struct scim_answer *answer);
void scim_group_found(struct scim_job *job, const struct scim_answer *answer);
void scim_make_account(struct scim_job *job);
void scim_make_group(struct scim_job *job);

/* --- job.c: the end --- */

void scim_end_done(struct scim_job *job);
void scim_end_fault(struct scim_job *job, const struct scim_answer *answer);
void scim_end_skip(struct scim_job *job, const struct err *why);

#endif
