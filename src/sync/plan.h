/*
 * The plan of one team: what would have to be done so that the platform agrees with the directory, what is held back, and why.
 *
 *   pull_directory (sync/pull.h) -> plan_make -> show, apply -> plan_free
 *
 * Pure comparison of the mirror with the rows of the platform; nothing is written but a number for a new product. A plan holds numbers only; who they are is read
 * when it is shown.
 */
#ifndef SYNC_PLAN_H
#define SYNC_PLAN_H

#include "model/change.h"
#include "model/gate.h"
#include "sync/guard.h"
#include "sync/policy.h"

enum on_leave { ON_LEAVE_SUSPEND, ON_LEAVE_REMOVE, ON_LEAVE_UNASSIGN };

struct seats {
    uint32_t product;  /* number in the database */
    char *section;     /* product's name in the configuration; owned by the plan */
    const char *title; /* as people know it */
    bool limited;
    uint32_t limit, before, after, waiting; /* waiting: people held for want of a seat */
};

/* Accounts whose person is there under a new id. */
struct identity {
    uint32_t matched, of, limit; /* of: accounts; limit: of the guard; more than that look like a rebuilt directory */
    uint32_t elsewhere;          /* of those matched, made from another directory than the team has now … */
    uint32_t entry;              /* … and one such entry; 0: none */
    bool adopt;                  /* they follow; else they wait for a decision */
};

struct plan {
    const char *team;      /* section name */
    const char *directory; /* section name */
    int64_t team_id, now;
    struct change *changes; /* to be done, in the order of change_rank, then of people */
    size_t n, cap;
    struct change *held;
    size_t nheld, held_cap;
    struct seats *seats;
    size_t nseats;
    size_t people;              /* people the team syncs: active, in scope */
    uint32_t counts[OP_COUNT];  /* of changes */
    uint32_t repairs;           /* of changes, those of CAUSE_DRIFT */
    uint32_t withheld;          /* held removals that an approval lets through: the guard's, those for a new id, and of unclear accounts */
    uint32_t holds[HOLD_COUNT]; /* of held */
    bool narrowed;              /* for one person, but out of the plan for everybody, as nothing less could say */
    struct identity identity;
    struct guard guard; /* with the limits that were passed, which is why removals are held */
};

struct plan_settings {
    const struct conf *conf;
    const struct policy *policy;
    const struct gate *gate;
    enum on_leave on_leave;
    int64_t grace; /* seconds */
    struct guard_limits limits;
    bool approved; /* somebody approved the withheld removals: nothing is held by the guard, or because of a new id */
    int64_t now;
    bool drift;     /* what drifted on the platform (sync/look.h) is put right, too */
    bool read_only; /* writes nothing: a product without a number gets one that counts within the plan only */
    /*
     * Not 0: only this person's changes, as the plan for everybody has them, read from this person's rows. The guard counts
     * nothing then; guarded says that it is known to hold the team's removals.
     */
    uint32_t only;
    bool guarded, missing_guarded; /* missing_guarded: that it holds repairs */
};

/* Reads the settings' [sync] section. */
void plan_settings_read(struct plan_settings *settings);
int plan_make(struct store *store, const struct plan_settings *settings, struct plan **ret, struct err *err);
void plan_free(struct plan **plan);

/* The people who wait for a seat, in the order in which they get one: an array of seats->waiting for the caller to free. */
uint32_t *plan_waiting(const struct plan *plan, const struct seats *seats);

/* Does the gate hold anything of this plan back? */
bool plan_gate_held(const struct plan *plan);

#endif
