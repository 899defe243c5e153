"""Logout messages to a running server, each wrong in one thing and signed all the same: refused for that, and nobody is signed out."""

import base64
import datetime
import shutil
import subprocess
import urllib.parse
import zlib

import pytest

from signin_site import Browser, Server
from site_fixture import IDP, ROOT, URL, script

SLO = f"{URL}/saml/slo/idp"
PROTOCOL, ASSERTION = "urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:2.0:assertion"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


@pytest.fixture(name="server")
def server_fixture(site):
    for uid in ("alice", "bob"):
        site.org.person(uid)
    site.org.group("cad", "alice", "bob")
    site.apply()
    server = Server(site)
    yield server
    server.served.close()


def at(seconds=0):
    return (datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Message:
    """A LogoutRequest; what a case changes is text in it."""

    count = 0

    def __init__(self, server, email="alice@example.com", to=SLO):
        Message.count += 1
        (name, index), = server.sql("SELECT name_id, session_index FROM session WHERE email = ?", email)
        self.id = f"_m{Message.count}"
        self.text = (f'<samlp:LogoutRequest xmlns:samlp="{PROTOCOL}" xmlns:saml="{ASSERTION}" ID="{self.id}" Version="2.0" IssueInstant="{at()}" '
                     f'Destination="{to}"><saml:Issuer>{IDP}</saml:Issuer><saml:NameID>{name}</saml:NameID>'
                     f'<samlp:SessionIndex>{index or "s1"}</samlp:SessionIndex></samlp:LogoutRequest>')

    def change(self, old, new):
        assert old in self.text, old
        self.text = self.text.replace(old, new, 1)
        return self

    def query(self, idp, name="SAMLRequest", method=RSA_SHA256, digest="sha256", relay=None):
        deflate = zlib.compressobj(wbits=-15)
        small = deflate.compress(self.text.encode()) + deflate.flush()
        octets = urllib.parse.urlencode({name: base64.b64encode(small).decode(), **({"RelayState": relay} if relay else {}), "SigAlg": method})
        signature = subprocess.run(["openssl", "dgst", f"-{digest}", "-sign", idp / "idp.key"], input=octets.encode(), capture_output=True, check=True).stdout
        return octets + "&" + urllib.parse.urlencode({"Signature": base64.b64encode(signature).decode()})


def signed_in(server, site):
    alice, bob = Browser(server), Browser(server)
    assert alice.sign_in(site).status == 303 and bob.sign_in(site, "bob@example.com", "bob").status == 303
    return alice


def refused(server, page, reason):
    assert page.status == 403, page.body
    told = server.reason(page.reference)
    assert reason in told and told not in page.body, told
    assert len(server.sql("SELECT * FROM session")) == 2


CASES = [
    (f">{IDP}<", ">https://evil.example<", "its issuer is"), (f"<saml:Issuer>{IDP}</saml:Issuer>", "", "its issuer is"),
    (SLO, SLO + "/x", "its destination is"), (SLO, f"{URL}/saml/acs/idp", "its destination is"), (f' Destination="{SLO}"', "", "its destination is"),
    ('Version="2.0"', 'Version="1.1"', "its Version is"), ('IssueInstant="', 'IssueInstant="x', "is not a time"),
    ("IssueInstant=", f'NotOnOrAfter="{at(-600)}" IssueInstant=', "it expired"), ("<saml:NameID>", "<saml:NameID>x</saml:NameID><saml:NameID>", "exactly one person"),
    ("<saml:NameID>", "<saml:NameID><!-- -->", "never reads"), ("<samlp:LogoutRequest", "<!DOCTYPE x><samlp:LogoutRequest", "never reads"),
    ("<saml:NameID>", "<saml:EncryptedID/><saml:NameID>", "is encrypted"),
    ("<saml:Issuer>", '<x id="_q"/><x ID="_q"/><saml:Issuer>', "stands there more than once"),
]


def test_messages_that_are_wrong_in_one_thing(server, site):
    signed_in(server, site)
    stranger = Browser(server)
    for old, new, reason in CASES:
        refused(server, stranger.ask("/saml/slo/idp?" + Message(server).change(old, new).query(site.idp)), reason)
    old = Message(server).change("IssueInstant=\"" + at()[:4], "IssueInstant=\"2020")
    refused(server, stranger.ask("/saml/slo/idp?" + old.query(site.idp)), "it expired")
    for method, digest in (("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "sha1"), ("http://www.w3.org/2001/04/xmldsig-more#rsa-md5", "md5"),
                           ("http://www.w3.org/2000/09/xmldsig#hmac-sha1", "sha1")):
        refused(server, stranger.ask("/saml/slo/idp?" + Message(server).query(site.idp, method=method, digest=digest)), "is not accepted")
    refused(server, stranger.ask("/saml/slo/idp?" + Message(server).query(site.idp, name="SAMLResponse", relay="a" * 32)), "answers no request of ours")
    refused(server, stranger.ask("/saml/slo/idp?" + Message(server).query(site.idp) + "&RelayState=https://evil.example"), "not signed with a trusted")
    refused(server, stranger.ask("/saml/slo/idp?" + Message(server).query(site.idp, relay="x" * 81)), "RelayState is too long")
    bomb = zlib.compressobj(wbits=-15)
    octets = base64.b64encode(bomb.compress(b" " * 20_000_000) + bomb.flush()).decode()
    refused(server, stranger.ask("/saml/slo/idp?" + urllib.parse.urlencode({"SAMLRequest": octets})), "nothing of that size is read")
    good = Message(server)
    assert stranger.ask("/saml/slo/idp?" + good.query(site.idp)).status == 200, server.served.text()[-2000:]
    assert server.sql("SELECT email FROM session") == [("bob@example.com",)]


def test_forms_that_are_wrong(server, site):
    signed_in(server, site)
    stranger = Browser(server)
    message = base64.b64encode(Message(server).text.encode()).decode()
    refused(server, stranger.ask("/saml/slo/idp", {"SAMLRequest": message}), "it is not signed")
    refused(server, stranger.ask("/saml/slo/idp", {"SAMLResponse": message, "RelayState": "a" * 32}), "answers no request of ours")
    refused(server, stranger.ask("/saml/slo/idp", {"SAMLRequest": message, "SAMLResponse": message}), "or both")
    refused(server, stranger.ask("/saml/slo/idp", {}), "neither SAMLRequest nor SAMLResponse")
    for path in sorted((ROOT / "tests/data/saml").glob("signature*.xml")):
        page = stranger.ask("/saml/slo/idp", {"SAMLRequest": base64.b64encode(path.read_bytes()).decode()})
        refused(server, page, "its root element is")


def test_one_identity_provider_ends_no_session_of_another(server, site):
    """Its message is right in everything, and names somebody of another connection as that one does; nor does the other's, when sent to it."""
    signed_in(server, site)
    other = site.folder / "other"
    script(ROOT / "certs/make-idp.sh", other, IDP, f"{URL}/sso")  # by the same entity id, even
    site.conf["connection other"] = {"type": "saml", "metadata-file": "other/metadata.xml"}
    server.reload()
    stranger, there = Browser(server), f"{URL}/saml/slo/other"
    refused(server, stranger.ask("/saml/slo/idp?" + Message(server).query(other)), "not signed with a trusted")
    refused(server, stranger.ask("/saml/slo/other?" + Message(server, to=there).query(site.idp)), "not signed with a trusted")
    refused(server, stranger.ask("/saml/slo/other?" + Message(server).query(other)), "its destination is")
    assert stranger.ask("/saml/slo/other?" + Message(server, to=there).query(other)).status == 200
    assert "signed somebody out, of 0 sessions" in server.served.text() and len(server.sql("SELECT * FROM session")) == 2
    shutil.rmtree(other)


def test_an_id_of_another_connection_may_be_used_again(server, site):
    signed_in(server, site)
    other = site.folder / "other"
    script(ROOT / "certs/make-idp.sh", other, "https://other.example", f"{URL}/sso")
    site.conf["connection other"] = {"type": "saml", "metadata-file": "other/metadata.xml"}
    server.reload()
    mine = Message(server)
    theirs = Message(server, to=f"{URL}/saml/slo/other").change(IDP, "https://other.example")
    theirs.change(f'ID="{theirs.id}"', f'ID="{mine.id}"')
    stranger = Browser(server)
    assert stranger.ask("/saml/slo/other?" + theirs.query(other)).status == 200
    refused(server, stranger.ask("/saml/slo/other?" + theirs.query(other)), "was used before")
    assert stranger.ask("/saml/slo/idp?" + mine.query(site.idp)).status == 200
    assert server.sql("SELECT email FROM session") == [("bob@example.com",)]
