/*
 * Our signed word that we are the client (private_key_jwt; OpenID Connect Core, 9; RFC 7523): a token that stands for a moment, for one
 * provider only. Its sole audience is the issuer, so that no other provider can pass it on.
 */
#ifndef OIDC_CLIENTWORD_H
#define OIDC_CLIENTWORD_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/keypair.h"

/*
 * Adds it to ret. The provider finds our key by kid and x5t#S256, which are both the SHA-256 of our certificate in base64url.
 * ERR_CONFIG: no RSA or EC key on P-256, P-384 or P-521.
 */
int clientword_make(const struct keypair *key, const char *client_id, const char *issuer, int64_t now, struct buf *ret,
                    struct err *err);

#endif
