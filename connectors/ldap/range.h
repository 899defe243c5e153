/*
 * Attributes that a server gives in parts ("member;range=0-1499"): which entries need it, and reading such an entry to
 * its end. Every other part is asked for by name until the server answers with "-*".
 */
#ifndef CONNECTORS_LDAP_RANGE_H
#define CONNECTORS_LDAP_RANGE_H

#include "connectors/ldap/session.h"
#include "connectors/raw.h"

/* Does the entry hold a part of an attribute and not the rest? */
bool range_is_open(const struct raw *raw);

struct range; /* the messages that raw's views point into */

/*
 * Reads the entry of this DN whole. 1: raw holds it until range_free. 0: cut off, as search_run. -1: as search_run;
 * ERR_CONFIG when the entry is gone meanwhile.
 */
int range_read(const struct session *session, const char *dn, const char **attrs, struct raw *raw, struct range **ret,
               struct err *err);
void range_free(struct range **range);

#endif
