/*
 * The code flow of one client, a line at a time, for the integration tests:
 *
 *   oidc ISSUER CLIENT REDIRECT secret|key FILE
 *
 * "start HINT" gives the address for the browser. What the browser came back with, a JSON array of [name, value], gives the person, or
 * {"fault": …}; "keysets" counts how often the key set was fetched. The key set is kept, and fetched anew once when a key is not in it.
 */
#include <jansson.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "oidc/authrequest.h"
#include "oidc/call.h"
#include "oidc/identity.h"
#include "oidc/tokencall.h"

static const char *redirect_uri;
static struct client client;
static struct provider provider;
static struct authrequest request;
static struct keyset *keys;
static int fetched;
static struct pool *pool;

static int param(const void *ctx, const char *name, const char **ret)
{
    int n = 0;
    size_t i;
    json_t *pair;
    json_array_foreach((const json_t *)ctx, i, pair)
    {
        if (strcmp(json_string_value(json_array_get(pair, 0)), name) != 0)
            continue;
        *ret = json_string_value(json_array_get(pair, 1));
        n++;
    }
    return n > 1 ? -1 : n;
}

static void start(const char *hint)
{
    struct buf url = BUF_INIT;
    const struct authrequest_ask ask = {
        .client_id = client.id, .redirect_uri = redirect_uri, .login_hint = hint, .max_age = 600};
    authrequest_new(&request);
    authrequest_url(&provider, &ask, &request, &url);
    puts(url.data);
    buf_release(&url);
}

static int fetch_keys(struct err *err)
{
    keyset_free(&keys);
    fetched++;
    return call_keyset(&call_directly, NULL, &provider, &keys, err);
}

static int verify(const struct tokens *tokens, struct idtoken_report *ret, struct err *err)
{
    struct idtoken_policy policy = {.issuer = provider.issuer,
                                    .client_id = client.id,
                                    .nonce = request.nonce,
                                    .access_token = tokens->access_token,
                                    .now = clock_now(),
                                    .skew = 5,
                                    .max_age = 600};
    if (!keys && fetch_keys(err) != 0)
        return -1;
    for (int tries = 0;; tries++) {
        policy.keys = keys;
        int r = idtoken_verify(pool, span_str(tokens->id_token), &policy, ret, err);
        if (r == 0 || !ret->unknown_key || tries > 0)
            return r;
        err_clear(err);
        if (fetch_keys(err) != 0)
            return -1;
    }
}

static int exchange(const char *code, struct tokens *ret, struct err *err)
{
    struct http_request call;
    struct http_reply reply = {0};
    if (tokencall_build(pool, &provider, &client, code, redirect_uri, request.verifier, clock_now(), &call, err) != 0 ||
        call_send(NULL, &call, &reply, err) != 0)
        return -1;
    int r = tokencall_read(pool, &reply, ret, err);
    buf_release(&reply.body);
    return r;
}

static int ask_userinfo(const char *access_token, const char *subject, const char **ret, struct err *err)
{
    struct http_request call;
    struct http_reply reply = {0};
    userinfo_build(pool, &provider, &client, access_token, &call);
    if (call_send(NULL, &call, &reply, err) != 0)
        return -1;
    int r = userinfo_read(pool, &reply, subject, ret, err);
    buf_release(&reply.body);
    return r;
}

static int finish(const json_t *params, struct identity *ret, struct err *err)
{
    struct authresponse response;
    struct tokens tokens;
    struct idtoken_report report;
    const char *userinfo = NULL;
    const struct identity_policy policy = {.domains = NULL};
    if (authresponse_read(param, params, &response, err) != 0 ||
        authresponse_check(&response, &provider, request.state, err) != 0 ||
        exchange(response.code, &tokens, err) != 0 || verify(&tokens, &report, err) != 0 ||
        ask_userinfo(tokens.access_token, report.token->subject, &userinfo, err) != 0)
        return -1;
    return identity_read(pool, report.token, userinfo, &policy, ret, err);
}

static void print(json_t *object)
{
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
}

static void come_back(const char *line)
{
    struct identity who;
    struct err err = ERR_INIT;
    json_t *params = json_loads(line, 0, NULL);
    if (finish(params, &who, &err) != 0)
        print(json_pack("{s:s}", "fault", err.text));
    else
        print(json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:b, s:i}", "issuer", who.issuer, "subject", who.subject,
                        "id", who.field[SAML_IMMUTABLE_ID], "email", who.field[SAML_EMAIL], "given",
                        who.field[SAML_GIVEN_NAME], "family", who.field[SAML_FAMILY_NAME], "verified",
                        who.email_verified, "keysets", fetched));
    json_decref(params);
}

static int set_client(char **argv, struct keypair **ret_key, struct buf *ret_secret, struct err *err)
{
    client.id = argv[2];
    redirect_uri = argv[3];
    if (strcmp(argv[4], "key") == 0) {
        int r = keypair_read(argv[5], ret_key, err);
        client.key = *ret_key;
        return r;
    }
    int r = file_read(argv[5], 4096, ret_secret, err);
    client.secret = buf_str(ret_secret);
    return r;
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    struct keypair *key = NULL;
    struct buf secret = BUF_INIT;
    if (argc != 6)
        return 64;
    log_set_verbose(getenv("VERBOSE") != NULL);
    pool = pool_new();
    if (set_client(argv, &key, &secret, &err) != 0 || call_discovery(pool, &call_directly, NULL, argv[1], &provider, &err) != 0) {
        fprintf(stderr, "%s\n", err.text);
        return err_exit_status(err.kind);
    }
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "start ", 6) == 0)
            start(line + 6);
        else
            come_back(line);
        fflush(stdout);
    }
    free(line);
    keyset_free(&keys);
    keypair_free(&key);
    buf_release(&secret);
    pool_free(&pool);
    return 0;
}
