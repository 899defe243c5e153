#include "oidc/discovery.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "oidc/keyset.h"

#define SHOWN_MAX 200

DEFINE_CLEANUP(jsonp, json_t *, json_decref)
DEFINE_CLEANUP(curlup, CURLU *, curl_url_cleanup)
DEFINE_CLEANUP(curltextp, char *, curl_free)

struct reading {
    struct pool *pool;
    const char *issuer; /* as configured */
    json_t *document;
    struct provider *provider;
    struct err *err;
};

static const char *shown(const struct reading *r, const char *text)
{
    size_t n = text ? strlen(text) : 0;
    return text ? text_printable(r->pool, (struct span){text, n < SHOWN_MAX ? n : SHOWN_MAX}) : "(missing)";
}

const char *discovery_url(struct pool *pool, const char *issuer)
{
    size_t n = strlen(issuer);
    while (n && issuer[n - 1] == '/')
        n--;
    return pool_printf(pool, "%.*s/.well-known/openid-configuration", (int)n, issuer);
}

/* --- addresses ---------------------------------------------------------------------------------------------------- */

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    return text_same_ascii(host, "localhost") || strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127);
}

/* Only visible ASCII: a browser and libcurl must not read different addresses out of one text. */
static bool is_plain(const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f || strchr("\\\"<>^`{|}#", text[i]))
            return false;
    return n > 0 && n <= DISCOVERY_URL_MAX;
}

/* libcurl takes any number of slashes for two, and a browser another host out of that. */
static bool has_two_slashes(const char *text)
{
    const char *colon = strchr(text, ':');
    return colon && strspn(colon + 1, "/") == 2;
}

static bool has(CURLU *url, CURLUPart part)
{
    CLEANUP(curltextp) char *text = NULL;
    return curl_url_get(url, part, &text, 0) == CURLUE_OK;
}

/* A provider elsewhere has no business with the services of this machine: what is plain here, is so for a plain issuer only. */
static bool is_safe_address(const char *text, const char *issuer)
{
    CLEANUP(curlup) CURLU *url = curl_url();
    CLEANUP(curltextp) char *scheme = NULL;
    CLEANUP(curltextp) char *host = NULL;
    if (!is_plain(text) || !has_two_slashes(text) || !url || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK)
        return false;
    if (has(url, CURLUPART_USER) || has(url, CURLUPART_PASSWORD) ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        return false;
    return strcmp(scheme, "https") == 0 ||
           (strcmp(scheme, "http") == 0 && strncasecmp(issuer, "http:", 5) == 0 && is_loopback(host));
}

#define ALIASES "mtls_endpoint_aliases"

static const struct address {
    const char *inside, *member; /* inside: the object that it is a member of; NULL: the document */
    size_t offset;
    bool required;
} addresses[] = {
    {NULL, "authorization_endpoint", offsetof(struct provider, authorization), true},
    {NULL, "token_endpoint", offsetof(struct provider, token), true},
    {NULL, "jwks_uri", offsetof(struct provider, jwks), true},
    {NULL, "userinfo_endpoint", offsetof(struct provider, userinfo), false},
    {NULL, "end_session_endpoint", offsetof(struct provider, end_session), false},
    {ALIASES, "token_endpoint", offsetof(struct provider, tls_token), false},
    {ALIASES, "userinfo_endpoint", offsetof(struct provider, tls_userinfo), false},
};

static int read_address(struct reading *r, const struct address *address)
{
    const json_t *object = address->inside ? json_object_get(r->document, address->inside) : r->document,
                 *value = json_object_get(object, address->member);
    const char *text = json_string_value(value);
    if (!value && !address->required)
        return 0;
    if (!text)
        return err_set(r->err, ERR_INPUT,
                       "provider '%s': its discovery document has no %s; check that it is an OpenID provider, and "
                       "issuer of the connection",
                       shown(r, r->issuer), address->member);
    if (!is_safe_address(text, r->issuer))
        return err_set(r->err, ERR_INPUT,
                       "provider '%s': its %s '%s' is not a plain https address without user and fragment; mend the "
                       "provider's settings",
                       shown(r, r->issuer), address->member, shown(r, text));
    *(const char **)((char *)r->provider + address->offset) = pool_strdup(r->pool, text);
    return 0;
}

static int read_addresses(struct reading *r)
{
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        if (read_address(r, &addresses[i]) != 0)
            return -1;
    return 0;
}

/* --- who it is, and what it does ------------------------------------------------------------------------------------ */

static int read_document(struct reading *r, struct span json)
{
    json_error_t fault;
    if (json.n > DISCOVERY_BYTES_MAX)
        return err_set(r->err, ERR_INPUT,
                       "provider '%s': its discovery document is larger than %d KiB; nothing of that size is read",
                       shown(r, r->issuer), DISCOVERY_BYTES_MAX / 1024);
    r->document = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, &fault);
    if (!json_is_object(r->document))
        return err_set(r->err, ERR_INPUT,
                       "provider '%s': what it answers for discovery is no JSON object; check issuer of the connection",
                       shown(r, r->issuer));
    return 0;
}

