/*
 * Why a plan takes away what it takes away: its removals, planned or held, grouped by what they come from. Worked out
 * from the mirror; the directory is not asked.
 *
 *   plan_make -> causes_make -> show -> causes_release
 *
 * People who are gone are grouped by the topmost container above them that went in the same read: an organisational
 * unit that was moved out of the bases is then one line, however many people it held.
 */
#ifndef SYNC_CAUSES_H
#define SYNC_CAUSES_H

#include "sync/plan.h"

enum why {
    WHY_OTHER,
    WHY_CONTAINER_MOVED, /* subject: the container; it is now at moved_to */
    WHY_CONTAINER_GONE,  /* subject: the container */
    WHY_GONE,            /* subject: as below */
    WHY_DISABLED,
    WHY_EXCLUDED, /* subject: the number of the exclude line */
    WHY_OUT_OF_SCOPE,
    WHY_GRACE,
    WHY_LEFT_GROUP,   /* subject: the group */
    WHY_GROUP_EMPTY,  /* the same; it has no members any more */
    WHY_GROUP_GONE,   /* the same; it is no longer in the directory */
    WHY_GROUP_UNTIED, /* the same; it no longer leads to what they have */
    WHY_UNCONFIGURED,
    WHY_UNDO, /* subject: the run */
    WHY_DRIFT,
    WHY_COUNT,
};
extern const char *const why_names[WHY_COUNT]; /* as written in JSON: "container-moved" … */

struct removal_cause {
    enum why why;
    uint32_t subject;
    uint32_t people, seats, members; /* suspended or removed; unassigned; memberships of synced groups */
    uint32_t held[HOLD_COUNT];       /* of all these, by hold; [HOLD_NONE]: those that would be done */
    const char *container, *moved_to;
    uint32_t below;   /* of containers and people who are gone, the number of the base they were below, or 0 */
    const char *base; /* as it was configured; NULL: none */
    bool asked;       /* of containers: the source said where it is, or that it is nowhere */
    bool inside;      /* what moved_to says is below that base all the same */
    bool unread;      /* nothing is read through that base any more */
};

struct causes {
    struct pool *pool;
    struct removal_cause *v; /* most people first, then seats, then memberships */
    size_t n, cap;
    uint32_t people, seats, members; /* of all of them */
};

/* Release it also on -1. */
int causes_make(struct store *store, const struct policy *policy, const struct plan *plan, struct causes *ret,
                struct err *err);
void causes_release(struct causes *causes);

#endif
