#include "oidc/clientword.h"

#include <jansson.h>
#include <openssl/evp.h>

#include "base/cleanup.h"
#include "base/pool.h"
#include "crypto/token.h"
#include "oidc/compact.h"
#include "oidc/encode.h"
#include "oidc/tokencall.h"

#define CLOCK_SLACK 30 /* seconds that a provider's clock may be behind */

DEFINE_CLEANUP(jsonp, json_t *, json_decref)

/* The only names under which an algorithm is signed with: secp256k1 has 256 bits too, and is none of JOSE's. */
static const struct algorithm {
    const char *key_name, *alg;
} algorithms[] = {{"RSA", "RS256"}, {"EC P-256", "ES256"}, {"EC P-384", "ES384"}, {"EC P-521", "ES512"}};

static const char *algorithm_of(const struct cert *cert)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        if (strcmp(cert->key_name, algorithms[i].key_name) == 0)
            return algorithms[i].alg;
    return NULL;
}

static void add_thumbprint(const struct cert *cert, struct buf *ret)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (EVP_Digest(cert->der, cert->der_len, digest, &n, EVP_sha256(), NULL) == 1)
        encode_base64url((struct span){(const char *)digest, n}, ret);
}

/* json_pack gives NULL for text that is no UTF-8: then nothing may be signed. */
static char *write_part(json_t *object)
{
    CLEANUP(jsonp) json_t *owned = object;
    return owned ? json_dumps(owned, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
}

static json_t *claims(const char *client_id, const char *issuer, int64_t now)
{
    char once[TOKEN_SIZE];
    token_new(once);
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "iss", client_id, "sub", client_id, "aud", issuer, "jti", once,
                     "iat", (json_int_t)(now - CLOCK_SLACK), "exp", (json_int_t)(now + TOKENCALL_KEY_SECONDS));
}

int clientword_make(const struct keypair *key, const char *client_id, const char *issuer, int64_t now, struct buf *ret,
                    struct err *err)
{
    CLEANUP(buf_release) struct buf name = BUF_INIT;
    const struct cert *cert = keypair_cert(key);
    const char *alg = algorithm_of(cert);
    if (!alg)
        return err_set(err, ERR_CONFIG, "client key: it is %s; give an RSA key, or an EC key on P-256", cert->key_name);
    add_thumbprint(cert, &name);
    CLEANUP(freep)
    char *header = write_part(
        json_pack("{s:s, s:s, s:s, s:s}", "alg", alg, "typ", "JWT", "kid", buf_str(&name), "x5t#S256", buf_str(&name)));
    if (!header)
        return err_set(err, ERR_FAILED, "client key: its name cannot be written; give another key");
    CLEANUP(freep) char *said = write_part(claims(client_id, issuer, now));
    if (!said)
        return err_set(err, ERR_CONFIG, "client-id: it is no text; write it as the provider shows it");
    return compact_sign(key, header, said, ret, err);
}
