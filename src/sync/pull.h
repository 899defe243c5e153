/*
 * From a directory to the mirror, and from there to what the people of every team of this directory are entitled to: one transaction.
 */
#ifndef SYNC_PULL_H
#define SYNC_PULL_H

#include "sync/stage.h"

struct pull_report {
    enum pull_result result;
    struct stage_result summary; /* without the faults' texts, which are in faults */
    char *source; /* where it was read from: "ldaps://dc1.example.com"; NULL when it could not be opened */
    struct stage_fault faults[STAGE_FAULTS_SHOWN];
    size_t nfaults;
    double seconds;
};

/* Called now and then with the number of entries met; may be NULL. */
struct pull_progress {
    void (*tick)(void *ctx, size_t entries);
    void *ctx;
};

/*
 * Reads the directory. On 0 the mirror holds what it read. A read that was cut off is -1: the mirror stays as it was, and err says what cut it off.
 * Release the report in both cases.
 */
int pull_directory(struct store *store, const struct conf *conf, const struct conf_section *directory, int64_t now,
                   const struct pull_progress *progress, struct pull_report *ret, struct err *err);
void pull_report_release(struct pull_report *report);

#endif
