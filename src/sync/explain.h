/*
 * Everything that is known of one person, team by team: what the directory says, which groups lead where and how, what the platform
 * holds, what is pending. Read only; needs no lock.
 *
 *   explain_begin -> explain_who -> explain_make -> show -> explain_release -> db_rollback
 */
#ifndef SYNC_EXPLAIN_H
#define SYNC_EXPLAIN_H

#include "store/explain.h"
#include "store/last_plan.h"
#include "sync/mapper.h"
#include "sync/path.h"
#include "sync/plan.h"

struct explain_match {
    uint32_t person;
    bool gone;
};

/*
 * Who is meant: an immutable id, a DN, an e-mail address (else one that an account has), a user name or a display name; the first of these
 * that fits anybody decides. Of several, those who are in the directory. The array lives in the pool.
 */
int explain_who(struct store *store, const struct conf *conf, const char *typed, struct pool *pool,
                struct explain_match **ret, size_t *ret_n, struct err *err);

/* A group that the configuration names. */
struct explain_group {
    const char *where, *configured; /* where: "FILE:LINE" */
    uint32_t group;                 /* 0: not found in the directory */
    struct path path;               /* n 0: the person is not in it */
};

struct explain_product {
    const char *section, *title;
    bool configured; /* false: the person has a seat of a product that the configuration no longer has */
    struct explain_group *groups;
    size_t n;
    struct path path;   /* the shortest of the groups' */
    bool entitled;      /* there is a way, and the person is wanted */
    int64_t seat_since; /* 0: has none */
    bool limited;
    int64_t limit;
    int64_t taken;   /* of a product that is limited: nobody waits for another, and counting takes reading them all */
    int64_t waiting; /* people, for want of a seat; -1: not known, as no plan was made of this state */
};

struct explain_synced {
    uint32_t group;
    bool wanted, member; /* should be in it; is in it on the platform */
    struct path path;
};

struct explain_rival {
    uint32_t person;
    enum account_state state; /* of the account that has the e-mail; ACCOUNT_NONE: a person of the directory */
};

/* What was found of the account on the platform at the last look, and is not repaired. */
struct explain_note {
    enum op op;
    bool willed; /* the platform wants it so: it came back after it was repaired; else nobody can say whose the account is */
    uint32_t object, times; /* times: how often it was repaired */
    const char *found;      /* "title is Chief" */
};

struct explain_team {
    const struct conf_section *section;
    struct policy policy;
    struct plan
        *plan; /* this person's part; NULL: the configuration changed since the directory was last read for this team */
    /*
     * What the last plan for everybody found out; current: of this state of the mirror, the platform and the configuration. Unless it
     * is, or plan->narrowed, nothing is known of the guard, and the plan is as if it held nothing.
     */
    struct last_plan last;
    bool current;
    struct explain_account account;
    uint32_t differs;   /* bits of enum attr: account and directory differ */
    struct mapper_value *mapped; /* what the platform gets by its map; none where it gets the attributes as they are */
    size_t nmapped;
    int64_t removed_at; /* when a suspended account is removed unless the person comes back; 0: never */
    bool protects;      /* administrator of the team, or matched by protect */
    enum cause away;    /* why the person is not wanted; CAUSE_IN_DIRECTORY: wanted */
    struct explain_product *products;
    size_t nproducts, products_cap;
    struct explain_synced *groups;
    size_t ngroups, groups_cap;
    struct explain_rival *rivals;
    size_t nrivals, rivals_cap;
    struct explain_note *notes;
    size_t nnotes, notes_cap;
    struct explain_change *done; /* by the last runs, newest first */
    size_t ndone, done_cap;
};

struct explanation {
    struct explain_person person;
    const struct conf_section *directory; /* NULL: the configuration no longer has it */
    const struct gate *gate;
    int gate_index;              /* of the person's domain; -1: none of the organisation's */
    struct explain_group *scope; /* of the directory; none: everybody is in scope */
    size_t nscope;
    struct explain_team *teams;
    size_t nteams;
};

/* Texts and paths live in the pool. Release it also on -1. */
int explain_make(struct store *store, const struct conf *conf, const struct gate *gate, int64_t now, uint32_t person,
                 struct pool *pool, struct explanation *ret, struct err *err);
void explain_release(struct explanation *explanation);

/* Is any scope group one that the person is in, or is there none to be in? */
bool explain_in_scope(const struct explanation *explanation);

#endif
