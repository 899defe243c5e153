/* The rules on the person: signed in when and how, named how, never twice, and complete. */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "model/asserted.h"
#include "saml/inspect.h"
#include "saml/node.h"
#include "saml/saml.h"
#include "saml/write.h"

#define ID_MAX 1024 /* bytes of an assertion id, a NameID and a session index: they become keys in the database */

/* Text that may become a key or be shown: clean, not empty, not overlong. NULL stays NULL. */
static bool is_usable(const char *text)
{
    return text && *text && strlen(text) <= ID_MAX && text_is_clean(span_str(text));
}

static enum check_outcome check_authn_statement(struct inspection *in)
{
    char text[CLOCK_TEXT_MAX];
    struct saml_identity *who = in->claimed;
    const xmlNode *statement = node_child(in->assertion, SAML_NS_ASSERTION, "AuthnStatement");
    if (!statement)
        return rule_failed(in, "assertion: it has no AuthnStatement, so that nobody says the person was signed in; "
                               "have the identity provider send one");
    const char *instant = node_attr(statement, "AuthnInstant");
    if (!instant || clock_parse(span_str(instant), &who->authn_instant))
        return rule_failed(in,
                           "AuthnStatement: its AuthnInstant '%s' is missing or not a time in UTC like "
                           "2030-01-31T00:00:00Z; mend it at the identity provider",
                           rule_shown(in, instant));
    if (who->authn_instant > in->policy->now + in->skew)
        return rule_failed(in,
                           "AuthnStatement: its AuthnInstant %s lies in the future; check the clocks of both machines",
                           clock_format(who->authn_instant, text));
    const char *session = node_attr(statement, "SessionIndex");
    const char *context = node_text(in->pool, node_child(node_child(statement, SAML_NS_ASSERTION, "AuthnContext"),
                                                         SAML_NS_ASSERTION, "AuthnContextClassRef"));
    who->session_index = is_usable(session) ? pool_strdup(in->pool, session) : NULL;
    who->authn_context = is_usable(context) ? context : NULL;
    return rule_passed(in, "signed in at %s", clock_format(who->authn_instant, text));
}

static enum check_outcome check_session_end(struct inspection *in)
{
    char text[CLOCK_TEXT_MAX];
    for (const xmlNode *s = node_child(in->assertion, SAML_NS_ASSERTION, "AuthnStatement"); s;
         s = node_sibling(s, SAML_NS_ASSERTION, "AuthnStatement")) {
        int64_t until;
        const char *value = node_attr(s, "SessionNotOnOrAfter");
        if (!value)
            continue;
        if (clock_parse(span_str(value), &until) || until <= 0)
            return rule_failed(in,
                               "AuthnStatement: its SessionNotOnOrAfter '%s' is not a time in UTC like "
                               "2030-01-31T00:00:00Z; mend it at the identity provider",
                               rule_shown(in, value));
        if (in->policy->now - in->skew >= until)
            return rule_failed(in, "AuthnStatement: the session at the identity provider ended at %s; sign in again",
                               clock_format(until, text));
        if (!in->claimed->session_expires || until < in->claimed->session_expires)
            in->claimed->session_expires = until;
    }
    if (!in->claimed->session_expires)
        return rule_skipped(in, "the identity provider sets no end");
    return rule_passed(in, "%s", clock_format(in->claimed->session_expires, text));
}

/* Identity providers look for the person by them, too, when we sign somebody out there. */
static const char *qualifiers_of(struct inspection *in, const xmlNode *name_id)
{
    static const char *const names[] = {"NameQualifier", "SPNameQualifier"};
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = node_attr(name_id, names[i]);
        if (is_usable(value))
            saml_add_attr(&text, names[i], value);
    }
    return pool_strdup(in->pool, buf_str(&text));
}

static enum check_outcome check_name_id(struct inspection *in)
{
    const xmlNode *subject = node_child(in->assertion, SAML_NS_ASSERTION, "Subject");
    const xmlNode *node = node_child(subject, SAML_NS_ASSERTION, "NameID");
    const char *value = node_text(in->pool, node), *format = node_attr(node, "Format");
    if (node_child(subject, SAML_NS_ASSERTION, "EncryptedID"))
        return rule_failed(
            in, "NameID: it is encrypted, which is not supported yet; switch this off for us at the identity provider");
    if (!node || node_count(subject, SAML_NS_ASSERTION, "NameID") != 1 ||
        node_count(in->assertion, SAML_NS_ASSERTION, "Subject") != 1)
        return rule_failed(in, "NameID: the assertion does not name exactly one person; have the identity provider "
                               "send a NameID, best of format persistent or emailAddress");
    if (!is_usable(value) || (format && !text_is_clean(span_str(format))))
        return rule_failed(in,
                           "NameID: it is empty, longer than %d bytes, or holds markup or control characters; mend it "
                           "at the identity provider",
                           ID_MAX);
    in->claimed->name_id = value;
    in->claimed->name_id_format = pool_strdup(in->pool, format ? format : "");
    in->claimed->name_id_qualifiers = qualifiers_of(in, node);
    return rule_passed(in, "%s", rule_shown(in, value));
}

