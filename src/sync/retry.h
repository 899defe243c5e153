/*
 * When a change is sent again, when it is given up, and when a platform counts as lost: from what it answered so far.
 *
 *   retry_init -> (retry_hear, after each wave -> retry_worn_out, retry_wait, retry_lost)…
 */
#ifndef SYNC_RETRY_H
#define SYNC_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connectors/platform.h"

struct retry {
    size_t retries;
    double first_wait; /* seconds */
    double rest_until; /* instant of the monotonic clock: the platform asks to be left alone until then */
    size_t silent_waves, silent_changes;
};

/* From a section with PLATFORM_REMOTE_SETTINGS. */
void retry_init(struct retry *retry, const struct conf_section *section);
void retry_hear(struct retry *retry, const struct platform_answer *answers, size_t n);
/* Whether anything at all was settled. */
bool retry_moves(const struct platform_answer *answers, size_t n);
/* tries: by this sender; attempts: by every sender there was. */
bool retry_worn_out(const struct retry *retry, uint32_t tries, uint32_t attempts);
/* Seconds until a change that was tried so often is sent again. */
double retry_wait(const struct retry *retry, uint32_t tries);
bool retry_lost(const struct retry *retry);

#endif
