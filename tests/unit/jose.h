/* Keys and tokens of an OpenID provider, made with libcjose. */
#ifndef TESTS_UNIT_JOSE_H
#define TESTS_UNIT_JOSE_H

#include <check.h>
#include <cjose/cjose.h>
#include <jansson.h>
#include <string.h>

#include "base/pool.h"
#include "base/span.h"

static inline cjose_jwk_t *jose_key(const char *kid)
{
    cjose_jwk_t *jwk = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL);
    ck_assert(jwk && cjose_jwk_set_kid(jwk, kid, strlen(kid), NULL));
    return jwk;
}

/* A key set of one key, as it is published. */
static inline const char *jose_set(struct pool *pool, cjose_jwk_t *jwk)
{
    char *text = cjose_jwk_to_json(jwk, false, NULL);
    const char *ret = pool_printf(pool, "{\"keys\": [%s]}", text);
    cjose_get_dealloc()(text);
    return ret;
}

/* type: typ; NULL: none. */
static inline const char *jose_sign(struct pool *pool, cjose_jwk_t *jwk, const char *type, const char *claims)
{
    const char *text = NULL;
    cjose_header_t *header = cjose_header_new(NULL);
    cjose_header_set(header, CJOSE_HDR_ALG, "ES256", NULL);
    cjose_header_set(header, CJOSE_HDR_KID, cjose_jwk_get_kid(jwk, NULL), NULL);
    if (type)
        cjose_header_set(header, "typ", type, NULL);
    cjose_jws_t *jws = cjose_jws_sign(jwk, header, (const uint8_t *)claims, strlen(claims), NULL);
    ck_assert(jws && cjose_jws_export(jws, &text, NULL));
    const char *ret = pool_strdup(pool, text);
    cjose_jws_release(jws);
    cjose_header_release(header);
    return ret;
}

/* An object with changes: null takes a member out. */
static inline const char *jose_changed(struct pool *pool, const char *base, const char *changes)
{
    json_t *j = json_loads(base, 0, NULL), *with = json_loads(changes, 0, NULL), *value;
    const char *name;
    ck_assert_msg(j && with, "%s with %s", base, changes);
    json_object_foreach(with, name, value)
    {
        if (json_is_null(value))
            json_object_del(j, name);
        else
            json_object_set(j, name, value);
    }
    char *text = json_dumps(j, JSON_COMPACT);
    const char *ret = pool_strdup(pool, text);
    free(text);
    json_decref(with);
    json_decref(j);
    return ret;
}

#endif
