/*
 * One pull into the mirror: entries come in through the sink, and what differs is written at once, inside one transaction.
 *
 *   stage_begin -> stage_sink (a connector pulls) -> stage_finish -> … policy_update … -> stage_commit -> stage_free
 *
 * Nothing is kept before stage_commit; stage_free without it takes everything back. Only stage_finish after PULL_COMPLETE infers that
 * an entry is gone, and only when no entry without a readable id was met.
 *
 * Memory: some 60 bytes for each entry known before or met now, whatever its size.
 */
#ifndef SYNC_STAGE_H
#define SYNC_STAGE_H

#include "connectors/connector.h"
#include "store/store.h"

#define STAGE_FAULTS_SHOWN 100 /* faults kept with their text; all are counted */

struct stage;

struct stage_fault {
    char *name, *why;
};

struct stage_result {
    size_t people, groups;       /* met in this pull */
    size_t added, changed, gone; /* entries, against the mirror before */
    size_t nfaults;              /* entries that could not be used */
    struct stage_fault faults[STAGE_FAULTS_SHOWN];
    bool absence_unproved; /* an entry without a readable id was met: nothing was taken as gone */
    size_t missing;        /* entries that would be gone if absence had been proved */
};

int stage_begin(struct store *store, const char *directory, int64_t now, struct stage **ret, struct err *err);
/* Rolls back what was not committed. */
void stage_free(struct stage **stage);

const char *stage_cursor(const struct stage *stage); /* of the last pull; NULL: none */
/* Before the pull: names of the further attributes that it asks for ("a,b"); "" for none, which it is unless this is called. Copied. */
void stage_ask(struct stage *stage, const char *names);
const struct sink *stage_sink(struct stage *stage);
/* After the pull: PULL_PARTIAL is refused. cursor is what the next pull begins with; NULL: none. */
int stage_finish(struct stage *stage, enum pull_result result, const char *cursor, struct err *err);
int stage_commit(struct stage *stage, struct err *err);
/* Between finish and commit: containers that are newly gone, as ids in no order. */
void stage_missing(const struct stage *stage, const uint32_t **ret_containers, size_t *ret_n);

const struct stage_result *stage_result(const struct stage *stage);
/*
 * Between finish and commit: people whose own entry or direct memberships changed, as ids in no order. all: the nesting of groups changed, so
 * that anyone may be concerned.
 */
void stage_dirty(const struct stage *stage, const uint32_t **ret_people, size_t *ret_n, bool *ret_all);

#endif
