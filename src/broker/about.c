#include "broker/about.h"

#include <jansson.h>

#include "base/cleanup.h"
#include "base/pool.h"
#include "broker/broker.h"

DEFINE_CLEANUP(jsonp, json_t *, json_decref)

static const struct {
    const char *name, *path;
} addresses[] = {
    {"authorization_endpoint", "/oauth2/authorize"},  {"token_endpoint", "/oauth2/token"},
    {"userinfo_endpoint", "/oauth2/userinfo"},        {"jwks_uri", "/oauth2/jwks"},
    {"introspection_endpoint", "/oauth2/introspect"}, {"revocation_endpoint", "/oauth2/revoke"},
    {"end_session_endpoint", "/oauth2/logout"},
};

/* As keyset_accepts has it. */
#define SIGNED_WORDS "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"

static const struct {
    const char *name, *values[16];
} lists[] = {
    {"response_types_supported", {"code"}},
    {"response_modes_supported", {"query"}},
    {"grant_types_supported", {"authorization_code", "refresh_token"}},
    {"subject_types_supported", {"public", "pairwise"}},
    {"id_token_signing_alg_values_supported", {"RS256", "ES256"}},
    {"token_endpoint_auth_methods_supported", {"client_secret_basic", "client_secret_post", "private_key_jwt", "none"}},
    {"token_endpoint_auth_signing_alg_values_supported", {SIGNED_WORDS}},
    {"introspection_endpoint_auth_signing_alg_values_supported", {SIGNED_WORDS}},
    {"revocation_endpoint_auth_signing_alg_values_supported", {SIGNED_WORDS}},
    {"introspection_endpoint_auth_methods_supported", {"client_secret_basic", "client_secret_post", "private_key_jwt"}},
    {"revocation_endpoint_auth_methods_supported",
     {"client_secret_basic", "client_secret_post", "private_key_jwt", "none"}},
    {"code_challenge_methods_supported", {"S256"}},
    {"prompt_values_supported", {"none", "login", "consent", "select_account"}},
    {"claims_supported",
     {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "sid", "name", "given_name", "family_name",
      "email", "email_verified", "groups", "products"}},
};

static const struct {
    const char *name;
    bool value;
} flags[] = {
    {"authorization_response_iss_parameter_supported", true},
    {"backchannel_logout_supported", true},
    {"backchannel_logout_session_supported", true},
    {"claims_parameter_supported", false},
    {"request_parameter_supported", false},
    {"request_uri_parameter_supported", false},
};

static json_t *list_of(const char *const *values, size_t most)
{
    json_t *list = json_array();
    for (size_t i = 0; i < most && values[i]; i++)
        json_array_append_new(list, json_string(values[i]));
    return list;
}

void about_write(const char *issuer, struct buf *ret)
{
    CLEANUP(jsonp) json_t *document = json_object();
    CLEANUP(pool_free) struct pool *pool = pool_new();
    json_object_set_new(document, "issuer", json_string(issuer));
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        json_object_set_new(document, addresses[i].name,
                            json_string(pool_printf(pool, "%s%s", issuer, addresses[i].path)));
    json_object_set_new(document, "scopes_supported", list_of(scope_words, SIZE_MAX));
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        json_object_set_new(document, lists[i].name,
                            list_of(lists[i].values, sizeof lists[i].values / sizeof *lists[i].values));
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        json_object_set_new(document, flags[i].name, json_boolean(flags[i].value));
    CLEANUP(freep) char *text = json_dumps(document, JSON_COMPACT | JSON_PRESERVE_ORDER);
    buf_adds(ret, text ? text : "{}");
}
