#include "saml/logout.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "saml/node.h"
#include "saml/response.h"
#include "saml/saml.h"
#include "saml/write.h"
#include "saml/xml.h"

#define STATUS     "urn:oasis:names:tc:SAML:2.0:status:"
#define ID_MAX     1024 /* bytes of an id, a NameID and a session index: they are looked for in the database */
#define VALID_SECS 300  /* of a request of ours */

/* One message on its way through the rules. The document is freed by its owner. */
struct reading {
    struct pool *pool;
    const struct saml_logout_policy *policy;
    int64_t skew;
    const xmlNode *root;
    const struct saml_key *signer;
    struct saml_logout *ret;
    struct err *err;
};

static int __attribute__((format(printf, 2, 3))) refuse(struct reading *r, const char *fmt, ...)
{
    char text[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return err_set(r->err, ERR_REFUSED, "logout message: %s", text);
}

static const char *shown(struct reading *r, const char *value)
{
    size_t n = value ? strlen(value) : 0;
    return value ? text_printable(r->pool, (struct span){value, n < 200 ? n : 200}) : "(missing)";
}

static bool is_usable(const char *text)
{
    return text && *text && strlen(text) <= ID_MAX && text_is_clean(span_str(text));
}

/* --- what every message has to say -------------------------------------------------------------------------------------- */

static int check_root(struct reading *r)
{
    static const char *const names[] = {[SAML_REQUEST] = "LogoutRequest", [SAML_RESPONSE] = "LogoutResponse"};
    const char *name = names[r->ret->direction], *version = node_attr(r->root, "Version");
    if (!node_is(r->root, SAML_NS_PROTOCOL, name))
        return refuse(r, "its root element is '%s' and not a SAML 2.0 %s; look at what the identity provider sends",
                      shown(r, (const char *)r->root->name), name);
    if (!version || strcmp(version, "2.0") != 0)
        return refuse(r, "its Version is '%s' instead of '2.0'; set SAML 2.0 at the identity provider",
                      shown(r, version));
    return 0;
}

static int check_certificate(struct reading *r)
{
    const struct cert *cert = &r->signer->cert;
    if (r->policy->now < cert->not_before || r->policy->now > cert->not_after)
        return refuse(r, "it is signed with the certificate '%s', which is not valid now; renew it at the identity "
                         "provider and get its metadata again",
                      cert->subject);
    return 0;
}

static int check_issuer(struct reading *r)
{
    const char *issuer = node_text(r->pool, node_child(r->root, SAML_NS_ASSERTION, "Issuer"));
    if (issuer && node_count(r->root, SAML_NS_ASSERTION, "Issuer") == 1 &&
        strcmp(issuer, r->policy->idp->entity_id) == 0)
        return 0;
    return refuse(r, "its issuer is '%s' instead of '%s', the entity id in the identity provider's metadata",
                  issuer ? shown(r, issuer) : "(no plain text, or several)", shown(r, r->policy->idp->entity_id));
}

static int check_destination(struct reading *r)
{
    const char *destination = node_attr(r->root, "Destination");
    if (destination && strcmp(destination, r->policy->slo_url) == 0)
        return 0;
    return refuse(r, "its destination is '%s' instead of '%s'; set the latter as our single logout address at the "
                     "identity provider",
                  shown(r, destination), shown(r, r->policy->slo_url));
}

static int read_instant(struct reading *r, const char *name, const char *value, int64_t *ret)
{
    if (value && clock_parse(span_str(value), ret) == 0 && *ret > 0)
        return 0;
    return refuse(r, "its %s '%s' is not a time in UTC like 2030-01-31T00:00:00Z; mend it at the identity provider",
                  name, shown(r, value));
}

/* NotOnOrAfter is left to the sender, so that the IssueInstant is what bounds every message. */
static int check_times(struct reading *r)
{
    char text[CLOCK_TEXT_MAX], now[CLOCK_TEXT_MAX];
    int64_t issued, until, at = r->policy->now;
    const char *end = node_attr(r->root, "NotOnOrAfter");
    if (read_instant(r, "IssueInstant", node_attr(r->root, "IssueInstant"), &issued) != 0)
        return -1;
    until = issued + SAML_LOGOUT_AGE;
    if (issued > at + r->skew)
        return refuse(r, "it was issued at %s and here it is %s; check the clocks of both machines",
                      clock_format(issued, text), clock_format(at, now));
    if (end) {
        int64_t told;
        if (read_instant(r, "NotOnOrAfter", end, &told) != 0)
            return -1;
        until = told < until ? told : until;
    }
    if (at - r->skew >= until)
        return refuse(r, "it expired at %s and here it is %s; check the clocks of both machines, or sign out again",
                      clock_format(until, text), clock_format(at, now));
    r->ret->expires = until + r->skew;
    return 0;
}

static int check_id(struct reading *r)
{
    const char *id = node_attr(r->root, "ID");
    if (!is_usable(id))
        return refuse(r, "its ID is missing or longer than %d bytes, so that a second use could not be told", ID_MAX);
    r->ret->id = pool_strdup(r->pool, id);
    return 0;
}

/* --- a request -------------------------------------------------------------------------------------------------------- */

static int read_name_id(struct reading *r)
{
    const xmlNode *node = node_child(r->root, SAML_NS_ASSERTION, "NameID");
    const char *value = node_text(r->pool, node), *format = node_attr(node, "Format");
    if (node_child(r->root, SAML_NS_ASSERTION, "EncryptedID"))
        return refuse(r, "its NameID is encrypted, which is not supported; switch this off for us at the identity "
                         "provider");
    if (node_count(r->root, SAML_NS_ASSERTION, "NameID") != 1 || !is_usable(value) ||
        (format && !text_is_clean(span_str(format))))
        return refuse(r, "it does not name exactly one person by a NameID of plain text");
    r->ret->name_id = value;
    r->ret->name_id_format = pool_strdup(r->pool, format ? format : "");
    return 0;
}

static int read_sessions(struct reading *r)
{
    struct saml_logout *ret = r->ret;
    for (const xmlNode *s = node_child(r->root, SAML_NS_PROTOCOL, "SessionIndex"); s;
         s = node_sibling(s, SAML_NS_PROTOCOL, "SessionIndex")) {
        const char *index = node_text(r->pool, s);
        if (!is_usable(index) || ret->nsessions == SAML_LOGOUT_SESSIONS)
            return refuse(r, "a SessionIndex is no plain text of up to %d bytes, or there are more than %d", ID_MAX,
                          SAML_LOGOUT_SESSIONS);
        ret->sessions[ret->nsessions++] = index;
    }
    return 0;
}

static int read_request(struct reading *r)
{
    return read_name_id(r) != 0 || read_sessions(r) != 0 ? -1 : 0;
}

/* --- a response ------------------------------------------------------------------------------------------------------- */

static int read_response(struct reading *r)
{
    const char *answers = node_attr(r->root, "InResponseTo"), *expected = r->policy->in_response_to;
    const xmlNode *status = node_child(r->root, SAML_NS_PROTOCOL, "Status");
    const xmlNode *code = node_child(status, SAML_NS_PROTOCOL, "StatusCode");
    const char *value = node_attr(code, "Value"), *detail = node_attr(node_child(code, SAML_NS_PROTOCOL, "StatusCode"), "Value");
    if (!expected || !answers || strcmp(answers, expected) != 0)
        return refuse(r, "it answers the request '%s' instead of '%s'; sign out again", shown(r, answers),
                      expected ? expected : "(none was sent)");
    if (node_count(r->root, SAML_NS_PROTOCOL, "Status") != 1 || node_count(status, SAML_NS_PROTOCOL, "StatusCode") != 1 ||
        !value)
        return refuse(r, "it has no status, or more than one");
    r->ret->done = strcmp(value, STATUS "Success") == 0 && !detail;
    r->ret->status = shown(r, detail ? detail : value);
    return 0;
}

/* --- in --------------------------------------------------------------------------------------------------------------- */

static int check_all(struct reading *r)
{
    if (check_root(r) != 0 || check_certificate(r) != 0 || check_issuer(r) != 0 || check_destination(r) != 0 ||
        check_times(r) != 0 || check_id(r) != 0)
        return -1;
    return r->ret->direction == SAML_REQUEST ? read_request(r) : read_response(r);
}

static int64_t clamp_skew(int skew)
{
    return skew < 0 ? 0 : skew > SAML_SKEW_MAX ? SAML_SKEW_MAX : skew;
}

static size_t count_signatures(const xmlNode *root)
{
    size_t n = 0;
    for (const xmlNode *at = root; at; at = node_next(at, root))
        n += node_is(at, SAML_NS_DSIG, "Signature");
    return n;
}

int saml_logout_redirect(struct pool *pool, struct span query, const struct saml_logout_policy *policy,
                         struct saml_logout *ret, const char **ret_relay, struct err *err)
{
    CLEANUP(xml_docp) xmlDoc *doc = NULL;
    struct saml_redirect message;
    *ret = (struct saml_logout){.name_id = ""};
    struct reading r = {.pool = pool, .policy = policy, .skew = clamp_skew(policy->skew), .ret = ret, .err = err};
    if (saml_redirect_read(pool, query, SAML_LOGOUT_MAX, &message, err) != 0 ||
        saml_redirect_verify(&message, policy->idp->keys, policy->idp->nkeys, &r.signer, err) != 0)
        return -1;
    if (xml_read(message.xml, SAML_LOGOUT_MAX, &doc, NULL, err) != 0)
        return err_wrap(err, "logout message");
    r.root = xmlDocGetRootElement(doc);
    ret->direction = message.direction;
    *ret_relay = message.relay_state;
    if (count_signatures(r.root))
        return refuse(&r, "it has a signature within, which has no place in a URL; do not trust where it came from");
    return check_all(&r);
}

static int verify_within(struct reading *r, xmlNode *root)
{
    enum signature_fault fault;
    xmlNode *signature = node_child(root, SAML_NS_DSIG, "Signature");
    size_t n = count_signatures(root);
    if (n == 0)
        return refuse(r, "it is not signed; switch signing of logout on at the identity provider");
    if (n != 1 || !signature)
        return refuse(r, "its signature stands elsewhere than directly in it, or is not the only one; do not trust "
                         "where it came from");
    if (signature_verify(signature, root, r->policy->idp->keys, r->policy->idp->nkeys, &r->signer, &fault, r->err) != 0)
        return err_wrap(r->err, "logout message");
    return 0;
}

int saml_logout_post(struct pool *pool, enum saml_direction direction, struct span message,
                     const struct saml_logout_policy *policy, struct saml_logout *ret, struct err *err)
{
    CLEANUP(xml_docp) xmlDoc *doc = NULL;
    *ret = (struct saml_logout){.direction = direction, .name_id = ""};
    struct reading r = {.pool = pool, .policy = policy, .skew = clamp_skew(policy->skew), .ret = ret, .err = err};
    if (xml_read(message, SAML_LOGOUT_MAX, &doc, NULL, err) != 0)
        return err_wrap(err, "logout message");
    r.root = xmlDocGetRootElement(doc);
    /* The form first, so that what stands in the wrong field is named as that. */
    if (check_root(&r) != 0 || verify_within(&r, xmlDocGetRootElement(doc)) != 0)
        return -1;
    return check_all(&r);
}

/* --- out -------------------------------------------------------------------------------------------------------------- */

/* Up to the Issuer, behind which the signature goes. */
static size_t begin(struct buf *out, const char *element, const struct saml_logout_head *head, const char *name,
                    const char *value)
{
    buf_printf(out, "<samlp:%s xmlns:samlp=\"" SAML_NS_PROTOCOL "\" xmlns:saml=\"" SAML_NS_ASSERTION "\"", element);
    saml_add_attr(out, "ID", head->id);
    saml_add_attr(out, "Version", "2.0");
    saml_add_instant(out, "IssueInstant", head->now);
    saml_add_attr(out, "Destination", head->destination);
    saml_add_attr(out, name, value);
    buf_addc(out, '>');
    saml_add_element(out, "saml:Issuer", head->entity_id);
    return out->len;
}

int saml_logout_request(const struct saml_logout_head *head, const char *name_id, const char *format,
                        const char *qualifiers, const char *session, const struct keypair *key, struct buf *ret,
                        struct err *err)
{
    char until[CLOCK_TEXT_MAX];
    size_t at = begin(ret, "LogoutRequest", head, "NotOnOrAfter", clock_format(head->now + VALID_SECS, until));
    buf_adds(ret, "<saml:NameID");
    saml_add_attr(ret, "Format", *format ? format : NULL);
    buf_printf(ret, "%s>", qualifiers);
    text_markup(ret, name_id);
    buf_adds(ret, "</saml:NameID>");
    if (*session)
        saml_add_element(ret, "samlp:SessionIndex", session);
    buf_adds(ret, "</samlp:LogoutRequest>");
    return key ? saml_sign(ret, at, head->id, key, err) : 0;
}

int saml_logout_response(const struct saml_logout_head *head, const char *in_response_to, const struct keypair *key,
                         struct buf *ret, struct err *err)
{
    size_t at = begin(ret, "LogoutResponse", head, "InResponseTo", in_response_to);
    buf_adds(ret, "<samlp:Status><samlp:StatusCode Value=\"" STATUS "Success\"/></samlp:Status></samlp:LogoutResponse>");
    return key ? saml_sign(ret, at, head->id, key, err) : 0;
}
