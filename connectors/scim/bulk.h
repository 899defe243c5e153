/*
 * Many changes in one request (RFC 7644, 3.7): what jobs would send each by itself is collected, and goes out when it is
 * enough or when nothing else is under way.
 *
 *   scim_bulk_begin -> (scim_bulk_put… -> scim_bulk_flush)… -> scim_bulk_release_queue
 *
 * Each operation's result is given to its job as if it were the answer to a request of its own. It is known by its
 * bulkId and its address, never by its place; an operation that the answer does not name is one whose answer was lost.
 * Where the service refuses the request as a whole, the operations go out each by itself.
 */
#ifndef CONNECTORS_SCIM_BULK_H
#define CONNECTORS_SCIM_BULK_H

#include "connectors/scim/job.h"

struct scim_bulk_item {
    struct scim_job *job;
    struct scim_request request;
    bool answered;
};

struct scim_bulk_queue {
    struct scim_service *service;
    struct scim_bulk_item *items;
    size_t n, cap, bytes;
};

void scim_bulk_begin(struct scim_bulk_queue *queue, struct scim_service *service);
/* Takes the request's memory. The job gives up its connection until its result is there. false: no bulk; nothing happened. */
bool scim_bulk_put(struct scim_bulk_queue *queue, struct scim_job *job, struct scim_request *request);
/* Sends what was collected; false: nothing was. */
bool scim_bulk_flush(struct scim_bulk_queue *queue);
void scim_bulk_release_queue(struct scim_bulk_queue *queue);

#endif
