/* The rules on when, for whom and in answer to what the assertion may be used (SAML core 2.5, profiles 4.1.4.2). */
#include "base/clock.h"
#include "saml/inspect.h"
#include "saml/node.h"
#include "saml/saml.h"

static const char METHOD_BEARER[] = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/* --- instants ----------------------------------------------------------------------------------------------------- */

static const char *clocks(struct inspection *in)
{
    char now[CLOCK_TEXT_MAX];
    return pool_printf(
        in->pool,
        "here it is %s and clocks may differ by %lld s; check the clocks of both machines, or capture a new response",
        clock_format(in->policy->now, now), (long long)in->skew);
}

/* 0, or -1 with in->detail telling what is wrong with the attribute. */
static int read_instant(struct inspection *in, const xmlNode *node, const char *name, int64_t *ret)
{
    const char *value = node_attr(node, name);
    if (!value)
        rule_failed(in, "%s: it has no %s; the identity provider has to say when the assertion may be used",
                    (const char *)node->name, name);
    else if (clock_parse(span_str(value), ret) || *ret <= 0)
        rule_failed(in,
                    "%s: its %s '%s' is not a time in UTC like 2030-01-31T00:00:00Z; mend it at the identity provider",
                    (const char *)node->name, name, rule_shown(in, value));
    else
        return 0;
    return -1;
}

static enum check_outcome check_begins(struct inspection *in, const xmlNode *node)
{
    char text[CLOCK_TEXT_MAX];
    int64_t from;
    if (read_instant(in, node, "NotBefore", &from))
        return CHECK_FAILED;
    if (in->policy->now + in->skew < from)
        return rule_failed(in, "%s: not valid before %s, and %s", (const char *)node->name, clock_format(from, text),
                           clocks(in));
    return rule_passed(in, "%s", clock_format(from, text));
}

static enum check_outcome check_ends(struct inspection *in, const xmlNode *node)
{
    char text[CLOCK_TEXT_MAX];
    int64_t until;
    if (read_instant(in, node, "NotOnOrAfter", &until))
        return CHECK_FAILED;
    if (in->policy->now - in->skew >= until)
        return rule_failed(in, "%s: it expired at %s, and %s", (const char *)node->name, clock_format(until, text),
                           clocks(in));
    int64_t forget = until + in->skew;
    if (!in->claimed->expires || forget < in->claimed->expires)
        in->claimed->expires = forget;
    return rule_passed(in, "%s", clock_format(until, text));
}

/* --- Conditions --------------------------------------------------------------------------------------------------- */

/* A condition that is not understood makes the assertion's validity unknown, which is refused (SAML core 2.5.1). */
static enum check_outcome check_conditions(struct inspection *in)
{
    static const char *const understood[] = {"AudienceRestriction", "OneTimeUse", "ProxyRestriction"};
    if (node_count(in->assertion, SAML_NS_ASSERTION, "Conditions") != 1)
        return rule_failed(in,
                           "assertion: it has %s Conditions element; the identity provider has to say for whom and how "
                           "long it is valid",
                           node_count(in->assertion, SAML_NS_ASSERTION, "Conditions") ? "more than one" : "no");
    in->conditions = node_child(in->assertion, SAML_NS_ASSERTION, "Conditions");
    for (const xmlNode *c = node_first(in->conditions); c; c = node_after(c)) {
        bool known = false;
        for (size_t i = 0; i < sizeof understood / sizeof *understood; i++)
            known |= node_is(c, SAML_NS_ASSERTION, understood[i]);
        if (!known)
            return rule_failed(in,
                               "Conditions: '%s' is not understood, so that the assertion may not be used; switch it "
                               "off at the identity provider",
                               rule_shown(in, (const char *)c->name));
    }
    return rule_passed(in, "understood");
}

static enum check_outcome check_not_before(struct inspection *in)
{
    return in->conditions ? check_begins(in, in->conditions) : rule_skipped(in, "there are no Conditions");
}

static enum check_outcome check_not_on_or_after(struct inspection *in)
{
    return in->conditions ? check_ends(in, in->conditions) : rule_skipped(in, "there are no Conditions");
}

static bool restriction_names_us(struct inspection *in, const xmlNode *restriction, const char **ret_other)
{
    for (const xmlNode *a = node_child(restriction, SAML_NS_ASSERTION, "Audience"); a;
         a = node_sibling(a, SAML_NS_ASSERTION, "Audience")) {
        const char *audience = node_text(in->pool, a);
        if (audience && strcmp(audience, in->policy->entity_id) == 0)
            return true;
        *ret_other = audience;
    }
    return false;
}

/* Several restrictions all have to be met; within one, any audience will do (SAML core 2.5.1.4). */
static enum check_outcome check_audience(struct inspection *in)
{
    const char *other = NULL;
    if (!in->conditions)
        return rule_skipped(in, "there are no Conditions");
    const xmlNode *r = node_child(in->conditions, SAML_NS_ASSERTION, "AudienceRestriction");
    if (!r)
        return rule_failed(in,
                           "audience: the assertion names none, so that it could be meant for anybody; set '%s' as "
                           "audience (entity id, identifier) at the identity provider",
                           rule_shown(in, in->policy->entity_id));
    for (; r; r = node_sibling(r, SAML_NS_ASSERTION, "AudienceRestriction"))
        if (!restriction_names_us(in, r, &other))
            return rule_failed(in,
                               "audience: '%s' instead of '%s'; set the latter as audience (entity id, identifier) at "
                               "the identity provider",
                               other ? rule_shown(in, other) : "(no plain text)",
                               rule_shown(in, in->policy->entity_id));
    return rule_passed(in, "%s", rule_shown(in, in->policy->entity_id));
}

