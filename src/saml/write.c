#include "saml/write.h"

#include <openssl/evp.h>

#include <libxml/c14n.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/token.h"
#include "saml/base64.h"
#include "saml/saml.h"
#include "saml/xml.h"

#define WRITTEN_MAX ((size_t)1024 * 1024) /* bytes of a document of ours */

void saml_new_id(char ret[static SAML_ID_SIZE])
{
    ret[0] = '_'; /* an NCName does not begin with a digit */
    token_new(ret + 1);
}

void saml_add_attr(struct buf *out, const char *name, const char *value)
{
    if (!value)
        return;
    buf_printf(out, " %s=\"", name);
    text_markup(out, value);
    buf_addc(out, '"');
}

void saml_add_instant(struct buf *out, const char *name, int64_t when)
{
    char text[CLOCK_TEXT_MAX];
    saml_add_attr(out, name, clock_format(when, text));
}

void saml_add_element(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "<%s>", name);
    text_markup(out, value);
    buf_printf(out, "</%s>", name);
}

const char *saml_signature_method(const struct keypair *key)
{
    const struct cert *cert = keypair_cert(key);
    if (cert->key_type == CERT_KEY_RSA)
        return "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    return cert->key_bits <= 256   ? "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
           : cert->key_bits <= 384 ? "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
                                   : "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512";
}

/* SHA-256 of the document's exclusive canonical form. */
static int digest_of(const struct buf *xml, unsigned char ret[static EVP_MAX_MD_SIZE], unsigned *ret_n, struct err *err)
{
    CLEANUP(xml_docp) xmlDoc *doc = NULL;
    xmlChar *canonical = NULL;
    if (xml_read((struct span){buf_str(xml), xml->len}, WRITTEN_MAX, &doc, NULL, err) != 0)
        return -1;
    int n = xmlC14NDocDumpMemory(doc, NULL, XML_C14N_EXCLUSIVE_1_0, NULL, 0, &canonical);
    bool good = n > 0 && EVP_Digest(canonical, (size_t)n, ret, ret_n, EVP_sha256(), NULL) == 1;
    xmlFree(canonical);
    return good ? 0 : err_set(err, ERR_FAILED, "XML of ours: it cannot be put into canonical form");
}

/* Written in canonical form already: every namespace where it is used first, no empty-element tags. */
static void signed_info(struct buf *out, const char *id, const char *method, struct span digest)
{
    buf_adds(out, "<ds:SignedInfo xmlns:ds=\"" SAML_NS_DSIG "\">"
                  "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">"
                  "</ds:CanonicalizationMethod>");
    buf_printf(out, "<ds:SignatureMethod Algorithm=\"%s\"></ds:SignatureMethod><ds:Reference URI=\"#%s\">", method, id);
    buf_adds(out, "<ds:Transforms><ds:Transform Algorithm=\"" SAML_NS_DSIG "enveloped-signature\"></ds:Transform>"
                  "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform></ds:Transforms>"
                  "<ds:DigestMethod Algorithm=\"" SAML_NS_XENC "sha256\"></ds:DigestMethod><ds:DigestValue>");
    saml_base64_encode(digest, out);
    buf_adds(out, "</ds:DigestValue></ds:Reference></ds:SignedInfo>");
}

static int signature(struct buf *out, const char *id, struct span digest, const struct keypair *key, struct err *err)
{
    CLEANUP(buf_release) struct buf info = BUF_INIT;
    CLEANUP(buf_release) struct buf value = BUF_INIT;
    const struct cert *cert = keypair_cert(key);
    signed_info(&info, id, saml_signature_method(key), digest);
    if (keypair_sign(key, (struct span){info.data, info.len}, &value, err) != 0)
        return -1;
    buf_printf(out, "<ds:Signature xmlns:ds=\"" SAML_NS_DSIG "\">%s<ds:SignatureValue>", info.data);
    saml_base64_encode((struct span){value.data, value.len}, out);
    buf_adds(out, "</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>");
    saml_base64_encode((struct span){(const char *)cert->der, cert->der_len}, out);
    buf_adds(out, "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>");
    return 0;
}

int saml_sign(struct buf *xml, size_t at, const char *id, const struct keypair *key, struct err *err)
{
    CLEANUP(buf_release) struct buf whole = BUF_INIT;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    buf_add(&whole, xml->data, at);
    if (digest_of(xml, digest, &n, err) != 0 ||
        signature(&whole, id, (struct span){(const char *)digest, n}, key, err) != 0)
        return -1;
    buf_add(&whole, xml->data + at, xml->len - at);
    struct buf before = *xml;
    *xml = whole;
    whole = before;
    return 0;
}
