/*
 * Deliveries: what became of the changes of a run that are sent to a platform elsewhere. A change is intended with its row of the journal,
 * sent before the platform is asked, and then confirmed or skipped; what stays sent may have been done, and is sent again.
 *
 *   delivery_open -> (delivery_sent… -> delivery_text… -> the platform -> delivery_confirmed | delivery_skipped …)… -> delivery_close
 *
 * What is noted belongs into the transaction of what follows from it: of the rows that a confirmed change moves.
 */
#ifndef STORE_DELIVERY_H
#define STORE_DELIVERY_H

#include "base/pool.h"
#include "model/change.h"
#include "model/entry.h"
#include "store/account.h"
#include "store/store.h"

struct delivery;

/* Of one run of the team. The installation gets the random number that its keys are made of, when it has none yet. */
int delivery_open(struct store *store, int64_t run, int64_t team, struct delivery **ret, struct err *err);
void delivery_close(struct delivery **delivery);

#define DELIVERY_KEY_MAX 33

/*
 * The idempotency key of a change: the same however often it is sent, and of no other change, run or installation. Made of what never
 * changes, so that it is kept nowhere; a state folder that was put back from a backup gives its next runs other keys than those it forgot.
 */
void delivery_key(const struct delivery *delivery, uint32_t seq, char ret[static DELIVERY_KEY_MAX]);

/* attempts: how often it was sent before. */
int delivery_sent(struct delivery *delivery, uint32_t seq, uint32_t attempts, int64_t at, struct err *err);
/* note: what is worth knowing of it; NULL: nothing. */
int delivery_confirmed(struct delivery *delivery, uint32_t seq, const char *note, int64_t at, struct err *err);
/* was_sent: no when it was given up before it was sent, for the sake of another. */
int delivery_skipped(struct delivery *delivery, uint32_t seq, bool was_sent, const char *why, int64_t at,
                     struct err *err);

/* What a change needs at the platform, read from the rows of now and, of an undo, from the journal. Texts live in the pool; NULL: none. */
struct delivery_text {
    const char *person, *account; /* our immutable id; the platform's */
    bool active;                  /* is the account to be usable afterwards? */
    struct span attr[ATTR_COUNT];
    const char *object, *object_uid, *object_name; /* of a product: object_uid is NULL, object_name its section */
    const char *former; /* of adopt and adopt-group: our id until now; person or object_uid is the one from now on */
};
int delivery_text(struct delivery *delivery, const struct change *change, uint32_t seq, struct pool *pool,
                  struct delivery_text *ret, struct err *err);

/* The platform's ids; NULL: none any more. Behind the rows of the change. */
int delivery_keep_account(struct delivery *delivery, uint32_t person, const char *remote, struct err *err);
int delivery_keep_object(struct delivery *delivery, const struct change *change, uint32_t seq, const char *remote,
                         struct err *err);

/* --- for readers too --- */

enum delivery_state { DELIVERY_INTENDED, DELIVERY_SENT, DELIVERY_CONFIRMED, DELIVERY_SKIPPED };
extern const char *const delivery_state_names[];

struct delivery_row {
    struct change change; /* without hold and other */
    uint32_t seq, attempts;
    enum delivery_state state;
    bool open;           /* the gate lets the person through now */
    const char *message; /* why it was skipped, or what is worth knowing of it; "" */
};
/* Every change of the run in its order; of a run on a platform in our own database nothing. */
int delivery_each(struct store *store, int64_t run, void (*each)(void *ctx, const struct delivery_row *row), void *ctx,
                  struct err *err);

/* A run with changes that were sent and not answered. */
struct unsettled_run {
    int64_t run, team_id, sent, done;
    bool enabled; /* sync of the team is on */
    const char *team, *platform;
};
int delivery_each_unsettled(struct store *store, void (*each)(void *ctx, const struct unsettled_run *run), void *ctx,
                            struct err *err);
/* How many changes of the run were sent and not answered. */
int delivery_unanswered(struct store *store, int64_t run, int64_t *ret, struct err *err);

#endif
