/* Who runs this program, for the audit log. */
#ifndef CLI_AUDIT_H
#define CLI_AUDIT_H

#include "base/pool.h"

/* "alice", or "root (sudo alice)" where sudo says who asked; a user without a name by number. Call before the user is changed. */
const char *audit_actor(struct pool *pool);

#endif
