/* A key that tokens of the fuzzers are signed with: no input that a fuzzer invents is signed. */
#ifndef FUZZ_SIGNER_H
#define FUZZ_SIGNER_H

#include <cjose/cjose.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "oidc/keyset.h"

DEFINE_CLEANUP(jwsp, cjose_jws_t *, cjose_jws_release)

static cjose_jwk_t *signer_key;
static cjose_header_t *signer_header;

static inline void require(bool ok)
{
    if (!ok)
        abort();
}

/* The set that verifies. */
static inline const struct keyset *signer_make(void)
{
    struct err err = ERR_INIT;
    struct keyset *keys;
    CLEANUP(buf_release) struct buf set = BUF_INIT;
    signer_key = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL);
    char *text = cjose_jwk_to_json(signer_key, false, NULL);
    buf_printf(&set, "{\"keys\": [%s]}", text);
    cjose_get_dealloc()(text);
    require(keyset_read((struct span){set.data, set.len}, &keys, &err) == 0);
    signer_header = cjose_header_new(NULL);
    cjose_header_set(signer_header, CJOSE_HDR_ALG, "ES256", NULL);
    return keys;
}

/* NULL: nothing that can be signed. */
static inline cjose_jws_t *signer_sign(struct span claims)
{
    return cjose_jws_sign(signer_key, signer_header, (const uint8_t *)claims.p, claims.n, NULL);
}

#endif
