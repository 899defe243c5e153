/*
 * People whom no directory has, let in by a connection with jit = yes (of signin.db). Known by the connection and the immutable id that it sent, so that one
 * connection's people are never another's.
 */
#ifndef STORE_ARRIVALS_H
#define STORE_ARRIVALS_H

#include "store/signins.h"

#define ARRIVALS_MAX 10000 /* more are not let in */

/* What stands for a directory in a session of such a person: no section can have such a name. */
#define ARRIVALS_DIRECTORY "jit:"
const char *arrivals_directory(struct pool *pool, const char *connection); /* "jit:CONNECTION" */

struct arrival {
    const char *connection, *uid;
    const char *email, *given_name, *family_name; /* as last sent */
    int64_t first_seen, last_seen;
};

/* Recorded, or brought up to date; first_seen is not looked at. ERR_REFUSED: there are too many. As a part of the caller's transaction. */
int arrivals_put(struct signins *signins, const struct arrival *arrival, struct err *err);
/* 1: found; 0; -1. Texts live in the pool. */
int arrivals_get(struct signins *signins, const char *connection, const char *uid, struct pool *pool,
                 struct arrival *ret, struct err *err);
/* 1: somebody else than this one has this e-mail; 0; -1 */
int arrivals_has_email(struct signins *signins, const char *email, const char *connection, const char *uid,
                       struct err *err);
/* By e-mail. each's texts live until it returns. */
int arrivals_each(struct signins *signins, void (*each)(void *ctx, const struct arrival *arrival), void *ctx,
                  struct err *err);
/* 1: it was there; 0; -1. Every session of it ends. */
int arrivals_drop(struct signins *signins, const char *connection, const char *uid, struct err *err);

#endif
