#include "saml/request.h"

#include "base/clock.h"
#include "base/text.h"
#include "saml/base64.h"
#include "saml/saml.h"
#include "saml/write.h"

#define DAY    86400
#define CACHED "PT6H" /* how long readers keep our metadata: a new key is known everywhere within a day */

static void add_contexts(struct buf *out, const struct saml_request *request)
{
    const char *const *contexts = request->context ? &request->context : request->contexts;
    size_t n = request->context ? 1 : request->ncontexts;
    if (n == 0)
        return;
    buf_printf(out, "<samlp:RequestedAuthnContext Comparison=\"%s\">", request->context ? "minimum" : "exact");
    for (size_t i = 0; i < n; i++)
        saml_add_element(out, "saml:AuthnContextClassRef", contexts[i]);
    buf_adds(out, "</samlp:RequestedAuthnContext>");
}

int saml_authn_request(const struct saml_request *request, const struct keypair *key, struct buf *ret, struct err *err)
{
    buf_adds(ret, "<samlp:AuthnRequest xmlns:samlp=\"" SAML_NS_PROTOCOL "\" xmlns:saml=\"" SAML_NS_ASSERTION "\"");
    saml_add_attr(ret, "ID", request->id);
    saml_add_attr(ret, "Version", "2.0");
    saml_add_instant(ret, "IssueInstant", request->now);
    saml_add_attr(ret, "Destination", request->destination);
    saml_add_attr(ret, "AssertionConsumerServiceURL", request->acs_url);
    saml_add_attr(ret, "ProtocolBinding", SAML_BINDING_POST);
    saml_add_attr(ret, "ForceAuthn", request->force_authn ? "true" : NULL);
    buf_addc(ret, '>');
    saml_add_element(ret, "saml:Issuer", request->entity_id);
    size_t after_issuer = ret->len;
    buf_adds(ret, "<samlp:NameIDPolicy AllowCreate=\"true\"/>");
    add_contexts(ret, request);
    buf_adds(ret, "</samlp:AuthnRequest>");
    return key ? saml_sign(ret, after_issuer, request->id, key, err) : 0;
}

/* --- our metadata ------------------------------------------------------------------------------------------------- */

static void add_key(struct buf *out, const char *use, const struct cert *cert)
{
    buf_printf(out, "<md:KeyDescriptor use=\"%s\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>", use);
    saml_base64_encode((struct span){(const char *)cert->der, cert->der_len}, out);
    buf_adds(out, "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>");
    if (*use == 'e')
        buf_adds(out, "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"/>"
                      "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes128-gcm\"/>"
                      "<md:EncryptionMethod Algorithm=\"" SAML_NS_XENC "rsa-oaep-mgf1p\"/>");
    buf_adds(out, "</md:KeyDescriptor>");
}

static void add_keys(struct buf *out, const struct saml_sp *sp)
{
    for (size_t i = 0; i < sp->nkeys; i++)
        add_key(out, "signing", keypair_cert(sp->keys[i]));
    for (size_t i = 0; i < sp->nkeys; i++)
        if (keypair_cert(sp->keys[i])->key_type == CERT_KEY_RSA)
            add_key(out, "encryption", keypair_cert(sp->keys[i]));
}

static void add_endpoint(struct buf *out, const char *element, const char *binding, const char *location,
                         const char *more)
{
    buf_printf(out, "<md:%s Binding=\"%s\"", element, binding);
    saml_add_attr(out, "Location", location);
    buf_printf(out, "%s/>", more);
}

static void add_role(struct buf *out, const struct saml_sp *sp)
{
    buf_adds(out, "<md:SPSSODescriptor AuthnRequestsSigned=\"true\" WantAssertionsSigned=\"true\""
                  " protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\">");
    add_keys(out, sp);
    if (sp->slo_url) {
        add_endpoint(out, "SingleLogoutService", SAML_BINDING_REDIRECT, sp->slo_url, "");
        add_endpoint(out, "SingleLogoutService", SAML_BINDING_POST, sp->slo_url, "");
    }
    saml_add_element(out, "md:NameIDFormat", SAML_NAMEID_PERSISTENT);
    saml_add_element(out, "md:NameIDFormat", SAML_NAMEID_EMAIL);
    add_endpoint(out, "AssertionConsumerService", SAML_BINDING_POST, sp->acs_url, " index=\"0\" isDefault=\"true\"");
    buf_adds(out, "</md:SPSSODescriptor>");
}

static void add_people(struct buf *out, const struct saml_sp *sp)
{
    if (sp->organization) {
        buf_adds(out, "<md:Organization><md:OrganizationName xml:lang=\"en\">");
        text_markup(out, sp->organization);
        buf_adds(out, "</md:OrganizationName><md:OrganizationDisplayName xml:lang=\"en\">");
        text_markup(out, sp->organization);
        buf_adds(out, "</md:OrganizationDisplayName><md:OrganizationURL xml:lang=\"en\">");
        text_markup(out, sp->entity_id);
        buf_adds(out, "</md:OrganizationURL></md:Organization>");
    }
    if (sp->contact) {
        buf_adds(out, "<md:ContactPerson contactType=\"technical\"><md:EmailAddress>mailto:");
        text_markup(out, sp->contact);
        buf_adds(out, "</md:EmailAddress></md:ContactPerson>");
    }
}

int saml_sp_metadata(const struct saml_sp *sp, struct buf *ret, struct err *err)
{
    char id[SAML_ID_SIZE];
    saml_new_id(id);
    buf_adds(ret, "<md:EntityDescriptor xmlns:md=\"" SAML_NS_METADATA "\" xmlns:ds=\"" SAML_NS_DSIG "\"");
    saml_add_attr(ret, "entityID", sp->entity_id);
    saml_add_attr(ret, "ID", id);
    saml_add_instant(ret, "validUntil", sp->now + (int64_t)sp->valid_days * DAY);
    saml_add_attr(ret, "cacheDuration", CACHED);
    buf_addc(ret, '>');
    size_t first = ret->len;
    add_role(ret, sp);
    add_people(ret, sp);
    buf_adds(ret, "</md:EntityDescriptor>");
    return saml_sign(ret, first, id, sp->keys[0], err);
}
