/*
 * Web sites behind a reverse proxy that asks us about every request (auth_request): who is it, and may they?
 *
 *   forward_check: no pass -> forward_start (on the site's host) -> forward_enter (on ours, after signing in) -> forward_callback (on the
 *   site's) -> forward_check: a pass
 *
 * A cookie of ours does not reach the site's host, so the site has one of its own, the pass. What takes it there is a code that counts once, for
 * a minute, and only in the browser that began at the site: nobody can put their own session into somebody else's browser. The proxy hands
 * everything below /forward-auth/ of the site's host to us. Where a person wanted to go is kept on our side, and only below an origin that the
 * application lists: nobody is sent elsewhere.
 */
#ifndef SIGNIN_FORWARD_H
#define SIGNIN_FORWARD_H

#include "signin/signin.h"

#define FORWARD_URL_MAX 4096

/* One request that the proxy asks about. */
struct forward_ask {
    const char *application;
    const char
        *url; /* the request's, whole; NULL: the proxy does not say, which does for an application of one origin */
    const char *pass;    /* of the cookie; NULL: none */
    const char *session; /* of our own cookie, which comes when the site is on our host; NULL: none */
};
/*
 * 1: *ret is who it is; 0: they have to sign in at *ret_start, of the site's host; ERR_REFUSED: they may not, or the proxy asks about what is
 * none of the application's.
 */
int forward_check(const struct signin *in, const struct forward_ask *ask, struct signin_who *ret,
                  const char **ret_start, struct err *err);

/* The configured origin that the URL is below, in this application; NULL: none. url NULL: the only one that there is. */
const char *forward_origin(const struct signin *in, const char *application, const char *url);

/* state: a secret of this browser, in a cookie of the site. *ret_location is ours. ERR_REFUSED: not a URL of that application. */
int forward_start(const struct signin *in, const char *application, const char *url, const char *state,
                  const char **ret_location, struct err *err);
/*
 * handle: as it came to us. 1: *ret_location is the site's; 0: nobody is signed in (session NULL, or over): to be done again after that;
 * ERR_REFUSED: they may not, or there is no such handle.
 */
int forward_enter(const struct signin *in, const char *handle, const char *session, const char **ret_location,
                  struct err *err);
/* Is this the handle of somebody on the way? 1, 0, -1 */
int forward_is_under_way(const struct signin *in, const char *handle, struct err *err);

struct forward_done {
    char pass[TOKEN_SIZE]; /* to become a cookie of the site */
    const char *application, *origin, *url;
};
int forward_callback(const struct signin *in, const char *code, const char *state, struct forward_done *ret,
                     struct err *err);

#endif