static enum check_outcome check_one_time_use(struct inspection *in)
{
    const char *id = node_attr(in->assertion, "ID");
    if (!is_usable(id))
        return rule_failed(in,
                           "assertion: its ID is missing or longer than %d bytes, so that a second use could not be "
                           "told; mend it at the identity provider",
                           ID_MAX);
    in->claimed->assertion_id = pool_strdup(in->pool, id);
    if (!in->policy->used_before)
        return rule_skipped(in, "not asked for a captured response");
    int used = in->policy->used_before(in->policy->used_before_arg, id);
    if (used > 0)
        return rule_failed(in, "assertion: '%s' was used before, and each may be used once; sign in again",
                           rule_shown(in, id));
    if (used < 0)
        return rule_failed(in, "assertion: whether '%s' was used before cannot be known, see the log; try again",
                           rule_shown(in, id));
    return rule_passed(in, "not used before");
}

static enum check_outcome check_email(struct inspection *in)
{
    saml_read_attributes(in);
    saml_map_person(in);
    const char *email = in->claimed->field[SAML_EMAIL], *wanted = in->policy->attribute[SAML_EMAIL];
    if (email && asserted_email_domain(in->pool, email))
        return rule_passed(in, "%s, from %s", rule_shown(in, email), rule_shown(in, in->claimed->source[SAML_EMAIL]));
    if (email)
        return rule_failed(
            in,
            "e-mail: '%s' from '%s' is not an e-mail address; release the person's address at the identity provider",
            rule_shown(in, email), rule_shown(in, in->claimed->source[SAML_EMAIL]));
    return rule_failed(in,
                       "e-mail: the assertion holds none that can be read%s%s%s; release the attribute 'email' at the "
                       "identity provider, or a NameID of format emailAddress",
                       wanted ? " in the attribute '" : "", wanted ? rule_shown(in, wanted) : "", wanted ? "'" : "");
}

static enum check_outcome check_email_domain(struct inspection *in)
{
    const char *email = in->claimed->field[SAML_EMAIL];
    const char *domain = email ? asserted_email_domain(in->pool, email) : NULL;
    if (!domain)
        return rule_skipped(in, "there is no e-mail address");
    for (size_t i = 0; i < in->policy->ndomains; i++)
        if (strcmp(domain, in->policy->domains[i]) == 0)
            return rule_passed(in, "%s", domain);
    return rule_failed(
        in,
        "e-mail: '%s' is not in a domain of this connection (%s%s); the identity provider may only speak for its own "
        "domains: correct the person's address there, or bind the domain to this connection",
        rule_shown(in, email), in->policy->ndomains ? rule_shown(in, in->policy->domains[0]) : "none is bound",
        in->policy->ndomains > 1 ? " and others" : "");
}

static enum check_outcome check_mapping(struct inspection *in)
{
    for (int f = 0; f < SAML_FIELD_COUNT; f++) {
        const char *wanted = in->policy->attribute[f];
        bool needed = f != SAML_EMAIL && f != SAML_DISPLAY_NAME; /* the e-mail address has a check of its own */
        if (needed && !in->claimed->field[f])
            return rule_failed(in,
                               "attributes: %s is missing%s%s%s; release it at the identity provider, or name the "
                               "attribute that holds it in the connection's configuration",
                               saml_field_names[f], wanted ? " (the attribute '" : "",
                               wanted ? rule_shown(in, wanted) : "", wanted ? "')" : "");
    }
    return rule_passed(in, "given name, family name and immutable id are there");
}

static const struct rule rows[] = {
    {"authn-statement", "The person was signed in at the identity provider", RULE_PLAIN, check_authn_statement},
    {"session-not-on-or-after", "The session at the identity provider goes on", RULE_PLAIN, check_session_end},
    {"name-id", "The person is named", RULE_PLAIN, check_name_id},
    {"one-time-use", "The assertion was not used before", RULE_PLAIN, check_one_time_use},
    {"email", "The person has an e-mail address", RULE_PLAIN, check_email},
    {"email-domain", "The e-mail address belongs to this connection", RULE_PLAIN, check_email_domain},
    {"mapping", "Everything that makes up a person is there", RULE_PLAIN, check_mapping},
};

const struct rules rules_person = {rows, sizeof rows / sizeof *rows};
