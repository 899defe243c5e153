/*
 * The token that a SCIM service is shown: out of a file, or given by an OAuth 2.0 server for our client's secret.
 *
 *   scim_auth_init -> scim_auth_ready… (scim_auth_proved) -> scim_auth_release
 */
#ifndef CONNECTORS_SCIM_AUTH_H
#define CONNECTORS_SCIM_AUTH_H

#include "conf/conf.h"
#include "connectors/scim/oauth.h"
#include "connectors/scim/token.h"
#include "net/http.h"

struct scim_auth {
    struct scim_token file;    /* token-file; of OAuth: client-secret-file */
    struct oauth_client oauth; /* url NULL: none */
    const char *ca_file;
    double good_until;   /* OAuth; an instant of the monotonic clock */
    bool proved;         /* OAuth: the service took this token at least once */
    unsigned generation; /* 0: there is no token yet; goes up with each one that is shown */
};

/* From a section with SCIM_SERVICE_SETTINGS, which must outlive it. */
void scim_auth_init(struct scim_auth *auth, const struct conf_section *section);
void scim_auth_release(struct scim_auth *auth);
/*
 * Sees to it that http shows a token that may do, reading or fetching one where that is needed; it may take as long as
 * a request does. refused: the service refused the one of now; then 0 only when there is another, and of a service that
 * took none yet only a file is read again. Whatever fails leaves the token as it was. ERR_NETWORK: later, maybe.
 * ERR_NOT_FOUND: there is no other than the one that was refused.
 */
int scim_auth_ready(struct scim_auth *auth, struct http *http, bool refused, struct err *err);
/* The service took the token. */
void scim_auth_proved(struct scim_auth *auth);

#endif
