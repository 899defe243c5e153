/*
 * What a platform elsewhere should have by our rows, looked up thing by thing: for comparing it with what it has
 * (sync/look.h).
 *
 *   there_open -> there_account_of…, there_has_seat… -> there_close
 */
#ifndef STORE_THERE_H
#define STORE_THERE_H

#include "model/change.h"
#include "store/account.h"
#include "store/store.h"

struct there;
int there_open(struct store *store, int64_t team, struct there **ret, struct err *err);
void there_close(struct there **there);

/* An account of the team. Texts live until the next call of the same function. */
struct there_account {
    uint32_t id, person;
    enum account_state state;
    const char *uid;    /* our id */
    const char *remote; /* the platform's; NULL: none known */
    struct span attr[ATTR_COUNT];
    struct span mapped; /* what it was given by the platform's own map (store/mapped.h), as kept */
};
/* By our id of it; by the platform's. 1: found; 0: the team has none; -1 */
int there_account_of(struct there *there, struct span uid, struct there_account *ret, struct err *err);
int there_account_at(struct there *there, struct span remote, struct there_account *ret, struct err *err);
/* Is it our id of anybody, in whatever directory? */
int there_is_person(struct there *there, struct span uid, bool *ret, struct err *err);
int there_has_seat(struct there *there, uint32_t account, uint32_t product, bool *ret, struct err *err);

/* The team's synced groups: object is the entry each stands for. Its products: uid is the section. */
struct there_object {
    uint32_t id, object;
    const char *uid, *name, *remote; /* remote NULL: none known */
};
int there_each_group(struct there *there, void (*each)(void *ctx, const struct there_object *row), void *ctx,
                     struct err *err);
int there_each_product(struct there *there, void (*each)(void *ctx, const struct there_object *row), void *ctx,
                       struct err *err);

/* Changes that were sent and not answered: what they are about may be either way. */
int there_each_unanswered(struct there *there, void (*each)(void *ctx, enum op op, uint32_t person, uint32_t object),
                          void *ctx, struct err *err);

/* The platform gave it another id. Nothing is written of an account whose gate is closed. */
int there_keep_account(struct there *there, uint32_t account, const char *remote, struct err *err);
int there_keep_group(struct there *there, uint32_t synced_group, const char *remote, struct err *err);
int there_keep_product(struct there *there, uint32_t product, const char *remote, struct err *err);

#endif
