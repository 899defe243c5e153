/*
 * Whatever comes as an ID token: no crash; none is accepted that was not signed with a key of the set, and none that says something else than
 * what was asked; and every refusal can be shown, and has a remedy.
 *
 *   build/fuzz/fuzz_oidc_idtoken build/fuzz/corpus/oidc_idtoken tests/data/oidc-idtoken
 *
 * No input that the fuzzer invents is signed, so each is also taken for the claims of a token that is: with a key made at the start.
 */
#include "base/text.h"
#include "oidc/idtoken.h"
#include "signer.h"

#define NOW    1893456000
#define ISSUER "https://login.example.com/tenant"
#define CLIENT "doorward"
#define NONCE  "n-1"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct idtoken_policy policy = {.issuer = ISSUER,
                                       .client_id = CLIENT,
                                       .nonce = NONCE,
                                       .access_token = "token",
                                       .now = NOW,
                                       .skew = 60,
                                       .max_age = 3600};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    policy.keys = signer_make();
    return 0;
}

/* The report when it was accepted, or NULL. */
static const struct idtoken *judge(struct pool *pool, struct span token)
{
    struct idtoken_report report;
    struct err err = ERR_INIT;
    int r = idtoken_verify(pool, token, &policy, &report, &err);
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
    const struct idtoken *token = judge(pool, span_str(text));
    if (!token)
        return;
    require(strcmp(token->issuer, ISSUER) == 0 && *token->subject && strlen(token->subject) <= SUBJECT_MAX);
    require(token->expires > NOW - 60 && token->issued_at <= NOW + 60 &&
            token->issued_at >= NOW - IDTOKEN_AGE_MAX - 60);
    require(token->signed_in_at <= NOW + 60 && token->signed_in_at >= NOW - policy.max_age - 60);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct span input = {(const char *)data, size};
    require(judge(pool, input) == NULL);
    if (size)
        try_claims(pool, input);
    return 0;
}