static int read_issuer(struct reading *r)
{
    const char *issuer = json_string_value(json_object_get(r->document, "issuer"));
    if (!issuer || strcmp(issuer, r->issuer) != 0)
        return err_set(r->err, ERR_REFUSED,
                       "provider '%s': its discovery document is of issuer '%s'; write issuer exactly as the provider "
                       "does, a slash at the end included",
                       shown(r, r->issuer), shown(r, issuer));
    r->provider->issuer = pool_strdup(r->pool, issuer);
    return 0;
}

static bool lists(const json_t *list, const char *word)
{
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one) if (json_is_string(one) && strcmp(json_string_value(one), word) == 0) return true;
    return false;
}

/* A list that is missing says nothing against it. */
static bool signs_acceptably(const json_t *list)
{
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one) if (json_is_string(one) && keyset_accepts(json_string_value(one))) return true;
    return list == NULL;
}

static int refuse(const struct reading *r, const char *fault, const char *remedy)
{
    return err_set(r->err, ERR_REFUSED, "provider '%s': %s; %s", shown(r, r->issuer), fault, remedy);
}

static const struct method {
    const char *word;
    enum client_auth bit;
} methods[] = {
    {"client_secret_basic", CLIENT_AUTH_BASIC},
    {"client_secret_post", CLIENT_AUTH_POST},
    {"private_key_jwt", CLIENT_AUTH_KEY},
    {"tls_client_auth", CLIENT_AUTH_TLS},
    {"self_signed_tls_client_auth", CLIENT_AUTH_TLS},
};

static unsigned read_methods(const json_t *list)
{
    unsigned bits = list ? 0 : CLIENT_AUTH_BASIC;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        bits |= lists(list, methods[i].word) ? methods[i].bit : 0;
    return bits;
}

static bool says_yes(const struct reading *r, const char *member)
{
    return json_is_true(json_object_get(r->document, member));
}

static int read_abilities(struct reading *r)
{
    struct provider *p = r->provider;
    const json_t *challenges = json_object_get(r->document, "code_challenge_methods_supported"),
                 *flows = json_object_get(r->document, "response_types_supported");
    if (flows && !lists(flows, "code"))
        return refuse(r, "it does not do the authorization code flow", "allow it at the provider");
    if (challenges && !lists(challenges, "S256"))
        return refuse(r, "it takes code challenges, but not with S256", "allow S256 at the provider");
    if (!signs_acceptably(json_object_get(r->document, "id_token_signing_alg_values_supported")))
        return refuse(r, "it signs ID tokens with no algorithm that is accepted", "set RS256 or ES256 at the provider");
    p->client_auth = read_methods(json_object_get(r->document, "token_endpoint_auth_methods_supported"));
    if (!p->client_auth)
        return refuse(
            r, "its token endpoint takes no client authentication that we know",
            "allow client_secret_basic, client_secret_post, private_key_jwt or tls_client_auth at the provider");
    p->says_challenge = challenges != NULL;
    p->says_issuer = says_yes(r, "authorization_response_iss_parameter_supported");
    p->tells_logout = says_yes(r, "backchannel_logout_supported");
    p->tells_session = p->tells_logout && says_yes(r, "backchannel_logout_session_supported");
    return 0;
}

static void release(struct reading *r)
{
    jsonp(&r->document);
}

int discovery_read(struct pool *pool, struct span json, const char *issuer, struct provider *ret, struct err *err)
{
    struct provider provider = {0};
    CLEANUP(release) struct reading r = {.pool = pool, .issuer = issuer, .provider = &provider, .err = err};
    if (read_document(&r, json) != 0 || read_issuer(&r) != 0 || read_addresses(&r) != 0 || read_abilities(&r) != 0)
        return -1;
    *ret = provider;
    return 0;
}
