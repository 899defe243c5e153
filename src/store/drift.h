/*
 * Drift: what a look at a platform elsewhere found that is not as our rows say, and what became of its repair.
 *
 *   drift_begin -> drift_put… -> drift_end        one look, in a transaction of the caller's
 *   drift_each -> a plan repairs -> drift_settled, in the transaction of the answer
 *
 * A row stands for the change that would put it right: OP_RESTORE, SUSPEND, UPDATE of an account; ASSIGN, JOIN, LEAVE
 * of an account and an object; ADD_GROUP, RENAME_GROUP of an object. Our rows are right and never move for it.
 *
 * What was repaired and is found the same way again is the platform's own will: it is kept and told, and not repaired
 * for ever. That is so when nobody has seen it right in between, when it came back the third time, and when the
 * platform refused to have it repaired three times. What gives somebody access who may not have it (SUSPEND, LEAVE)
 * is repaired as often as it is found. A month after the last time it is forgotten.
 */
#ifndef STORE_DRIFT_H
#define STORE_DRIFT_H

#include "base/pool.h"
#include "crypto/digest.h"
#include "model/change.h"
#include "store/db.h"

enum drift_stance {
    DRIFT_REPAIR,
    DRIFT_WILLED,  /* the platform wants it so */
    DRIFT_UNCLEAR, /* nobody can say whose it is: told, and left alone */
    DRIFT_FOREIGN, /* of OP_DROP_GROUP: the group has members there that are not ours */
};

#define DRIFT_FOUND_MAX 300 /* bytes of "found" */

struct drift_row {
    enum op op;
    enum drift_stance stance;
    uint32_t account, object; /* account 0: of a group; object as in struct change */
    uint32_t person;          /* of the account; not read by drift_put */
    uint32_t print;           /* of what was found: the same when the same is found again */
    const char *found;        /* "title is Chief"; printable */
    uint32_t times;           /* how often a repair was tried; not read by drift_put */
};

/* --- a look --- */

/* When the team's platform was last read completely; 0: never, or it was another platform. */
int drift_looked_at(struct db *db, int64_t team, const char *platform, int64_t *ret, struct err *err);

struct drift_look;
int drift_begin(struct db *db, int64_t team, const char *platform, int64_t now, struct drift_look **ret,
                struct err *err);
/* Found now. stance is DRIFT_REPAIR where drift.h decides; any other stays what it is. */
int drift_put(struct drift_look *look, const struct drift_row *row, struct err *err);
/*
 * complete: what was not put is as it should be. Otherwise nothing is known of it, and only what was unclear stays so.
 * Frees the look, also on -1.
 */
int drift_end(struct drift_look **look, bool complete, struct err *err);

/* Nothing is known of the platform any more. */
int drift_forget(struct db *db, int64_t team, struct err *err);

/* --- what was found --- */

/* What is not as it should be, in the order of accounts, kinds and objects. */
int drift_each(struct db *db, int64_t team, void (*each)(void *ctx, const struct drift_row *row), void *ctx,
               struct err *err);
/* The same of one person's account. */
int drift_each_of(struct db *db, int64_t team, uint32_t person, void (*each)(void *ctx, const struct drift_row *row),
                  void *ctx, struct err *err);
/* What was found that a change of CAUSE_DRIFT repairs, or repaired; *ret "": it is not known any more. */
int drift_found(struct db *db, int64_t team, const struct change *change, struct pool *pool, const char **ret,
                struct err *err);
/* A digest over what was found, for what was planned of it. */
int drift_state(struct db *db, int64_t team, char ret[static DIGEST_HEX_MAX], struct err *err);

/*
 * A change was confirmed by the platform. One of CAUSE_DRIFT is a repair; after any other nothing is known of what it
 * was about.
 */
int drift_settled(struct db *db, int64_t team, const struct change *change, int64_t now, struct err *err);
/* The platform refused it. Of a change that is no repair nothing is noted. */
int drift_refused(struct db *db, int64_t team, const struct change *change, int64_t now, struct err *err);

#endif
