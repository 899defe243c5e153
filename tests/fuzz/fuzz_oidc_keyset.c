/*
 * Whatever a provider publishes as its keys: no crash; what is taken has keys, and not more than allowed; no key verifies a token that was
 * made with none of them, nor one without a signature; and every refusal can be shown, and has a remedy.
 *
 *   build/fuzz/fuzz_oidc_keyset build/fuzz/corpus/oidc_keyset tests/data/oidc-keyset
 */
#include <cjose/cjose.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "oidc/keyset.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Signed with keys that nobody knows. */
static const struct {
    const char *alg;
    bool rsa;
} made[] = {{"RS256", true}, {"PS256", true}, {"ES256", false}};
#define MADE (sizeof made / sizeof *made)

static cjose_jws_t *tokens[MADE];

static void require(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    cjose_jwk_t *rsa = cjose_jwk_create_RSA_random(2048, (const uint8_t *)"\1\0\1", 3, NULL);
    cjose_jwk_t *ec = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL);
    for (size_t i = 0; i < MADE; i++) {
        cjose_header_t *header = cjose_header_new(NULL);
        cjose_header_set(header, CJOSE_HDR_ALG, made[i].alg, NULL);
        tokens[i] = cjose_jws_sign(made[i].rsa ? rsa : ec, header, (const uint8_t *)"{}", 2, NULL);
        require(tokens[i] != NULL);
        cjose_header_release(header);
    }
    cjose_jwk_release(rsa);
    cjose_jwk_release(ec);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(keyset_free) struct keyset *set = NULL;
    struct err err = ERR_INIT;
    if (keyset_read((struct span){(const char *)data, size}, &set, &err) != 0) {
        require(!set && err.kind == ERR_INPUT && text_is_clean(span_str(err.text)) && strstr(err.text, "; "));
        return 0;
    }
    require(keyset_count(set) >= 1 && keyset_count(set) <= KEYSET_KEYS_MAX);
    for (size_t i = 0; i < MADE; i++) {
        require(keyset_verify(set, made[i].alg, NULL, tokens[i]) != KEYSET_VERIFIED);
        require(keyset_verify(set, made[i].alg, "1", tokens[i]) != KEYSET_VERIFIED);
    }
    require(keyset_verify(set, "none", NULL, tokens[0]) == KEYSET_INVALID);
    require(keyset_verify(set, "HS256", NULL, tokens[0]) == KEYSET_INVALID);
    return 0;
}
