/* The rules up to the signature: which document this is, which nodes it is made of, and who signed them. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "saml/decrypt.h"
#include "saml/inspect.h"
#include "saml/node.h"
#include "saml/saml.h"
#include "saml/signature.h"
#include "saml/xml.h"

static const char STATUS_SUCCESS[] = "urn:oasis:names:tc:SAML:2.0:status:Success";
static const char LOOKS_FORGED[] = "this is how forged responses look; do not trust where it came from";

/* --- the document: read once, the three rows say which kind of fault there was ------------------------------------ */

static enum check_outcome check_xml(struct inspection *in)
{
    struct err why = ERR_INIT;
    enum xml_fault fault = XML_FAULT_NONE;
    if (xml_read(in->input, SAML_RESPONSE_MAX, &in->doc, &fault, &why)) {
        in->xml_fault = fault;
        in->fault_text = pool_strdup(in->pool, why.text);
    }
    if (in->xml_fault == XML_FAULT_SYNTAX) {
        in->kind = why.kind;
        return rule_failed(in, "%s", in->fault_text);
    }
    return rule_passed(in, "%zu bytes", in->input.n);
}

static enum check_outcome check_xml_plain(struct inspection *in)
{
    if (in->xml_fault == XML_FAULT_CONTENT)
        return rule_failed(in, "%s", in->fault_text);
    return rule_passed(in, "only elements, attributes and text");
}

static enum check_outcome check_ids(struct inspection *in)
{
    if (in->xml_fault == XML_FAULT_ID || !in->doc)
        return rule_failed(in, "%s", in->fault_text);
    return rule_passed(in, "each id stands there once");
}

/* --- the nodes ---------------------------------------------------------------------------------------------------- */

static enum check_outcome check_root(struct inspection *in)
{
    xmlNode *root = xmlDocGetRootElement(in->doc);
    if (!node_is(root, SAML_NS_PROTOCOL, "Response"))
        return rule_failed(in,
                           "document: its root element is '%s' and not a SAML 2.0 Response; give the form field "
                           "SAMLResponse that the identity provider posts to us",
                           rule_shown(in, (const char *)root->name));
    in->response = root;
    return rule_passed(in, "Response");
}

static const char *last_part(const char *uri)
{
    const char *colon = uri ? strrchr(uri, ':') : NULL;
    return colon ? colon + 1 : uri;
}

static enum check_outcome check_status(struct inspection *in)
{
    const xmlNode *status = node_child(in->response, SAML_NS_PROTOCOL, "Status");
    const xmlNode *code = node_child(status, SAML_NS_PROTOCOL, "StatusCode");
    const xmlNode *detail = node_child(code, SAML_NS_PROTOCOL, "StatusCode");
    const char *value = node_attr(code, "Value");
    const char *message = node_text(in->pool, node_child(status, SAML_NS_PROTOCOL, "StatusMessage"));
    bool once = node_count(in->response, SAML_NS_PROTOCOL, "Status") == 1 &&
                node_count(status, SAML_NS_PROTOCOL, "StatusCode") == 1;
    if (once && value && strcmp(value, STATUS_SUCCESS) == 0)
        return rule_passed(in, "Success");
    if (value && strcmp(value, STATUS_SUCCESS) == 0)
        return rule_failed(in, "status: there is more than one; %s", LOOKS_FORGED);
    return rule_failed(in,
                       "status: the identity provider (unverified) did not sign the person in: %s%s%s, message '%s'; "
                       "look into its log at the time of the response",
                       rule_shown(in, last_part(value)), detail ? ", " : "",
                       detail ? rule_shown(in, last_part(node_attr(detail, "Value"))) : "",
                       message ? rule_shown(in, message) : "");
}

/* All in one walk. */
static struct census take_census(const xmlNode *root)
{
    struct census c = {0};
    for (const xmlNode *at = root; at; at = node_next(at, root)) {
        if (at->type != XML_ELEMENT_NODE)
            continue;
        c.encrypted_assertions += node_is(at, SAML_NS_ASSERTION, "EncryptedAssertion");
        c.encrypted_data += node_is(at, SAML_NS_XENC, "EncryptedData");
        c.assertions += node_is(at, SAML_NS_ASSERTION, "Assertion");
        c.signatures += node_is(at, SAML_NS_DSIG, "Signature");
    }
    return c;
}

/* --- an encrypted assertion: from here on the document holds the plain one in its place ------------------------------ */

