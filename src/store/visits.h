/* Which applications people reached in a session (of signin.db), so that each can be told when it ends. */
#ifndef STORE_VISITS_H
#define STORE_VISITS_H

#include "store/signins.h"

/* No fault when it is known. sid: of the session; subject: what the application calls the person. */
int visits_put(struct signins *signins, const char *sid, const char *application, const char *subject, int64_t now,
               struct err *err);

#endif
