/*
 * May a session go on? The rules for who was let in once, asked at each request and by the watch (signin/watch.h) alike.
 *
 *   grounds_release (of a zeroed struct) … standing_of for each session … grounds_release
 */
#ifndef SIGNIN_STANDING_H
#define SIGNIN_STANDING_H

#include "signin/discover.h"
#include "store/who.h"

/*
 * CLOSED: nobody is let in through the connection now, because its domain's gate is closed; the session waits until it opens again.
 * OVER: what let the person in is gone; the session ends for good.
 */
enum standing { STANDING_GOOD, STANDING_CLOSED, STANDING_OVER };

/* What all sessions of a connection stand on: found once, and good for as long as nothing moves. */
struct grounds {
    struct ground {
        const char *connection;
        enum standing standing;
        const char *reason;                      /* "" when it is good */
        const char *bound[DISCOVER_DOMAINS_MAX]; /* domains that name the connection */
        const char *open[DISCOVER_DOMAINS_MAX];  /* … whose gate is open */
        size_t nbound, nopen;
    } * *found;
    size_t n, cap;
};
void grounds_release(struct grounds *grounds);

/*
 * *ret says whether the session may go on; err says why when it may not. *ret_who is set when it may. -1: it could not be found out.
 * Texts, and what grounds holds, are in the pool of in.
 */
int standing_of(const struct signin *in, const struct signins_session *session, struct grounds *grounds,
                enum standing *ret, struct who *ret_who, struct err *err);

/*
 * The same for one session that is used now: it is ended and recorded when it is over, and else lasts longer by being used.
 * 1: it may go on, and *ret is set; 0: it may not now, or ended; -1
 */
int session_still(const struct signin *in, const struct signins_session *session, struct who *ret, struct err *err);

/* May this person be in that application: it asks for no product, or the person has a seat of it. ERR_REFUSED: no. */
int standing_at(const struct signin *in, const struct who *who, const struct conf_section *application,
                struct err *err);

/*
 * The team of the product that it asks for: such an application is told nothing of the person's other teams. NULL: it asks for none, and is told of
 * all.
 */
const char *standing_team(const struct signin *in, const struct conf_section *application);

/* When a session expires that is used now. ends: its longest life. */
int64_t standing_until(const struct signin *in, int64_t ends);

#endif