/* Whoever sends one in a signed response may use a cipher that is safe only there; and later the signature cannot be looked at any more. */
static bool verify_outer(struct inspection *in)
{
    const struct saml_idp *idp = in->policy->idp;
    struct err why = ERR_INIT;
    enum signature_fault fault = SIGNATURE_OK;
    xmlNode *signature = node_child(in->response, SAML_NS_DSIG, "Signature");
    if (!signature)
        return true;
    if (node_sibling(signature, SAML_NS_DSIG, "Signature"))
        in->fault_text = "signature: the Response has more than one; this is how forged responses look";
    else if (signature_verify(signature, in->response, idp->keys, idp->nkeys, &in->outer_signer, &fault, &why) != 0)
        in->fault_text = pool_strdup(in->pool, why.text);
    return in->outer_signer != NULL;
}

static enum check_outcome put_in_place(struct inspection *in, xmlNode *encrypted, const struct buf *plain)
{
    CLEANUP(xml_docp) xmlDoc *doc = NULL;
    struct err why = ERR_INIT;
    xmlNode *assertion = NULL;
    struct span text = {buf_str(plain), plain->len};
    if (xml_read(text, SAML_RESPONSE_MAX, &doc, NULL, &why) ||
        !node_is(xmlDocGetRootElement(doc), SAML_NS_ASSERTION, "Assertion"))
        return rule_failed(in, "assertion: what was decrypted is no readable Assertion; capture it again");
    if (xml_graft(encrypted, doc, &assertion, NULL, &why))
        return rule_failed(in, "assertion: what was decrypted does not fit into the response; %s", LOOKS_FORGED);
    in->census = take_census(in->response);
    return rule_passed(in, "decrypted with our key");
}

static enum check_outcome decrypt_assertion(struct inspection *in, xmlNode *encrypted)
{
    CLEANUP(buf_release) struct buf plain = BUF_INIT;
    struct err why = ERR_INIT;
    if (in->policy->nkeys == 0)
        return rule_failed(in,
                           "assertion: it is encrypted, and we have no key; give the identity provider our metadata "
                           "(doorward sso metadata), or switch encryption off there");
    if (!verify_outer(in))
        return rule_failed(in, "%s", in->fault_text);
    if (saml_decrypt(encrypted, in->outer_signer != NULL, in->policy->keys, in->policy->nkeys, &plain, &why) != 0)
        return rule_failed(in, "%s", why.text);
    return put_in_place(in, encrypted, &plain);
}

static enum check_outcome check_encryption(struct inspection *in)
{
    in->census = take_census(in->response);
    if (in->census.encrypted_assertions == 0 && in->census.encrypted_data == 0)
        return rule_passed(in, "not encrypted");
    xmlNode *direct = node_child(in->response, SAML_NS_ASSERTION, "EncryptedAssertion");
    if (in->census.encrypted_assertions != 1 || in->census.encrypted_data != 1 || !direct || in->census.assertions)
        return rule_failed(in, "response: something encrypted stands beside its assertion, or elsewhere; %s",
                           LOOKS_FORGED);
    return decrypt_assertion(in, direct);
}

static enum check_outcome check_single_assertion(struct inspection *in)
{
    size_t all = in->census.assertions;
    size_t direct = node_count(in->response, SAML_NS_ASSERTION, "Assertion");
    if (all == 0)
        return rule_failed(in,
                           "response: it holds no Assertion; look into the identity provider's log why it sent none");
    if (all != 1)
        return rule_failed(in, "response: it holds %zu Assertions instead of one; %s", all, LOOKS_FORGED);
    if (direct != 1)
        return rule_failed(in, "response: its Assertion is hidden within another element; %s", LOOKS_FORGED);
    in->assertion = node_child(in->response, SAML_NS_ASSERTION, "Assertion");
    return rule_passed(in, "exactly one, directly in the response");
}

/* --- the signature ------------------------------------------------------------------------------------------------ */

static enum check_outcome check_trusted_keys(struct inspection *in)
{
    char text[CLOCK_TEXT_MAX];
    const struct saml_idp *idp = in->policy->idp;
    if (!idp || idp->nkeys == 0)
        return rule_failed(in, "connection: no certificate of the identity provider is trusted; give its metadata with "
                               "a signing certificate");
    if (idp->valid_until && in->policy->now >= idp->valid_until)
        return rule_failed(
            in, "metadata: it was valid until %s and is no longer; get the identity provider's current metadata",
            clock_format(idp->valid_until, text));
    return rule_passed(in, "%zu from the metadata of %s", idp->nkeys, rule_shown(in, idp->entity_id));
}

static enum check_outcome check_signature_present(struct inspection *in)
{
    if (in->census.signatures == 0)
        return rule_failed(in, "response: neither it nor its Assertion is signed; switch on signing of assertions at "
                               "the identity provider");
    return rule_passed(in, "signed");
}

