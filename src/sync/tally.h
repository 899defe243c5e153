/*
 * Counts by number of what there is and what of it would go: people by search base, seats by the group they came
 * through.
 *
 *   tally_have…, tally_lose… -> tally.v -> tally_clear for the next; tally_release
 */
#ifndef SYNC_TALLY_H
#define SYNC_TALLY_H

#include <stddef.h>
#include <stdint.h>

struct tally_row {
    uint32_t number, have, lose;
};

struct tally {
    struct tally_row *v; /* in the order in which numbers were first met */
    size_t n, cap;
    uint32_t *place; /* by number: place in v + 1 */
    size_t nplace;
    size_t last; /* neighbours are mostly alike */
};

void tally_have(struct tally *tally, uint32_t number);
void tally_lose(struct tally *tally, uint32_t number);
void tally_clear(struct tally *tally);
void tally_release(struct tally *tally);

#endif
