/* The rules on who says it, and to whom. The signature stands by now. */
#include <inttypes.h>

#include "base/clock.h"
#include "saml/inspect.h"
#include "saml/node.h"
#include "saml/saml.h"

static enum check_outcome check_certificate(struct inspection *in)
{
    char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX], now[CLOCK_TEXT_MAX];
    const struct cert *cert = &in->signer->cert;
    clock_format(cert->not_before, from);
    clock_format(cert->not_after, until);
    if (in->policy->now < cert->not_before || in->policy->now > cert->not_after)
        return rule_failed(in,
                           "certificate '%s': it is valid from %s until %s and here it is %s; renew the signing "
                           "certificate at the identity provider and get its metadata again",
                           cert->subject, from, until, clock_format(in->policy->now, now));
    return rule_passed(in, "until %s, %" PRId64 " days left", until, (cert->not_after - in->policy->now) / 86400);
}

static enum check_outcome check_version(struct inspection *in)
{
    const char *response = node_attr(in->response, "Version"), *assertion = node_attr(in->assertion, "Version");
    if (!response || strcmp(response, "2.0") != 0)
        return rule_failed(in, "response: its Version is '%s' instead of '2.0'; set SAML 2.0 at the identity provider",
                           rule_shown(in, response));
    if (!assertion || strcmp(assertion, "2.0") != 0)
        return rule_failed(in, "assertion: its Version is '%s' instead of '2.0'; set SAML 2.0 at the identity provider",
                           rule_shown(in, assertion));
    return rule_passed(in, "2.0");
}

static enum check_outcome check_issuer_of(struct inspection *in, const xmlNode *of, const char *what)
{
    const char *issuer = node_text(in->pool, node_child(of, SAML_NS_ASSERTION, "Issuer"));
    if (issuer && node_count(of, SAML_NS_ASSERTION, "Issuer") == 1 && strcmp(issuer, in->policy->idp->entity_id) == 0)
        return rule_passed(in, "%s", rule_shown(in, issuer));
    if (node_count(of, SAML_NS_ASSERTION, "Issuer") > 1)
        return rule_failed(in, "issuer of the %s: it names more than one; do not trust where it came from", what);
    return rule_failed(in,
                       "issuer of the %s: '%s' instead of '%s', the entity id in the identity provider's metadata; "
                       "give the metadata of the identity provider that really signs people in",
                       what, issuer ? rule_shown(in, issuer) : "(no plain text)",
                       rule_shown(in, in->policy->idp->entity_id));
}

static enum check_outcome check_response_issuer(struct inspection *in)
{
    return check_issuer_of(in, in->response, "Response");
}

static enum check_outcome check_issuer(struct inspection *in)
{
    enum check_outcome outcome = check_issuer_of(in, in->assertion, "Assertion");
    if (outcome == CHECK_PASSED)
        in->claimed->issuer = node_text(in->pool, node_child(in->assertion, SAML_NS_ASSERTION, "Issuer"));
    return outcome;
}

static enum check_outcome check_destination(struct inspection *in)
{
    const char *destination = node_attr(in->response, "Destination");
    if (!destination || strcmp(destination, in->policy->acs_url) != 0)
        return rule_failed(in,
                           "destination: '%s' instead of '%s'; set the latter as our assertion consumer service (reply "
                           "URL) at the identity provider",
                           rule_shown(in, destination), rule_shown(in, in->policy->acs_url));
    return rule_passed(in, "%s", rule_shown(in, destination));
}

static const struct rule rows[] = {
    {"certificate", "The signing certificate is valid now", RULE_PLAIN, check_certificate},
    {"version", "Response and assertion are of SAML 2.0", RULE_PLAIN, check_version},
    {"response-issuer", "The response comes from the identity provider", RULE_PLAIN, check_response_issuer},
    {"issuer", "The assertion comes from the identity provider", RULE_PLAIN, check_issuer},
    {"destination", "The response was sent to us", RULE_PLAIN, check_destination},
};

const struct rules rules_message = {rows, sizeof rows / sizeof *rows};
