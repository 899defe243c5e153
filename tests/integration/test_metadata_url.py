"""Identity providers' metadata from an address: what counts at once, what waits for a word, and what changes nothing."""

import re
import shutil

import pytest

import dns
from signin_site import Browser, Server, answer_to
from site_fixture import IDP, ROOT, URL, script
from test_serve_process import until

PATH = "/metadata.xml"


@pytest.fixture(scope="module", name="host")
def host_fixture(tmp_path_factory):
    with dns.Https(tmp_path_factory.mktemp("https"), ["localhost"], {}) as server:
        yield server


class Publisher:
    """The address, and what stands there."""

    def __init__(self, site, host):
        self.site, self.host = site, host
        host.pages.clear()
        site.conf["connection idp"] = {"type": "saml", "metadata-url": f"https://localhost:{host.port}{PATH}", "metadata-ca-file": host.ca}
        self.first = (site.idp / "metadata.xml").read_text()
        self.publish(self.first)

    def publish(self, text, status=200, headers=None):
        self.host.pages[PATH] = (status, headers or {}, text.encode())

    def refresh(self, status=0):
        out, err = self.site.run("sso", "refresh", status=status)
        return out + err

    def listed(self):
        return self.site.json("sso", "list")[0]

    def word(self):
        return re.search(r"sso accept idp ([0-9a-f]+)", self.listed()["trouble"]).group(1)

    def start(self):
        self.refresh(status=1)
        self.site.run("sso", "accept", "idp", self.word())
        assert self.listed()["trouble"] is None and self.listed()["entity"] == IDP

    def other_idp(self, entity=IDP):
        """Metadata with another key."""
        folder = self.site.folder / "other"
        shutil.rmtree(folder, ignore_errors=True)
        script(ROOT / "certs/make-idp.sh", folder, entity, f"{URL}/sso")
        return (folder / "metadata.xml").read_text()

    def sign(self, text, key=None):
        """As a federation signs it: with xmlsec1."""
        folder = self.site.folder
        if not (folder / "signer.pem").exists():
            for name in ("signer", "stranger"):
                script("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "30", "-subj", f"/CN={name}",
                       "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem")
        template = ('<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod '
                    'Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/'
                    'xmldsig-more#rsa-sha256"/><ds:Reference URI="#_m"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/'
                    'xmldsig#enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>'
                    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>'
                    '<ds:SignatureValue/></ds:Signature>')
        text = re.sub(r"(<md:EntityDescriptor [^>]*)>", rf'\1 ID="_m">{template}', text, count=1)
        (folder / "unsigned.xml").write_text(text)
        script("xmlsec1", "--sign", "--privkey-pem", folder / f"{key or 'signer'}.key", "--id-attr:ID",
               "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor", "--output", folder / "signed.xml", folder / "unsigned.xml")
        return (folder / "signed.xml").read_text()


@pytest.fixture(name="publisher")
def publisher_fixture(site, host):
    return Publisher(site, host)


def until_day(text, day):
    return text.replace("<md:EntityDescriptor ", f'<md:EntityDescriptor validUntil="{day}T00:00:00Z" ', 1)


# --- without a signer -------------------------------------------------------------------------------------------------------


def test_the_first_document_waits_for_a_word(publisher, site):
    assert "was not taken from" in publisher.listed()["trouble"]
    said = publisher.refresh(status=1)
    assert "it is the first one" in said and IDP in said
    site.refused("sso", "accept", "idp", "0" * 12, status=64)
    site.refused("sso", "accept", "idp", publisher.word()[:4], status=64)
    assert "fingerprint" in site.run("sso", "accept", "idp", publisher.word())[0]
    assert publisher.refresh() == "connection idp: metadata is as before\n"
    assert publisher.listed()["state"] == "active" and not site.run("sso", "refresh", "--quiet")[0]
    assert ("metadata-accepted", "idp") in site.sql("SELECT what, subject FROM audit")


def test_what_says_nothing_new_counts_at_once(publisher):
    publisher.start()
    publisher.publish(publisher.first.replace(f"{URL}/sso", f"{URL}/elsewhere"))
    assert "new metadata counts" in publisher.refresh()
    assert "elsewhere" in (publisher.site.state / "metadata/idp.xml").read_text()


@pytest.mark.parametrize("what", ["key", "entity"])
def test_new_trust_waits(publisher, site, what):
    publisher.start()
    other = publisher.other_idp() if what == "key" else publisher.first.replace(IDP, "https://evil.example/idp")
    publisher.publish(other)
    said = publisher.refresh(status=1)
    assert ("a new signing certificate" if what == "key" else "another entity id") in said
    assert (site.state / "metadata/idp.xml").read_text() == publisher.first, "the old one counts on"
    assert "waits for your word" in site.run("check", status=1)[0]
    publisher.publish(publisher.first)
    publisher.refresh()
    assert publisher.listed()["trouble"] is None, "taken back"


