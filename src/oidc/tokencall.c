#include "oidc/tokencall.h"

#include <jansson.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "oidc/clientword.h"
#include "oidc/encode.h"
#include "oidc/idtoken.h"
#include "saml/base64.h"

#define TYPE_FORM "application/x-www-form-urlencoded"
#define TYPE_JSON "application/json"
#define SHOWN_MAX 200
#define ASSERTION "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

DEFINE_CLEANUP(jsonp, json_t *, json_decref)

/* --- who we are ----------------------------------------------------------------------------------------------------- */

struct build {
    struct pool *pool;
    const struct provider *provider;
    const struct client *client;
    int64_t now;
    struct buf body;
    const char *authorization;
    struct err *err;
};

/* Id and secret are form-encoded first (RFC 6749, 2.3.1), which clients often forget and secrets with ":" or "%" show. */
static int show_basic(struct build *b)
{
    CLEANUP(buf_release) struct buf pair = BUF_INIT;
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    text_percent(&pair, span_str(b->client->id));
    buf_addc(&pair, ':');
    text_percent(&pair, span_str(b->client->secret));
    saml_base64_encode((struct span){pair.data, pair.len}, &text);
    b->authorization = pool_printf(b->pool, "Basic %s", buf_str(&text));
    explicit_bzero(pair.data, pair.len);
    explicit_bzero(text.data, text.len);
    return 0;
}

static int show_post(struct build *b)
{
    encode_param("client_id", b->client->id, &b->body);
    encode_param("client_secret", b->client->secret, &b->body);
    return 0;
}

static int show_key(struct build *b)
{
    CLEANUP(buf_release) struct buf word = BUF_INIT;
    if (clientword_make(b->client->key, b->client->id, b->provider->issuer, b->now, &word, b->err) != 0)
        return -1;
    encode_param("client_id", b->client->id, &b->body);
    encode_param("client_assertion_type", ASSERTION, &b->body);
    encode_param("client_assertion", buf_str(&word), &b->body);
    return 0;
}

/* The certificate is shown below HTTP (RFC 8705, 2). */
static int show_certificate(struct build *b)
{
    encode_param("client_id", b->client->id, &b->body);
    return 0;
}

static const struct way {
    enum client_auth bit;
    bool by_key;
    int (*show)(struct build *b);
} ways[] = {
    {CLIENT_AUTH_KEY, true, show_key},
    {CLIENT_AUTH_TLS, true, show_certificate},
    {CLIENT_AUTH_BASIC, false, show_basic},
    {CLIENT_AUTH_POST, false, show_post},
};

static bool can_go(const struct client *client, const struct way *way)
{
    if (client->only)
        return client->only == way->bit &&
               (way->by_key ? client->key != NULL : client->secret != NULL && *client->secret);
    return way->by_key ? client->key != NULL : !client->key && client->secret && *client->secret;
}

/* NULL: there is none. */
static const struct way *find_way(const struct provider *provider, const struct client *client)
{
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (provider->client_auth & ways[i].bit && can_go(client, &ways[i]))
            return &ways[i];
    return NULL;
}

static int refuse_client(const struct provider *provider, const struct client *client, struct err *err)
{
    const char *fault = client->only  ? "it does not take us in the way that client-authentication names, or there is "
                                        "nothing to show; compare client-authentication with what the provider has of "
                                        "us, and write client-secret-file or client-key-file"
                        : client->key ? "it does not take a client's key (private_key_jwt, tls_client_auth); allow it "
                                        "there, or use client-secret-file in place of client-key-file"
                        : client->secret && *client->secret
                            ? "it does not take a client's secret; allow client_secret_basic there, or use "
                              "client-key-file in place of client-secret-file"
                            : "there is nothing to show it who we are; write client-secret-file or client-key-file of "
                              "the connection";
    return err_set(err, ERR_CONFIG, "provider '%s': %s", provider->issuer, fault);
}

static bool shows_certificate(const struct provider *provider, const struct client *client)
{
    const struct way *way = find_way(provider, client);
    return way && way->bit == CLIENT_AUTH_TLS;
}

/* --- the requests --------------------------------------------------------------------------------------------------- */

static void release_body(struct build *b)
{
    if (b->body.data)
        explicit_bzero(b->body.data, b->body.cap);
    buf_release(&b->body);
}

int tokencall_build(struct pool *pool, const struct provider *provider, const struct client *client, const char *code,
                    const char *redirect_uri, const char *verifier, int64_t now, struct http_request *ret,
                    struct err *err)
{
    CLEANUP(release_body)
    struct build b = {.pool = pool, .provider = provider, .client = client, .now = now, .err = err};
    encode_param("grant_type", "authorization_code", &b.body);
    encode_param("code", code, &b.body);
    encode_param("redirect_uri", redirect_uri, &b.body);
    encode_param("code_verifier", verifier, &b.body);
    const struct way *way = find_way(provider, client);
    if (!way)
        return refuse_client(provider, client, err);
    if (way->show(&b) != 0)
        return -1;
    bool tls = way->bit == CLIENT_AUTH_TLS;
    *ret = (struct http_request){.method = "POST",
                                 .url = tls && provider->tls_token ? provider->tls_token : provider->token,
                                 .client_file = tls ? client->key_file : NULL,
                                 .type = TYPE_FORM,
                                 .accept = TYPE_JSON,
                                 .authorization = b.authorization,
                                 .body = {pool_strndup(pool, b.body.data, b.body.len), b.body.len}};
    return 0;
}

