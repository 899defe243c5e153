/*
 * Tests of connections by link (of signin.db): the command line makes one and waits, the sign-in server answers it.
 *
 *   trials_put -> trials_get… -> trials_drop                  whoever waits
 *   trials_get -> trials_begin -> trials_answer               the server
 *
 * The handle in the link is a secret and stands here as its digest, by which a request that was sent for the test names it (signins_request.trial).
 */
#ifndef STORE_TRIALS_H
#define STORE_TRIALS_H

#include "crypto/digest.h"
#include "store/signins.h"

#define TRIALS_MAX           100             /* at once; more are not made */
#define TRIAL_SECONDS        (15 * 60)       /* a link is good for */
#define TRIAL_REPORT_MAX     (1024 * 1024)   /* bytes */
#define TRIAL_REPORT_SECONDS (10 * 60)       /* a report waits at least for whoever made the test */

struct trial {
    const char *connection;
    bool begun; /* by some browser */
    bool answered;
    const char *report; /* answered: what was found, as signin/finding.h writes it */
    int64_t expires;
};

/* ERR_CONFLICT: there are too many already. */
int trials_put(struct signins *signins, const char *handle, const char *connection, int64_t now, int64_t expires,
               struct err *err);
/* 1: found, answered or not, and has not expired; 0; -1 */
int trials_get(struct signins *signins, const char *handle, int64_t now, struct pool *pool, struct trial *ret,
               struct err *err);
/*
 * From here on the test is this browser's, which may begin it again as long as no answer came. 1: it is; 0: it is another's, answered, expired, or
 * there is none; -1. ret_id: what a request names it by.
 */
int trials_begin(struct signins *signins, const char *handle, const char *browser, int64_t now, char ret_id[static DIGEST_HEX_MAX],
                 struct err *err);
/* 1: this is the answer; 0: it was answered before, dropped or has expired; -1 */
int trials_answer(struct signins *signins, const char *id, const char *report, int64_t now, struct err *err);
/* No fault when there is none. */
int trials_drop(struct signins *signins, const char *handle, struct err *err);

#endif
