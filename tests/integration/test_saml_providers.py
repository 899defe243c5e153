"""SAML with identity providers that were not written here: signing in, and out, through doorward serve."""

import base64
import re
import shutil

import pytest

from signin_site import Server
from simplesaml import HOME, SimpleSaml, person
from site_fixture import URL
from walker import Walker

PEOPLE = {uid: person(uid) for uid in ("alice", "bob")}


def simplesamlphp(folder):
    if not HOME.exists() or not shutil.which("php"):
        pytest.skip("missing: simplesamlphp, php-cli")
    return SimpleSaml(folder, PEOPLE)


PROVIDERS = {"simplesamlphp": simplesamlphp}


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
        return walker.fill(stop, **self.idp.credentials(uid))

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
    assert house.server.sql("SELECT connection, email, accepted FROM record") == [("idp", "alice@example.com", 1), ("idp", "bob@example.com", 1)]


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
