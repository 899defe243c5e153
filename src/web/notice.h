/* What an administrator should see to before it closes a gate, or that did close it, in the log. */
#ifndef WEB_NOTICE_H
#define WEB_NOTICE_H

#include "signin/signin.h"

#define NOTICE_SECONDS 86400 /* from one time to the next; and after each start and reload */

int notice_connections(const struct signin *in, struct err *err);

#endif
