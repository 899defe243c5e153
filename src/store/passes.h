/*
 * What lets people into a web site behind a reverse proxy that asks us (of signin.db): a hop from the site to our sign-in page and back, then
 * a pass, whose secret is in a cookie of the site.
 *
 *   hop_put -> hop_get -> hop_grant -> hop_take + pass_put -> pass_get…
 *
 * Handles, codes, cookies stand in the file as digests. A pass ends with its session.
 */
#ifndef STORE_PASSES_H
#define STORE_PASSES_H

#include "store/signins.h"

#define HOPS_MAX 100000 /* rows; the oldest go first */

struct hop {
    const char *application, *origin;
    const char *url; /* where the person wanted to go, there */
    const char *sid; /* read back by hop_take */
};
/* handle, state: secrets; state is in a cookie of the site. */
int hop_put(struct signins *signins, const char *handle, const char *state, const struct hop *hop, int64_t expires,
            struct err *err);
/* Not granted yet, and not expired. 1: found; 0; -1 */
int hop_get(struct signins *signins, const char *handle, int64_t now, struct pool *pool, struct hop *ret,
            struct err *err);
/* code: a secret that takes the person back. 1: granted; 0: it was before; -1 */
int hop_grant(struct signins *signins, const char *handle, const char *code, const char *sid, int64_t expires,
              struct err *err);
/* Uses the code up, whoever brings it. 1: it is of this state's browser; 0: it is not, or there is none; -1 */
int hop_take(struct signins *signins, const char *code, const char *state, int64_t now, struct pool *pool,
             struct hop *ret, struct err *err);

/* pass: a secret. In place of the one that this session had there. */
int pass_put(struct signins *signins, const char *pass, const struct hop *hop, struct err *err);
/* 1: *ret_sid is its session, which may be over; 0; -1 */
int pass_get(struct signins *signins, const char *pass, const char *application, const char *origin, struct pool *pool,
             const char **ret_sid, struct err *err);

#endif
