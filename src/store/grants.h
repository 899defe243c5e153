/*
 * What applications asked for and were given (of signin.db): an authorization that waits for its person, then a grant with its code, then
 * the grant's tokens.
 *
 *   authorization_put -> authorization_get… -> grant_put (the authorization is used up) -> grant_redeem (the code, once) -> token_put
 *       -> token_get… ; token_rotate ; grant_revoke
 *
 * A grant is one person's sign-in at one application, in one session (by its sid, which is no secret). Everything that came of it is gone with
 * it: token_get knows no token whose session ended. Handles, codes and tokens stand in the file as digests. Functions return 0 or -1 but where
 * it says otherwise; texts that come back are in the pool, "" where nothing was said.
 */
#ifndef STORE_GRANTS_H
#define STORE_GRANTS_H

#include "store/signins.h"

#define AUTHORIZATIONS_MAX 100000 /* rows; the oldest go first */

struct authorization {
    const char *application; /* its section */
    const char *redirect_uri, *scope, *state, *nonce, *challenge;
    const char *context; /* acr_values: what is asked for */
    const char *hint;    /* login_hint */
    const char *before;  /* mark of the session that there was when it was asked; "" for none */
    bool again;          /* prompt=login */
    bool silent;         /* prompt=none */
    int64_t max_age;     /* seconds since the person signed in; -1: not asked */
    int64_t created, expires;
};
/* handle, browser: secrets. */
int authorization_put(struct signins *signins, const char *handle, const char *browser, const struct authorization *a,
                      struct err *err);
/* Of this browser, and not expired. It stays. 1: found; 0; -1 */
int authorization_get(struct signins *signins, const char *handle, const char *browser, int64_t now, struct pool *pool,
                      struct authorization *ret, struct err *err);
/* 1: this call took it out; 0: it was gone; -1 */
int authorization_take(struct signins *signins, const char *handle, struct err *err);

struct grant {
    int64_t id; /* read back */
    const char *sid, *application, *subject;
    const char *redirect_uri, *scope, *nonce, *challenge;
    int64_t created;
    int64_t code_expires;
    bool redeemed; /* read back: the code was used */
};
/* code: a secret. */
int grant_put(struct signins *signins, const char *code, const struct grant *grant, struct err *err);
/* The grant of a code, used and expired ones as long as they are kept. 1: found; 0; -1 */
int grant_of_code(struct signins *signins, const char *code, struct pool *pool, struct grant *ret, struct err *err);
/* Uses the code up. 1: this call did; 0: it was used before; -1 */
int grant_redeem(struct signins *signins, int64_t grant, struct err *err);
/* With everything that came of it. */
int grant_revoke(struct signins *signins, int64_t grant, struct err *err);

enum token_kind { TOKEN_ACCESS, TOKEN_REFRESH };

struct token {
    enum token_kind kind;
    int64_t grant;
    const char *sid, *application, *subject, *scope; /* of the grant */
    int64_t created, expires;
    bool used; /* a refresh token that was exchanged for another */
};
/* scope: that of the token, no wider than the grant's. */
int token_put(struct signins *signins, const char *token, enum token_kind kind, int64_t grant, const char *scope,
              int64_t now, int64_t expires, struct err *err);
/* Not expired, and its session is there. 1: found; 0; -1 */
int token_get(struct signins *signins, const char *token, int64_t now, struct pool *pool, struct token *ret,
              struct err *err);
/* Marks a refresh token as used. 1: this call did; 0: it was used before; -1 */
int token_use(struct signins *signins, const char *token, struct err *err);
/* Takes one out. No fault when there is none. */
int token_drop(struct signins *signins, const char *token, struct err *err);

#endif
