"""Every bad response of tests/data/saml, made afresh for now and for this server, and posted to it: refused for its own reason."""

import base64
import datetime
import re
import subprocess
import types
from pathlib import Path

import pytest

from signin_site import ACS, AUDIENCE, Browser, Server
from site_fixture import IDP, ROOT, URL

GUID = "00eeffc0-3412-bc4a-8def-0123456789ab"
# What the record says for each check that a file is named by.
REASONS = {
    "xml": "^document: (line [0-9]+: (not well-formed|elements stand more)|empty|neither XML|an element has more)",
    "xml-plain": "^document: line [0-9]+: (holds|has a relative namespace)", "ids": "^document: (the id '.*' stands there more|line [0-9]+: an id)",
    "response": "^document: its root element is", "status": "^status: ", "encryption": "encrypted|neither it nor its Assertion is signed",  # here it can be decrypted, and what comes out is not signed
    "assertion": "^response: (it holds|its Assertion)",
    "signature-present": "^response: neither it nor its Assertion is signed", "signature-position": "^signature: (one stands elsewhere|the .* has more)",
    "signature-form": "^signature of the .*: (holds other parts|its KeyInfo tells|its Reference is not|signs [0-9]+ things|.* is missing|.*empty)",
    "signature-reference": "^signature of the .*: (is made over|its Reference has a Type|the Assertion has no ID)",
    "signature-transforms": "^signature of the .*: its (transforms are|canonicalisation has)", "signature-algorithms": "^signature of the .* is not accepted|OutputLength",
    "signature": "^signature of the .*: (it was not made with|the signed content was changed|no trusted)", "certificate": "^certificate '", "version": "its Version is",
    "response-issuer": "^issuer of the Response", "issuer": "^issuer of the Assertion", "destination": "^destination: ",
    "conditions": "^(Conditions: '.*' is not understood|assertion: it has .* Conditions)", "not-before": "^Conditions: (it has no NotBefore|its NotBefore|not valid before)",
    "not-on-or-after": "^Conditions: (it expired|it has no NotOnOrAfter|its NotOnOrAfter)", "audience": "^audience: ",
    "subject-confirmation": "^subject: (it has|its SubjectConfirmation)", "recipient": "^recipient: ",
    "subject-not-before": "^SubjectConfirmationData: (its NotBefore|not valid before)",
    "subject-not-on-or-after": "^SubjectConfirmationData: (it expired|it has no NotOnOrAfter|its NotOnOrAfter)",
    "in-response-to": "^(response: it answers|subject: it is confirmed for) the request|^subject: it is confirmed for the request",
    "authn-statement": "^(AuthnStatement: its AuthnInstant|assertion: it has no AuthnStatement)",
    "session-not-on-or-after": "^AuthnStatement: (its SessionNotOnOrAfter|the session)", "name-id": "^NameID: ",
    "one-time-use": "^assertion: (its ID is missing|'_used' was used)", "email": "^e-mail: ('.*' from|the assertion holds none)",
    "email-domain": "^e-mail: '.*' is not in a domain", "mapping": "^attributes: .* is missing"}


def load_maker(folder, request):
    """make.py, for this server, this request and now. What lies just beyond the skew lies ten minutes beyond it, so that it stays there."""
    text = (ROOT / "tests/data/saml/make.py").read_text()
    for old, new in (('"https://signin.example.com/saml/metadata/adfs"', f'"{AUDIENCE}"'), ('"https://signin.example.com/saml/acs/adfs"', f'"{ACS}"'),
                     ('"https://idp.example.com/saml"', f'"{IDP}"'), ('"https://idp.example.com/sso"', f'"{URL}/sso"'), ('"_request1"', f'"{request}"'),
                     ("2030-01-01T00:03:01Z", "2030-01-01T00:13:01Z"), ("2029-12-31T23:57:00Z", "2029-12-31T23:47:00Z")):
        assert old in text, old
        text = text.replace(old, new)
    begin = datetime.datetime(2030, 1, 1)
    now = datetime.datetime.utcnow().replace(microsecond=0)

    def shift(match):
        return (now + (datetime.datetime.fromisoformat(match.group()) - begin)).isoformat()

    text = re.sub(r"20(?:29|30)-\d\d-\d\dT\d\d:\d\d:\d\d", shift, text)
    made = types.ModuleType("make")
    made.__file__ = str(folder / "saml/make.py")
    (folder / "saml").mkdir(parents=True)
    (folder / "saml-metadata").mkdir()
    exec(compile(text, "make.py", "exec"), made.__dict__)  # pylint: disable=exec-used
    return made


