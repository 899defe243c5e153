"""SAML with identity providers that were not written here: signing in, and out, through doorward serve."""

import base64
import re
import shutil
import time

import pytest

from lemonldap import PORTAL, LemonLdap
from signin_site import Server
from simplesaml import HOME, SimpleSaml, person
from site_fixture import URL
from walker import Forms, Walker

PEOPLE = {uid: person(uid) for uid in ("alice", "bob")}


def simplesamlphp(folder):
    if not HOME.exists() or not shutil.which("php"):
        pytest.skip("missing: simplesamlphp, php-cli")
    return SimpleSaml(folder, PEOPLE)


def lemonldap(folder):
    if not PORTAL.exists() or not shutil.which("plackup"):
        pytest.skip("missing: lemonldap-ng, plackup")
    return LemonLdap(folder, PEOPLE)


PROVIDERS = {"simplesamlphp": simplesamlphp, "lemonldap": lemonldap}


@pytest.fixture(name="idp", params=PROVIDERS)
def idp_fixture(request, tmp_path):
    idp = PROVIDERS[request.param](tmp_path / request.param)
    idp.start()
    yield idp
    idp.stop()


class House:
    """A site whose only connection goes to an identity provider that was tried and made active as an administrator does it."""

    def __init__(self, site, idp, **trust):
        self.site, self.idp = site, idp
        for uid in PEOPLE:
            site.org.person(uid)
        site.org.group("cad", *PEOPLE)
        self.take_metadata()
        self.introduce(**trust)
        self.server = Server(site)
        try:
            self.activate()
        except BaseException:
            self.server.served.close()
            raise

    def take_metadata(self):
        (self.site.folder / "theirs.xml").write_text(self.idp.metadata())
        self.site.conf["connection idp"]["metadata-file"] = "theirs.xml"

    def introduce(self, **trust):
        self.idp.trust(self.site.run("sso", "metadata", "idp")[0], **trust)

    def capture(self, walker, uid="alice"):
        """The response that the identity provider would send without being asked."""
        walker.go(self.idp.initiated(f"{URL}/saml/metadata/idp"))
        self.login(walker, uid, stop=lambda url, form: form and "SAMLResponse" in form)
        return walker.sent

    def login(self, walker, uid, stop=lambda url, form: False):
        fields = self.idp.credentials(uid)
        if not any(set(fields) <= set(f["fields"]) for f in Forms(walker.page.body).found):
            walker.press()  # "you have to sign in anew", and a button
        return walker.fill(stop, **fields)

    def activate(self):
        path = self.site.folder / "captured.txt"
        path.write_text(self.capture(Walker(self.server))["SAMLResponse"])
        self.site.run("sso", "test", "idp", "--response", path)
        self.site.run("sso", "activate", "idp")
        self.site.apply()

    def sign_in(self, uid="alice", walker=None):
        walker = walker or Walker(self.server)
        walker.go(f"{URL}/signin", {"email": f"{uid}@example.com"})
        self.login(walker, uid)
        assert self.who(walker) == f"Given {uid.capitalize()}", walker.story() + walker.page.body + self.told()
        return walker

    def sign_out_there(self, walker, stop=lambda url, form: False):
        return walker.go(self.idp.sign_out(), stop=stop)

    def who(self, walker):
        page = walker.browser.page()
        return re.search(r"Signed in as <strong>(.*?)</strong>", page.body).group(1) if page.status == 200 else None

    def told(self):
        return "\n".join(reason for reason, in self.server.sql("SELECT reason FROM record")) + self.server.served.text()

    def close(self):
        self.server.served.close()


@pytest.fixture(name="house")
def house_fixture(site, idp):
    house = House(site, idp)
    yield house
    house.close()


def test_people_sign_in(house):
    house.sign_in("alice")
    house.sign_in("bob")
    assert house.server.sql("SELECT connection, email, result FROM record") == [("idp", "alice@example.com", 1), ("idp", "bob@example.com", 1)]