/* --- SubjectConfirmation ------------------------------------------------------------------------------------------ */

static enum check_outcome check_subject_confirmation(struct inspection *in)
{
    size_t bearers = 0;
    const xmlNode *subject = node_child(in->assertion, SAML_NS_ASSERTION, "Subject"), *found = NULL;
    for (const xmlNode *c = node_child(subject, SAML_NS_ASSERTION, "SubjectConfirmation"); c;
         c = node_sibling(c, SAML_NS_ASSERTION, "SubjectConfirmation")) {
        const char *method = node_attr(c, "Method");
        if (method && strcmp(method, METHOD_BEARER) == 0) {
            bearers++;
            found = c;
        }
    }
    if (bearers != 1)
        return rule_failed(
            in,
            "subject: it has %s SubjectConfirmation of method bearer; the identity provider has to send exactly one",
            bearers ? "more than one" : "no");
    if (node_count(found, SAML_NS_ASSERTION, "SubjectConfirmationData") != 1)
        return rule_failed(in, "subject: its SubjectConfirmation has no SubjectConfirmationData; the identity provider "
                               "has to say to whom and how long it may be presented");
    in->bearer = node_child(found, SAML_NS_ASSERTION, "SubjectConfirmationData");
    return rule_passed(in, "bearer");
}

static enum check_outcome check_recipient(struct inspection *in)
{
    const char *recipient = node_attr(in->bearer, "Recipient");
    if (!in->bearer)
        return rule_skipped(in, "there is no SubjectConfirmationData");
    if (!recipient || strcmp(recipient, in->policy->acs_url) != 0)
        return rule_failed(in,
                           "recipient: '%s' instead of '%s'; set the latter as our assertion consumer service (reply "
                           "URL, recipient) at the identity provider",
                           rule_shown(in, recipient), rule_shown(in, in->policy->acs_url));
    return rule_passed(in, "%s", rule_shown(in, recipient));
}

/* The profile gives a bearer no beginning (4.1.4.2); one that is there is honoured all the same. */
static enum check_outcome check_subject_not_before(struct inspection *in)
{
    if (!in->bearer || !node_attr(in->bearer, "NotBefore"))
        return rule_skipped(in, "there is none, as the profile wants it");
    return check_begins(in, in->bearer);
}

static enum check_outcome check_subject_not_on_or_after(struct inspection *in)
{
    return in->bearer ? check_ends(in, in->bearer) : rule_skipped(in, "there is no SubjectConfirmationData");
}

/* Both places have to name our request; when only one does, the other could be from another sign-in. */
static enum check_outcome check_in_response_to(struct inspection *in)
{
    const char *expected = in->policy->in_response_to;
    const char *response = node_attr(in->response, "InResponseTo"), *subject = node_attr(in->bearer, "InResponseTo");
    if (in->policy->unsolicited && (response || subject))
        return rule_failed(in, "response: it answers the request '%s' and came as if nobody had asked for it; begin the "
                               "sign-in again",
                           rule_shown(in, response ? response : subject));
    if (!expected && !in->policy->require_in_response_to)
        return rule_skipped(in, "any request, or none, is accepted here (it names %s)",
                            response ? rule_shown(in, response) : "none");
    if (!expected)
        return rule_failed(in, "response: we did not ask for it, or too long ago; begin the sign-in here and not at "
                               "the identity provider");
    if (!response || strcmp(response, expected) != 0)
        return rule_failed(in, "response: it answers the request '%s' instead of '%s'; begin the sign-in again",
                           rule_shown(in, response), rule_shown(in, expected));
    if (!subject || strcmp(subject, expected) != 0)
        return rule_failed(in, "subject: it is confirmed for the request '%s' instead of '%s'; begin the sign-in again",
                           rule_shown(in, subject), rule_shown(in, expected));
    return rule_passed(in, "%s", rule_shown(in, response));
}

static const struct rule rows[] = {
    {"conditions", "The assertion has conditions that are understood", RULE_PLAIN, check_conditions},
    {"not-before", "The assertion is valid already", RULE_PLAIN, check_not_before},
    {"not-on-or-after", "The assertion is valid still", RULE_PLAIN, check_not_on_or_after},
    {"audience", "The assertion is meant for us", RULE_PLAIN, check_audience},
    {"subject-confirmation", "The person is confirmed as bearer", RULE_PLAIN, check_subject_confirmation},
    {"recipient", "The assertion may be presented here", RULE_PLAIN, check_recipient},
    {"subject-not-before", "The assertion may be presented already", RULE_PLAIN, check_subject_not_before},
    {"subject-not-on-or-after", "The assertion may be presented still", RULE_PLAIN, check_subject_not_on_or_after},
    {"in-response-to", "It answers the request that we sent", RULE_PLAIN, check_in_response_to},
};

const struct rules rules_conditions = {rows, sizeof rows / sizeof *rows};
