/*
 * A limit to every wait for a server's bytes. libldap's own limits count before a TLS handshake and between messages; within either it
 * reads without one, so that a server that falls silent there would keep a run, and its lock, for ever.
 */
#ifndef LDAP_PATIENCE_H
#define LDAP_PATIENCE_H

#include <lber.h>
#include <ldap.h>

/* Above the socket's own layer. What buffers has to stand above this, or the wait would be for bytes that are there already. */
#define PATIENCE_LEVEL (LBER_SBIOD_LEVEL_PROVIDER + 1)

/* From the next connection on, reading and writing fail with ETIMEDOUT after the handle's LDAP_OPT_NETWORK_TIMEOUT. A libldap code. */
int patience_set(LDAP *ld);

#endif
