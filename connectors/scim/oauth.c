#include "connectors/scim/oauth.h"

#include <jansson.h>

#include "base/cleanup.h"
#include "base/pool.h"
#include "base/text.h"
#include "oidc/encode.h"
#include "saml/base64.h"

#define SHOWN_MAX   200
#define SECONDS_MAX (365.0 * 86400)

/* Id and secret are form-encoded first (RFC 6749, 2.3.1). */
static void add_basic(const struct oauth_client *client, const char *secret, struct buf *out)
{
    CLEANUP(buf_wipe) struct buf pair = BUF_INIT;
    size_t most = 3 * (strlen(client->id) + strlen(secret)) + 2;
    buf_reserve(&pair, most);
    text_percent(&pair, span_str(client->id));
    buf_addc(&pair, ':');
    text_percent(&pair, span_str(secret));
    buf_reserve(out, most * 4 / 3 + 16);
    buf_adds(out, "Basic ");
    saml_base64_encode((struct span){pair.data, pair.len}, out);
}

void oauth_ask(const struct oauth_client *client, const char *secret, struct buf *body, struct buf *authorization)
{
    buf_reserve(body, 128 + 3 * (strlen(client->id) + strlen(secret) + (client->scope ? strlen(client->scope) : 0)));
    encode_param("grant_type", "client_credentials", body);
    if (client->scope)
        encode_param("scope", client->scope, body);
    if (!client->by_post) {
        add_basic(client, secret, authorization);
        return;
    }
    encode_param("client_id", client->id, body);
    encode_param("client_secret", secret, body);
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

/* RFC 6749, 5.2; the last row is for what is not in it. */
static const struct {
    const char *error, *words;
} refusals[] = {
    {"invalid_client", "it does not know us; compare client-id, client-secret-file and client-authentication with what "
                       "it has"},
    {"unauthorized_client", "our client may not have tokens in this way; allow it client credentials there"},
    {"unsupported_grant_type", "it gives no tokens for client credentials; look for another token-url"},
    {"invalid_scope", "it does not give this scope; mend scope"},
    {NULL, "it refuses; look at its log"},
};

static const char *words_of(const char *error)
{
    size_t i = 0;
    while (refusals[i].error && strcmp(refusals[i].error, error) != 0)
        i++;
    return refusals[i].words;
}

/* What it says of it, unless our own secret stands in it. */
static const char *said(struct pool *pool, const json_t *body, const char *secret)
{
    const char *text = json_string_value(json_object_get(body, "error_description"));
    text = text ? text : json_string_value(json_object_get(body, "error"));
    if (!text || (*secret && strstr(text, secret)))
        return "nothing more";
    return pool_printf(pool, "'%s'", text_printable(pool, (struct span){text, strnlen(text, SHOWN_MAX)}));
}

static int refuse(const struct oauth_client *client, const char *secret, long status, const json_t *body,
                  struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *error = json_string_value(json_object_get(body, "error"));
    if (status >= 500 || status == 429 || status == 408)
        return err_set(err, ERR_NETWORK, "token-url %s: out of order or busy (%ld); it is tried again", client->url,
                       status);
    if (!error)
        return err_set(err, ERR_REFUSED,
                       "token-url %s: the answer (%ld) is none of a server that gives tokens; check it", client->url,
                       status);
    return err_set(err, ERR_REFUSED, "token-url %s: %s (it says %s)", client->url, words_of(error),
                   said(pool, body, secret));
}

static bool fits_header(const char *token, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (token[i] <= ' ' || token[i] > '~')
            return false;
    return n > 0 && n <= OAUTH_TOKEN_MAX;
}

static double seconds_of(const json_t *body)
{
    const json_t *value = json_object_get(body, "expires_in");
    /* Some write it as text. */
    double seconds = json_is_string(value) ? strtod(json_string_value(value), NULL) : json_number_value(value);
    if (!(seconds > 0))
        return 0;
    return seconds < SECONDS_MAX ? seconds : SECONDS_MAX;
}

int oauth_read(const struct oauth_client *client, const char *secret, const struct http_reply *reply, struct buf *ret,
               double *ret_seconds, struct err *err)
{
    json_auto_t *body = json_loadb(buf_str(&reply->body), reply->body.len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *token = json_object_get(body, "access_token");
    const char *type = json_string_value(json_object_get(body, "token_type"));
    if (reply->status != 200)
        return refuse(client, secret, reply->status, body, err);
    if (!json_is_string(token) || !fits_header(json_string_value(token), json_string_length(token)))
        return err_set(err, ERR_INPUT,
                       "token-url %s: there is no token in the answer, or one that fits no header; "
                       "check the address",
                       client->url);
    if (type && !text_same_ascii(type, "bearer"))
        return err_set(err, ERR_INPUT, "token-url %s: the token is of another type than Bearer; have it give those",
                       client->url);
    buf_reserve(ret, json_string_length(token) + 1);
    buf_adds(ret, json_string_value(token));
    *ret_seconds = seconds_of(body);
    return 0;
}
