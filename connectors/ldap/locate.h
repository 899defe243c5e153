/*
 * Where an entry is now: asked by its immutable id below every naming context of the server (root DSE, RFC 4512 section
 * 5.1), outside the configured bases as well.
 */
#ifndef CONNECTORS_LDAP_LOCATE_H
#define CONNECTORS_LDAP_LOCATE_H

#include "base/pool.h"
#include "base/span.h"
#include "connectors/ldap/session.h"

struct locate {
    const struct session *session;
    const char *id_attribute;
    int64_t page_size;
};

/* id: as deliver.h makes it. 1: *ret is the DN, in the pool; 0: nowhere that we may read; -1: the server did not say. */
int locate_entry(const struct locate *locate, struct span id, struct pool *pool, const char **ret, struct err *err);

#endif
