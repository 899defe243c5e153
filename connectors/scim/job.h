/*
 * One task on its way through the requests that it takes: look up what is not known, act, and look again when the
 * service says that it is gone.
 *
 *   scim_job_begin -> (http_run) -> ended(job)
 *
 * job.c says what each kind of task does; account.c and group.c what is done about those that are not there; ask.c how
 * anything is asked. What they need of each other is in steps.h.
 */
#ifndef CONNECTORS_SCIM_JOB_H
#define CONNECTORS_SCIM_JOB_H

#include "connectors/scim/answer.h"
#include "connectors/scim/request.h"
#include "connectors/scim/service.h"

struct scim_crowd;
struct scim_sending;
struct scim_job;

typedef void scim_then(struct scim_job *job, const struct scim_answer *answer);

struct scim_job {
    struct scim_service *service;
    const struct platform_task *task;
    struct platform_answer *answer;
    void (*ended)(struct scim_job *job);
    struct scim_sending *sending; /* the send that it is a part of */
    struct scim_crowd *crowd;     /* those of the same group in this send; NULL: it acts for itself */
    bool speaks;                  /* it acts for its crowd; no task is its own */

    /* Of sending.c. */
    struct scim_job *next, *behind;
    void (*turn)(struct scim_job *job); /* what it does when it may */
    bool holds;                         /* one of the connections */
    bool over, joined;                  /* joined: waits for its crowd */

    /* The rest is the job's own. */
    bool heard;                  /* the last request got an answer */
    bool shares;                 /* … together with others, of which another stands for all */
    char object[512];            /* "account ann@example.com", for messages */
    const char *account, *group; /* the service's ids; NULL: not known (yet) */
    char found_account[SCIM_ID_MAX], found_group[SCIM_ID_MAX];
    char namesake[ENTRY_VALUE_MAX + 1];
    bool looked_for_account, looked_for_group;
    bool by_former;  /* the last look-up was by the id that it had until now */
    bool taken_over; /* the account was there, and nobody's */
    struct scim_question question;
    scim_then *then;
    struct err conflict; /* what the service said when an account could not be made */

    /* What is looked for: see ask.c. */
    struct {
        enum scim_kind kind;
        const char *attribute, *value;
        scim_then *then;
        bool again; /* what was known of it is wrong */
    } look;

    /* A change that is written as a whole: see rewrite.h. */
    struct scim_request change;
    scim_then *changed;
    unsigned writes;
    bool memberless; /* the group shows no members, also when asked for them */
};

/* The job is zero but for its first part, and stays where it is until ended was called, by http_run. */
void scim_job_begin(struct scim_job *job);
/* On with a job that knows more by now. */
void scim_job_go_on(struct scim_job *job);
/* It never gets to its end: what it holds is given back. */
void scim_job_release(struct scim_job *job);

#endif