def kept_maker(made, folder):
    """With keys that stay, and an expired certificate that has expired by now."""
    keys = folder / "keys"
    keys.mkdir()
    maker = made.Maker(str(keys))
    expired = maker.keys["expired"]
    (keys / "index").touch()
    (keys / "ca.cnf").write_text(f"[ca]\ndefault_ca=a\n[a]\ndatabase={keys}/index\nnew_certs_dir={keys}\nrand_serial=yes\npolicy=p\n"
                                 "default_md=sha256\n[p]\norganizationName=optional\ncommonName=supplied\n")
    made.run("openssl", "req", "-new", "-key", expired.pem, "-subj", "/O=Example Corp/CN=idp.example.com", "-out", str(keys / "expired.csr"))
    made.run("openssl", "ca", "-batch", "-notext", "-selfsign", "-config", str(keys / "ca.cnf"), "-keyfile", expired.pem, "-in", str(keys / "expired.csr"),
             "-out", expired.crt, "-startdate", "20200101000000Z", "-enddate", "20210101000000Z")
    expired.der = made.run("openssl", "x509", "-in", expired.crt, "-outform", "DER")
    return maker


@pytest.fixture(name="server")
def server_fixture(site):
    site.org.person("alice", given="Alice", entryUUID=GUID)
    site.org.group("cad", "alice")
    site.apply()
    server = Server(site)
    yield server
    server.served.close()


def take_its_keys(site, made, maker, server):
    trusted = "".join(made.key_descriptor(maker.keys[name]) for name in ("rsa", "ec", "ec384", "expired"))
    (site.idp / "metadata.xml").write_text(made.entity(made.role(trusted)))
    ours = site.folder / "ours.pem"
    ours.write_bytes(Path(maker.keys["encryption"].pem).read_bytes() + Path(maker.keys["encryption"].crt).read_bytes())
    ours.chmod(0o600)
    site.conf["organization"]["key-file"] = "ours.pem"
    server.reload()


def expected(name):
    return REASONS[name.split("--")[0].removesuffix(".xml")]


def test_every_bad_response(server, site, tmp_path):
    browser = Browser(server)
    request, relay = browser.begin()
    made = load_maker(tmp_path / "made", request)
    maker = kept_maker(made, tmp_path / "made")
    for part in (made.good, made.documents, made.encrypted, made.wrapping, made.signatures, made.rules):
        part(maker)
    take_its_keys(site, made, maker, server)
    names = {path.name for path in (ROOT / "tests/data/saml").glob("*.xml")} - {"idp-metadata.xml"}
    files = {path.name: path.read_bytes() for path in (tmp_path / "made/saml").glob("*.xml")}
    assert set(files) == names, "a file that make.py does not make"
    use_up(site, "_used")
    faults, tried = [], 0
    for name in sorted(names):
        if name.startswith("good-"):
            continue
        tried += 1
        faults += post(server, browser, relay, name, files[name])
    assert not faults, "\n".join(faults)
    assert tried > 180 and not server.sql("SELECT * FROM session")
    accepted = send(browser, relay, files["good-both-signed.xml"])
    assert accepted.status == 303, "what was refused was not refused for the site's sake: " + server.served.text()[-2000:]


def send(browser, relay, octets):
    return browser.ask("/saml/acs/idp", {"SAMLResponse": base64.b64encode(octets).decode() if octets[:1] == b"<" else octets, "RelayState": relay})


def post(server, browser, relay, name, octets):
    """What is wrong with how it was refused."""
    page = send(browser, relay, octets)
    if page.status != 403:
        return [f"{name}: status {page.status}"]
    told = server.reason(page.reference)
    if not re.search(expected(name), told):
        return [f"{name}: {told}"]
    if told[:60] in page.body or "document:" in page.body:
        return [f"{name}: the page tells the reason"]
    return []


def use_up(site, assertion):
    subprocess.run(["sqlite3", site.state / "signin.db", f"INSERT INTO used_once VALUES ('assertion', 'idp {assertion}', 4000000000)"], check=True)


# --- logout messages ------------------------------------------------------------------------------------------------------------------

FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
SLO = f"{URL}/saml/slo/idp"
# What is changed before it is signed, and why it is refused.
LOGOUTS = [
    ('Version="2.0"', 'Version="1.1"', "its Version is"), (f">{IDP}<", ">https://evil.example<", "its issuer is"), (f'Destination="{SLO}"', "", "its destination is"),
    (f'Destination="{SLO}"', f'Destination="{ACS}"', "its destination is"), ("T00:00:00Z", "T25:00:00Z", "is not a time"),
    ("2030-01-01T00:00:00Z", "2029-12-31T23:00:00Z", "it expired"), ("2030-01-01T00:00:00Z", "2030-01-01T01:00:00Z", "check the clocks"),
    ('NotOnOrAfter="2030-01-01T00:05:00Z"', 'NotOnOrAfter="2029-12-31T23:50:00Z"', "it expired"), (">pairwise-4711<", "><", "exactly one person"),
    ("<saml:NameID", "<saml:NameID>x</saml:NameID><saml:NameID", "exactly one person"), (">pairwise-4711<", "><x/>pairwise-4711<", "exactly one person"),
    ("samlp:LogoutRequest", "samlp:ManageNameIDRequest", "its root element is"), (' ID="_l1"', ' ID="_l1" id="_l1"', "more than once")]


def logout_text(made):
    return ('<samlp:LogoutRequest xmlns:samlp="%s" xmlns:saml="%s" ID="_l1" Version="2.0" IssueInstant="2030-01-01T00:00:00Z" '
            'NotOnOrAfter="2030-01-01T00:05:00Z" Destination="%s">%s@<saml:NameID Format="%s">pairwise-4711</saml:NameID></samlp:LogoutRequest>'
            % (made.SAMLP, made.SAML, SLO, made.issuer(), FORMAT))


def sign_logout(made, maker, text, key="rsa"):
    now = datetime.datetime.utcnow().replace(microsecond=0)
    text = re.sub(r"20(?:29|30)-\d\d-\d\dT\d\d:\d\d:\d\d(?<!T25:00:00)",
                  lambda m: (now + (datetime.datetime.fromisoformat(m.group()) - datetime.datetime(2030, 1, 1))).isoformat(), text)
    if "LogoutRequest" not in text:
        return text.replace("@", "")
    return maker.sign(text.replace("@", made.signature("_l1")), key=key)


def test_bad_logout_messages(server, site, tmp_path):
    browser = Browser(server)
    request, relay = browser.begin()
    made = load_maker(tmp_path / "made", request)
    maker = kept_maker(made, tmp_path / "made")
    made.good(maker)
    take_its_keys(site, made, maker, server)
    assert send(browser, relay, (tmp_path / "made/saml/good-both-signed.xml").read_bytes()).status == 303

    def tell(**fields):
        return browser.ask("/saml/slo/idp", {name: base64.b64encode(text.encode()).decode() for name, text in fields.items()})

    def refused(page, reason):
        assert page.status == 403, f"{page.status}, not for {reason}: {page.body}" + server.served.text()[-1500:]
        told = server.reason(page.reference)
        assert reason in told and told not in page.body, f"{told}, not {reason}"
        assert browser.page().status == 200, "the session goes on"

    good = logout_text(made)
    for old, new, reason in LOGOUTS:
        assert old in good, old
        refused(tell(SAMLRequest=sign_logout(made, maker, good.replace(old, new))), reason)
    signed = sign_logout(made, maker, good)
    refused(tell(SAMLRequest=good.replace("@", "").replace("2030-01-01", "2031-01-01")), "it is not signed")
    refused(tell(SAMLRequest=sign_logout(made, maker, good, "other")), "not made with any of the trusted")
    refused(tell(SAMLRequest=sign_logout(made, maker, good, "expired")), "not valid now")
    refused(tell(SAMLRequest=signed.replace("pairwise-4711", "pairwise-4712")), "changed after signing")
    refused(tell(SAMLResponse=signed), "answers no request of ours")
    refused(tell(SAMLRequest=signed, SAMLResponse=signed), "or both")
    refused(tell(), "neither SAMLRequest nor")
    refused(browser.ask("/saml/slo/idp", [("SAMLRequest", "x"), ("SAMLRequest", "x")]), "twice")
    refused(browser.ask("/saml/slo/none", {"SAMLRequest": "x"}), "no such connection")
    refused(send(browser, relay, signed.encode()), "answers no request of ours")
    assert browser.announce("/saml/slo/idp", 400000) == 413
    assert tell(SAMLRequest=signed).status == 200, "they have no address for an answer"
    assert not server.sql("SELECT * FROM session") and browser.page().status == 303
    page = tell(SAMLRequest=signed)
    assert page.status == 403 and "was used before" in server.reason(page.reference)