static enum check_outcome check_signature_position(struct inspection *in)
{
    size_t all = in->census.signatures;
    size_t on_response = node_count(in->response, SAML_NS_DSIG, "Signature");
    size_t on_assertion = node_count(in->assertion, SAML_NS_DSIG, "Signature");
    if (on_response > 1 || on_assertion > 1)
        return rule_failed(in, "signature: the %s has more than one; %s", on_response > 1 ? "Response" : "Assertion",
                           LOOKS_FORGED);
    if (all != on_response + on_assertion)
        return rule_failed(in, "signature: one stands elsewhere than directly in the Response or the Assertion; %s",
                           LOOKS_FORGED);
    return rule_passed(in, "%s",
                       on_response && on_assertion ? "on the Response and on the Assertion"
                       : on_response               ? "on the Response"
                                                   : "on the Assertion");
}

/* Every signature that is there has to stand. The outermost one says who vouches for the whole. */
static void verify_signatures(struct inspection *in)
{
    xmlNode *const places[] = {in->response, in->assertion};
    const struct saml_idp *idp = in->policy->idp;
    const struct saml_key *signer = NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct err why = ERR_INIT;
        enum signature_fault fault = SIGNATURE_OK;
        const struct saml_key *key = NULL;
        xmlNode *signature = node_child(places[i], SAML_NS_DSIG, "Signature");
        if (!signature)
            continue;
        if (places[i] == in->response && in->outer_signer) {
            signer = in->outer_signer; /* stood before the assertion was decrypted within it */
            continue;
        }
        if (signature_verify(signature, places[i], idp->keys, idp->nkeys, &key, &fault, &why)) {
            in->signature_fault = fault == SIGNATURE_OK ? SIGNATURE_INVALID : fault;
            in->fault_text = pool_strdup(in->pool, why.text);
            return;
        }
        signer = signer ? signer : key;
    }
    in->signer = signer;
}

static enum check_outcome signature_row(struct inspection *in, enum signature_fault fault, const char *found)
{
    if (in->signature_fault == fault || (fault == SIGNATURE_INVALID && !in->signer))
        return rule_failed(
            in, "%s", in->fault_text ? in->fault_text : "signature: it was not verified; capture the response again");
    return rule_passed(in, "%s", found);
}

static enum check_outcome check_signature_form(struct inspection *in)
{
    verify_signatures(in);
    return signature_row(in, SIGNATURE_FORM, "as the standard says");
}

static enum check_outcome check_signature_reference(struct inspection *in)
{
    return signature_row(in, SIGNATURE_REFERENCE, "over exactly the element that holds it");
}

static enum check_outcome check_signature_transforms(struct inspection *in)
{
    return signature_row(in, SIGNATURE_TRANSFORMS, "enveloped-signature, exclusive canonicalisation");
}

static enum check_outcome check_signature_algorithms(struct inspection *in)
{
    return signature_row(in, SIGNATURE_ALGORITHMS, "RSA or ECDSA with SHA-256 or stronger");
}

static enum check_outcome check_signature(struct inspection *in)
{
    enum check_outcome outcome = signature_row(in, SIGNATURE_INVALID, "");
    if (outcome == CHECK_PASSED)
        return rule_passed(in, "made with '%s', SHA-256 fingerprint %s", in->signer->cert.subject,
                           in->signer->cert.fingerprint);
    return outcome;
}

static const struct rule rows[] = {
    {"xml", "It is well-formed XML", RULE_FATAL, check_xml},
    {"xml-plain", "It holds nothing but elements, attributes and text", RULE_FATAL, check_xml_plain},
    {"ids", "Its ids are unique", RULE_FATAL, check_ids},
    {"response", "It is a SAML 2.0 Response", RULE_FATAL, check_root},
    {"status", "The identity provider signed the person in", RULE_CLAIM, check_status},
    {"trusted-keys", "A certificate of the identity provider is trusted", RULE_FATAL, check_trusted_keys},
    {"encryption", "The assertion is plain, or encrypted to us", RULE_FATAL, check_encryption},
    {"assertion", "It holds exactly one assertion", RULE_FATAL, check_single_assertion},
    {"signature-present", "It is signed", RULE_FATAL, check_signature_present},
    {"signature-position", "The signature stands where it belongs", RULE_FATAL, check_signature_position},
    {"signature-form", "The signature is made up as the standard says", RULE_FATAL, check_signature_form},
    {"signature-reference", "The signature covers the element that holds it", RULE_FATAL, check_signature_reference},
    {"signature-transforms", "The signature uses only the accepted transforms", RULE_FATAL, check_signature_transforms},
    {"signature-algorithms", "The signature uses only strong algorithms", RULE_FATAL, check_signature_algorithms},
    {"signature", "The signature was made with a trusted key", RULE_FATAL, check_signature},
};

const struct rules rules_document = {rows, sizeof rows / sizeof *rows};
