/*
 * Whatever an OpenID provider answers: no crash; an accepted discovery document has only safe addresses, an accepted token fits a header, an
 * accepted userinfo is about who was asked for; and every refusal can be shown, and has a remedy.
 *
 *   clang -fsanitize=fuzzer,address,undefined …; fuzz_oidc_answer tests/data/oidc-answer
 */
#include <stdint.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "oidc/discovery.h"
#include "oidc/identity.h"
#include "oidc/tokencall.h"

#define ISSUER  "http://localhost:8080"
#define SUBJECT "ann"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void check_refusal(const struct err *err)
{
    require(err->kind != ERR_NONE && text_is_clean(span_str(err->text)) && strstr(err->text, "; "));
}

static void check_address(const char *url, bool required)
{
    require(url || !required);
    if (!url)
        return;
    require(strncasecmp(url, "https://", 8) == 0 || strncasecmp(url, "http://127.", 11) == 0 ||
            strncasecmp(url, "http://localhost", 16) == 0 || strncasecmp(url, "http://[", 8) == 0);
    require(text_is_clean(span_str(url)) && !strpbrk(url, " \"#<>\\") && strlen(url) <= DISCOVERY_URL_MAX);
}

static void try_discovery(struct pool *pool, struct span input)
{
    struct provider p;
    struct err err = ERR_INIT;
    if (discovery_read(pool, input, ISSUER, &p, &err) != 0) {
        check_refusal(&err);
        return;
    }
    require(strcmp(p.issuer, ISSUER) == 0 && p.client_auth);
    check_address(p.authorization, true);
    check_address(p.token, true);
    check_address(p.jwks, true);
    check_address(p.userinfo, false);
    check_address(p.end_session, false);
}

static void try_tokens(struct pool *pool, const struct http_reply *reply)
{
    struct tokens tokens;
    struct err err = ERR_INIT;
    if (tokencall_read(pool, reply, &tokens, &err) != 0) {
        check_refusal(&err);
        return;
    }
    require(reply->status == 200 && *tokens.id_token && *tokens.access_token);
    require(text_is_clean(span_str(tokens.access_token)) && !strchr(tokens.access_token, ' '));
}

/* What userinfo said is believed of nobody but who signed in; then it is read as a person. */
static void try_userinfo(struct pool *pool, const struct http_reply *reply)
{
    static const char *const domains[] = {"example.com"};
    const struct identity_policy policy = {.domains = domains, .ndomains = 1};
    const struct idtoken token = {.issuer = ISSUER, .subject = SUBJECT, .claims = "{\"sub\": \"" SUBJECT "\"}"};
    const char *claims = NULL;
    struct identity who;
    struct err err = ERR_INIT;
    if (userinfo_read(pool, reply, SUBJECT, &claims, &err) != 0) {
        check_refusal(&err);
        return;
    }
    require(identity_read(pool, &token, claims, &policy, &who, &err) == 0);
    require(strcmp(who.field[SAML_IMMUTABLE_ID], SUBJECT) == 0);
    require(!who.field[SAML_EMAIL] || who.email_verified || who.email_vouched);
    for (int f = 0; f < SAML_FIELD_COUNT; f++)
        require(!who.field[f] || text_is_clean(span_str(who.field[f])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 400};
    CLEANUP(pool_free) struct pool *pool = pool_new();
    CLEANUP(buf_release) struct buf body = BUF_INIT;
    buf_add(&body, data, size);
    try_discovery(pool, (struct span){(const char *)data, size});
    for (size_t i = 0; i < 2; i++) {
        struct http_reply reply = {.status = statuses[i], .type = "application/json", .body = body};
        try_tokens(pool, &reply);
        try_userinfo(pool, &reply);
    }
    return 0;
}
