/*
 * The tasks of one call of send on their way: at most so many requests at once, those about one group one behind the
 * other, and none further once the service refuses everything or asks to be left alone.
 *
 *   scim_sending_carry_out
 *
 * The rest is for the jobs (job.h). One that has its turn holds a connection until it ends, or waits for others.
 */
#ifndef CONNECTORS_SCIM_SENDING_H
#define CONNECTORS_SCIM_SENDING_H

#include "connectors/scim/bulk.h"
#include "connectors/scim/crowd.h"
#include "connectors/scim/job.h"

struct scim_sending {
    struct scim_service *service;
    size_t connections;
    struct scim_job *jobs;
    size_t n, running, silent;
    struct scim_crowd **crowds;
    size_t ncrowds, crowds_cap;
    struct scim_job *ready, **ready_end;
    struct scim_job *unlisted; /* they wait for a roll, as the service has no filters */
    struct scim_bulk_queue bulk;
    bool beginning;
    bool halted;                 /* nothing further is begun */
    struct platform_answer rest; /* that of what was not begun then */
};

/* How many tasks of a kind are worth having in one send. */
size_t scim_sending_width(const struct scim_service *service, size_t connections, enum op op);
/* n tasks of one kind; fills ret[n]. */
void scim_sending_carry_out(struct scim_service *service, size_t connections, const struct platform_task *tasks,
                            size_t n, struct platform_answer *ret);

/* Has its turn when a connection is free. */
void scim_sending_ready(struct scim_job *job);
/* Gives its connection to others. */
void scim_sending_wait(struct scim_job *job);
/* Takes a connection out of turn, for what came of what it waited for. */
void scim_sending_resume(struct scim_job *job);
/* Waits until the roll is read anew that its look-up is for, and goes on with scim_look_on. */
void scim_sending_want_roll(struct scim_job *job);
/* Takes the answer into account; false: nothing further is to be sent. */
bool scim_sending_hear(struct scim_job *job);
/* The job has nothing left to do. */
void scim_sending_over(struct scim_job *job);

#endif
