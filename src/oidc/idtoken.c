#include "oidc/idtoken.h"

#include <cjose/cjose.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/token.h"
#include "oidc/tokenrules.h"

struct own {
    const struct idtoken_policy *policy;
    struct idtoken *token;
};

static const struct idtoken_policy *policy_of(const struct token_reading *in)
{
    return ((const struct own *)in->own)->policy;
}

static struct idtoken *token_of(const struct token_reading *in)
{
    return ((const struct own *)in->own)->token;
}

/* Other tokens that a provider signs say what they are (RFC 8725, 3.11); an ID token need not. */
static enum check_outcome check_type(struct token_reading *in)
{
    if (in->type && !text_same_ascii(in->type, "JWT"))
        return FAILED("ID token: it is of another kind ('%s'); look at what the provider sends",
                      tokenrules_shown(in, in->type));
    return PASSED("%s", in->type ? in->type : "not said");
}

/* Who asked for it (OpenID Connect Core, 3.1.3.7, 4 and 5). */
static enum check_outcome check_party(struct token_reading *in)
{
    bool ours;
    const json_t *azp = json_object_get(in->claims, "azp");
    size_t n = tokenrules_audiences(in, &ours);
    if (!azp && n > 1)
        return FAILED("ID token: meant for several and without azp, so that nobody knows who asked for it; have the "
                      "provider send it");
    if (azp && (!json_is_string(azp) || strcmp(json_string_value(azp), in->client_id) != 0))
        return FAILED("ID token: asked for by '%s' and not by us; do not trust where it came from",
                      tokenrules_shown(in, json_string_value(azp)));
    return azp ? PASSED("%s", in->client_id) : SKIPPED("not sent, and not needed for one audience");
}

static enum check_outcome check_nonce(struct token_reading *in)
{
    const char *nonce = tokenrules_text(in, "nonce");
    if (!nonce || !token_same(span_str(nonce), span_str(policy_of(in)->nonce)))
        return FAILED("ID token: it does not answer our request (nonce); sign in again, and do not follow links that "
                      "others sent");
    return PASSED("answers our request");
}

/* The left half of the access token's hash, with the hash of the signature's algorithm (OpenID Connect Core, 3.1.3.6). */
static const char *hash_of(struct token_reading *in, const char *access_token)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    char *text = NULL;
    size_t len = 0;
    const char *bits = in->alg + 2;
    const EVP_MD *md = strcmp(bits, "512") == 0 ? EVP_sha512() : strcmp(bits, "384") == 0 ? EVP_sha384() : EVP_sha256();
    if (EVP_Digest(access_token, strlen(access_token), digest, &n, md, NULL) != 1 ||
        !cjose_base64url_encode(digest, n / 2, &text, &len, NULL))
        return "";
    const char *ret = pool_strndup(in->pool, text, len);
    cjose_get_dealloc()(text);
    return ret;
}

static enum check_outcome check_access_token(struct token_reading *in)
{
    const json_t *hash = json_object_get(in->claims, "at_hash");
    if (!hash || !policy_of(in)->access_token)
        return SKIPPED("%s", hash ? "no access token came with it" : "not sent");
    const char *value = json_string_value(hash);
    if (!value || !token_same(span_str(value), span_str(hash_of(in, policy_of(in)->access_token))))
        return FAILED("ID token: the access token beside it belongs to another (at_hash); sign in again");
    return PASSED("fits the access token");
}

static enum check_outcome check_subject(struct token_reading *in)
{
    const char *subject = tokenrules_text(in, "sub");
    if (!subject || !*subject || strlen(subject) > SUBJECT_MAX || !text_is_clean(span_str(subject)))
        return FAILED("ID token: its subject (sub) is missing, longer than %d bytes or holds control characters; have "
                      "the provider send it",
                      SUBJECT_MAX);
    const char *sid = tokenrules_text(in, "sid"), *acr = tokenrules_text(in, "acr");
    bool usable = sid && *sid && strlen(sid) <= SUBJECT_MAX && text_is_clean(span_str(sid));
    token_of(in)->subject = pool_strdup(in->pool, subject);
    token_of(in)->session = usable ? pool_strdup(in->pool, sid) : NULL;
    token_of(in)->context = acr && text_is_clean(span_str(acr)) ? pool_strdup(in->pool, acr) : NULL;
    return PASSED("%s", tokenrules_shown(in, subject));
}

static enum check_outcome check_sign_in(struct token_reading *in)
{
    char text[CLOCK_TEXT_MAX];
    int64_t at = tokenrules_time(in, "auth_time");
    token_of(in)->signed_in_at = at > 0 ? at : 0;
    if (!policy_of(in)->max_age)
        return SKIPPED("not asked");
    if (at < 0)
        return FAILED("ID token: it does not say when the person signed in (auth_time), although we asked; have the "
                      "provider send it");
    if (at > in->now + in->skew || at + policy_of(in)->max_age < in->now - in->skew)
        return FAILED("ID token: the person signed in at %s, and we asked for now; sign in again",
                      clock_format(at, text));
    return PASSED("%s", clock_format(at, text));
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static const struct token_rule rules[] = {
    {"form", "It is a signed token", true, tokenrules_form},
    {"algorithm", "It uses an accepted algorithm", true, tokenrules_algorithm},
    {"signature", "It was signed with a key of the provider", true, tokenrules_signature},
    {"type", "It is an ID token", true, check_type},
    {"claims", "What was signed is readable", true, tokenrules_claims},
    {"issuer", "It comes from the configured provider", false, tokenrules_issuer},
    {"audience", "It is meant for us", false, tokenrules_audience},
    {"authorized-party", "We asked for it", false, check_party},
    {"expiry", "It has not expired", false, tokenrules_expiry},
    {"issued-at", "It was issued now", false, tokenrules_times},
    {"nonce", "It answers our request", false, check_nonce},
    {"access-token", "It belongs to the access token beside it", false, check_access_token},
    {"subject", "It names a person", false, check_subject},
    {"auth-time", "The person signed in when we asked for it", false, check_sign_in},
};
#define NRULES (sizeof rules / sizeof *rules)
_Static_assert(NRULES <= IDTOKEN_CHECKS_MAX, "room for every check");

static void fill(const struct token_reading *in, struct idtoken *token)
{
    token->issuer = in->issuer;
    token->expires = in->expires;
    token->issued_at = in->issued_at;
    token->claims = in->text;
}

int idtoken_verify(struct pool *pool, struct span token, const struct idtoken_policy *policy,
                   struct idtoken_report *ret, struct err *err)
{
    struct own own = {policy, pool_zero(pool, sizeof *own.token)};
    CLEANUP(tokenrules_release)
    struct token_reading in = {.pool = pool,
                               .what = "ID token",
                               .keys = policy->keys,
                               .issuer = pool_strdup(pool, policy->issuer),
                               .client_id = policy->client_id,
                               .now = policy->now,
                               .skew = policy->skew,
                               .input = token,
                               .own = &own};
    const struct check *fault = tokenrules_run(&in, rules, NRULES);
    fill(&in, own.token);
    *ret = (struct idtoken_report){
        .checks = in.checks, .nchecks = in.nchecks, .token = fault ? NULL : own.token, .unknown_key = in.unknown_key};
    return fault ? err_set(err, in.malformed ? ERR_INPUT : ERR_REFUSED, "%s", fault->detail) : 0;
}

void idtoken_unseen(struct pool *pool, struct idtoken_report *ret)
{
    *ret = (struct idtoken_report){.checks = tokenrules_unseen(pool, rules, NRULES), .nchecks = NRULES};
}
