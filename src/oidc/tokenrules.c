#include "oidc/tokenrules.h"

#include <cjose/cjose.h>
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "oidc/encode.h"

#define SHOWN_MAX 200

/* --- how a rule answers ------------------------------------------------------------------------------------------- */

enum check_outcome tokenrules_say(struct token_reading *in, enum check_outcome outcome, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    in->detail = text_printable(in->pool, span_str(text));
    return outcome;
}

const char *tokenrules_shown(struct token_reading *in, const char *value)
{
    size_t n = value ? strlen(value) : 0;
    return value ? text_printable(in->pool, (struct span){value, n < SHOWN_MAX ? n : SHOWN_MAX}) : "(missing)";
}

const char *tokenrules_text(const struct token_reading *in, const char *name)
{
    return json_string_value(json_object_get(in->claims, name));
}

const char *tokenrules_name(const struct token_reading *in, const char *name)
{
    const char *value = tokenrules_text(in, name);
    bool fits = value && *value && strlen(value) <= TOKEN_NAME_BYTES && text_is_clean(span_str(value));
    return fits ? pool_strdup(in->pool, value) : NULL;
}

int64_t tokenrules_time(const struct token_reading *in, const char *name)
{
    const json_t *j = json_object_get(in->claims, name);
    double value = json_is_number(j) ? json_number_value(j) : -1;
    return value >= 0 && value < 1e12 ? (int64_t)value : -1;
}

/* --- the token ---------------------------------------------------------------------------------------------------- */

enum check_outcome tokenrules_form(struct token_reading *in)
{
    in->malformed = true;
    if (in->input.n == 0 || in->input.n > TOKEN_BYTES_MAX)
        return FAILED("%s: it has %zu bytes, and 1 to %d are read; look at what the provider sends", in->what,
                      in->input.n, TOKEN_BYTES_MAX);
    if (encode_is_compact(in->input))
        in->jws = cjose_jws_import(in->input.p, in->input.n, NULL);
    if (!in->jws)
        return FAILED("%s: not a signed token in compact form (RFC 7515); look at what the provider sends", in->what);
    in->malformed = false;
    return PASSED("%zu bytes", in->input.n);
}

enum check_outcome tokenrules_algorithm(struct token_reading *in)
{
    cjose_header_t *header = cjose_jws_get_protected(in->jws);
    const char *alg = cjose_header_get(header, CJOSE_HDR_ALG, NULL),
               *kid = cjose_header_get(header, CJOSE_HDR_KID, NULL);
    in->type = json_string_value(json_object_get((json_t *)header, "typ"));
    if (!alg || !keyset_accepts(alg))
        return FAILED("%s: algorithm '%s' is not accepted; set RS256 or ES256 for us at the provider", in->what,
                      tokenrules_shown(in, alg));
    if (json_object_get((json_t *)header, "crit"))
        return FAILED("%s: it demands extensions (crit) that nobody here knows; look at the provider's settings",
                      in->what);
    in->alg = alg;
    in->kid = kid;
    return PASSED("%s", alg);
}

enum check_outcome tokenrules_signature(struct token_reading *in)
{
    switch (keyset_verify(in->keys, in->alg, in->kid, in->jws)) {
    case KEYSET_VERIFIED:
        return PASSED("with key %s", in->kid ? tokenrules_shown(in, in->kid) : "(unnamed)");
    case KEYSET_NO_KEY:
        in->unknown_key = true;
        return FAILED("%s: signed with key '%s', which is not among the provider's keys; if it has new ones, "
                      "they are fetched within minutes",
                      in->what, tokenrules_shown(in, in->kid));
    default:
        return FAILED("%s: its signature does not stand; do not trust where it came from", in->what);
    }
}

enum check_outcome tokenrules_claims(struct token_reading *in)
{
    uint8_t *text = NULL;
    size_t n = 0;
    json_error_t fault;
    if (cjose_jws_get_plaintext(in->jws, &text, &n, NULL))
        in->claims = json_loadb((const char *)text, n, JSON_REJECT_DUPLICATES, &fault);
    if (!json_is_object(in->claims))
        return FAILED("%s: what was signed is no JSON object; look at what the provider sends", in->what);
    in->text = pool_strndup(in->pool, (const char *)text, n);
    return PASSED("%zu claims", json_object_size(in->claims));
}

