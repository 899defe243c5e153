/*
 * A SCIM service that is reached: what everything that speaks with it shares.
 *
 *   scim_service_mark; http, base set -> scim_service_offer, requests… -> scim_service_release
 */
#ifndef CONNECTORS_SCIM_SERVICE_H
#define CONNECTORS_SCIM_SERVICE_H

#include "connectors/platform.h"
#include "connectors/scim/features.h"
#include "connectors/scim/ids.h"
#include "connectors/scim/request.h"
#include "scim/map.h"

#define SCIM_MARK_MAX 10

struct scim_service {
    struct http *http;
    const char *base;     /* the address before "/Users" */
    struct scim_map *map; /* of platforms: what an account's attributes are made of */
    /*
     * Stands ahead of the ids that tasks and answers carry. An id of another service, from before url was changed, is
     * so known as such and looked up anew: here it could be somebody else's.
     */
    char mark[SCIM_MARK_MAX];
    struct scim_ids ids;
    /*
     * By enum scim_kind: a complete listing was read, and what bears an id of ours was put into ids; so was, with
     * scim_ids_expect, whatever was begun to be made since. What ids never heard of is not there.
     */
    bool listed[2];
    struct scim_offer offer; /* see scim_service_offer */
    bool offer_known;
    unsigned offer_tries;
};

/* Makes the mark from the address. */
void scim_service_mark(struct scim_service *service);
/*
 * What the service offers. The first call asks it, three requests at once, and waits for the answers: never call it from
 * inside http_run. -1: the service cannot be asked now, and ret_fault says what that means for whatever was to be done
 * (RETRY with a wait, or STOP). What cannot be had at the third call either is guessed. *ret lives as long as the
 * service.
 */
int scim_service_offer(struct scim_service *service, const struct scim_offer **ret,
                       struct platform_answer *ret_fault);
/* Whether it is known, without asking, that the service has nothing that bears our id. */
bool scim_service_lacks(const struct scim_service *service, enum scim_kind kind, const char *ours);
/* Of ids and offer; http is the caller's. */
void scim_service_release(struct scim_service *service);

#endif
