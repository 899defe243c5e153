/* The end of every sign-in, whatever the protocol: the policy, then session, used-up request and record in one transaction. */
#ifndef SIGNIN_ACCEPT_H
#define SIGNIN_ACCEPT_H

#include "signin/finding.h"
#include "signin/returned.h"

/* The browser, by its cookies; NULL: not there. That of the session does not come along with a form of another site. */
struct accept_at {
    const char *session, *browser;
};

/*
 * What every protocol's finish ends in, behind returned_find, whether its checks passed or not; when they did not, *err says why, and still does on -1.
 *
 * A sign-in that passed is judged by the policy, and is somebody's session from then on; ret_ref is set. A test of the connection is never anybody's: its report is
 * kept for who waits for it, also when it failed, and 0 comes back with ret->trial.
 *
 * The session that the browser has goes on when it is the same person's through the same connection, with another secret: what
 * applications were given in it stands, and they are told of nothing. Any other ends.
 */
int accept_answer(const struct signin *in, const struct returned *returned, const struct finding *finding,
                  const struct accept_at *at, struct signin_done *ret, char *ret_ref, struct err *err);

/*
 * Takes the request, and the claim's value that counts once, as a part of the caller's transaction: two copies that arrive at once have both come this far, and one
 * of them gets them. ERR_REFUSED: the other one. claim NULL: the request only.
 */
int accept_use_up(const struct signin *in, const char *handle, const struct claim *claim, struct err *err);

#endif
