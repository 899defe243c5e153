/*
 * Why TLS with a server did not come about. libldap verifies, but says no more than that it failed, and how little
 * depends on the TLS library it was built with. So after a failure the certificate is fetched once more and OpenSSL is
 * asked what is wrong with it.
 */
#ifndef CONNECTORS_LDAP_TLS_FAULT_H
#define CONNECTORS_LDAP_TLS_FAULT_H

#include "conf/conf.h"

/*
 * Connects anew without verification, sends no credentials, looks at the certificate and hangs up. 0: err says what is
 * wrong with it (ERR_REFUSED). -1: it is not the certificate; err is untouched.
 */
int tls_fault_explain(const struct conf_section *section, const char *uri, struct err *err);

#endif