def test_encrypted_assertions(site, idp):
    house = House(site, idp, encrypt=True)
    try:
        captured = base64.b64decode(house.capture(Walker(house.server))["SAMLResponse"])
        assert b"EncryptedAssertion" in captured and b"NameID" not in captured
        house.sign_in("alice")
    finally:
        house.close()


def test_who_is_signed_in_there_already_is_let_in_at_once(house):
    walker = house.sign_in()
    walker.browser.jar.clear()
    walker.go(f"{URL}/signin", {"email": "alice@example.com"})
    assert house.who(walker) == "Given Alice", walker.story()


# --- signing out --------------------------------------------------------------------------------------------------------------


def asks_for_login(house, walker):
    """Whoever begins again is not known there either."""
    walker.go(f"{URL}/signin", {"email": "alice@example.com"})
    return bool(Forms(walker.page.body).found) and "SAMLResponse" not in walker.page.body and house.who(walker) is None


def test_signing_out_here_signs_out_there(house):
    walker = house.sign_in()
    other = house.sign_in("bob")
    walker.go(f"{URL}/")
    page = walker.press("/signout")
    assert page.status == 200 and walker.at.startswith(f"{URL}/saml/slo/idp") and "signed out" in page.body, walker.story() + house.told()
    assert house.who(walker) is None and house.who(other) == "Given Bob"
    assert not house.server.sql("SELECT * FROM request")
    assert asks_for_login(house, walker), walker.story()


def test_signing_out_there_signs_out_here(house):
    walker = house.sign_in()
    other = house.sign_in("bob")
    house.sign_out_there(walker)
    assert any(f"GET {URL}/saml/slo/idp?SAMLRequest=" in step for step in walker.trail), walker.story() + walker.page.body
    assert house.server.sql("SELECT email FROM session") == [("bob@example.com",)], walker.story() + house.told()
    assert house.who(walker) is None and house.who(other) == "Given Bob"
    assert "signed somebody out, of 1 sessions" in house.server.served.text()
    assert asks_for_login(house, walker), walker.story()


def test_a_logout_message_counts_once(house):
    walker = house.sign_in()
    house.sign_out_there(walker)
    asked = next(step[4:] for step in walker.trail if "/saml/slo/idp?SAMLRequest=" in step)
    house.sign_in(walker=walker)
    again = walker.ask(asked)
    assert again.status == 403 and "was used before" in house.server.reason(again.reference)
    assert house.who(walker) == "Given Alice"


CHANGES = {
    "not signed with a trusted certificate": lambda url: url.replace("&Signature=", "&Signature=AAAA"),
    "it is not signed": lambda url: re.sub("&SigAlg.*", "", url),
    "stands there twice": lambda url: url + "&SAMLRequest=a",
    "signature is there only in part": lambda url: re.sub("&Signature=[^&]*", "", url),
    "no such connection": lambda url: url.replace("/slo/idp", "/slo/none"),
    "there is none in the query": lambda url: url.split("?")[0],
}


def test_logout_messages_that_were_changed(house):
    walker = house.sign_in()
    house.sign_out_there(walker, stop=lambda url, form: "/saml/slo/idp?SAMLRequest=" in url)
    asked = walker.at
    for reason, change in CHANGES.items():
        page = walker.ask(change(asked))
        told = house.server.reason(page.reference)
        assert page.status == 403 and reason in told and told not in page.body, told
        assert house.who(walker) == "Given Alice"
    assert walker.ask(asked).status in (302, 303)
    assert house.who(walker) is None


# --- what a connection may ask for ----------------------------------------------------------------------------------------------


def test_beginning_there(house):
    """Nobody asked for it: refused, unless the connection allows it; and then once."""
    sent = house.capture(Walker(house.server))
    page = Walker(house.server).ask(f"{URL}/saml/acs/idp", sent)
    assert page.status == 403 and "unsolicited" in house.server.reason(page.reference), house.told()
    house.site.conf["connection idp"]["allow-unsolicited"] = "yes"
    house.server.reload()
    walker = Walker(house.server)
    assert walker.ask(f"{URL}/saml/acs/idp", sent).status == 303, house.told()
    assert house.who(walker) == "Given Alice"
    page = Walker(house.server).ask(f"{URL}/saml/acs/idp", sent)
    assert page.status == 403 and "was used before" in house.server.reason(page.reference)
    begun = Walker(house.server)
    begun.go(f"{URL}/signin", {"email": "alice@example.com"})
    house.login(begun, "alice", stop=lambda url, form: form and "SAMLResponse" in form)
    del begun.sent["RelayState"]
    page = Walker(house.server).ask(f"{URL}/saml/acs/idp", begun.sent)
    assert page.status == 403 and "as if nobody had asked" in house.server.reason(page.reference)


