/*
 * Whatever comes as a logout token: no crash; none is accepted that was not signed with a key of the set, and none that does not say whose
 * sessions ended; and every refusal can be shown, and has a remedy.
 *
 *   build/fuzz/fuzz_oidc_logouttoken build/fuzz/corpus/oidc_logouttoken tests/data/oidc-logouttoken
 *
 * No input that the fuzzer invents is signed, so each is also taken for the claims of a token that is: with a key made at the start.
 */
#include "base/text.h"
#include "oidc/logouttoken.h"
#include "signer.h"

#define NOW    1893456000
#define ISSUER "https://login.example.com/tenant"
#define CLIENT "doorward"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct logouttoken_policy policy = {.issuer = ISSUER, .client_id = CLIENT, .now = NOW, .skew = 60};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    policy.keys = signer_make();
    return 0;
}

/* The report when it was accepted, or NULL. */
static const struct logouttoken *judge(struct pool *pool, struct span token)
{
    struct logouttoken_report report;
    struct err err = ERR_INIT;
    int r = logouttoken_verify(pool, token, &policy, &report, &err);
    require((r == 0) == (report.token != NULL) && report.nchecks > 0);
    for (size_t i = 0; i < report.nchecks; i++)
        require(text_is_clean(span_str(report.checks[i].detail)) &&
                (r != 0 || report.checks[i].outcome != CHECK_FAILED));
    require(r == 0 || (err.kind != ERR_NONE && text_is_clean(span_str(err.text)) && strstr(err.text, "; ")));
    return report.token;
}

static void try_claims(struct pool *pool, struct span claims)
{
    const char *text = NULL;
    CLEANUP(jwsp) cjose_jws_t *jws = signer_sign(claims);
    if (!jws || !cjose_jws_export(jws, &text, NULL))
        return;
    const struct logouttoken *token = judge(pool, span_str(text));
    if (!token)
        return;
    require(policy.without_expiry || memmem(claims.p, claims.n, "exp", 3) || memchr(claims.p, '\\', claims.n));
    require((token->subject || token->session) && *token->id && token->until > NOW - 60);
    require(!token->subject || (*token->subject && text_is_clean(span_str(token->subject))));
    require(!token->session || (*token->session && text_is_clean(span_str(token->session))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct span input = {(const char *)data, size};
    policy.without_expiry = size && (data[size - 1] == ' ' || data[size - 1] == '\n');
    require(judge(pool, input) == NULL);
    if (size)
        try_claims(pool, input);
    return 0;
}
