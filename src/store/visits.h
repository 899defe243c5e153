/* Which applications people reached in a session (of signin.db), so that each can be told when it ends. */
#ifndef STORE_VISITS_H
#define STORE_VISITS_H

#include "store/signins.h"

#define VISITS_MAX 256 /* of one session: there are no more applications that count */

/*
 * No fault when it is known. sid: of the session; subject: what the application calls the person. ERR_REFUSED: the session is over, so that
 * nobody would ever tell the application.
 */
int visits_put(struct signins *signins, const char *sid, const char *application, const char *subject, int64_t now,
               struct err *err);
/* The applications of a session, at most VISITS_MAX, into ret. The number; -1 */
int visits_of(struct signins *signins, const char *sid, struct pool *pool, const char *ret[static VISITS_MAX],
              struct err *err);
/* Only this visit is over; the application is going to be told. 1: ended; 0: there was none; -1 */
int visits_end(struct signins *signins, const char *sid, const char *application, struct err *err);

#endif
