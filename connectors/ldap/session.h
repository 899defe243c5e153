/*
 * A connection to one of the configured servers: reached, verified, and authenticated.
 *
 *   session_open -> searches on session->ld -> session_close
 */
#ifndef CONNECTORS_LDAP_SESSION_H
#define CONNECTORS_LDAP_SESSION_H

#include <stdint.h>

#include <ldap.h>

#include "base/cleanup.h"
#include "conf/conf.h"

struct session {
    LDAP *ld;
    char *uri;
    int64_t timeout; /* seconds */
};

/*
 * Tries the servers in order. The next one is tried when a server cannot be reached or its certificate does not verify,
 * and not when it refuses the password: that would only lock the account elsewhere too. ERR_NETWORK, or ERR_REFUSED for
 * password and certificate.
 */
int session_open(const struct conf_section *section, struct session *ret, struct err *err);
void session_close(struct session *session);

/* Prepares a handle with every option that a file or variable of libldap could set otherwise. Nothing is sent. */
int session_prepare(const struct conf_section *section, const char *uri, int verify, LDAP **ret, struct err *err);

/* What the server or the library said of the last failure, to stand behind a message: " (…)" or "". Into ret. */
const char *session_diagnostic(LDAP *ld, char *ret, size_t n);

static inline void session_drop(LDAP **ld)
{
    if (*ld)
        ldap_unbind_ext(*ld, NULL, NULL);
    *ld = NULL;
}

#endif
