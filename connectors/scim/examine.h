/* What a SCIM service can and cannot do, for doorward check. */
#ifndef CONNECTORS_SCIM_EXAMINE_H
#define CONNECTORS_SCIM_EXAMINE_H

#include "connectors/platform.h"
#include "connectors/scim/service.h"

/*
 * Asks for what it offers, and how many accounts and groups there are: so the token is tried, too. -1: it cannot be
 * reached, or refuses us.
 */
int scim_examine(struct scim_service *service, struct pool *pool, struct platform_report *ret, struct err *err);
/* The same of what is known, without asking. */
void scim_examine_offer(const struct scim_offer *offer, struct pool *pool, struct platform_report *ret);

#endif
