/*
 * One round of a draft: one thing that people have or should have, a seat of a product or a group's membership.
 * Whoever is entitled is met first, then whoever has it; the difference is taken away or given.
 *
 *   round_begin -> round_meet_entitled -> round_meet_having… -> round_give
 */
#ifndef SYNC_ROUND_H
#define SYNC_ROUND_H

#include "sync/draft.h"

/*
 * In each round a person's stamp is 2 × round when entitled, and 2 × round + 1 when entitled and
 * already having it.
 */
struct round {
    struct draft *d;
    enum op give, take;
    uint32_t object;
    bool unresolved;   /* a group that may lead here was not found */
    bool unclear;      /* a group of which nobody can say whose it is on the platform */
    bool unconfigured; /* nobody is entitled any more, because the configuration says so */
    uint32_t have, released, foreign;
    uint8_t kept; /* enum hold: why somebody keeps it who should not */
    uint8_t hold; /* enum hold: why it cannot be given to anybody */
};

void round_begin(struct draft *draft);
/* Everybody who is entitled to the target; NULL: nobody. Of a plan for one person, that one. */
int round_meet_entitled(struct store *store, const struct target *target, struct round *round, struct err *err);
/* Whoever has it: callbacks of the store, with the round as ctx. */
void round_meet_having(void *ctx, uint32_t account, uint32_t via);
void round_meet_member(void *ctx, uint32_t account);
/*
 * Gives to whoever is entitled and has it not, in the order in which the directory's people were first met, while
 * seats last. seats NULL: of a group.
 */
void round_give(struct round *round, struct seats *seats);

/* What would be done for, and to, one person; without a word of whether it is to be. */
struct change round_giving(const struct round *round, uint32_t person, const struct resident *r);
struct change round_taking(const struct round *round, uint32_t person, const struct resident *r, uint32_t via);
bool round_is_entitled(const struct draft *draft, uint32_t person); /* and has it not, as far as was met */
bool round_keeps(const struct draft *draft, uint32_t person);       /* is entitled, and has it */
/* The account of whom the plan is for; 0 when it is for everybody, or there is none. */
uint32_t round_only_account(const struct draft *draft);

#endif
