/* Rows of runs and of their changes: the journal. */
#ifndef STORE_RUN_H
#define STORE_RUN_H

#include "crypto/digest.h"
#include "model/change.h"
#include "store/store.h"

/* interrupted: ended, and of some changes sent to a platform elsewhere it is not known whether they were done (store/delivery.h) */
enum run_state { RUN_RUNNING, RUN_INTERRUPTED, RUN_DONE, RUN_FAILED };
extern const char *const run_state_names[];
enum run_state run_state_of(const char *name); /* RUN_FAILED for any other text */

struct run_row {
    int64_t id, started_at, ended_at, changes, done, held;
    enum run_state state;
    const char *team, *command, *message;
};

int run_begin(struct store *store, int64_t team, const char *command, const char *plan, size_t changes, size_t held,
              int64_t now, int64_t *ret, struct err *err);
/* The platform's section, and whether it is elsewhere: then a change was done when its delivery is confirmed. Belongs to run_begin. */
int run_goes_to(struct store *store, int64_t run, const char *platform, bool elsewhere, struct err *err);
/* Notes how far it came; belongs into the transaction of the changes themselves. */
int run_progress(struct store *store, int64_t run, size_t done, struct err *err);
/* Milliseconds that the changes took; before run_end. */
int run_took(struct store *store, int64_t run, int64_t milliseconds, struct err *err);
/* Ends it and vouches for it in the audit log, in one transaction of its own. */
int run_end(struct store *store, int64_t run, enum run_state state, const char *message, int64_t now, struct err *err);
/* Ends it for now: what was sent and not answered is still to be settled (sync/settle.h). */
int run_interrupt(struct store *store, int64_t run, const char *message, int64_t now, struct err *err);
/*
 * A run that still "runs" while we hold the writer's lock was killed: it is closed as failed, with the message that it has, if any. One with
 * changes that were sent and not answered stays as it is.
 */
int run_settle(struct store *store, int64_t now, struct err *err);

/* The pace of the last ended run that tells one for this platform. 1: there is one; 0: none; -1 */
struct run_pace {
    int64_t run;
    double per_second;
};
int run_pace(struct store *store, const char *platform, struct run_pace *ret, struct err *err);

/* Newest first. */
int run_each(struct store *store, size_t limit, void (*each)(void *ctx, const struct run_row *row), void *ctx,
             struct err *err);
/* 1: found, and each was called once; 0: no such run; -1 */
int run_find(struct store *store, int64_t run, void (*each)(void *ctx, const struct run_row *row), void *ctx,
             struct err *err);

/*
 * The journal's writer. Whoever gets the directory's attributes is judged by the domain of the e-mail there; anybody else by the domain of the
 * account, where there is one; and who gets attributes back, by the domain of those. A repair (CAUSE_DRIFT) gives what the account has.
 *
 * What a change takes away or replaces is kept beside it ("before"), as it is when the change is written: the account, the seat's group, the
 * group's name. An undo brings what the undone change replaced ("after"): from there the platform takes it.
 */
struct journal;
int journal_open(struct store *store, int64_t run, int64_t team, struct journal **ret, struct err *err);
void journal_close(struct journal **journal);
/* Writes n changes with the numbers seq and up. ERR_GATE when the database's own gate refuses one: roll back then. */
int journal_write(struct journal *journal, size_t seq, const struct change *changes, size_t n, struct err *err);

/* The changes of a run in the order in which they were done, with the team they belong to. */
int run_changes(struct store *store, int64_t run, void (*each)(void *ctx, const struct change *change), void *ctx,
                struct err *err);
int run_team(struct store *store, int64_t run, int64_t *ret, struct err *err);
/* Over the row of the run, its whole journal and its deliveries, in order: types and values. */
int run_digest(struct store *store, int64_t run, char ret[static DIGEST_HEX_MAX], struct err *err);

#endif
