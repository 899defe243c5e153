#include "oidc/idtoken.h"

#include <cjose/cjose.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/token.h"

DEFINE_CLEANUP(jsonp, json_t *, json_decref)
DEFINE_CLEANUP(jwsp, cjose_jws_t *, cjose_jws_release)

#define RULES_MAX 16

struct reading {
    struct pool *pool;
    const struct idtoken_policy *policy;
    int64_t skew;
    struct span input;
    cjose_jws_t *jws;
    const char *alg, *kid;
    json_t *claims;
    struct idtoken *token;
    struct check *checks;
    size_t nchecks;
    const char *detail;
    bool unknown_key, malformed;
};

/* --- how a rule answers ------------------------------------------------------------------------------------------- */

static enum check_outcome __attribute__((format(printf, 3, 4)))
say(struct reading *r, enum check_outcome outcome, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    r->detail = text_printable(r->pool, span_str(text));
    return outcome;
}

#define PASSED(...)  say(r, CHECK_PASSED, __VA_ARGS__)
#define FAILED(...)  say(r, CHECK_FAILED, __VA_ARGS__)
#define SKIPPED(...) say(r, CHECK_SKIPPED, __VA_ARGS__)

static const char *shown(struct reading *r, const char *value)
{
    size_t n = value ? strlen(value) : 0;
    return value ? text_printable(r->pool, (struct span){value, n < 200 ? n : 200}) : "(missing)";
}

static const char *text_claim(const struct reading *r, const char *name)
{
    return json_string_value(json_object_get(r->claims, name));
}

/* A whole number of seconds; fractions are allowed by RFC 7519 and cut. -1: not there, or no such number. */
static int64_t time_claim(const struct reading *r, const char *name)
{
    const json_t *j = json_object_get(r->claims, name);
    double value = json_is_number(j) ? json_number_value(j) : -1;
    return value >= 0 && value < 1e12 ? (int64_t)value : -1;
}

/* --- the token ---------------------------------------------------------------------------------------------------- */

static enum check_outcome check_form(struct reading *r)
{
    r->malformed = true;
    if (r->input.n == 0 || r->input.n > IDTOKEN_MAX)
        return FAILED("ID token: it has %zu bytes, and 1 to %d are read; look at what the provider sends", r->input.n,
                      IDTOKEN_MAX);
    r->jws = cjose_jws_import(r->input.p, r->input.n, NULL);
    if (!r->jws)
        return FAILED("ID token: not a signed token in compact form (RFC 7515); look at what the provider sends");
    r->malformed = false;
    return PASSED("%zu bytes", r->input.n);
}

static enum check_outcome check_algorithm(struct reading *r)
{
    cjose_header_t *header = cjose_jws_get_protected(r->jws);
    const char *alg = cjose_header_get(header, CJOSE_HDR_ALG, NULL),
               *kid = cjose_header_get(header, CJOSE_HDR_KID, NULL);
    if (!alg || !keyset_accepts(alg))
        return FAILED("ID token: algorithm '%s' is not accepted; set RS256 or ES256 for us at the provider",
                      shown(r, alg));
    if (json_object_get((json_t *)header, "crit"))
        return FAILED("ID token: it demands extensions (crit) that nobody here knows; look at the provider's settings");
    r->alg = alg;
    r->kid = kid;
    return PASSED("%s", alg);
}

static enum check_outcome check_signature(struct reading *r)
{
    switch (keyset_verify(r->policy->keys, r->alg, r->kid, r->jws)) {
    case KEYSET_VERIFIED:
        return PASSED("with key %s", r->kid ? shown(r, r->kid) : "(unnamed)");
    case KEYSET_NO_KEY:
        r->unknown_key = true;
        return FAILED("ID token: signed with key '%s', which is not among the provider's keys; if it has new ones, "
                      "they are fetched within minutes",
                      shown(r, r->kid));
    default:
        return FAILED("ID token: its signature does not stand; do not trust where it came from");
    }
}

static enum check_outcome check_claims(struct reading *r)
{
    uint8_t *text = NULL;
    size_t n = 0;
    json_error_t fault;
    if (cjose_jws_get_plaintext(r->jws, &text, &n, NULL))
        r->claims = json_loadb((const char *)text, n, JSON_REJECT_DUPLICATES, &fault);
    if (!json_is_object(r->claims))
        return FAILED("ID token: what was signed is no JSON object; look at what the provider sends");
    r->token->claims = pool_strndup(r->pool, (const char *)text, n);
    return PASSED("%zu claims", json_object_size(r->claims));
}

/* --- what it says ------------------------------------------------------------------------------------------------- */

static enum check_outcome check_issuer(struct reading *r)
{
    const char *issuer = text_claim(r, "iss");
    if (!issuer || strcmp(issuer, r->policy->issuer) != 0)
        return FAILED("ID token: issued by '%s' and not by '%s'; check issuer of the connection", shown(r, issuer),
                      r->policy->issuer);
    r->token->issuer = pool_strdup(r->pool, issuer);
    return PASSED("%s", issuer);
}

