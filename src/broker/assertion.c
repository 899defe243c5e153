#include "broker/assertion.h"

#include <cjose/cjose.h>
#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "oidc/encode.h"

#define SKEW       60  /* seconds that the application's clock may be wrong */
#define ID_MAX     255 /* bytes of jti */
#define SECONDS_IN 1e12

DEFINE_CLEANUP(jsonp, json_t *, json_decref)
DEFINE_CLEANUP(jwsp, cjose_jws_t *, cjose_jws_release)

struct word {
    const struct broker *broker;
    const struct application *application;
    const json_t *claims;
    broker_fault *fault;
    struct err *err;
};
#define REFUSE(w, ...) broker_refuse((w)->fault, "invalid_client", (w)->err, __VA_ARGS__)

/* The algorithm is one of the key's kind before anything is verified: never none, never a secret shared with everybody (a public key). */
static int verify(const struct word *w, cjose_jws_t *jws)
{
    cjose_header_t *header = cjose_jws_get_protected(jws);
    const char *alg = cjose_header_get(header, CJOSE_HDR_ALG, NULL),
               *kid = cjose_header_get(header, CJOSE_HDR_KID, NULL);
    if (!alg || !keyset_accepts(alg))
        return REFUSE(w, "application %s: algorithm '%s' of its signed word is not accepted; set RS256 or ES256 there",
                      w->application->name, broker_shown(w->broker, alg));
    if (json_object_get((json_t *)header, "crit"))
        return REFUSE(
            w, "application %s: its signed word demands extensions (crit) that nobody here knows; look at its settings",
            w->application->name);
    switch (
        keyset_verify(w->application->keys, alg, NULL, jws)) { /* every key is its own: by which one, does not matter */
    case KEYSET_VERIFIED:
        return 0;
    case KEYSET_NO_KEY:
        return REFUSE(w,
                      "application %s: its signed word names key '%s' and %s, of which none is configured; give us its "
                      "public key",
                      w->application->name, broker_shown(w->broker, kid), alg);
    default:
        return REFUSE(w,
                      "application %s: the signature of its signed word does not stand; give us the public key that it "
                      "signs with now",
                      w->application->name);
    }
}

static const char *text_of(const struct word *w, const char *name)
{
    const char *text = json_string_value(json_object_get(w->claims, name));
    return text ? text : "";
}

static int check_names(const struct word *w)
{
    static const char *const names[] = {"iss", "sub"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text_of(w, names[i]), w->application->client_id) != 0)
            return REFUSE(w, "application %s: %s of its signed word is not its client id; look at its settings",
                          w->application->name, names[i]);
    return 0;
}

/* Meant for us alone: one that is meant for others too could be theirs, passed on. */
static int check_audience(const struct word *w)
{
    const json_t *aud = json_object_get(w->claims, "aud");
    if (json_is_array(aud) && json_array_size(aud) == 1)
        aud = json_array_get(aud, 0);
    const char *text = json_string_value(aud);
    if (!text || strcmp(text, w->broker->issuer) != 0)
        return REFUSE(
            w, "application %s: its signed word has to be meant for '%s' and for nobody else (aud); set that there",
            w->application->name, w->broker->issuer);
    return 0;
}

/* false: there, and no time. *ret is left when it is not there. */
static bool time_of(const struct word *w, const char *name, int64_t *ret)
{
    const json_t *j = json_object_get(w->claims, name);
    double value = json_is_number(j) ? json_number_value(j) : -1;
    if (!j)
        return true;
    *ret = (int64_t)value;
    return value >= 0 && value < SECONDS_IN;
}

static int check_times(const struct word *w, int64_t *ret_until)
{
    int64_t now = w->broker->in->now, ends = -1, made = 0, begins = 0;
    const char *name = w->application->name;
    if (!time_of(w, "exp", &ends) || ends < 0)
        return REFUSE(
            w, "application %s: its signed word does not say until when it stands (exp); look at its settings", name);
    if (ends + SKEW <= now)
        return REFUSE(w, "application %s: its signed word expired; check the clocks of both machines", name);
    if (ends > now + CLIENTAUTH_ASSERTION_SECONDS + SKEW)
        return REFUSE(w, "application %s: its signed word stands for more than %d seconds; shorten that there", name,
                      CLIENTAUTH_ASSERTION_SECONDS);
    if (!time_of(w, "iat", &made) || !time_of(w, "nbf", &begins) || made > now + SKEW || begins > now + SKEW)
        return REFUSE(w, "application %s: its signed word is from the future; check the clocks of both machines", name);
    *ret_until = ends + 2 * SKEW;
    return 0;
}

static int check_id(const struct word *w, struct client_proof *ret)
{
    const char *id = text_of(w, "jti");
    char hex[DIGEST_HEX_MAX];
    if (!*id || strlen(id) > ID_MAX)
        return REFUSE(w, "application %s: its signed word has no id of 1 to %d bytes (jti); look at its settings",
                      w->application->name, ID_MAX);
    const char *once = pool_printf(w->broker->in->pool, "%s %s", w->application->name, id);
    digest_hex_of(once, strlen(once), hex);
    ret->once = pool_strdup(w->broker->in->pool, hex);
    return 0;
}

int assertion_read(const struct broker *broker, const struct application *application, const char *text,
                   struct client_proof *ret, broker_fault *ret_fault, struct err *err)
{
    struct word w = {broker, application, NULL, ret_fault, err};
    uint8_t *payload = NULL;
    size_t n = 0;
    if (strlen(text) > CLIENTAUTH_ASSERTION_MAX)
        return REFUSE(&w, "application %s: its signed word is longer than %d bytes; look at what it sends",
                      application->name, CLIENTAUTH_ASSERTION_MAX);
    CLEANUP(jwsp)
    cjose_jws_t *jws = encode_is_compact(span_str(text)) ? cjose_jws_import(text, strlen(text), NULL) : NULL;
    if (!jws)
        return REFUSE(
            &w, "application %s: its signed word is no signed token in compact form (RFC 7515); look at what it sends",
            application->name);
    if (verify(&w, jws) != 0)
        return -1;
    CLEANUP(jsonp)
    json_t *claims = cjose_jws_get_plaintext(jws, &payload, &n, NULL)
                         ? json_loadb((const char *)payload, n, JSON_REJECT_DUPLICATES, NULL)
                         : NULL;
    w.claims = claims;
    if (!json_is_object(claims))
        return REFUSE(&w, "application %s: what it signed is no JSON object; look at what it sends", application->name);
    return check_names(&w) != 0 || check_audience(&w) != 0 || check_times(&w, &ret->once_until) != 0 ||
                   check_id(&w, ret) != 0
               ? -1
               : 0;
}
