/*
 * A search entry's attributes where they stand in the message received: no copies, so that a large directory costs
 * no allocation a value.
 */
#ifndef CONNECTORS_LDAP_WALK_H
#define CONNECTORS_LDAP_WALK_H

#include <ldap.h>

#include "connectors/raw.h"
#include "model/entry.h"

/* Two bytes make a value on the wire and sixteen in memory: a message within its own limit could still be too much. */
#define WALK_MAX (ENTRY_MEMBERS_MAX + 10000)

/*
 * Fills raw with views into entry, which must live as long. -1: not decodable, or more than WALK_MAX values or
 * attributes.
 */
int walk_entry(LDAP *ld, LDAPMessage *entry, struct raw *raw);

/* As walk_entry, and behind what raw holds already. */
int walk_more(LDAP *ld, LDAPMessage *entry, struct raw *raw);

#endif
