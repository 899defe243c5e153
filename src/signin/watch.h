/*
 * Looks at every session again when something moved: what let the person in may be gone. In small steps, so that sign-ins never wait for it.
 *
 *   watch_step until *ret_more is false, from a zeroed struct; then again from a zeroed struct when the main database moved
 */
#ifndef SIGNIN_WATCH_H
#define SIGNIN_WATCH_H

#include "signin/signin.h"

#define WATCH_MOST 200 /* sessions of a step */

struct watch {
    char after[TOKEN_SIZE]; /* sid of the last session that was looked at */
};

/* application: NULL when the whole session ended, which is recorded under ref; else only the visit there. */
typedef void watch_ended(void *ctx, const struct signins_session *session, const char *application, const char *ref,
                         const char *reason);
/*
 * The next WATCH_MOST sessions. What ended is committed when `ended` hears of it. A session whose gate is closed waits (signin/standing.h).
 * On -1 the step may be done again.
 */
int watch_step(const struct signin *in, struct watch *watch, watch_ended *ended, void *ctx, bool *ret_more,
               struct err *err);

#endif
