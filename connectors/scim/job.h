/*
 * One task on its way through the requests that it takes: look up what is not known, act, and look again when the
 * service says that it is gone.
 *
 *   scim_job_begin -> (http_run) -> ended(job)
 */
#ifndef CONNECTORS_SCIM_JOB_H
#define CONNECTORS_SCIM_JOB_H

#include "connectors/scim/answer.h"
#include "connectors/scim/service.h"

struct scim_job {
    struct scim_service *service;
    const struct platform_task *task;
    struct platform_answer *answer;
    void (*ended)(struct scim_job *job);
    void *ctx;                      /* of ended */
    struct scim_job *next, *behind; /* for whoever keeps them in lists */

    /* The rest is the job's own. */
    bool begun, heard;           /* heard: the last request got an answer */
    char object[512];            /* "account ann@example.com", for messages */
    const char *account, *group; /* the service's ids; NULL: not known (yet) */
    char found_account[SCIM_ID_MAX], found_group[SCIM_ID_MAX];
    char namesake[ENTRY_VALUE_MAX + 1];
    bool looked_for_account, looked_for_group;
    bool by_former;  /* the last look-up was by the id that it had until now */
    bool taken_over; /* the account was there, and nobody's */
    struct scim_question question;
    void (*then)(struct scim_job *job, const struct scim_answer *answer);
    struct err conflict; /* what the service said when an account could not be made */
};

/* The job is zero but for its first part, and stays where it is until ended was called, by http_run. */
void scim_job_begin(struct scim_job *job);

#endif