static size_t audiences(const struct reading *r, bool *ret_ours)
{
    const json_t *aud = json_object_get(r->claims, "aud"), *one;
    size_t i;
    *ret_ours = json_is_string(aud) && strcmp(json_string_value(aud), r->policy->client_id) == 0;
    if (!json_is_array(aud))
        return json_is_string(aud);
    json_array_foreach(aud, i, one) *ret_ours |=
        json_is_string(one) && strcmp(json_string_value(one), r->policy->client_id) == 0;
    return json_array_size(aud);
}

static enum check_outcome check_audience(struct reading *r)
{
    bool ours;
    size_t n = audiences(r, &ours);
    if (!ours)
        return FAILED("ID token: it is not meant for '%s'; check client-id of the connection", r->policy->client_id);
    return PASSED("%s%s", r->policy->client_id, n > 1 ? " among others" : "");
}

/* Who asked for it (OpenID Connect Core, 3.1.3.7, 4 and 5). */
static enum check_outcome check_party(struct reading *r)
{
    bool ours;
    const json_t *azp = json_object_get(r->claims, "azp");
    size_t n = audiences(r, &ours);
    if (!azp && n > 1)
        return FAILED("ID token: meant for several and without azp, so that nobody knows who asked for it; have the "
                      "provider send it");
    if (azp && (!json_is_string(azp) || strcmp(json_string_value(azp), r->policy->client_id) != 0))
        return FAILED("ID token: asked for by '%s' and not by us; do not trust where it came from",
                      shown(r, json_string_value(azp)));
    return azp ? PASSED("%s", r->policy->client_id) : SKIPPED("not sent, and not needed for one audience");
}

static enum check_outcome check_expiry(struct reading *r)
{
    char text[CLOCK_TEXT_MAX];
    int64_t expires = time_claim(r, "exp");
    if (expires < 0)
        return FAILED("ID token: it does not say when it expires (exp); have the provider send it");
    r->token->expires = expires;
    if (r->policy->now - r->skew >= expires)
        return FAILED("ID token: expired at %s; sign in again, and check the clocks of both machines",
                      clock_format(expires, text));
    return PASSED("until %s", clock_format(expires, text));
}

static enum check_outcome check_times(struct reading *r)
{
    char text[CLOCK_TEXT_MAX];
    int64_t issued = time_claim(r, "iat"), begins = time_claim(r, "nbf");
    if (issued < 0)
        return FAILED("ID token: it does not say when it was issued (iat); have the provider send it");
    r->token->issued_at = issued;
    if (issued > r->policy->now + r->skew || (json_object_get(r->claims, "nbf") && begins < 0) ||
        begins > r->policy->now + r->skew)
        return FAILED("ID token: issued or valid from %s, which lies in the future; check the clocks of both machines",
                      clock_format(begins > issued ? begins : issued, text));
    if (issued + IDTOKEN_AGE_MAX <= r->policy->now - r->skew)
        return FAILED("ID token: issued at %s, which is too long ago for this sign-in; sign in again",
                      clock_format(issued, text));
    return PASSED("issued at %s", clock_format(issued, text));
}

static enum check_outcome check_nonce(struct reading *r)
{
    const char *nonce = text_claim(r, "nonce");
    if (!nonce || !token_same(span_str(nonce), span_str(r->policy->nonce)))
        return FAILED("ID token: it does not answer our request (nonce); sign in again, and do not follow links that "
                      "others sent");
    return PASSED("answers our request");
}

/* The left half of the access token's hash, with the hash of the signature's algorithm (OpenID Connect Core, 3.1.3.6). */
static const char *hash_of(struct reading *r, const char *access_token)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    char *text = NULL;
    size_t len = 0;
    const char *bits = r->alg + 2;
    const EVP_MD *md = strcmp(bits, "512") == 0 ? EVP_sha512() : strcmp(bits, "384") == 0 ? EVP_sha384() : EVP_sha256();
    if (EVP_Digest(access_token, strlen(access_token), digest, &n, md, NULL) != 1 ||
        !cjose_base64url_encode(digest, n / 2, &text, &len, NULL))
        return "";
    const char *ret = pool_strndup(r->pool, text, len);
    cjose_get_dealloc()(text);
    return ret;
}

static enum check_outcome check_access_token(struct reading *r)
{
    const json_t *hash = json_object_get(r->claims, "at_hash");
    if (!hash || !r->policy->access_token)
        return SKIPPED("%s", hash ? "no access token came with it" : "not sent");
    const char *value = json_string_value(hash);
    if (!value || !token_same(span_str(value), span_str(hash_of(r, r->policy->access_token))))
        return FAILED("ID token: the access token beside it belongs to another (at_hash); sign in again");
    return PASSED("fits the access token");
}

