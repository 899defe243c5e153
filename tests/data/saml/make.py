#!/usr/bin/python3
"""Makes the SAML responses of this folder and the metadata of ../saml-metadata, afresh, from keys that are thrown away.

    /usr/bin/python3 tests/data/saml/make.py          needs openssl and xmlsec1

A file is named by the check that must refuse it: CODE.xml or CODE--DETAIL.xml; "good-" must be accepted. Everything is made for
the instant NOW. Where a file attacks what surrounds a signature, that signature is verified here with xmlsec1 before the file is
written (valid=XPATH of the Signature), so that the file cannot be refused merely because its signature is broken.
"""
import base64
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
METADATA = os.path.join(os.path.dirname(HERE), "saml-metadata")
NOW = "2030-01-01T00:00:00Z"
PAST, FUTURE = "2029-12-31T23:50:00Z", "2030-01-01T00:10:00Z"
ENTITY = "https://signin.example.com/saml/metadata/adfs"
ACS = "https://signin.example.com/saml/acs/adfs"
IDP = "https://idp.example.com/saml"
SSO = "https://idp.example.com/sso"
REQUEST = "_request1"
GUID = "00eeffc0-3412-bc4a-8def-0123456789ab"
GUID_BASE64 = base64.b64encode(bytes.fromhex("c0ffee001234" "4abc" "8def0123456789ab")).decode()

DS = "http://www.w3.org/2000/09/xmldsig#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = DS + "enveloped-signature"
RSA256, EC256 = MORE + "rsa-sha256", MORE + "ecdsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"

ON_ASSERTION = "/*/*[local-name()='Assertion']/*[local-name()='Signature']"
ON_RESPONSE = "/*[local-name()='Response']/*[local-name()='Signature']"
ANYWHERE = "(//*[local-name()='Signature'])[1]"

# --- keys ----------------------------------------------------------------------------------------------------------------


def run(*args, **kw):
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kw)
    if done.returncode:
        sys.exit("%s\n%s" % (" ".join(args), done.stderr.decode()))
    return done.stdout


class Key:
    def __init__(self, folder, name, *algorithm, days="36500", subject="/O=Example Corp/CN=idp.example.com"):
        self.pem = os.path.join(folder, name + ".key")
        self.crt = os.path.join(folder, name + ".crt")
        if algorithm[0] == "DSA":
            params = os.path.join(folder, name + ".params")
            run("openssl", "dsaparam", "-out", params, "2048")
            run("openssl", "gendsa", "-out", self.pem, params)
        else:
            run("openssl", "genpkey", "-algorithm", algorithm[0], *algorithm[1:], "-out", self.pem)
        digest = [] if algorithm[0] == "ED25519" else ["-sha256"]
        run("openssl", "req", "-x509", "-new", "-key", self.pem, *digest, "-days", days, "-subj", subject, "-out", self.crt)
        self.der = run("openssl", "x509", "-in", self.crt, "-outform", "DER")

    def certificate(self):
        return base64.encodebytes(self.der).decode().strip()


# --- responses -----------------------------------------------------------------------------------------------------------


def signature(of, c14n=EXCLUSIVE, method=RSA256, digest=SHA256, transforms=None, uri=None, keyinfo="<ds:X509Data/>", extra="",
              before="", objects="", attributes=""):
    if transforms is None:
        transforms = '<ds:Transform Algorithm="%s"/><ds:Transform Algorithm="%s"/>' % (ENVELOPED, EXCLUSIVE)
    if transforms:
        transforms = "<ds:Transforms>%s</ds:Transforms>" % transforms
    uri = "#" + of if uri is None else uri
    uri = ' URI="%s"' % uri if uri is not False else ""
    keyinfo = "<ds:KeyInfo>%s</ds:KeyInfo>" % keyinfo if keyinfo else ""
    return ('<ds:Signature xmlns:ds="%s"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="%s"/>'
            '<ds:SignatureMethod Algorithm="%s"/>%s<ds:Reference%s%s>%s<ds:DigestMethod Algorithm="%s"/><ds:DigestValue/>'
            '</ds:Reference>%s</ds:SignedInfo><ds:SignatureValue/>%s%s</ds:Signature>'
            % (DS, c14n, method, before, uri, attributes, transforms, digest, extra, keyinfo, objects))


def attribute(name, *values, friendly=None):
    return '<saml:Attribute Name="%s"%s>%s</saml:Attribute>' % (
        name, ' FriendlyName="%s"' % friendly if friendly else "",
        "".join("<saml:AttributeValue>%s</saml:AttributeValue>" % v for v in values))


CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
PERSON = dict(email=attribute(CLAIMS + "emailaddress", "alice@example.com"), given=attribute(CLAIMS + "givenname", "Alice"),
              family=attribute(CLAIMS + "surname", "Example"), id=attribute("objectGUID", GUID_BASE64),
              groups=attribute("groups", "Engineering", "설계팀", "設計部"))


def attributes(**change):
    return "<saml:AttributeStatement>%s</saml:AttributeStatement>" % "".join({**PERSON, **change}.values())


def name_id(value="pairwise-4711", format=PERSISTENT):
    return '<saml:NameID Format="%s">%s</saml:NameID>' % (format, value)


def confirmation_data(recipient=ACS, until=FUTURE, request=REQUEST, begin=None):
    pairs = (("NotBefore", begin), ("NotOnOrAfter", until), ("Recipient", recipient), ("InResponseTo", request))
    return "<saml:SubjectConfirmationData%s/>" % "".join(' %s="%s"' % p for p in pairs if p[1] is not None)


def confirmation(data=None, method="urn:oasis:names:tc:SAML:2.0:cm:bearer"):
    return '<saml:SubjectConfirmation Method="%s">%s</saml:SubjectConfirmation>' % (method, confirmation_data() if data is None else data)


def subject(name=None, confirm=None):
    return "<saml:Subject>%s%s</saml:Subject>" % (name_id() if name is None else name, confirmation() if confirm is None else confirm)


def audience(*names):
    return "<saml:AudienceRestriction>%s</saml:AudienceRestriction>" % "".join("<saml:Audience>%s</saml:Audience>" % n for n in names)


def conditions(begin=PAST, until=FUTURE, inside=None):
    pairs = (("NotBefore", begin), ("NotOnOrAfter", until))
    return "<saml:Conditions%s>%s</saml:Conditions>" % ("".join(' %s="%s"' % p for p in pairs if p[1] is not None),
                                                        audience(ENTITY) if inside is None else inside)


def authn(instant="2029-12-31T23:59:50Z", end=None, index="_session1"):
    pairs = (("AuthnInstant", instant), ("SessionIndex", index), ("SessionNotOnOrAfter", end))
    return ("<saml:AuthnStatement%s><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:"
            "PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
            % "".join(' %s="%s"' % p for p in pairs if p[1] is not None))


def issuer(value=IDP):
    return "<saml:Issuer>%s</saml:Issuer>" % value


