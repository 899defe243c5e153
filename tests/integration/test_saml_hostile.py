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
    subprocess.run(["sqlite3", site.state / "signin.db", f"INSERT INTO used_once VALUES ('assertion', '{assertion}', 4000000000)"], check=True)
