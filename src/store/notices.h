/*
 * The outbox of signin.db: applications that have to be told that a visit is over. Rows come by themselves in the transaction that ends the
 * visit (store/visits.c), and stay until they were delivered or given up, over restarts.
 *
 *   notices_applications -> notices_due -> notices_lease -> (it is sent) -> notices_done | notices_retry
 *
 * An application may be told twice, when we die between its answer and notices_done; it is never not told for that.
 */
#ifndef STORE_NOTICES_H
#define STORE_NOTICES_H

#include "store/signins.h"

struct notice {
    int64_t seq;
    const char *application, *sid, *subject;
    int64_t tries; /* that began before */
    int64_t since; /* when the first one began; 0: none did */
};

/* The applications for which there is anything, at most `most`, into ret. The number; -1 */
int notices_applications(struct signins *signins, int most, struct pool *pool, const char **ret, struct err *err);
/* At most `most` notices to this application that are due now, the longest waiting first. The number; -1 */
int notices_due(struct signins *signins, const char *application, int64_t now, int most, struct pool *pool,
                struct notice *ret, struct err *err);
/* A try begins now. Should nobody live to end it, the notice is due again at until. */
int notices_lease(struct signins *signins, int64_t seq, int64_t now, int64_t until, struct err *err);
/* The try failed: the next one at next. */
int notices_retry(struct signins *signins, int64_t seq, int64_t next, struct err *err);
/* Delivered, or given up. */
int notices_done(struct signins *signins, int64_t seq, struct err *err);
/* This application needs not be told of this session: it was the one that ended it. */
int notices_skip(struct signins *signins, const char *sid, const char *application, struct err *err);
/* Everything to an application that nobody can tell. */
int notices_drop(struct signins *signins, const char *application, int64_t *ret_dropped, struct err *err);
int notices_count(struct signins *signins, int64_t *ret, struct err *err);

#endif