def assertion(id="_a1", sig=None, who=None, subj=None, cond=None, auth=None, attr=None, version="2.0", more=""):
    return ('<saml:Assertion xmlns:saml="%s" ID="%s" IssueInstant="%s" Version="%s">%s%s%s%s%s%s%s</saml:Assertion>' % (
        SAML, id, NOW, version, issuer() if who is None else who, signature(id) if sig is None else sig,
        subject() if subj is None else subj, conditions() if cond is None else cond, more, authn() if auth is None else auth,
        attributes() if attr is None else attr)).replace(' Version=""', "").replace(' ID=""', "")


STATUS = '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'


def response(inside, id="_r1", sig="", who=None, destination=ACS, request=REQUEST, version="2.0", status=STATUS, before="", attr=""):
    pairs = (("Destination", destination), ("InResponseTo", request), ("Version", version))
    return '<samlp:Response xmlns:samlp="%s" xmlns:saml="%s" ID="%s" IssueInstant="%s"%s%s>%s%s%s%s%s</samlp:Response>' % (
        SAMLP, SAML, id, NOW, "".join(' %s="%s"' % p for p in pairs if p[1] is not None), attr,
        issuer() if who is None else who, sig, before, status, inside)


EVIL = assertion(id="_evil", sig="", subj=subject(name_id("mallory")), attr=attributes(
    email=attribute(CLAIMS + "emailaddress", "mallory@example.com"), id=attribute("objectGUID", "evil")))


