#include "oidc/logouttoken.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "oidc/tokenrules.h"

#define SECONDS_WITHOUT_EXP 600
#define EVENT               "http://schemas.openid.net/event/backchannel-logout"

_Static_assert(LOGOUTTOKEN_MAX == TOKEN_BYTES_MAX, "one limit for all tokens");

struct own {
    const struct logouttoken_policy *policy;
    struct logouttoken *token;
};

static struct logouttoken *token_of(const struct token_reading *in)
{
    return ((const struct own *)in->own)->token;
}

/* Providers from before the final standard say JWT, or nothing. */
static enum check_outcome check_type(struct token_reading *in)
{
    if (in->type && !text_same_ascii(in->type, "logout+jwt") && !text_same_ascii(in->type, "JWT"))
        return FAILED("logout token: it is of another kind ('%s'); look at what the provider sends",
                      tokenrules_shown(in, in->type));
    return PASSED("%s", in->type ? in->type : "not said");
}

/* The final standard demands it (2.4). Drafts, by which some providers still go, knew none: then it stands for a few minutes, where that is allowed. */
static enum check_outcome check_expiry(struct token_reading *in)
{
    char text[CLOCK_TEXT_MAX];
    int64_t issued = tokenrules_time(in, "iat");
    if (json_object_get(in->claims, "exp"))
        return tokenrules_expiry(in);
    if (!((const struct own *)in->own)->policy->without_expiry)
        return FAILED("logout token: it does not say when it expires (exp); have the provider send it, or allow "
                      "logout-without-expiry for the connection");
    if (issued >= 0 && issued + SECONDS_WITHOUT_EXP <= in->now - in->skew)
        return FAILED("logout token: issued at %s, which is too long ago for one that does not say when it expires "
                      "(exp); check the clocks of both machines, and have the provider send it",
                      clock_format(issued, text));
    return PASSED("not said: %d seconds", SECONDS_WITHOUT_EXP);
}

static enum check_outcome check_id(struct token_reading *in)
{
    token_of(in)->id = tokenrules_name(in, "jti");
    if (!token_of(in)->id)
        return FAILED("logout token: its id (jti) is missing, longer than %d bytes or holds control characters; have "
                      "the provider send it",
                      TOKEN_NAME_BYTES);
    return PASSED("%s", token_of(in)->id);
}

static enum check_outcome check_event(struct token_reading *in)
{
    const json_t *events = json_object_get(in->claims, "events");
    if (!json_is_object(json_object_get(events, EVENT)))
        return FAILED("logout token: it tells of no logout (events); do not trust where it came from");
    return PASSED("a logout");
}

/* An ID token is signed with the same key, and always has the nonce that we sent. */
static enum check_outcome check_nonce(struct token_reading *in)
{
    if (json_object_get(in->claims, "nonce"))
        return FAILED("logout token: it has a nonce, as only ID tokens have; do not trust where it came from");
    return PASSED("not there");
}

static bool is_sound(const struct token_reading *in, const char *name, const char *value)
{
    return value || !json_object_get(in->claims, name);
}

static enum check_outcome check_whose(struct token_reading *in)
{
    struct logouttoken *token = token_of(in);
    token->subject = tokenrules_name(in, "sub");
    token->session = tokenrules_name(in, "sid");
    if (!is_sound(in, "sub", token->subject) || !is_sound(in, "sid", token->session))
        return FAILED("logout token: its subject or session (sub, sid) is no text, longer than %d bytes or holds "
                      "control characters; look at what the provider sends",
                      TOKEN_NAME_BYTES);
    if (!token->subject && !token->session)
        return FAILED("logout token: it does not say whose sessions ended (sub, sid); have the provider send it");
    return PASSED("%s%s%s", token->subject ? token->subject : "", token->subject && token->session ? ", session " : "",
                  token->session ? token->session : "");
}

static const struct token_rule rules[] = {
    {"form", "It is a signed token", true, tokenrules_form},
    {"algorithm", "It uses an accepted algorithm", true, tokenrules_algorithm},
    {"signature", "It was signed with a key of the provider", true, tokenrules_signature},
    {"type", "It is a logout token", true, check_type},
    {"claims", "What was signed is readable", true, tokenrules_claims},
    {"issuer", "It comes from the configured provider", false, tokenrules_issuer},
    {"audience", "It is meant for us", false, tokenrules_audience},
    {"expiry", "It has not expired", false, check_expiry},
    {"issued-at", "It was issued now", false, tokenrules_times},
    {"id", "It has an id, to be used once", false, check_id},
    {"event", "It tells of a logout", false, check_event},
    {"nonce", "It is no ID token", false, check_nonce},
    {"whose", "It says whose sessions ended", false, check_whose},
};
#define NRULES (sizeof rules / sizeof *rules)

int logouttoken_verify(struct pool *pool, struct span token, const struct logouttoken_policy *policy,
                       struct logouttoken_report *ret, struct err *err)
{
    struct logouttoken *read = pool_zero(pool, sizeof *read);
    struct own own = {policy, read};
    CLEANUP(tokenrules_release)
    struct token_reading in = {.pool = pool,
                               .what = "logout token",
                               .keys = policy->keys,
                               .issuer = policy->issuer,
                               .client_id = policy->client_id,
                               .now = policy->now,
                               .skew = policy->skew,
                               .input = token,
                               .own = &own};
    const struct check *fault = tokenrules_run(&in, rules, NRULES);
    read->until = in.issued_at + TOKEN_AGE_MAX + 2 * TOKEN_SKEW_MAX;
    *ret = (struct logouttoken_report){
        .checks = in.checks, .nchecks = in.nchecks, .token = fault ? NULL : read, .unknown_key = in.unknown_key};
    return fault ? err_set(err, in.malformed ? ERR_INPUT : ERR_REFUSED, "%s", fault->detail) : 0;
}
