/* What the files of signin.db share. */
#ifndef STORE_SIGNINS_INNER_H
#define STORE_SIGNINS_INNER_H

#include "crypto/digest.h"
#include "store/signins.h"

struct signins {
    struct db *db;
};

/* Tables of the other files. */
extern const char grants_tables[], notices_tables[], passes_tables[], visits_tables[], trials_tables[],
    renewals_tables[], arrivals_tables[];

/* How a secret stands in the file. */
const char *signins_hash(const char *secret, char ret[static DIGEST_HEX_MAX]);
/* 1: a row was changed; 0: none; -1 */
int signins_run_counted(struct signins *signins, const char *sql, const struct db_value *values, size_t n,
                        struct err *err);

static inline const char *or_empty(const char *text)
{
    return text ? text : "";
}

#endif
