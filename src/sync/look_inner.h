/*
 * What the parts of a look share: look.c drives it and keeps what was found, look_accounts.c and look_groups.c
 * compare.
 */
#ifndef SYNC_LOOK_INNER_H
#define SYNC_LOOK_INNER_H

#include "base/keymap.h"
#include "base/pool.h"
#include "crypto/digest.h"
#include "store/drift.h"
#include "store/there.h"
#include "sync/look.h"
#include "sync/mapper.h"

/* By what something there was taken for ours. */
enum claim {
    CLAIM_NONE,
    CLAIM_BY_UID, /* it bears our id, and what had the platform's id that we know was not met (yet) */
    CLAIM_BY_ID,  /* it has the platform's id that we know */
    CLAIM_TWICE,  /* two bear our id, and neither has that */
    CLAIM_LOST,   /* it has that, and bears another's id */
};

/* One of our accounts, by its number. */
struct seen {
    uint64_t at;     /* of the platform's id that it has; 0: not met */
    uint32_t person; /* 0: no account, or a removed one */
    uint8_t state;   /* enum account_state */
    uint8_t claim;
    bool unsure;    /* something that was sent was not answered */
    bool contested; /* somebody else's account there bears its id */
};

/* One of our groups, or what stands for a product. */
struct object {
    uint32_t id, object; /* number of the row; as in struct change */
    bool product;
    enum platform_assign how; /* of products */
    const char *value;        /* of those that are no group */
    const char *uid, *name, *remote;
    uint64_t at;
    uint8_t claim;
    bool unsure;
    bool namesake;   /* a group that is not ours has its name */
    uint32_t marked; /* of values: the account that was last met with it */
};

/* Something that is not as it should be, before it is known whether it counts. */
struct fact {
    const struct object *object; /* NULL: of an account itself */
    const char *found;
    uint64_t from;    /* the thing there that it was found of; 0: it is absent */
    uint32_t account; /* 0: of the group itself */
    uint8_t op, stance;
    bool absence; /* counts only after a complete read */
    bool idless;  /* it bears no id; that counts only where any does */
};

/* The platform's id of something of ours, which is not the one that we know. */
struct new_id {
    const struct object *object; /* NULL: an account's */
    uint32_t account;
    bool had_other;
    uint64_t at;
    const char *remote;
};

struct looking {
    const struct look_settings *s;
    struct look_report *report;
    struct platform *platform;
    struct there *there;
    struct pool *pool, *task; /* task: of what one account should be */
    struct mapper *mapper;    /* NULL: nothing is mapped */
    struct digest *digest;
    struct seen *seen; /* by account */
    uint32_t max_account;
    struct keymap accounts; /* the platform's id -> account */
    size_t nours;           /* accounts and groups that should be there */
    size_t bearing;         /* accounts that bear our id */
    struct object *objects;
    size_t nobjects, objects_cap;
    struct keymap by_uid, by_remote, by_name; /* -> place in objects */
    uint32_t account;                         /* the account whose values follow; 0: not ours */
    uint64_t account_at;
    struct object *open; /* the group whose members follow; NULL: none */
    uint64_t open_at;
    uint32_t *stamp; /* by account: 2 × round when it should be a member, and one more when it was met */
    uint32_t round;
    uint32_t *expected;
    size_t nexpected, expected_cap;
    size_t foreign;
    struct fact *facts;
    size_t nfacts, facts_cap;
    struct new_id *new_ids;
    size_t nnew_ids, new_ids_cap;
    struct buf text;
    bool store_failed; /* what ended the read was our own fault */
};

struct key128 look_key(struct looking *l, struct span text);
void look_add(struct looking *l, struct fact fact);
/* Counts it, and keeps its name while there is room. */
void look_stranger(struct looking *l, const char *what, struct span name, const char *more);
/* A text to be kept: printable, cut to what fits. */
const char *look_text(struct looking *l, struct span text);
static inline bool look_is_ours(uint8_t claim)
{
    return claim == CLAIM_BY_ID || claim == CLAIM_BY_UID;
}

int look_load_accounts(struct looking *l, struct err *err);
int look_account(void *ctx, const struct platform_found *found, struct err *err);
int look_value(void *ctx, enum platform_assign how, struct span value, struct err *err);
/* The last account's values are complete. */
int look_end_account(struct looking *l, struct err *err);
void look_missing_accounts(struct looking *l);

int look_load_objects(struct looking *l, struct err *err);
int look_group(void *ctx, const struct platform_found *found, bool *ret_members, struct err *err);
int look_member(void *ctx, struct span account, struct err *err);
void look_end_group(struct looking *l);
int look_missing_objects(struct looking *l, struct err *err);

#endif
