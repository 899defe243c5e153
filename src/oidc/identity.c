#include "oidc/identity.h"

#include <jansson.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "model/asserted.h"
#include "model/entry.h"

DEFINE_CLEANUP(jsonp, json_t *, json_decref)

#define SOURCES 2 /* ID token, userinfo: in the order in which they are believed */

struct reading {
    struct pool *pool;
    const struct identity_policy *policy;
    json_t *source[SOURCES];
    struct identity *who;
};

/* OpenID Connect Core, 5.1; the immutable id has rules of its own. */
static const char *const usual[SAML_FIELD_COUNT] = {
    [SAML_EMAIL] = "email",
    [SAML_GIVEN_NAME] = "given_name",
    [SAML_FAMILY_NAME] = "family_name",
    [SAML_DISPLAY_NAME] = "name",
};

/* Entra makes sub anew for each client; what the directory knows a person by is oid. */
static const char *const entra[] = {"https://login.microsoftonline.com/", "https://login.microsoftonline.us/",
                                    "https://login.partner.microsoftonline.cn/", "https://sts.windows.net/"};

static const char *id_claim(const char *issuer)
{
    for (size_t i = 0; i < sizeof entra / sizeof *entra; i++)
        if (strncmp(issuer, entra[i], strlen(entra[i])) == 0)
            return "oid";
    return "sub";
}

static const char *usable(const json_t *source, const char *name)
{
    const char *value = json_string_value(json_object_get(source, name));
    bool fits = value && *value && strlen(value) <= ENTRY_VALUE_MAX && text_is_clean(span_str(value));
    return fits ? value : NULL;
}

static const json_t *read_field(struct reading *r, enum saml_field field, const char *name)
{
    for (size_t i = 0; i < SOURCES; i++) {
        const char *value = usable(r->source[i], name);
        if (!value)
            continue;
        r->who->field[field] = pool_strdup(r->pool, value);
        r->who->source[field] = pool_strdup(r->pool, name);
        return r->source[i];
    }
    return NULL;
}

/* Some providers send it as text. */
static bool says_verified(const json_t *source)
{
    const json_t *value = json_object_get(source, "email_verified");
    return json_is_true(value) || (json_is_string(value) && strcmp(json_string_value(value), "true") == 0);
}

static bool is_vouched(const struct reading *r, const char *domain)
{
    for (size_t i = 0; i < r->policy->ndomains; i++)
        if (strcmp(domain, r->policy->domains[i]) == 0)
            return true;
    return false;
}

/*
 * email_verified speaks of the claim "email" beside it, never of another claim, nor of one in the other source.
 */
static void judge_email(struct reading *r, const json_t *source)
{
    struct identity *who = r->who;
    const char *email = who->field[SAML_EMAIL], *domain = email ? asserted_email_domain(r->pool, email) : NULL;
    if (!email)
        return;
    who->email_verified = domain && strcmp(who->source[SAML_EMAIL], usual[SAML_EMAIL]) == 0 && says_verified(source);
    who->email_vouched = domain && is_vouched(r, domain);
    if (who->email_verified || who->email_vouched)
        return;
    who->unbelieved_email = email;
    who->field[SAML_EMAIL] = who->source[SAML_EMAIL] = NULL;
}

static void read_person(struct reading *r)
{
    const char *const *configured = r->policy->claim;
    for (int f = 0; f < SAML_FIELD_COUNT; f++) {
        const char *name = configured[f] ? configured[f] : f == SAML_IMMUTABLE_ID ? id_claim(r->who->issuer) : usual[f];
        const json_t *source = read_field(r, (enum saml_field)f, name);
        if (f == SAML_EMAIL)
            judge_email(r, source);
    }
}

static void release(struct reading *r)
{
    for (size_t i = 0; i < SOURCES; i++)
        jsonp(&r->source[i]);
}

int identity_read(struct pool *pool, const struct idtoken *token, const char *userinfo,
                  const struct identity_policy *policy, struct identity *ret, struct err *err)
{
    struct identity who = {.issuer = token->issuer, .subject = token->subject};
    CLEANUP(release) struct reading r = {.pool = pool, .policy = policy, .who = &who};
    r.source[0] = json_loads(token->claims, JSON_REJECT_DUPLICATES, NULL);
    r.source[1] = userinfo ? json_loads(userinfo, JSON_REJECT_DUPLICATES, NULL) : NULL;
    read_person(&r);
    const char *id = who.field[SAML_IMMUTABLE_ID], *wanted = policy->claim[SAML_IMMUTABLE_ID];
    if (!id)
        return err_set(err, ERR_REFUSED,
                       "claims: the immutable id is missing (the claim '%s'); release it at the provider, or name the "
                       "claim that holds it with attribute-id of the connection",
                       wanted ? wanted : id_claim(who.issuer));
    who.field[SAML_IMMUTABLE_ID] = asserted_immutable_id(pool, id);
    *ret = who;
    return 0;
}
