/*
 * Those whose membership of one group changes in one send: one PATCH for many of them, smaller ones when the service
 * refuses the whole, so that whoever is refused costs only the own change.
 *
 *   scim_crowd_add… -> (scim_crowd_join | scim_crowd_miss for each) -> its speaker has its turn
 *
 * Each member is a job that finds its account first. When all have said whether they come, the speaker, a job without a
 * task of its own, finds the group and acts, one PATCH behind the other: many services read, change and write a group.
 */
#ifndef CONNECTORS_SCIM_CROWD_H
#define CONNECTORS_SCIM_CROWD_H

#include "connectors/scim/job.h"

struct scim_crowd {
    struct scim_job speaker;
    struct platform_answer said; /* to the speaker */
    struct scim_job **here;      /* who has an account */
    size_t n, cap, missing;      /* missing: have not said yet whether they come */

    size_t at, size;       /* who is being changed: here[at … at + size); before a request all that are left */
    size_t step;           /* at most so many at once, since some were refused */
    size_t until;          /* the end of the first part that was refused */
    size_t largest, least; /* in it: the most that went through, the fewest that did not */
    bool blamed;           /* somebody in it was refused alone */
};

/* One more of this group. Of the first the speaker is made. */
void scim_crowd_add(struct scim_crowd *crowd, struct scim_job *member);
/* The member is there and waits for its end; or it ended already. */
void scim_crowd_join(struct scim_job *member);
void scim_crowd_miss(struct scim_job *member);
/* What the speaker sends next. */
void scim_crowd_request(struct scim_crowd *crowd, struct scim_request *ret);
/* Whether fewer at once are to be tried after this answer. */
bool scim_crowd_splits(struct scim_crowd *crowd, const struct scim_answer *answer);
void scim_crowd_release(struct scim_crowd *crowd);

#endif