def test_credentials_are_asked_for_anew(house):
    walker = house.sign_in()
    house.site.conf["connection idp"]["force-authn"] = "yes"
    house.server.reload()
    time.sleep(house.idp.recently)
    walker.browser.jar.clear()
    walker.go(f"{URL}/signin", {"email": "alice@example.com"})
    assert house.who(walker) is None
    house.login(walker, "alice")
    assert house.who(walker) == "Given Alice", house.told()


def test_a_context_that_is_not_reached(house):
    house.site.conf["connection idp"]["authn-context"] = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509"
    house.server.reload()
    walker = Walker(house.server)
    walker.go(f"{URL}/signin", {"email": "alice@example.com"})
    if any("username" in f["fields"] or "user" in f["fields"] for f in Forms(walker.page.body).found):
        house.login(walker, "alice")
    assert house.who(walker) is None, "whether the identity provider says no, or something else than what was asked for"


# --- by forms instead of redirects ------------------------------------------------------------------------------------------------


def test_signing_out_by_forms(site, tmp_path):
    if not HOME.exists() or not shutil.which("php"):
        pytest.skip("missing: simplesamlphp, php-cli")
    post = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
    idp = SimpleSaml(tmp_path / "idp", PEOPLE, SingleLogoutServiceBinding=[post]).start()
    house = None
    try:
        house = House(site, idp, only_post=True)
        walker = house.sign_in()
        walker.go(f"{URL}/")
        page = walker.press("/signout")
        assert page.status == 200 and "signed out" in page.body and walker.trail[-1] == f"POST {URL}/saml/slo/idp", walker.story() + house.told()
        house.sign_in(walker=walker)
        house.sign_out_there(walker)
        assert f"POST {URL}/saml/slo/idp" in walker.trail[-4:], walker.story()
        assert house.who(walker) is None and not house.server.sql("SELECT * FROM session")
    finally:
        if house:
            house.close()
        idp.stop()


# --- our own key is exchanged ------------------------------------------------------------------------------------------------------


def test_our_key_is_rolled_over(site, idp):
    """The identity provider encrypts to the old key or the new one, as it has our metadata of before or of now; both work until the end."""
    house = House(site, idp, encrypt=True)
    try:
        old = metadata = site.run("sso", "metadata", "idp")[0]

        def roll(hurry=True):
            if not hurry:
                site.refused("sso", "roll-key", status=3)
            site.run("sso", "roll-key", "--yes")
            house.server.reload()
            return site.run("sso", "metadata", "idp")[0]

        metadata = roll()
        assert metadata.count("KeyDescriptor use=\"encryption\"") == 2
        house.sign_in()
        idp.trust(metadata, encrypt=True)
        house.sign_in()
        metadata = roll(hurry=False)
        assert metadata.count("KeyDescriptor use=\"encryption\"") == 2
        house.sign_in()
        idp.trust(metadata, encrypt=True)
        house.sign_in()
        metadata = roll(hurry=False)
        assert metadata.count("KeyDescriptor use=\"encryption\"") == 1
        idp.trust(metadata, encrypt=True)
        house.sign_in()
        idp.trust(old, encrypt=True)
        sent = house.capture(Walker(house.server))
        path = site.folder / "old.txt"
        path.write_text(sent["SAMLResponse"])
        assert "FAILED" in site.run("sso", "test", "idp", "--response", path, status=1)[0], "the old key is gone"
        assert len(list((site.state / "keys").iterdir())) == 1
        assert site.sql("SELECT count(*) FROM audit WHERE what = 'key-rolled'") == [(3,)]
    finally:
        house.close()