void userinfo_build(struct pool *pool, const struct provider *provider, const struct client *client,
                    const char *access_token, struct http_request *ret)
{
    bool tls = shows_certificate(provider, client);
    *ret = (struct http_request){.method = "GET",
                                 .url = tls && provider->tls_userinfo ? provider->tls_userinfo : provider->userinfo,
                                 .client_file = tls ? client->key_file : NULL,
                                 .accept = TYPE_JSON,
                                 .authorization = pool_printf(pool, "Bearer %s", access_token)};
}

/* --- the answers ---------------------------------------------------------------------------------------------------- */

static const char *shown(struct pool *pool, const char *text)
{
    size_t n = text ? strlen(text) : 0;
    return text ? text_printable(pool, (struct span){text, n < SHOWN_MAX ? n : SHOWN_MAX}) : "(nothing)";
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_json_type(const char *type)
{
    size_t n = strcspn(type, "; ");
    return n == strlen(TYPE_JSON) && strncasecmp(type, TYPE_JSON, n) == 0;
}

/* RFC 6749, 5.2; the last row is for what is not in it. */
static const struct refusal {
    const char *error, *words;
} refusals[] = {
    {"invalid_client", "it does not know us; compare client-id and client-secret-file (or client-key-file) with what "
                       "the provider has"},
    {"invalid_grant", "it does not take the code; sign in again, and compare the redirect address with what the "
                      "provider has"},
    {"unauthorized_client", "our client may not use the code flow; allow it at the provider"},
    {"unsupported_grant_type", "it does not do the code flow; allow it at the provider"},
    {NULL, "it refused; look at its log"},
};

static int refuse(struct pool *pool, const struct http_reply *reply, const json_t *answer, struct err *err)
{
    const char *error = text_of(answer, "error"), *said = text_of(answer, "error_description");
    const struct refusal *why = refusals;
    if (reply->status >= 500 || reply->status == 429)
        return err_set(err, ERR_NETWORK, "provider: it answered with status %ld; try again, and look at its log",
                       reply->status);
    if (!error)
        return err_set(err, ERR_REFUSED,
                       "provider: it answered with status %ld and says no more; check issuer of the connection, and "
                       "look at the provider's log",
                       reply->status);
    while (why->error && strcmp(why->error, error) != 0)
        why++;
    return err_set(err, ERR_REFUSED, "provider: %s (it says '%s')", why->words, shown(pool, said ? said : error));
}

/* The answer's JSON object, or NULL with err: one reading for both endpoints. */
static json_t *read_object(struct pool *pool, const struct http_reply *reply, const char *what, struct err *err)
{
    json_error_t fault;
    if (reply->body.len > TOKENCALL_BYTES_MAX) {
        err_set(err, ERR_INPUT, "provider: its answer about the %s is larger than %d KiB; nothing of that size is read",
                what, TOKENCALL_BYTES_MAX / 1024);
        return NULL;
    }
    CLEANUP(jsonp)
    json_t *answer = is_json_type(reply->type)
                         ? json_loadb(buf_str(&reply->body), reply->body.len, JSON_REJECT_DUPLICATES, &fault)
                         : NULL;
    if (reply->status != 200) {
        refuse(pool, reply, answer, err);
        return NULL;
    }
    if (!json_is_object(answer)) {
        err_set(err, ERR_INPUT,
                "provider: its answer about the %s is no JSON object (its type is '%s'); check issuer "
                "of the connection, and what stands between here and there",
                what, shown(pool, reply->type));
        return NULL;
    }
    return TAKE(answer);
}

/* What goes into a header (RFC 6750, 2.1): visible ASCII, so that it cannot begin a line of its own. */
static bool fits_header(const char *token)
{
    size_t n = strlen(token);
    for (size_t i = 0; i < n; i++)
        if (token[i] <= ' ' || token[i] >= 0x7f)
            return false;
    return n > 0 && n <= TOKENCALL_ACCESS_MAX;
}

static int missing(const char *what, const char *remedy, struct err *err)
{
    return err_set(err, ERR_INPUT, "provider: its answer holds no %s; %s", what, remedy);
}

int tokencall_read(struct pool *pool, const struct http_reply *reply, struct tokens *ret, struct err *err)
{
    CLEANUP(jsonp) json_t *answer = read_object(pool, reply, "tokens", err);
    if (!answer)
        return -1;
    const char *id_token = text_of(answer, "id_token"), *access = text_of(answer, "access_token"),
               *type = text_of(answer, "token_type");
    if (!id_token || !*id_token || strlen(id_token) > IDTOKEN_MAX)
        return missing("ID token that could be read", "allow the scope openid for our client there", err);
    if (!access || !fits_header(access))
        return missing("access token that could be used", "look at what the provider sends", err);
    if (!type || !text_same_ascii(type, "Bearer"))
        return err_set(err, ERR_INPUT,
                       "provider: its access token is of type '%s', and only Bearer is known; set that for our client "
                       "there",
                       shown(pool, type));
    *ret = (struct tokens){pool_strdup(pool, id_token), pool_strdup(pool, access)};
    return 0;
}

int userinfo_read(struct pool *pool, const struct http_reply *reply, const char *subject, const char **ret,
                  struct err *err)
{
    CLEANUP(jsonp) json_t *answer = read_object(pool, reply, "person", err);
    if (!answer)
        return -1;
    const char *about = text_of(answer, "sub");
    if (!about || strcmp(about, subject) != 0)
        return err_set(err, ERR_REFUSED,
                       "provider: its userinfo is about '%s' and not about '%s', who signed in; do not trust it, and "
                       "look at the provider's settings",
                       shown(pool, about), shown(pool, subject));
    *ret = pool_strndup(pool, reply->body.data, reply->body.len);
    return 0;
}
