/*
 * An identity provider that signs as fast as it is asked: one line in, one response out. What certs/sign-response.sh does once, with libxmlsec1
 * itself, so that nothing of ours is on the other side.
 *
 *   sign DIR ISSUER ACS_URL AUDIENCE [GROUPS]      DIR: of certs/make-idp.sh; GROUPS: how many values a last attribute has
 *
 * In:  EMAIL GIVEN_NAME FAMILY_NAME IMMUTABLE_ID REQUEST_ID, parted by tabs.   Out: the response in base64, on a line.
 */
#include <stdio.h>
#include <time.h>

#include <xmlsec/openssl/app.h>
#include <xmlsec/templates.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmltree.h>

#include "base/text.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "saml/base64.h"
#include "saml/saml.h"
#include "saml/write.h"

#define FIELDS 5
enum { EMAIL, GIVEN, FAMILY, IMMUTABLE, REQUEST };

DEFINE_CLEANUP(docp, xmlDoc *, xmlFreeDoc)
DEFINE_CLEANUP(dsigp, xmlSecDSigCtxPtr, xmlSecDSigCtxDestroy)

static const char SIGNATURE[] =
    "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>"
    "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>"
    "<ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/><ds:Reference "
    "URI=\"#%s\"><ds:Transforms>"
    "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>"
    "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/></ds:Transforms>"
    "<ds:DigestMethod "
    "Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>"
    "<ds:SignatureValue/><ds:KeyInfo><ds:X509Data/></ds:KeyInfo></ds:Signature>";

struct idp {
    const char *issuer, *acs, *audience;
    int groups;
    xmlSecKeyPtr key;
};

static void die(const char *what)
{
    fprintf(stderr, "sign: %s\n", what);
    exit(1);
}

static const char *at(time_t when, char ret[static 32])
{
    struct tm tm;
    strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&when, &tm));
    return ret;
}

static void attribute(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "<saml:Attribute Name=\"%s\"><saml:AttributeValue>", name);
    text_markup(out, value);
    buf_adds(out, "</saml:AttributeValue></saml:Attribute>");
}

static void subject(struct buf *out, const struct idp *idp, char **field, const char *until)
{
    buf_adds(out, "<saml:Subject><saml:NameID Format=\"" SAML_NAMEID_EMAIL "\">");
    text_markup(out, field[EMAIL]);
    buf_printf(out,
               "</saml:NameID><saml:SubjectConfirmation "
               "Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData "
               "NotOnOrAfter=\"%s\" Recipient=\"%s\"",
               until, idp->acs);
    saml_add_attr(out, "InResponseTo", *field[REQUEST] ? field[REQUEST] : NULL);
    buf_adds(out, "/></saml:SubjectConfirmation></saml:Subject>\n");
}

static void statements(struct buf *out, const struct idp *idp, char **field, const char *now)
{
    buf_printf(out,
               "<saml:AuthnStatement AuthnInstant=\"%s\" "
               "SessionIndex=\"_session\"><saml:AuthnContext><saml:AuthnContextClassRef>"
               "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></"
               "saml:AuthnContext>"
               "</saml:AuthnStatement>\n<saml:AttributeStatement>",
               now);
    attribute(out, "email", field[EMAIL]);
    attribute(out, "givenName", field[GIVEN]);
    attribute(out, "sn", field[FAMILY]);
    attribute(out, "objectGUID", field[IMMUTABLE]);
    if (idp->groups)
        buf_adds(
            out,
            "<saml:Attribute Name=\"memberOf\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\">\n");
    for (int i = 0; i < idp->groups; i++)
        buf_printf(out, "<saml:AttributeValue>cn=Group %04d,ou=Groups,dc=example,dc=com</saml:AttributeValue>\n", i);
    if (idp->groups)
        buf_adds(out, "</saml:Attribute>");
    buf_adds(out, "</saml:AttributeStatement></saml:Assertion></samlp:Response>\n");
}

