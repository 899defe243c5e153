/* The order in which free seats of a product go to the people entitled to it. */
#ifndef SYNC_RANK_H
#define SYNC_RANK_H

#include "sync/draft.h"

/*
 * Puts whom the product's "priority" groups hold before the others in draft->entitled, group after group as configured; all keep their order
 * among themselves. A product without such groups costs nothing.
 */
int rank_entitled(struct store *store, struct draft *draft, const struct target *product, struct err *err);

#endif
