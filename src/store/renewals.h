/*
 * The last good sign-in through each connection (of signin.db): it counts as a test does, so that a connection that is used need not be tested again.
 * Only a sign-in that was accepted writes here; whoever judges the gate reads.
 */
#ifndef STORE_RENEWALS_H
#define STORE_RENEWALS_H

#include "store/signins.h"
#include "store/store.h"

#define RENEWAL_SECONDS 3600 /* it is noted so often at most */

/* As a part of the caller's transaction. entity: the identity provider that signed the person in. */
int renewals_note(struct signins *signins, const char *connection, const char *entity, int64_t now, struct err *err);
/*
 * When somebody was last signed in through the connection by this identity provider; 0: not known. Reads the signin.db beside the main database, by a handle
 * that the store keeps.
 */
int renewals_last(struct store *store, const char *connection, const char *entity, int64_t *ret, struct err *err);

#endif