static void compose(struct buf *out, const struct idp *idp, char **field)
{
    char id[SAML_ID_SIZE], assertion[SAML_ID_SIZE], now[32], from[32], until[32];
    time_t clock = time(NULL);
    saml_new_id(id);
    saml_new_id(assertion);
    at(clock, now), at(clock - 60, from), at(clock + 900, until);
    buf_printf(out,
               "<samlp:Response xmlns:samlp=\"" SAML_NS_PROTOCOL "\" xmlns:saml=\"" SAML_NS_ASSERTION
               "\" ID=\"%s\" Version=\"2.0\" IssueInstant=\"%s\" Destination=\"%s\"",
               id, now, idp->acs);
    saml_add_attr(out, "InResponseTo", *field[REQUEST] ? field[REQUEST] : NULL);
    buf_printf(out,
               ">\n<saml:Issuer>%s</saml:Issuer>\n<samlp:Status><samlp:StatusCode "
               "Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>"
               "</samlp:Status>\n<saml:Assertion xmlns:saml=\"" SAML_NS_ASSERTION
               "\" ID=\"%s\" Version=\"2.0\" IssueInstant=\"%s\">\n<saml:Issuer>%s</saml:Issuer>",
               idp->issuer, assertion, now, idp->issuer);
    buf_printf(out, SIGNATURE, assertion);
    subject(out, idp, field, until);
    buf_printf(out,
               "<saml:Conditions NotBefore=\"%s\" "
               "NotOnOrAfter=\"%s\"><saml:AudienceRestriction><saml:Audience>%s</saml:Audience>"
               "</saml:AudienceRestriction></saml:Conditions>\n",
               from, until, idp->audience);
    statements(out, idp, field, now);
}

static void sign(const struct idp *idp, struct buf *xml)
{
    static const xmlChar *ids[] = {(const xmlChar *)"ID", NULL};
    CLEANUP(docp) xmlDoc *doc = xmlReadMemory(xml->data, (int)xml->len, NULL, NULL, XML_PARSE_NONET);
    CLEANUP(dsigp) xmlSecDSigCtxPtr ctx = xmlSecDSigCtxCreate(NULL);
    xmlChar *text = NULL;
    int n = 0;
    if (!doc || !ctx)
        die("a field does not fit into XML");
    xmlNode *root = xmlDocGetRootElement(doc);
    xmlSecAddIDs(doc, root, ids);
    ctx->signKey = xmlSecKeyDuplicate(idp->key);
    if (!ctx->signKey || xmlSecDSigCtxSign(ctx, xmlSecFindNode(root, xmlSecNodeSignature, xmlSecDSigNs)) != 0)
        die("libxmlsec1 could not sign");
    xmlDocDumpMemory(doc, &text, &n);
    buf_clear(xml);
    buf_add(xml, text, (size_t)n);
    xmlFree(text);
}

static void answer(const struct idp *idp, char *line)
{
    CLEANUP(buf_release) struct buf xml = BUF_INIT, out = BUF_INIT;
    char *field[FIELDS], *rest = line;
    line[strcspn(line, "\n")] = '\0';
    for (int i = 0; i < FIELDS; i++)
        field[i] = rest ? strsep(&rest, "\t") : (char *)"";
    compose(&xml, idp, field);
    sign(idp, &xml);
    saml_base64_encode((struct span){xml.data, xml.len}, &out);
    puts(buf_str(&out));
    fflush(stdout);
}

static xmlSecKeyPtr load_key(const char *folder)
{
    CLEANUP(buf_release) struct buf key = BUF_INIT, certificate = BUF_INIT;
    buf_printf(&key, "%s/idp.key", folder);
    buf_printf(&certificate, "%s/idp.crt", folder);
    xmlSecKeyPtr loaded = xmlSecOpenSSLAppKeyLoad(key.data, xmlSecKeyDataFormatPem, NULL, NULL, NULL);
    if (!loaded || xmlSecOpenSSLAppKeyCertLoad(loaded, certificate.data, xmlSecKeyDataFormatPem) != 0)
        die("the folder has no idp.key and idp.crt");
    return loaded;
}

int main(int argc, char **argv)
{
    char line[4096];
    struct err err = ERR_INIT;
    if (argc != 5 && argc != 6) {
        fprintf(stderr, "usage: sign DIR ISSUER ACS_URL AUDIENCE [GROUPS]\n");
        return 64;
    }
    if (saml_init(&err) != 0)
        die(err.text);
    struct idp idp = {argv[2], argv[3], argv[4], argc == 6 ? (int)strtol(argv[5], NULL, 10) : 0, load_key(argv[1])};
    while (fgets(line, sizeof line, stdin))
        answer(&idp, line);
    xmlSecKeyDestroy(idp.key);
    saml_shutdown();
    return 0;
}
