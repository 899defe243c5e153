#include "broker/logout_hint.h"

#include <cjose/cjose.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "broker/application.h"
#include "oidc/encode.h"
#include "oidc/idtoken.h"
#include "oidc/keyset.h"

DEFINE_CLEANUP(jsonp, json_t *, json_decref)
DEFINE_CLEANUP(jwsp, cjose_jws_t *, cjose_jws_release)

static bool is_ours(const struct keyring *ring, cjose_jws_t *jws)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    CLEANUP(keyset_free) struct keyset *keys = NULL;
    struct err ignored = ERR_INIT;
    cjose_header_t *header = cjose_jws_get_protected(jws);
    const char *alg = cjose_header_get(header, CJOSE_HDR_ALG, NULL);
    keyring_jwks(ring, &text);
    return alg && keyset_accepts(alg) && !json_object_get((json_t *)header, "crit") &&
           keyset_read((struct span){buf_str(&text), text.len}, &keys, &ignored) == 0 &&
           keyset_verify(keys, alg, cjose_header_get(header, CJOSE_HDR_KID, NULL), jws) == KEYSET_VERIFIED;
}

static json_t *claims_of(cjose_jws_t *jws)
{
    uint8_t *text = NULL;
    size_t n = 0;
    return cjose_jws_get_plaintext(jws, &text, &n, NULL)
               ? json_loadb((const char *)text, n, JSON_REJECT_DUPLICATES, NULL)
               : NULL;
}

static int read_claims(const struct signin *in, const json_t *claims, struct logout_hint *ret, struct err *err)
{
    const char *iss = json_string_value(json_object_get(claims, "iss"));
    const char *aud = json_string_value(json_object_get(claims, "aud"));
    const char *sub = json_string_value(json_object_get(claims, "sub"));
    const char *sid = json_string_value(json_object_get(claims, "sid"));
    const struct conf_section *application = aud ? application_section(in->conf, aud) : NULL;
    if (!iss || strcmp(iss, conf_str(conf_find(in->conf, "organization", NULL), "url")) != 0 || !sub)
        return err_set(err, ERR_REFUSED, "id_token_hint: it is none of our ID tokens");
    if (!application)
        return err_set(err, ERR_REFUSED, "id_token_hint: it is for no application that is configured");
    *ret = (struct logout_hint){.application = conf_name(application),
                                .subject = pool_strdup(in->pool, sub),
                                .sid = pool_strdup(in->pool, sid ? sid : "")};
    return 0;
}

int logout_hint_read(const struct signin *in, const struct keyring *ring, const char *token, struct logout_hint *ret,
                     struct err *err)
{
    size_t n = strlen(token);
    CLEANUP(jwsp)
    cjose_jws_t *jws = n <= IDTOKEN_MAX && encode_is_compact(span_str(token)) ? cjose_jws_import(token, n, NULL) : NULL;
    if (!jws)
        return err_set(err, ERR_INPUT, "id_token_hint: not a signed token in compact form");
    if (!ring || !is_ours(ring, jws))
        return err_set(err, ERR_REFUSED, "id_token_hint: no key of ours signed it, or one that is over");
    CLEANUP(jsonp) json_t *claims = claims_of(jws);
    if (!json_is_object(claims))
        return err_set(err, ERR_REFUSED, "id_token_hint: what was signed is no JSON object");
    return read_claims(in, claims, ret, err);
}
