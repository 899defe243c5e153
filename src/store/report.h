/* What reports read: rows in the form in which they are shown. */
#ifndef STORE_REPORT_H
#define STORE_REPORT_H

#include "store/account.h"
#include "store/store.h"

struct report_person {
    const char *team, *name, *email, *uid, *state, *products; /* products: sections, joined with ", " */
    int64_t since;
};
/* Every account that was not removed, by team and name. */
int report_people(struct store *store, void (*each)(void *ctx, const struct report_person *row), void *ctx,
                  struct err *err);

/* How many seats of a product are taken; 0 for one that was never given. */
int report_seats_used(struct store *store, const char *team, const char *product, int64_t *ret, struct err *err);
/* People who are entitled to a product. */
int report_entitled(struct store *store, const char *team, const char *product, int64_t *ret, struct err *err);
/* Accounts of a team by state, in the order of enum account_state (none is 0). */
int report_states(struct store *store, const char *team, int64_t ret[static ACCOUNT_STATES], struct err *err);
/* Ended runs of a team: when the last one began, 0 for none. */
int report_last_run(struct store *store, const char *team, int64_t *ret, struct err *err);

/* What a saved plan is compared with: the version of a directory's mirror, and the number of a team's last run. */
int report_mirror_version(struct store *store, const char *directory, int64_t *ret, struct err *err);
int report_last_run_number(struct store *store, int64_t team, int64_t *ret, struct err *err);

#endif
