/*
 * The second leg of the code flow (OpenID Connect Core, 3.1.3 and 5.3), without the calls themselves: the requests as bytes, and their answers read.
 *
 *   tokencall_build -> (sent) -> tokencall_read -> idtoken_verify -> userinfo_build -> (sent) -> userinfo_read
 *
 * A code is sent once, and only to the token endpoint of the provider that was asked (authresponse_check).
 */
#ifndef OIDC_TOKENCALL_H
#define OIDC_TOKENCALL_H

#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"
#include "crypto/keypair.h"
#include "net/http.h"
#include "oidc/discovery.h"

#define TOKENCALL_BYTES_MAX   (192 * 1024) /* of an answer: an ID token, an access token, and what else there may be */
#define TOKENCALL_ACCESS_MAX  (32 * 1024)  /* bytes of an access token */
#define TOKENCALL_KEY_SECONDS 120          /* how long a signed word of ours (private_key_jwt) stands */

/*
 * Who we are to the provider, and how it is shown: the first way of those in enum client_auth's order from CLIENT_AUTH_KEY on that both can do, with a
 * secret only where there is no key.
 */
struct client {
    const char *id;
    const char *secret;        /* NULL: none */
    const struct keypair *key; /* NULL: none */
    const char *key_file;      /* where the key lies with its certificate */
    enum client_auth only;     /* the one way that the provider takes of us; 0: see above */
};

/*
 * Exchanges the code. *ret and all it points to live in the pool; it holds secrets. ERR_CONFIG: there is no way that the provider takes and the
 * client can go.
 */
int tokencall_build(struct pool *pool, const struct provider *provider, const struct client *client, const char *code,
                    const char *redirect_uri, const char *verifier, int64_t now, struct http_request *ret,
                    struct err *err);

struct tokens {
    const char *id_token;     /* unverified */
    const char *access_token; /* fit for a header */
};

/*
 * ERR_NETWORK: the provider cannot now. ERR_REFUSED: it said no, in words. ERR_INPUT: what it answered is no such answer. *ret lives in the
 * pool. The reply's err must be ERR_NONE.
 */
int tokencall_read(struct pool *pool, const struct http_reply *reply, struct tokens *ret, struct err *err);

/* Asks the userinfo endpoint, which must be there. Lives in the pool; it holds the access token, which may be bound to our certificate. */
void userinfo_build(struct pool *pool, const struct provider *provider, const struct client *client,
                    const char *access_token, struct http_request *ret);
/*
 * The claims as JSON in the pool. subject: of the verified ID token; an answer about anybody else is ERR_REFUSED (OpenID Connect Core, 5.3.2).
 * Signed and encrypted answers are not read: ERR_INPUT.
 */
int userinfo_read(struct pool *pool, const struct http_reply *reply, const char *subject, const char **ret,
                  struct err *err);

#endif