/* --- what it says ------------------------------------------------------------------------------------------------- */

enum check_outcome tokenrules_issuer(struct token_reading *in)
{
    const char *issuer = tokenrules_text(in, "iss");
    if (!issuer || strcmp(issuer, in->issuer) != 0)
        return FAILED("%s: issued by '%s' and not by '%s'; check issuer of the connection", in->what,
                      tokenrules_shown(in, issuer), in->issuer);
    return PASSED("%s", issuer);
}

size_t tokenrules_audiences(const struct token_reading *in, bool *ret_ours)
{
    const json_t *aud = json_object_get(in->claims, "aud"), *one;
    size_t i;
    *ret_ours = json_is_string(aud) && strcmp(json_string_value(aud), in->client_id) == 0;
    if (!json_is_array(aud))
        return json_is_string(aud);
    json_array_foreach(aud, i, one) *ret_ours |=
        json_is_string(one) && strcmp(json_string_value(one), in->client_id) == 0;
    return json_array_size(aud);
}

enum check_outcome tokenrules_audience(struct token_reading *in)
{
    bool ours;
    size_t n = tokenrules_audiences(in, &ours);
    if (!ours)
        return FAILED("%s: it is not meant for '%s'; check client-id of the connection", in->what, in->client_id);
    return PASSED("%s%s", in->client_id, n > 1 ? " among others" : "");
}

enum check_outcome tokenrules_expiry(struct token_reading *in)
{
    char text[CLOCK_TEXT_MAX];
    int64_t expires = tokenrules_time(in, "exp");
    if (expires < 0)
        return FAILED("%s: it does not say when it expires (exp); have the provider send it", in->what);
    in->expires = expires;
    if (in->now - in->skew >= expires)
        return FAILED("%s: expired at %s; sign in again, and check the clocks of both machines", in->what,
                      clock_format(expires, text));
    return PASSED("until %s", clock_format(expires, text));
}

enum check_outcome tokenrules_times(struct token_reading *in)
{
    char text[CLOCK_TEXT_MAX];
    int64_t issued = tokenrules_time(in, "iat"), begins = tokenrules_time(in, "nbf");
    if (issued < 0)
        return FAILED("%s: it does not say when it was issued (iat); have the provider send it", in->what);
    in->issued_at = issued;
    if (issued > in->now + in->skew || (json_object_get(in->claims, "nbf") && begins < 0) ||
        begins > in->now + in->skew)
        return FAILED("%s: issued or valid from %s, which lies in the future; check the clocks of both machines",
                      in->what, clock_format(begins > issued ? begins : issued, text));
    if (issued + TOKEN_AGE_MAX <= in->now - in->skew)
        return FAILED("%s: issued at %s, which is too long ago for this sign-in; sign in again", in->what,
                      clock_format(issued, text));
    return PASSED("issued at %s", clock_format(issued, text));
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static const char unseen[] = "not looked at, because of what failed before";

const struct check *tokenrules_run(struct token_reading *in, const struct token_rule *rules, size_t n)
{
    const struct check *first = NULL;
    bool over = false;
    in->skew = in->skew < 0 ? 0 : in->skew > TOKEN_SKEW_MAX ? TOKEN_SKEW_MAX : in->skew;
    in->checks = pool_zero(in->pool, n * sizeof *in->checks);
    for (size_t i = 0; i < n; i++) {
        in->detail = unseen;
        enum check_outcome outcome = over ? CHECK_SKIPPED : rules[i].check(in);
        in->checks[i] = (struct check){rules[i].code, rules[i].title, outcome, in->detail};
        in->nchecks++;
        if (outcome == CHECK_FAILED && !first)
            first = &in->checks[i];
        over |= outcome == CHECK_FAILED && rules[i].fatal;
    }
    return first;
}

const struct check *tokenrules_unseen(struct pool *pool, const struct token_rule *rules, size_t n)
{
    struct check *checks = pool_zero(pool, n * sizeof *checks);
    for (size_t i = 0; i < n; i++)
        checks[i] = (struct check){rules[i].code, rules[i].title, CHECK_SKIPPED, unseen};
    return checks;
}

void tokenrules_release(struct token_reading *in)
{
    if (in->jws)
        cjose_jws_release(in->jws);
    json_decref(in->claims);
}
