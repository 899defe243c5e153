/*
 * A SCIM service that is reached: what everything that speaks with it shares.
 *
 *   scim_service_open -> scim_service_ready -> scim_service_offer, scim_service_start… http_run… -> scim_service_close
 */
#ifndef CONNECTORS_SCIM_SERVICE_H
#define CONNECTORS_SCIM_SERVICE_H

#include "conf/conf.h"
#include "connectors/platform.h"
#include "connectors/scim/auth.h"
#include "connectors/scim/brake.h"
#include "connectors/scim/features.h"
#include "connectors/scim/ids.h"
#include "connectors/scim/manner.h"
#include "connectors/scim/request.h"
#include "connectors/scim/roll.h"
#include "scim/map.h"

#define SCIM_MARK_MAX 10

struct scim_service {
    struct http *http; /* for http_run; requests go through scim_service_start */
    struct scim_auth auth;
    struct brake brake;
    size_t running;             /* requests that were started and not answered */
    const char *base;           /* the address before "/Users" */
    const struct scim_map *map; /* of platforms: what an account's attributes are made of; lives longer */
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
    size_t looked_up, list_from; /* survey.c: accounts; and how many make the listing worth it, 0: not known */
    struct scim_manner manner;
    struct scim_roll roll[2]; /* by enum scim_kind; where there are no filters */
    unsigned sends;           /* how many there were */
    struct scim_offer offer; /* see scim_service_offer */
    bool offer_known;
    unsigned offer_tries;
};

/* Opens no connection. The section, with SCIM_SERVICE_SETTINGS, must outlive it. ERR_CONFIG: the CA or token file. */
int scim_service_open(const struct conf_section *section, struct scim_service *ret, struct err *err);
void scim_service_close(struct scim_service *service); /* fits CLEANUP; zeroed is fine */
/* Makes the mark from the address. */
void scim_service_mark(struct scim_service *service);

/*
 * Sees to it that there is a token, before requests are started. -1: ret_fault says what that means for them (RETRY or
 * STOP), as below. May wait for the server that gives tokens.
 */
int scim_service_ready(struct scim_service *service, struct platform_answer *ret_fault);
/* scim_auth_ready of the service, as struct scim_reader wants it. */
int scim_service_authorize(void *service, bool refused, struct err *err);
/*
 * As http_start, and http_run carries it out. A reply 401 is not passed on while a newer token can be had: the request
 * is sent once more with that one. Where the file or the server that gives tokens is at fault, status is 0 and err says
 * why.
 */
void scim_service_start(struct scim_service *service, const struct http_request *request, http_done *done, void *ctx);

/*
 * What the service offers. The first call asks it, three requests at once, and waits for the answers: never call it
 * from inside http_run. -1: the service cannot be asked now, and ret_fault says what that means for whatever was to be
 * done (RETRY with a wait, or STOP). What cannot be had at the third call either is guessed. *ret lives as long as the
 * service.
 */
int scim_service_offer(struct scim_service *service, const struct scim_offer **ret, struct platform_answer *ret_fault);
/* Whether it is known, without asking, that the service has nothing that bears our id. */
bool scim_service_lacks(const struct scim_service *service, enum scim_kind kind, const char *ours);
#endif