def test_an_older_one_does_not_replace_a_newer_one(publisher, site):
    publisher.publish(until_day(publisher.first, "2031-01-01"))
    publisher.start()
    newer = until_day(publisher.first, "2032-01-01")
    publisher.publish(newer)
    publisher.refresh()
    for older in (until_day(publisher.first, "2031-01-01"), until_day(publisher.first, "2031-06-01")):
        publisher.publish(older)
        assert re.search("counted before|an older document", publisher.refresh(status=1))
        assert (site.state / "metadata/idp.xml").read_text() == newer


@pytest.mark.parametrize("fault, text, status, headers", [
    ("status 404", "", 404, {}), ("status 302", "", 302, {"Location": PATH + "2"}), ("not well-formed", "<a", 200, {}),
    ("larger", "large", 200, {}), ("no longer", "expired", 200, {}), ("", "<!DOCTYPE a><a/>", 200, {})])
def test_a_bad_one_changes_nothing(publisher, site, fault, text, status, headers):
    publisher.start()
    made = {"expired": until_day(publisher.first, "2020-01-01"), "large": publisher.first.replace("<md:Key", " " * 1100000 + "<md:Key", 1)}
    publisher.publish(made.get(text, text), status, headers)
    said = publisher.refresh(status=1)
    assert fault in said, said
    assert (site.state / "metadata/idp.xml").read_text() == publisher.first
    assert fault in publisher.listed()["trouble"] and publisher.listed()["entity"] == IDP
    assert "sso accept" not in said


def test_a_server_that_nobody_vouches_for(publisher, site):
    publisher.start()
    del site.conf["connection idp"]["metadata-ca-file"]
    assert "certificate" in publisher.refresh(status=1)


# --- with a signer ------------------------------------------------------------------------------------------------------------


def test_what_the_signer_signed_counts(publisher, site):
    publisher.publish(publisher.sign(publisher.first))
    site.conf["connection idp"]["metadata-signer-file"] = "signer.pem"
    publisher.refresh()
    assert publisher.listed()["trouble"] is None
    first = (site.state / "metadata/idp.xml").read_text()
    publisher.publish(publisher.sign(publisher.other_idp()))
    assert "new metadata counts" in publisher.refresh()
    second = (site.state / "metadata/idp.xml").read_text()
    for text, fault in ((first, "counted before"), (publisher.first, "not signed"), (publisher.sign(publisher.first, "stranger"), "not made with"),
                        (second.replace("/sso", "/ssp"), "changed after signing")):
        publisher.publish(text)
        assert fault in publisher.refresh(status=1), fault
        assert (site.state / "metadata/idp.xml").read_text() == second
        assert "sso accept" not in (publisher.listed()["trouble"] or ""), "no word helps what is not signed"


# --- the configuration --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [{"metadata-file": "idp/metadata.xml"}, {"metadata-url": None}, {"metadata-url": "http://localhost/x"},
                                  {"metadata-url": None, "metadata-file": "idp/metadata.xml"}])
def test_one_of_both(publisher, site, keys):
    site.conf["connection idp"].update(keys)
    assert "metadata" in site.refused("check-config", status=78)


# --- in the background -----------------------------------------------------------------------------------------------------------


def test_serve_takes_it_by_itself_and_rolls_over(publisher, site):
    """A second certificate that the signer vouches for: both sign people in, without a restart."""
    site.org.person("alice")
    site.org.group("cad", "alice")
    publisher.publish(publisher.sign(publisher.first))
    site.conf["connection idp"]["metadata-signer-file"] = "signer.pem"
    publisher.refresh()
    site.apply()
    server = Server(site)
    try:
        assert Browser(server).sign_in(site).status == 303
        other = publisher.other_idp()
        keys = [re.search(r"<md:KeyDescriptor.*?</md:KeyDescriptor>", text, re.S).group(0) for text in (publisher.first, other)]
        publisher.publish(publisher.sign(publisher.first.replace(keys[0], keys[0] + keys[1])))
        server.reload()
        until(lambda: "new metadata counts" in server.served.text(), server.served.text)
        assert Browser(server).sign_in(site).status == 303, "the old key"
        site.idp.rename(site.folder / "old")
        (site.folder / "other").rename(site.idp)
        assert Browser(server).sign_in(site).status == 303, "the new key"
        publisher.publish(publisher.sign(other))
        server.reload()
        until(lambda: server.served.text().count("new metadata counts") == 2, server.served.text)
        assert Browser(server).sign_in(site).status == 303
        site.idp.rename(site.folder / "other")
        (site.folder / "old").rename(site.idp)
        browser = Browser(server)
        request, relay = browser.begin()
        assert browser.post(answer_to(site, request), relay).status == 403, "the old key is gone"
    finally:
        server.served.close()
