/*
 * Who is there already, by a listing of all, in place of a look-up for each: what was found goes into the service's
 * ids, and what was not is known to be missing (scim_service_lacks).
 */
#ifndef CONNECTORS_SCIM_SURVEY_H
#define CONNECTORS_SCIM_SURVEY_H

#include "connectors/platform.h"
#include "connectors/scim/service.h"

/*
 * Reads the listing of accounts or groups, unless it was read before. Sends requests and waits: never call it from
 * inside http_run. -1: it could not be read as a whole.
 */
int scim_survey(struct scim_service *service, enum scim_kind kind, struct err *err);
/*
 * The same before tasks are sent, when by now as many accounts were looked up one by one, or are about to be, as the
 * listing has pages: so the requests are at most twice the fewest that would have done. What fails is of no matter:
 * then they are looked up.
 */
void scim_survey_if_worth(struct scim_service *service, const struct platform_task *tasks, size_t n);

#endif
