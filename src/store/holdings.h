/* What a person of a directory has, as applications are told: teams, products and groups, from the main database. */
#ifndef STORE_HOLDINGS_H
#define STORE_HOLDINGS_H

#include "base/pool.h"
#include "store/db.h"

#define HOLDINGS_MAX 500 /* of products, of groups: more are not told */

typedef void holdings_each(void *ctx, const char *name);
/* The teams in which the person has an account that is neither suspended nor removed; so below. */
int holdings_teams(struct db *db, const char *directory, const char *uid, holdings_each *each, void *ctx,
                   struct err *err);
/* Products that the person has a seat of, by the names of their sections; of every team, or of one. */
int holdings_products(struct db *db, const char *directory, const char *uid, const char *team, holdings_each *each,
                      void *ctx, struct err *err);
/* Groups that the person is in on the platform of every team, or of one, by their names there. */
int holdings_synced_groups(struct db *db, const char *directory, const char *uid, const char *team, holdings_each *each,
                           void *ctx, struct err *err);
/* Groups of the directory that the person is in, through others too. */
int holdings_directory_groups(struct db *db, const char *directory, const char *uid, holdings_each *each, void *ctx,
                              struct err *err);

#endif