class Maker:
    def __init__(self, folder):
        self.folder = folder
        self.keys = {
            "rsa": Key(folder, "rsa", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
            "ec": Key(folder, "ec", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:named_curve"),
            "ec384": Key(folder, "ec384", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-pkeyopt", "ec_param_enc:named_curve"),
            "expired": Key(folder, "expired", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", days="1"),
            "encryption": Key(folder, "encryption", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
            "other": Key(folder, "other", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
            "other-ec": Key(folder, "other-ec", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:named_curve"),
            "dsa": Key(folder, "dsa", "DSA"),
            "small": Key(folder, "small", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"),
            "ed25519": Key(folder, "ed25519", "ED25519"),
        }
        self.hmac = os.path.join(folder, "hmac.key")
        with open(self.hmac, "wb") as f:
            f.write(b"0123456789abcdef0123456789abcdef")
        self.public = os.path.join(folder, "public.pem")
        with open(self.public, "wb") as f:
            f.write(run("openssl", "x509", "-in", self.keys["rsa"].crt, "-pubkey", "-noout"))

    ids = [a for name in ("Assertion", "Response", "LogoutRequest") for a in
           ("--id-attr:ID", (SAML if name == "Assertion" else SAMLP) + ":" + name)]

    def sign(self, xml, at=ANYWHERE, key="rsa"):
        path = os.path.join(self.folder, "in.xml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(xml)
        how = (["--hmackey", key] if os.path.isabs(key) else ["--privkey-pem", self.keys[key].pem + "," + self.keys[key].crt])
        return run("xmlsec1", "--sign", *how, *self.ids, "--node-xpath", at, path).decode()

    def verify(self, xml, at, key="rsa"):
        path = os.path.join(self.folder, "out.xml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(xml)
        how = ["--hmackey", key] if os.path.isabs(key) else ["--pubkey-cert-pem", self.keys[key].crt]
        run("xmlsec1", "--verify", *how, "--enabled-key-data", "key-name,x509", *self.ids, "--node-xpath", at, path)

    def write(self, name, xml, valid=None, key="rsa", folder=HERE):
        if valid:
            self.verify(xml, valid, key)
        with open(os.path.join(folder, name + ".xml"), "wb") as f:
            f.write(xml if isinstance(xml, bytes) else xml.encode())

    # A response around one signed assertion; what the checks behind the signature refuse.
    def signed(self, name, key="rsa", around=None, **parts):
        xml = self.sign(response(assertion(**parts), **(around or {})), ON_ASSERTION, key)
        self.write(name, xml, ON_ASSERTION, key)
        return xml


def cut(xml, pattern):
    """The first match of pattern, and xml without it."""
    match = re.search(pattern, xml, re.S)
    return match.group(0), xml.replace(match.group(0), "", 1)


ASSERTION = r"<saml:Assertion.*</saml:Assertion>"
SIGNATURE = r"<ds:Signature .*?</ds:Signature>"


def good(m):
    m.signed("good-assertion-signed")
    xml = m.sign(response(assertion(sig=""), sig=signature("_r1")), ON_RESPONSE)
    m.write("good-response-signed", xml, ON_RESPONSE)
    xml = m.sign(response(assertion(), sig=signature("_r1")), ON_ASSERTION)
    both = m.sign(xml, ON_RESPONSE)
    m.write("good-both-signed", both, ON_RESPONSE)
    m.write("good-base64", base64.encodebytes(both.encode()).decode())
    m.signed("good-ecdsa", "ec", sig=signature("_a1", method=EC256))
    m.signed("good-ecdsa-384", "ec384", sig=signature("_a1", method=MORE + "ecdsa-sha384", digest=MORE + "sha384"))
    m.signed("good-sha512", sig=signature("_a1", method=MORE + "rsa-sha512", digest="http://www.w3.org/2001/04/xmlenc#sha512"))
    m.signed("good-no-keyinfo", sig=signature("_a1", keyinfo=""))
    m.signed("good-inclusive-signed-info", sig=signature("_a1", c14n="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"))
    m.signed("good-skew", cond=conditions("2030-01-01T00:02:59Z"))
    m.signed("good-skew-end", cond=conditions(until="2029-12-31T23:57:01Z"))
    bare = assertion().replace("<saml:", "<").replace("</saml:", "</").replace("xmlns:saml=", "xmlns=")
    m.write("good-default-namespace", m.sign(response(bare), ON_ASSERTION), ON_ASSERTION)
    m.write("good-default-namespaces", m.sign(response(bare.replace(signature("_a1"), ""), sig=signature("_r1")).replace(
        "samlp:", "").replace("xmlns:samlp=", "xmlns="), ON_RESPONSE), ON_RESPONSE)
    m.write("good-pretty-printed", m.sign(response(assertion()).replace("><", ">\r\n\t  <"), ON_ASSERTION), ON_ASSERTION)
    m.write("good-byte-order-mark", "\ufeff" + m.sign(response(assertion()), ON_ASSERTION).split("?>", 1)[1].strip(), ON_ASSERTION)
    typed = attribute("mail", "alice@example.com").replace("<saml:AttributeValue>", '<saml:AttributeValue xmlns:xs="http://www.w3.org/2001/'
                      'XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">')
    m.signed("good-typed-values", attr=attributes(email=typed))
    m.signed("good-short-confirmation", subj=subject(confirm=confirmation(confirmation_data(until="2030-01-01T00:01:00Z"))))
    m.signed("good-two-audiences", cond=conditions(inside=audience("https://else.example", ENTITY)))
    m.signed("good-one-time-use-condition", cond=conditions(inside=audience(ENTITY) + "<saml:OneTimeUse/>"))
    m.signed("good-session-end", auth=authn(end=FUTURE))
    m.signed("good-fraction-of-second", cond=conditions("2029-12-31T23:50:00.123Z", "2030-01-01T00:10:00.9999999Z"))
    m.signed("good-white-space", subj=subject("\n  " + name_id("\n    pairwise-4711\n  ")),
             attr=attributes(email=attribute("mail", "\n alice@example.com\n")))
    m.signed("good-email-from-name-id", subj=subject(name_id("alice@example.com", EMAIL_FORMAT)), attr=attributes(email=""))
    vendors = {
        "adfs": ((CLAIMS + "emailaddress", "alice@example.com"), (CLAIMS + "givenname", "Alice"), (CLAIMS + "surname", "Example"),
                 ("http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID", GUID_BASE64)),
        "entra": ((CLAIMS + "name", "alice@example.com"), (CLAIMS + "emailaddress", "alice@example.com"), (CLAIMS + "givenname", "Alice"),
                  (CLAIMS + "surname", "Example"), ("http://schemas.microsoft.com/identity/claims/displayname", "Alice Example"),
                  ("http://schemas.microsoft.com/identity/claims/objectidentifier", GUID.upper())),
        "okta": (("email", "alice@example.com"), ("firstName", "Alice"), ("lastName", "Example"), ("displayName", "Alice Example"),
                 ("uid", GUID)),
        "google": (("primaryEmail", "alice@example.com"), ("first_name", "Alice"), ("last_name", "Example"), ("uid", "{%s}" % GUID)),
        "keycloak": (("urn:oid:1.2.840.113549.1.9.1", "alice@example.com"), ("urn:oid:2.5.4.42", "Alice"), ("urn:oid:2.5.4.4", "Example"),
                     ("entryUUID", GUID)),
        "shibboleth": (("urn:oid:0.9.2342.19200300.100.1.3", "alice@example.com"), ("urn:oid:2.5.4.42", "Alice"),
                       ("urn:oid:2.5.4.4", "Example"), ("urn:oid:1.3.6.1.1.16.4", GUID)),
    }
    for vendor, pairs in vendors.items():
        m.signed("good-names-" + vendor, attr="<saml:AttributeStatement>%s</saml:AttributeStatement>"
                 % "".join(attribute(*p) for p in pairs))


def documents(m):
    xml = m.sign(response(assertion()), ON_ASSERTION)
    body = xml.split("?>", 1)[1]
    m.write("xml--cut-off", xml[:-40])
    m.write("xml--neither-xml-nor-base64", "SAMLResponse=!!")
    m.write("xml--base64-of-nothing-known", base64.b64encode(b"alice").decode())
    m.write("xml--empty", "")
    m.write("xml-plain--undeclared-entity", xml.replace(">Alice<", ">Al&ice;<"))
    m.write("xml--latin-1", '<?xml version="1.0" encoding="ISO-8859-1"?>'.encode() + body.replace(">Alice<", ">Ålice<").encode(
        "latin-1", "xmlcharrefreplace"))
    m.write("xml--utf-16", ("\ufeff" + body).encode("utf-16-le"))
    m.write("xml--utf-16-without-mark", body.strip().encode("utf-16-le"))
    m.write("xml--utf-7", '<?xml version="1.0" encoding="UTF-7"?>+ADw-a/+AD4-')
    m.write("xml--attributes", xml.replace("<saml:AttributeValue>Alice", "<saml:AttributeValue %s>Alice" % " ".join(
        "a%d='>'" % i for i in range(129))))
    m.write("xml--namespaces", xml.replace("<saml:AttributeValue>Alice", "<saml:AttributeValue %s>Alice" % " ".join(
        'xmlns:a%d="urn:x"' % i for i in range(129))), ON_ASSERTION)
    m.write("xml--undeclared-prefix", xml.replace("<saml:AttributeValue>Alice", "<saml:AttributeValue x:y=''>Alice"))
    m.write("xml--repeated-attribute", xml.replace("<samlp:Response ", '<samlp:Response Version="1.0" '))
    m.write("xml--repeated-attribute-of-namespace", xml.replace("<samlp:Response ", '<samlp:Response xmlns:p="urn:x" xmlns:q="urn:x" '
            'p:a="" q:a="" '))
    m.write("xml--two-roots", xml + body)
    m.write("xml--nul", xml.replace("alice@example.com", "alice@example.com\0.evil.example"))
    m.write("xml--too-deep", xml.replace(">Engineering<", ">" + "<d>" * 70 + "</d>" * 70 + "<"))
    m.write("xml-plain--dtd", "<!DOCTYPE r>" + body)
    m.write("xml-plain--dtd-id-override", '<!DOCTYPE r [<!ATTLIST saml:NameID Format ID #IMPLIED>]>' + body)
    m.write("xml-plain--external-dtd", '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd">' + body)
    m.write("xml-plain--external-entity", '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
            + body.replace(">Alice<", ">&x;<"))
    m.write("xml-plain--external-parameter-entity", '<!DOCTYPE r [<!ENTITY % x SYSTEM "file:///etc/hostname">%x;]>' + body)
    laughs = "".join('<!ENTITY l%d "%s">' % (i, "&l%d;" % (i - 1) * 10) for i in range(1, 10))
    m.write("xml-plain--billion-laughs", '<!DOCTYPE r [<!ENTITY l0 "ha">%s]>' % laughs + body.replace(">Alice<", ">&l9;<"))
    m.write("xml-plain--billion-laughs-in-attribute", '<!DOCTYPE r [<!ENTITY l0 "ha">%s]>' % laughs
            + body.replace('Version="2.0"', 'Version="&l9;"', 1))
    nameid = m.sign(response(assertion(subj=subject(name_id("alice@example.com.evil.example", EMAIL_FORMAT)))), ON_ASSERTION)
    m.write("xml-plain--comment-in-name-id", nameid.replace(".com.evil", ".com<!-- -->.evil"), ON_ASSERTION)
    m.write("xml-plain--comment-in-attribute-value", xml.replace("alice@example.com", "alice@exam<!-- -->ple.com"), ON_ASSERTION)
    m.write("xml-plain--comment-before-root", "<!-- -->" + body, ON_ASSERTION)
    m.write("xml-plain--comment-after-root", xml + "<!-- -->", ON_ASSERTION)
    m.write("xml-plain--instruction-in-name-id", m.sign(response(assertion(subj=subject(
        name_id("alice@example.com<?x y?>.evil.example", EMAIL_FORMAT)))), ON_ASSERTION), ON_ASSERTION)
    m.write("xml-plain--instruction-before-root", '<?xml-stylesheet href="file:///etc/hostname"?>' + body, ON_ASSERTION)
    m.write("xml-plain--cdata", xml.replace(">alice@example.com<", "><![CDATA[alice@]]>example.com<"), ON_ASSERTION)
    m.write("xml-plain--relative-namespace", xml.replace("<saml:AttributeValue>Alice", '<saml:AttributeValue xmlns:x="y">Alice'))
    m.write("ids--duplicate", m.sign(response(assertion(id="_same"), id="_other"), ON_ASSERTION).replace('"_other"', '"_same"'))
    m.write("ids--foreign-namespace", xml.replace("<samlp:Response ", '<samlp:Response xmlns:x="urn:x" x:ID="_a1" '))
    m.write("ids--xml-id", xml.replace("<samlp:Response ", '<samlp:Response xml:id="_a1" '))
    m.write("ids--lower-case", xml.replace("<samlp:Status>", '<samlp:Status id="_a1">'))
    m.write("ids--mixed-case", xml.replace("<samlp:Status>", '<samlp:Status iD="_a1">'), ON_ASSERTION)
    m.write("ids--not-a-name", xml.replace('ID="_r1"', 'ID="1 r"'), ON_ASSERTION)
    m.write("ids--xpointer", xml.replace('ID="_r1"', "ID=\"x')|//*|id('y\""), ON_ASSERTION)
    m.write("response--assertion-alone", m.sign(assertion(), "/*/*[local-name()='Signature']"), "/*/*[local-name()='Signature']")
    m.write("response--saml11", xml.replace(SAMLP, "urn:oasis:names:tc:SAML:1.0:protocol"), ON_ASSERTION)
    m.write("response--wrapped-in-envelope", '<e xmlns="urn:e">%s</e>' % body, ANYWHERE)
    m.write("response--logout-response", xml.replace("samlp:Response", "samlp:LogoutResponse"), ON_ASSERTION)
    failed = STATUS.replace("Success", "Responder").replace('"/></', '"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:'
                            'AuthnFailed"/></samlp:StatusCode><samlp:StatusMessage>wrong password</samlp:StatusMessage></')
    m.signed("status--responder", around=dict(status=failed))
    m.signed("status--missing", around=dict(status=""))
    m.signed("status--twice", around=dict(status=STATUS + failed))
    m.write("status--no-assertion", m.sign(response("", status=failed, sig=signature("_r1")), ON_RESPONSE), ON_RESPONSE)
    m.write("assertion--missing", m.sign(response("", sig=signature("_r1")), ON_RESPONSE), ON_RESPONSE)


def encrypted(m):
    template = os.path.join(m.folder, "enc.xml")
    key = ('<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element">'
           '<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/><ds:KeyInfo xmlns:ds="%s"><xenc:EncryptedKey>'
           '<xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"/><ds:KeyInfo><ds:KeyName/></ds:KeyInfo>'
           '<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue/>'
           '</xenc:CipherData></xenc:EncryptedData>' % DS)
    with open(template, "w") as f:
        f.write(key)
    plain = os.path.join(m.folder, "plain.xml")
    with open(plain, "w") as f:
        f.write(response("<saml:EncryptedAssertion>%s</saml:EncryptedAssertion>" % EVIL))
    out = run("xmlsec1", "--encrypt", "--pubkey-cert-pem", m.keys["encryption"].crt, "--session-key", "aes-256", "--xml-data", plain,
              "--node-xpath", "//*[local-name()='Assertion']", template).decode()
    m.write("encryption--unsigned-assertion", out)
    m.write("encryption--beside-signed-assertion", re.sub(r"</samlp:Response>", lambda _: cut(m.sign(response(assertion()), ON_ASSERTION),
            ASSERTION)[0] + "</samlp:Response>", out), ON_ASSERTION)
    m.signed("name-id--encrypted", subj=subject("<saml:EncryptedID>x</saml:EncryptedID>"))


def wrapping(m):
    """The eight classic shapes and a ninth; the original signature verifies for whoever looks up what it names by ID."""
    on_response = m.sign(response(assertion(sig=""), sig=signature("_r1")), ON_RESPONSE).split("?>", 1)[1].strip()
    on_assertion = m.sign(response(assertion()), ON_ASSERTION).split("?>", 1)[1].strip()
    sig_r, bare_r = cut(on_response, SIGNATURE)
    signed_a, _ = cut(on_assertion, ASSERTION)
    sig_a, bare_a = cut(signed_a, SIGNATURE)

    def evil(inside, sig="", before=""):
        return response(inside, id="_evilresponse", sig=sig, before=before)

    def extensions(inside):
        return "<samlp:Extensions>%s</samlp:Extensions>" % inside

    def within(outer, inner, end):
        return outer.replace(end, inner + end, 1)

    def with_object(sig, inside):
        return within(sig, "<ds:Object>%s</ds:Object>" % inside, "</ds:Signature>")

    evil_signed = EVIL.replace("</saml:Issuer>", "</saml:Issuer>" + sig_a, 1)
    shapes = {
        "wrapping-1": evil(EVIL, sig=with_object(sig_r, bare_r)),
        "wrapping-2": evil(EVIL, before=bare_r, sig=sig_r),
        "wrapping-3": evil(EVIL + signed_a),
        "wrapping-4": evil(within(EVIL, signed_a, "</saml:Assertion>")),
        "wrapping-5": evil(evil_signed + bare_a),
        "wrapping-6": evil(EVIL.replace("</saml:Issuer>", "</saml:Issuer>" + with_object(sig_a, bare_a), 1)),
        "wrapping-7": evil(signed_a, before=extensions(EVIL)),
        "wrapping-8": evil(bare_a.replace("</saml:Issuer>", "</saml:Issuer>" + with_object(sig_a, EVIL), 1)),
        "wrapping-9": evil(evil_signed, before=extensions(bare_a)),
        "doubled": evil(signed_a + signed_a.replace('"_a1"', '"_a2"')),
        "doubled-unsigned-last": evil(signed_a + EVIL),
        "concealed-in-advice": evil(within(EVIL, "<saml:Advice>%s</saml:Advice>" % signed_a, "</saml:Conditions>")),
        "concealed-in-confirmation": evil(EVIL.replace('InResponseTo="%s"/>' % REQUEST, 'InResponseTo="%s">%s</saml:SubjectConfirmationData>'
                                                       % (REQUEST, signed_a))),
        "concealed-in-attribute-value": evil(EVIL.replace(">Engineering<", ">%s<" % signed_a)),
        "concealed-in-status-detail": evil(EVIL).replace("</samlp:Status>", "<samlp:StatusDetail>%s</samlp:StatusDetail></samlp:Status>"
                                                         % signed_a),
        "concealed-in-key-info": evil(evil_signed.replace("</ds:KeyInfo>", bare_a + "</ds:KeyInfo>")),
        "not-a-direct-child": evil("", before=extensions(signed_a)),
    }
    # Where the signature holds what it signs, xmlsec's enveloped-signature leaves nothing to digest; other verifiers accepted it.
    enveloping = ("wrapping-1", "wrapping-6", "concealed-in-key-info")
    for name, xml in shapes.items():
        m.write("assertion--" + name, xml, None if name in enveloping else ANYWHERE)
    # The same with things that the identity provider really signs and that hold no assertion to count.
    logout = m.sign('<samlp:LogoutRequest xmlns:samlp="%s" xmlns:saml="%s" ID="_l1" Version="2.0" IssueInstant="%s">%s%s%s'
                    '</samlp:LogoutRequest>' % (SAMLP, SAML, NOW, issuer(), signature("_l1"), name_id())).split("?>", 1)[1].strip()
    sig_l, bare_l = cut(logout, SIGNATURE)
    refused = m.sign(response("", id="_f1", sig=signature("_f1"), status=STATUS)).split("?>", 1)[1].strip()
    sig_f, bare_f = cut(refused, SIGNATURE)
    m.write("signature-position--in-extensions", evil(EVIL, before=extensions(logout)), ANYWHERE)
    m.write("signature-position--in-conditions", evil(EVIL.replace("</saml:Conditions>", "</saml:Conditions>" + logout)), ANYWHERE)
    m.write("signature-reference--other-element", evil(EVIL, before=extensions(bare_l), sig=sig_l), ANYWHERE)
    m.write("signature-reference--other-response", evil(EVIL, before=extensions(bare_f), sig=sig_f), ANYWHERE)
    m.write("signature-reference--assertion-for-other", evil(EVIL.replace("</saml:Issuer>", "</saml:Issuer>" + sig_l, 1),
                                                             before=extensions(bare_l)), ANYWHERE)
    m.write("signature-form--in-object", evil(EVIL, sig=with_object(sig_l, bare_l)))
    m.write("signature-position--two-on-assertion", on_assertion.replace(sig_a, sig_a + sig_a))
    m.write("signature-position--on-response-for-assertion-twice", m.sign(response(assertion()), ON_ASSERTION).replace(
        "<samlp:Status>", sig_a + sig_a + "<samlp:Status>"))
    m.write("signature-reference--from-response-to-assertion", response(bare_a, sig=sig_a))


def signatures(m):
    def case(name, key="rsa", valid=True, **how):
        xml = m.sign(response(assertion(sig=signature("_a1", **how))), ON_ASSERTION, key)
        m.write(name, xml, ON_ASSERTION if valid else None, key)
        return xml

    def transform(uri, inside=""):
        return '<ds:Transform Algorithm="%s">%s</ds:Transform>' % (uri, inside)

    xml = m.sign(response(assertion()), ON_ASSERTION)
    sig = re.search(SIGNATURE, xml, re.S).group(0)
    m.write("signature-present--missing", response(assertion(sig="")))
    m.write("signature-present--only-in-other-namespace", response(assertion(sig='<x:Signature xmlns:x="urn:x"/>')))
    m.write("signature-form--empty", xml.replace(sig, '<ds:Signature xmlns:ds="%s"/>' % DS))
    m.write("signature-form--no-value", re.sub(r"<ds:SignatureValue>.*?</ds:SignatureValue>", "", xml, flags=re.S))
    info = re.search(r"<ds:SignedInfo>.*?</ds:SignedInfo>", xml, re.S).group(0)
    other = re.sub(r"<ds:DigestValue>.*?<", "<ds:DigestValue>47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=<", info)
    m.write("signature-form--two-signed-infos", xml.replace(info, other + info))
    m.write("signature-form--two-signed-infos-last", xml.replace(info, info + other))
    m.write("signature-form--two-values", re.sub(r"(<ds:SignatureValue>.*?</ds:SignatureValue>)", r"\1\1", xml, flags=re.S))
    m.write("signature-form--two-digests", re.sub(r"(<ds:DigestValue>.*?</ds:DigestValue>)", r"\1\1", xml, flags=re.S))
    m.write("xml-plain--comment-in-digest-value", re.sub(r"(<ds:DigestValue>....)", r"\1<!-- AAAA -->", xml))
    m.write("signature--empty-value", re.sub(r"<ds:SignatureValue>.*?<", "<ds:SignatureValue><", xml, flags=re.S))
    m.write("signature--garbage-value", re.sub(r"<ds:SignatureValue>.*?<", "<ds:SignatureValue>AAAA<", xml, flags=re.S))
    m.write("signature--changed-content", xml.replace(">Alice<", ">Mallory<"))
    m.write("signature--changed-digest", re.sub(r"<ds:DigestValue>.*?<", "<ds:DigestValue>47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=<",
                                                xml))
    m.write("signature--template-only", response(assertion()))
    both = m.sign(m.sign(response(assertion(), sig=signature("_r1")), ON_ASSERTION), ON_RESPONSE)
    m.write("signature--response-changed-assertion-good", both.replace("<samlp:Status>", "<samlp:Status >").replace(
        'IssueInstant="%s"' % NOW, 'IssueInstant="2030-01-01T00:00:01Z"', 1), ON_ASSERTION)
    wrong = m.sign(response(assertion(), sig=signature("_r1")), ON_ASSERTION, "other")
    m.write("signature--response-good-assertion-by-other", m.sign(wrong, ON_RESPONSE), ON_RESPONSE)
    # Keys that come with the document.
    case("signature--keyinfo-rsa", "other", keyinfo="<ds:KeyValue/>")
    case("signature--keyinfo-ec-certificate", "other-ec", method=EC256)
    case("signature--keyinfo-certificate", "other")
    case("signature--encryption-key", "encryption")
    case("signature-algorithms--keyinfo-dsa", "dsa", method=DS + "dsa-sha1", keyinfo="<ds:KeyValue/>", valid=False)
    case("signature-algorithms--dsa-sha256", "dsa", method="http://www.w3.org/2009/xmldsig11#dsa-sha256", valid=False)
    m.write("signature-algorithms--keyinfo-hmac", m.sign(response(assertion(sig=signature("_a1", method=MORE + "hmac-sha256", keyinfo=""))),
            ON_ASSERTION, m.hmac).replace("</ds:SignatureValue>", '</ds:SignatureValue><ds:KeyInfo><ds:KeyValue><HMACKeyValue xmlns="http://'
            'www.aleksey.com/xmlsec/2002">MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=</HMACKeyValue></ds:KeyValue></ds:KeyInfo>'))
    case("signature-algorithms--hmac-with-public-key", m.public, method=MORE + "hmac-sha256", keyinfo="")
    case("signature-algorithms--hmac-sha1", m.hmac, method=DS + "hmac-sha1", keyinfo="")
    m.write("signature-form--retrieval-method", xml.replace("<ds:X509Data>", '<ds:RetrievalMethod URI="http://127.0.0.1:1/key" '
            'Type="http://www.w3.org/2000/09/xmldsig#X509Data"/><ds:X509Data>'), ON_ASSERTION)
    m.write("signature-form--retrieval-method-file", re.sub(r"<ds:X509Data>.*?</ds:X509Data>", '<ds:RetrievalMethod URI="file:///etc/hostname"/>',
                                                            xml, flags=re.S))
    m.write("signature-form--encrypted-key", re.sub(r"<ds:X509Data>.*?</ds:X509Data>", '<xenc:EncryptedKey xmlns:xenc="http://www.w3.org/'
            '2001/04/xmlenc#"><xenc:CipherData><xenc:CipherReference URI="file:///etc/hostname"/></xenc:CipherData></xenc:EncryptedKey>', xml,
            flags=re.S))
    # Algorithms.
    case("signature-algorithms--sha1", method=DS + "rsa-sha1")
    case("signature-algorithms--sha1-digest", digest=DS + "sha1")
    case("signature-algorithms--md5", method=MORE + "rsa-md5")
    case("signature-algorithms--md5-digest", digest=MORE + "md5")
    case("signature-algorithms--ecdsa-sha1", "ec", method=MORE + "ecdsa-sha1")
    m.write("signature-algorithms--output-length", xml.replace('SignatureMethod Algorithm="%s"/>' % RSA256,
            'SignatureMethod Algorithm="%s"><ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>' % RSA256))
    m.write("signature-algorithms--unknown", xml.replace(RSA256, "urn:none"))
    m.write("signature-algorithms--xslt-as-canonicalization", xml.replace('CanonicalizationMethod Algorithm="' + EXCLUSIVE,
            'CanonicalizationMethod Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116'))
    # Transforms: each of these is a signature that verifies, over less than all or by running something.
    two = transform(ENVELOPED) + transform(EXCLUSIVE)
    xslt = transform("http://www.w3.org/TR/1999/REC-xslt-19991116", '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/'
                     'Transform"><xsl:template match="/"><nothing/></xsl:template></xsl:stylesheet>')
    case("signature-transforms--xslt", transforms=two + xslt)
    case("signature-transforms--xslt-alone", transforms=xslt)
    case("signature-transforms--xpath", transforms=transform("http://www.w3.org/TR/1999/REC-xpath-19991116",
         "<ds:XPath>not(ancestor-or-self::node())</ds:XPath>") + transform(EXCLUSIVE))
    case("signature-transforms--xpath-beside-accepted", transforms=transform(ENVELOPED) + transform(
         "http://www.w3.org/TR/1999/REC-xpath-19991116", "<ds:XPath>self::nothing</ds:XPath>") + transform(EXCLUSIVE))
    case("signature-transforms--xpath-filter", transforms=transform(ENVELOPED) + transform("http://www.w3.org/2002/06/xmldsig-filter2",
         '<f:XPath xmlns:f="http://www.w3.org/2002/06/xmldsig-filter2" Filter="subtract">//*[local-name()=\'AttributeStatement\']</f:XPath>')
         + transform(EXCLUSIVE))
    case("signature-transforms--inclusive", transforms=transform(ENVELOPED) + transform("http://www.w3.org/TR/2001/REC-xml-c14n-20010315"))
    case("signature-transforms--only-enveloped", transforms=transform(ENVELOPED))
    m.write("signature-transforms--child-of-enveloped", xml.replace('Transform Algorithm="%s"/>' % ENVELOPED,
            'Transform Algorithm="%s"><ds:XPath>self::nothing</ds:XPath></ds:Transform>' % ENVELOPED))
    m.write("signature-transforms--base64", xml.replace(EXCLUSIVE + '"/></ds:Transforms>', 'http://www.w3.org/2000/09/xmldsig#base64"/>'
                                                        '</ds:Transforms>'))
    m.write("signature-transforms--missing", re.sub(r"<ds:Transforms>.*?</ds:Transforms>", "", xml, flags=re.S))
    prefixes = '<e:InclusiveNamespaces xmlns:e="%s" PrefixList="%s"/>'
    long = prefixes % (EXCLUSIVE, " ".join("a%d" % i for i in range(100)))
    case("good-prefix-list", transforms=transform(ENVELOPED) + transform(EXCLUSIVE, prefixes % (EXCLUSIVE, "xs saml")))
    case("signature-transforms--long-prefix-list", transforms=transform(ENVELOPED) + transform(EXCLUSIVE, long))
    m.write("signature-transforms--long-prefix-list-of-signed-info", xml.replace('CanonicalizationMethod Algorithm="%s"/>' % EXCLUSIVE,
            'CanonicalizationMethod Algorithm="%s">%s</ds:CanonicalizationMethod>' % (EXCLUSIVE, long)))
    # References.
    case("signature-reference--whole-document", uri="")
    case("signature-reference--xpointer", uri="#xpointer(id('_a1'))")
    case("signature-reference--xpointer-root", uri="#xpointer(/)")
    case("signature-reference--injected-xpointer", uri="#x')|//*[@ID='_a1']|id('y", valid=False)
    case("signature-reference--two-ids", uri="#_a1 _r1", valid=False)
    m.write("signature-reference--no-uri", xml.replace(' URI="#_a1"', ""))
    m.write("signature-reference--file", xml.replace('URI="#_a1"', 'URI="file:///etc/hostname"'))
    m.write("signature-reference--http", xml.replace('URI="#_a1"', 'URI="http://127.0.0.1:1/a"'))
    m.write("signature-reference--not-a-fragment", xml.replace('URI="#_a1"', 'URI="/_a1"'))
    m.write("signature-reference--other-id", xml.replace('URI="#_a1"', 'URI="#_A1"'))
    m.write("signature-reference--assertion-without-id", xml.replace(' ID="_a1"', ""))
    case("signature-reference--manifest-type", attributes=' Type="http://www.w3.org/2000/09/xmldsig#Manifest"')
    case("signature-form--two-references", extra='<ds:Reference URI="#_r1"><ds:Transforms>%s</ds:Transforms><ds:DigestMethod Algorithm="%s"/>'
         '<ds:DigestValue/></ds:Reference>' % (two, SHA256), valid=False)
    case("signature-form--manifest", objects='<ds:Object><ds:Manifest><ds:Reference URI="#_a1"><ds:DigestMethod Algorithm="%s"/>'
         '<ds:DigestValue/></ds:Reference></ds:Manifest></ds:Object>' % SHA256, valid=False)
    m.write("signature-form--no-digest", re.sub(r"<ds:DigestValue>.*?</ds:DigestValue>", "", xml))
    m.write("signature-form--no-reference", re.sub(r"<ds:Reference.*?</ds:Reference>", "", xml, flags=re.S))
    case("certificate--expired", "expired")


def rules(m):
    m.signed("version--response", around=dict(version="1.1"))
    m.signed("version--response-missing", around=dict(version=None))
    m.signed("version--assertion", version="1.1")
    m.signed("version--assertion-missing", version="")
    m.signed("response-issuer--wrong", around=dict(who=issuer("https://evil.example")))
    m.signed("response-issuer--missing", around=dict(who=""))
    m.signed("issuer--wrong", who=issuer("https://evil.example"))
    m.signed("issuer--missing", who="")
    m.signed("issuer--twice", who=issuer() + issuer("https://evil.example"))
    m.signed("issuer--element-inside", who=issuer(IDP + "<x/>"))
    m.signed("issuer--case", who=issuer(IDP.upper()))
    m.signed("destination--missing", around=dict(destination=None))
    m.signed("destination--wrong", around=dict(destination="https://evil.example/acs"))
    m.signed("destination--empty", around=dict(destination=""))
    m.signed("destination--prefix", around=dict(destination=ACS + "/x"))
    m.signed("conditions--missing", cond="")
    m.signed("conditions--twice", cond=conditions() + conditions())
    m.signed("conditions--not-understood", cond=conditions(inside=audience(ENTITY) + '<saml:Condition xmlns:xsi="http://www.w3.org/2001/'
             'XMLSchema-instance" xmlns:x="urn:x" xsi:type="x:Delegation"/>'))
    m.signed("not-before--missing", cond=conditions(begin=None))
    m.signed("not-before--wrong", cond=conditions(begin="yesterday"))
    m.signed("not-before--not-yet-valid", cond=conditions(begin="2030-01-01T00:03:01Z"))
    m.signed("not-before--other-zone", cond=conditions(begin="2029-12-31T23:50:00+01:00"))
    m.signed("not-on-or-after--missing", cond=conditions(until=None))
    m.signed("not-on-or-after--wrong", cond=conditions(until="2031-13-01"))
    m.signed("not-on-or-after--expired", cond=conditions(until="2029-12-31T23:57:00Z"))
    m.signed("audience--missing", cond=conditions(inside=""))
    m.signed("audience--empty", cond=conditions(inside=audience()))
    m.signed("audience--wrong", cond=conditions(inside=audience("https://else.example")))
    m.signed("audience--prefix", cond=conditions(inside=audience(ENTITY + "/x")))
    m.signed("audience--one-of-two-restrictions", cond=conditions(inside=audience(ENTITY) + audience("https://else.example")))
    m.signed("audience--element-inside", cond=conditions(inside=audience(ENTITY + "<x/>.evil")))
    m.signed("subject-confirmation--missing", subj=subject(confirm=""))
    m.signed("subject-confirmation--no-subject", subj="")
    m.signed("subject-confirmation--wrong-method", subj=subject(confirm=confirmation(method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches")))
    m.signed("subject-confirmation--no-data", subj=subject(confirm=confirmation(data="")))
    m.signed("subject-confirmation--two-bearers", subj=subject(confirm=confirmation(confirmation_data("https://evil.example")) + confirmation()))

    def data(**kw):
        return subject(confirm=confirmation(confirmation_data(**kw)))
    m.signed("recipient--missing", subj=data(recipient=None))
    m.signed("recipient--wrong", subj=data(recipient="https://evil.example/acs"))
    m.signed("recipient--foreign-namespace", subj=subject(confirm=confirmation(confirmation_data(recipient=None).replace(
        " NotOnOrAfter", ' xmlns:x="urn:x" x:Recipient="%s" NotOnOrAfter' % ACS))))
    m.signed("subject-not-before--not-yet-valid", subj=data(begin="2030-01-01T00:03:01Z"))
    m.signed("subject-not-before--wrong", subj=data(begin="soon"))
    m.signed("subject-not-on-or-after--missing", subj=data(until=None))
    m.signed("subject-not-on-or-after--wrong", subj=data(until="later"))
    m.signed("subject-not-on-or-after--expired", subj=data(until="2029-12-31T23:57:00Z"))
    m.signed("in-response-to--missing", around=dict(request=None))
    m.signed("in-response-to--wrong", around=dict(request="_request2"))
    m.signed("in-response-to--subject-missing", subj=data(request=None))
    m.signed("in-response-to--subject-wrong", subj=data(request="_request2"))
    m.signed("authn-statement--missing", auth="")
    m.signed("authn-statement--no-instant", auth=authn(instant=None))
    m.signed("authn-statement--wrong-instant", auth=authn(instant="now"))
    m.signed("authn-statement--in-the-future", auth=authn(instant="2030-01-01T00:03:01Z"))
    m.signed("session-not-on-or-after--ended", auth=authn(end="2029-12-31T23:57:00Z"))
    m.signed("session-not-on-or-after--wrong", auth=authn(end="never"))
    m.signed("name-id--missing", subj=subject(""))
    m.signed("name-id--empty", subj=subject(name_id("")))
    m.signed("name-id--twice", subj=subject(name_id() + name_id("mallory")))
    m.signed("name-id--element-inside", subj=subject(name_id("alice@example.com<x/>.evil.example", EMAIL_FORMAT)))
    m.signed("name-id--control-character", subj=subject(name_id("alice&#x202E;moc", EMAIL_FORMAT)))
    m.signed("name-id--too-long", subj=subject(name_id("a" * 1025)))
    m.signed("one-time-use--used", id="_used")
    m.write("one-time-use--no-id", m.sign(response(assertion(sig="", id=""), sig=signature("_r1")), ON_RESPONSE), ON_RESPONSE)
    m.signed("email--missing", attr=attributes(email=""))
    m.signed("email--no-attributes", attr="")
    m.signed("email--not-an-address", attr=attributes(email=attribute("mail", "alice")))
    m.signed("email--two-at-signs", attr=attributes(email=attribute("mail", "alice@evil.example@example.com")))
    m.signed("email--list", attr=attributes(email=attribute("mail", "alice@evil.example,bob@example.com")))
    m.signed("email--element-inside", attr=attributes(email=attribute("mail", "alice@example.com<x/>.evil.example")))
    m.signed("email--control-character", attr=attributes(email=attribute("mail", "alice&#x0D;&#x0A;@example.com")))
    m.signed("email-domain--other", attr=attributes(email=attribute("mail", "alice@evil.example")))
    m.signed("email-domain--subdomain", attr=attributes(email=attribute("mail", "alice@sub.example.com")))
    m.signed("email-domain--suffix", attr=attributes(email=attribute("mail", "alice@evilexample.com")))
    m.signed("email-domain--look-alike", attr=attributes(email=attribute("mail", "alice@ex\u0430mple.com")))
    m.signed("email-domain--from-name-id", subj=subject(name_id("alice@evil.example", EMAIL_FORMAT)), attr=attributes(email=""))
    m.signed("mapping--given-name-missing", attr=attributes(given=""))
    m.signed("mapping--given-name-empty", attr=attributes(given=attribute("givenName", "")))
    m.signed("mapping--family-name-missing", attr=attributes(family=""))
    m.signed("mapping--family-name-control-character", attr=attributes(family=attribute("sn", "Exa&#x85;mple")))
    m.signed("mapping--immutable-id-missing", subj=subject(name_id(format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient")),
             attr=attributes(id=""))


# --- metadata ------------------------------------------------------------------------------------------------------------


def key_descriptor(key, use="signing"):
    certificate = key if isinstance(key, str) else key.certificate()
    return ('<md:KeyDescriptor%s><ds:KeyInfo xmlns:ds="%s"><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data>'
            '</ds:KeyInfo></md:KeyDescriptor>\n' % (' use="%s"' % use if use else "", DS, certificate))


POST, REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"


def service(name, binding=REDIRECT, location=SSO):
    return '<md:%s Binding="%s" Location="%s"/>\n' % (name, binding, location)


def role(keys, sso=None, slo="", attr="", protocol=SAMLP):
    return '<md:IDPSSODescriptor protocolSupportEnumeration="%s"%s>\n%s%s%s</md:IDPSSODescriptor>\n' % (
        protocol, attr, keys, slo, service("SingleSignOnService") + service("SingleSignOnService", POST) if sso is None else sso)


def entity(inside, id=IDP, attr=""):
    return '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="%s"%s>\n%s</md:EntityDescriptor>\n' % (
        id, attr, inside)


def entities(*inside, attr=""):
    return '<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"%s>\n%s</md:EntitiesDescriptor>\n' % (
        attr, "".join(inside))


def metadata(m):
    k = m.keys
    signing = key_descriptor(k["rsa"])
    sp = entity('<md:SPSSODescriptor protocolSupportEnumeration="%s"><md:AssertionConsumerService Binding="%s" Location="%s" index="0"/>'
                '</md:SPSSODescriptor>\n' % (SAMLP, POST, ACS), ENTITY)

    def write(name, xml):
        m.write(name, xml, folder=METADATA)

    trusted = (key_descriptor(k["rsa"]) + key_descriptor(k["ec"], None) + key_descriptor(k["ec384"]) + key_descriptor(k["expired"])
               + key_descriptor(k["encryption"], "encryption"))
    whole = entity(role(trusted, slo=service("SingleLogoutService", location="https://idp.example.com/slo"),
                        attr=' WantAuthnRequestsSigned="true"'), attr=' validUntil="2120-01-01T00:00:00Z"')
    with open(os.path.join(HERE, "idp-metadata.xml"), "w") as f:
        f.write(whole)
    write("good-whole", whole)
    write("good-entities-with-service-provider", entities(sp, whole))
    write("good-valid-until-of-whole", entities(entity(role(signing, attr=' validUntil="2032-01-01T00:00:00Z"')),
                                                attr=' validUntil="2031-01-01T00:00:00Z"'))
    write("good-no-use", entity(role(key_descriptor(k["rsa"], None))))
    write("good-same-key-twice", entity(role(signing + signing)))
    write("good-loopback", entity(role(signing, sso=service("SingleSignOnService", location="http://127.0.0.1:8080/sso"))))
    write("good-base64", base64.encodebytes(whole.encode()).decode())
    write("xml--cut-off", whole[:-30])
    write("xml--html", "<html><body><p>Sign in</body></html>")
    write("xml-plain--dtd", "<!DOCTYPE x>" + whole)
    write("xml-plain--comment", whole.replace(SSO, SSO, 1) + "<!-- -->")
    write("ids--duplicate", entities(whole.replace("entityID", 'ID="_1" entityID'), sp.replace("entityID", 'ID="_1" entityID')))
    write("root--html", "<html/>")
    write("root--other-namespace", whole.replace("urn:oasis:names:tc:SAML:2.0:metadata", "urn:x"))
    write("no-idp--service-provider", sp)
    write("no-idp--saml11", entity(role(signing, protocol="urn:oasis:names:tc:SAML:1.1:protocol")))
    write("no-idp--empty", entities())
    write("several-idps", entities(whole, entity(role(signing), "https://other.example")))
    write("several-idps--roles", entity(role(signing) + role(signing)))
    write("several-idps--nested", entities(whole, entities(entity(role(signing), "https://other.example"))))
    write("entity-id--missing", whole.replace(' entityID="%s"' % IDP, ""))
    write("entity-id--empty", entity(role(signing), ""))
    write("entity-id--too-long", entity(role(signing), "https://idp.example.com/" + "a" * 1024))
    write("valid-until--not-a-time", entity(role(signing), attr=' validUntil="2030"'))
    write("expired", entity(role(signing), attr=' validUntil="%s"' % NOW))
    write("expired--entities", entities(entity(role(signing)), attr=' validUntil="2029-12-31T00:00:00Z"'))
    write("expired--role", entity(role(signing, attr=' validUntil="2029-12-31T00:00:00Z"')))
    write("endpoint--http", entity(role(signing, sso=service("SingleSignOnService", location="http://idp.example.com/sso"))))
    write("endpoint--http-look-alike", entity(role(signing, sso=service("SingleSignOnService", location="http://127.0.0.1.evil.example/"))))
    write("endpoint--script", entity(role(signing, sso=service("SingleSignOnService", location="javascript:alert(1)"))))
    write("endpoint--logout-script", entity(role(signing, slo=service("SingleLogoutService", location="javascript:alert(1)"))))
    write("endpoint--no-host", entity(role(signing, sso=service("SingleSignOnService", location="https:///sso"))))
    write("endpoint--no-location", entity(role(signing, sso=service("SingleSignOnService").replace(' Location="%s"' % SSO, ""))))
    write("endpoint--no-binding", entity(role(signing, sso=service("SingleSignOnService").replace(' Binding="%s"' % REDIRECT, ""))))
    write("no-endpoint--missing", entity(role(signing, sso="")))
    write("no-endpoint--soap", entity(role(signing, sso=service("SingleSignOnService", "urn:oasis:names:tc:SAML:2.0:bindings:SOAP"))))
    write("certificate--not-base64", entity(role(key_descriptor("!!!"))))
    write("certificate--not-der", entity(role(key_descriptor("AAAA"))))
    write("certificate--trailing-bytes", entity(role(key_descriptor(base64.b64encode(k["rsa"].der + b"x").decode()))))
    write("certificate--empty", entity(role(key_descriptor(""))))
    write("weak-key--rsa-1024", entity(role(signing + key_descriptor(k["small"]))))
    write("weak-key--dsa", entity(role(key_descriptor(k["dsa"]))))
    write("weak-key--ed25519", entity(role(key_descriptor(k["ed25519"]))))
    write("no-key--missing", entity(role("")))
    write("no-key--encryption-only", entity(role(key_descriptor(k["rsa"], "encryption"))))
    many = [Key(m.folder, "many%d" % i, "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:named_curve")
            for i in range(17)]
    write("many-keys", entity(role("".join(key_descriptor(key) for key in many))))


def main():
    os.makedirs(METADATA, exist_ok=True)
    for folder in (HERE, METADATA):
        for name in os.listdir(folder):
            if name.endswith(".xml"):
                os.remove(os.path.join(folder, name))
    with tempfile.TemporaryDirectory() as folder:
        m = Maker(folder)
        for part in (metadata, good, documents, encrypted, wrapping, signatures, rules):
            part(m)


if __name__ == "__main__":
    main()
