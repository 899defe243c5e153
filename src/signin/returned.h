/*
 * Who comes back from an identity provider: the request of ours that they answer, and the connection that it went to. The same for every
 * protocol; what was answered is not looked at here.
 */
#ifndef SIGNIN_RETURNED_H
#define SIGNIN_RETURNED_H

#include "signin/discover.h"

struct returned {
    const struct conf_section *connection; /* set as soon as it is known, for the record */
    const char *handle;                    /* the request's, as it came back */
    struct signins_request request;
    const char *domains[DISCOVER_DOMAINS_MAX]; /* open ones that the connection speaks for */
    size_t ndomains;
    bool active; /* the connection; else this is a test of it, or of a test user */
};

/*
 * connection: by the path that it came to; variant: "saml", "oidc"; handle: what went round; browser: of the cookie, NULL for none. ERR_REFUSED: no
 * request of ours that is open, of this very browser, that went to this connection; or a connection that is not active now, unless the request was for a test
 * of it (request.trial), of which the domains are all that are bound to it, or it has test users.
 */
int returned_find(const struct signin *in, const char *connection, const char *variant, const char *handle,
                  const char *browser, struct returned *ret, struct err *err);

/*
 * The same for an answer that nobody asked for: a connection that is active now. No request is used up by it, and handle is NULL. Whether the
 * connection allows that is the caller's to look at.
 */
int returned_unsolicited(const struct signin *in, const char *connection, const char *variant, struct returned *ret,
                         struct err *err);

#endif
