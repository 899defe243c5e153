#include "oidc/keyset.h"

#include <cjose/cjose.h>
#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "oidc/encode.h"

#define RSA_BITS_MIN 2048

DEFINE_CLEANUP(jsonp, json_t *, json_decref)

struct set_key {
    cjose_jwk_t *jwk;
    cjose_jwk_kty_t kty;
    char *kid, *alg; /* NULL: it does not say */
};

struct keyset {
    struct set_key *keys;
    size_t n, cap;
};

/* Which kind of key an algorithm needs (RFC 7518, 3.1): of EC its curve too, so that no key serves two of them. */
static const struct algorithm {
    const char *alg;
    cjose_jwk_kty_t kty;
    cjose_jwk_ec_curve curve;
} algorithms[] = {
    {"RS256", CJOSE_JWK_KTY_RSA, 0},
    {"RS384", CJOSE_JWK_KTY_RSA, 0},
    {"RS512", CJOSE_JWK_KTY_RSA, 0},
    {"PS256", CJOSE_JWK_KTY_RSA, 0},
    {"PS384", CJOSE_JWK_KTY_RSA, 0},
    {"PS512", CJOSE_JWK_KTY_RSA, 0},
    {"ES256", CJOSE_JWK_KTY_EC, CJOSE_JWK_EC_P_256},
    {"ES384", CJOSE_JWK_KTY_EC, CJOSE_JWK_EC_P_384},
    {"ES512", CJOSE_JWK_KTY_EC, CJOSE_JWK_EC_P_521},
};

static const struct algorithm *find_algorithm(const char *alg)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        if (strcmp(alg, algorithms[i].alg) == 0)
            return &algorithms[i];
    return NULL;
}

bool keyset_accepts(const char *alg)
{
    return find_algorithm(alg) != NULL;
}

static const char *text_of(const json_t *key, const char *name)
{
    return json_string_value(json_object_get(key, name));
}

static bool may_sign(const json_t *key)
{
    const char *use = text_of(key, "use");
    const json_t *ops = json_object_get(key, "key_ops");
    size_t i;
    json_t *op;
    if (use && strcmp(use, "sig") != 0)
        return false;
    if (!ops)
        return true;
    json_array_foreach(ops, i, op) if (json_is_string(op) && strcmp(json_string_value(op), "verify") == 0) return true;
    return false;
}

/* What libcjose takes for base64url; see encode_is_compact. */
static bool has_sound_numbers(const json_t *key)
{
    static const char *const numbers[] = {"n", "e", "x", "y"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (json_object_get(key, numbers[i]) && !encode_is_base64url(span_str(text_of(key, numbers[i]))))
            return false;
    return true;
}

static void add_key(struct keyset *set, const json_t *key)
{
    CLEANUP(freep) char *text = json_dumps(key, JSON_COMPACT);
    if (!text || !may_sign(key) || json_object_get(key, "d") || json_object_get(key, "k") ||
        !has_sound_numbers(key))
        return;
    cjose_jwk_t *jwk = cjose_jwk_import(text, strlen(text), NULL);
    if (!jwk)
        return;
    cjose_jwk_kty_t kty = cjose_jwk_get_kty(jwk, NULL);
    if (kty != CJOSE_JWK_KTY_EC && !(kty == CJOSE_JWK_KTY_RSA && cjose_jwk_get_keysize(jwk, NULL) >= RSA_BITS_MIN)) {
        cjose_jwk_release(jwk);
        return;
    }
    const char *kid = text_of(key, "kid"), *alg = text_of(key, "alg");
    *MEM_PUSH(&set->keys, &set->n, &set->cap) = (struct set_key){
        .jwk = jwk, .kty = kty, .kid = kid ? mem_strdup(kid) : NULL, .alg = alg ? mem_strdup(alg) : NULL};
}

int keyset_read(struct span json, struct keyset **ret, struct err *err)
{
    json_error_t fault;
    if (json.n > KEYSET_BYTES_MAX)
        return err_set(err, ERR_INPUT, "key set: larger than %d KiB; nothing of that size is read",
                       KEYSET_BYTES_MAX / 1024);
    CLEANUP(jsonp) json_t *document = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, &fault);
    const json_t *keys = json_object_get(document, "keys");
    if (!json_is_array(keys))
        return err_set(err, ERR_INPUT, "key set: not a JWK set (RFC 7517); check the provider's jwks_uri");
    CLEANUP(keyset_free) struct keyset *set = mem_zero(sizeof *set);
    for (size_t i = 0; i < json_array_size(keys) && i < KEYSET_KEYS_MAX; i++)
        add_key(set, json_array_get(keys, i));
    if (set->n == 0)
        return err_set(err, ERR_INPUT,
                       "key set: it holds no RSA or EC key that could sign; check the provider's jwks_uri");
    *ret = TAKE(set);
    return 0;
}

void keyset_free(struct keyset **set)
{
    if (!*set)
        return;
    for (size_t i = 0; i < (*set)->n; i++) {
        cjose_jwk_release((*set)->keys[i].jwk);
        free((*set)->keys[i].kid);
        free((*set)->keys[i].alg);
    }
    free((*set)->keys);
    free(*set);
    *set = NULL;
}

size_t keyset_count(const struct keyset *set)
{
    return set->n;
}

static bool fits(const struct set_key *key, const struct algorithm *algorithm, const char *kid)
{
    if (key->kty != algorithm->kty || (key->alg && strcmp(key->alg, algorithm->alg) != 0))
        return false;
    if (key->kty == CJOSE_JWK_KTY_EC && cjose_jwk_EC_get_curve(key->jwk, NULL) != algorithm->curve)
        return false;
    return !kid || (key->kid && strcmp(key->kid, kid) == 0);
}

enum keyset_verdict keyset_verify(const struct keyset *set, const char *alg, const char *kid, cjose_jws_t *jws)
{
    const struct algorithm *algorithm = find_algorithm(alg);
    enum keyset_verdict verdict = algorithm ? KEYSET_NO_KEY : KEYSET_INVALID;
    for (size_t i = 0; algorithm && i < set->n; i++) {
        if (!fits(&set->keys[i], algorithm, kid))
            continue;
        if (cjose_jws_verify(jws, set->keys[i].jwk, NULL))
            return KEYSET_VERIFIED;
        verdict = KEYSET_INVALID;
    }
    return verdict;
}
