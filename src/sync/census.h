/*
 * Everybody a plan has to do with, as an array by entry number: who is wanted on the platform, who is there, and what stands in the way.
 * Read once from the mirror and the platform's rows; some 64 bytes a person.
 */
#ifndef SYNC_CENSUS_H
#define SYNC_CENSUS_H

#include "store/account.h"
#include "sync/plan.h"

struct resident {
    struct key128 given; /* fingerprint of the attributes that the account has */
    int64_t since;       /* of the account's state */
    uint32_t account;    /* 0: none */
    uint32_t other;      /* when blocked: the person whose e-mail it is too */
    uint32_t twin;       /* looks like the same person under another id (sync/identity.h); both sides name each other */
    uint32_t follows;    /* the entry that the account has to leave for this one */
    uint32_t excluded;   /* number of the rule */
    uint32_t base;       /* number of the search base the person was read through, or 0 */
    uint32_t found;      /* with adrift: the print of what was found */
    uint8_t state;       /* enum account_state */
    uint8_t away;        /* enum cause: why the person is not wanted; CAUSE_IN_DIRECTORY: wanted */
    uint8_t hold;        /* enum hold: why nothing new may be done for the person as the directory has it */
    uint8_t account_hold; /* the same for the account as it is */
    uint8_t adrift;       /* enum op: the repair of what drifted with the account itself; 0: nothing did */
    bool known;           /* is a person of this directory */
    bool inside;          /* a scope group leads to the person */
    bool differs;         /* the account's attributes are not those of the directory */
    bool shared;          /* somebody else has, or would have, the same e-mail: unfit to recognise anybody by */
    bool blocked;         /* somebody else has the e-mail: no new account, no new attributes; all else goes on */
};

/* A seat, a membership or a group that drifted; as in struct drift_row. */
struct drifted {
    uint32_t account, object, found;
    uint8_t op;
};

struct census {
    struct resident *by_entry;
    uint32_t max_entry;
    uint32_t *person_of; /* by account number */
    uint32_t max_account;
    uint32_t accounts;        /* that are not removed, whatever directory they came from */
    struct identity identity; /* how many of them look like people who are there under a new id */
    struct drifted *drifted;  /* by op, object and account */
    size_t ndrifted, drifted_cap;
    uint32_t missing;         /* accounts that are gone, or cannot be used, on the platform */
    bool scope_unresolved;    /* a scope group was not found: nobody is taken as out of scope */
};

/* Fills ret, which the caller zeroed; release it also on -1. */
int census_take(struct store *store, const struct plan_settings *settings, struct census *ret, struct err *err);
void census_release(struct census *census);

static inline bool resident_wanted(const struct resident *r)
{
    return r->known && r->away == CAUSE_IN_DIRECTORY;
}

static inline bool resident_live(const struct resident *r)
{
    return r->state == ACCOUNT_INVITED || r->state == ACCOUNT_ACTIVE;
}

#endif