static enum check_outcome check_subject(struct reading *r)
{
    const char *subject = text_claim(r, "sub");
    if (!subject || !*subject || strlen(subject) > SUBJECT_MAX || !text_is_clean(span_str(subject)))
        return FAILED("ID token: its subject (sub) is missing, longer than %d bytes or holds control characters; have "
                      "the provider send it",
                      SUBJECT_MAX);
    const char *sid = text_claim(r, "sid"), *acr = text_claim(r, "acr");
    bool usable = sid && *sid && strlen(sid) <= SUBJECT_MAX && text_is_clean(span_str(sid));
    r->token->subject = pool_strdup(r->pool, subject);
    r->token->session = usable ? pool_strdup(r->pool, sid) : NULL;
    r->token->context = acr && text_is_clean(span_str(acr)) ? pool_strdup(r->pool, acr) : NULL;
    return PASSED("%s", shown(r, subject));
}

static enum check_outcome check_sign_in(struct reading *r)
{
    char text[CLOCK_TEXT_MAX];
    int64_t at = time_claim(r, "auth_time");
    r->token->signed_in_at = at > 0 ? at : 0;
    if (!r->policy->max_age)
        return SKIPPED("not asked");
    if (at < 0)
        return FAILED("ID token: it does not say when the person signed in (auth_time), although we asked; have the "
                      "provider send it");
    if (at > r->policy->now + r->skew || at + r->policy->max_age < r->policy->now - r->skew)
        return FAILED("ID token: the person signed in at %s, and we asked for now; sign in again",
                      clock_format(at, text));
    return PASSED("%s", clock_format(at, text));
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static const struct rule {
    const char *code, *title;
    bool fatal; /* nothing after it can be looked at */
    enum check_outcome (*check)(struct reading *r);
} rules[] = {
    {"form", "It is a signed token", true, check_form},
    {"algorithm", "It uses an accepted algorithm", true, check_algorithm},
    {"signature", "It was signed with a key of the provider", true, check_signature},
    {"claims", "What was signed is readable", true, check_claims},
    {"issuer", "It comes from the configured provider", false, check_issuer},
    {"audience", "It is meant for us", false, check_audience},
    {"authorized-party", "We asked for it", false, check_party},
    {"expiry", "It has not expired", false, check_expiry},
    {"issued-at", "It was issued now", false, check_times},
    {"nonce", "It answers our request", false, check_nonce},
    {"access-token", "It belongs to the access token beside it", false, check_access_token},
    {"subject", "It names a person", false, check_subject},
    {"auth-time", "The person signed in when we asked for it", false, check_sign_in},
};
#define NRULES (sizeof rules / sizeof *rules)
_Static_assert(NRULES <= RULES_MAX, "room for every check");

static const struct check *run(struct reading *r)
{
    const struct check *first = NULL;
    bool over = false;
    for (size_t i = 0; i < NRULES; i++) {
        r->detail = "not looked at, because of what failed before";
        enum check_outcome outcome = over ? CHECK_SKIPPED : rules[i].check(r);
        r->checks[i] = (struct check){rules[i].code, rules[i].title, outcome, r->detail};
        r->nchecks++;
        if (outcome == CHECK_FAILED && !first)
            first = &r->checks[i];
        over |= outcome == CHECK_FAILED && rules[i].fatal;
    }
    return first;
}

static void release(struct reading *r)
{
    jwsp(&r->jws);
    jsonp(&r->claims);
}

int idtoken_verify(struct pool *pool, struct span token, const struct idtoken_policy *policy,
                   struct idtoken_report *ret, struct err *err)
{
    CLEANUP(release)
    struct reading r = {.pool = pool, .policy = policy, .input = token};
    r.skew = policy->skew < 0 ? 0 : policy->skew > IDTOKEN_SKEW_MAX ? IDTOKEN_SKEW_MAX : policy->skew;
    r.checks = pool_zero(pool, RULES_MAX * sizeof *r.checks);
    r.token = pool_zero(pool, sizeof *r.token);
    const struct check *fault = run(&r);
    *ret = (struct idtoken_report){
        .checks = r.checks, .nchecks = r.nchecks, .token = fault ? NULL : r.token, .unknown_key = r.unknown_key};
    return fault ? err_set(err, r.malformed ? ERR_INPUT : ERR_REFUSED, "%s", fault->detail) : 0;
}

void idtoken_unseen(struct pool *pool, struct idtoken_report *ret)
{
    struct check *checks = pool_zero(pool, RULES_MAX * sizeof *checks);
    for (size_t i = 0; i < NRULES; i++)
        checks[i] = (struct check){rules[i].code, rules[i].title, CHECK_SKIPPED,
                                   "not looked at, because of what failed before"};
    *ret = (struct idtoken_report){.checks = checks, .nchecks = NRULES};
}
