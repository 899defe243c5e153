"""From the directory to the application and back: a directory, two identity providers and two applications that were not written here."""

import json
import os
import shutil
import subprocess
import time
import urllib.parse
from pathlib import Path

import jwt
import pytest

from listener import EVENT
from simplesaml import HOME
from site_fixture import ROOT, Site
from whole import Guest, Whole, mail, seconds_until

RESOURCE = Path(os.environ.get("DOORWARD_TOOLS", ROOT / "build/tests/tools")) / "resource"
pytestmark = pytest.mark.skipif(not HOME.exists() or not shutil.which("php"), reason="missing: simplesamlphp, php-cli")


@pytest.fixture(scope="module", name="whole")
def whole_fixture(template, tmp_path_factory):
    """Made once; each case has people of its own."""
    whole = Whole(Site(tmp_path_factory.mktemp("whole") / "site", template), template.dns)
    yield whole
    whole.stop()


def at_apache(whole, guest):
    """Whoever mod_auth_openidc let in."""
    page = guest.visit(f"{whole.apache.url}/protected/")
    assert page.body == "this is protected\n", (guest.story(), page.body, whole.told())
    return json.loads(guest.ask(f"{whole.apache.url}/protected/callback?info=json").body)["id_token"]


def at_app(whole, guest):
    page = guest.visit(f"{whole.app.url}/home")
    said = json.loads(page.body) if guest.at.startswith(whole.app.url) else {}
    assert "claims" in said, (guest.story(), page.body, whole.told())
    return said["claims"]


@pytest.mark.parametrize("uid, connection", [("alice", "idp"), ("mina", "op")])
@pytest.mark.parametrize("first, second", [(at_apache, at_app), (at_app, at_apache)])
def test_either_connection_is_behind_either_application(whole, uid, connection, first, second):
    """One sign-in at the identity provider serves both."""
    guest = Guest(whole.server, uid)
    there = whole.idp.url if connection == "idp" else whole.op.issuer
    one = first(whole, guest)
    assert guest.passed(there), guest.story()
    seen = guest.passed(there)
    two = second(whole, guest)
    assert guest.passed(there) == seen, "nobody was asked again"
    for claims in (one, two):
        assert (claims["email"], claims["iss"], claims["products"]) == (mail(uid), whole.server.url, ["autocad"])
    assert one["sid"] == two["sid"] and {one["aud"], two["aud"]} == {"apache", "app"}
    assert whole.server.sql("SELECT connection, email FROM session WHERE sid = ?", one["sid"]) == [(connection, mail(uid))]


def in_apache(whole, guest):
    """Still, without being sent anywhere."""
    return guest.ask(f"{whole.apache.url}/protected/").body == "this is protected\n"


def in_app(whole, guest):
    return guest.ask(f"{whole.app.url}/home").status == 200


@pytest.mark.parametrize("uid, stays", [("adam", "anna"), ("max", "mary")])
def test_who_leaves_the_directory_leaves_the_applications(whole, uid, stays):
    """Their own sessions end by the back channel; a new sign-in is refused, whatever the identity provider says."""
    guest, other, elsewhere = Guest(whole.server, uid), Guest(whole.server, stays), Guest(whole.server, uid)
    for somebody in (guest, other):
        at_apache(whole, somebody)
        at_app(whole, somebody)
    at_apache(whole, elsewhere)
    said = jwt.encode({"iss": whole.server.url, "aud": "app", "iat": int(time.time()), "exp": int(time.time()) + 60, "jti": "1",
                       "sid": at_app(whole, guest)["sid"], "events": {EVENT: {}}}, "of nobody here", algorithm="HS256",
                      headers={"typ": "logout+jwt"})
    assert guest.ask(f"{whole.app.url}/backchannel", {"logout_token": said}).status == 500, "it believes only what the server signed"
    assert all(f(whole, g) for f in (in_apache, in_app) for g in (guest, other)) and in_apache(whole, elsewhere)
    whole.remove(uid)
    seconds_until(lambda: not in_apache(whole, guest) and not in_apache(whole, elsewhere) and not in_app(whole, guest), whole.told)
    assert in_apache(whole, other) and in_app(whole, other), "nobody else was told to go"
    sent = guest.ask(f"{whole.apache.url}/protected/").headers["Location"]
    assert sent.startswith(f"{whole.server.url}/oauth2/authorize?"), sent
    for url in (f"{whole.apache.url}/protected/", f"{whole.app.url}/home"):
        seen = guest.passed(whole.idp.url) + guest.passed(whole.op.issuer)
        page = guest.visit(url)
        assert guest.passed(whole.idp.url) + guest.passed(whole.op.issuer) > seen, guest.story()
        assert page.status == 403 and guest.at.startswith(whole.server.url), (guest.story(), page.body)
        assert "nobody with this immutable id is in a team's directory" in whole.server.reason(page.reference)
    assert whole.server.sql("SELECT email FROM session WHERE email = ?", mail(uid)) == []
    seconds_until(lambda: not whole.server.sql("SELECT * FROM notice"), lambda: "something still waits to be told")


def at_bye(whole, guest):
    """Signed out by the application, there and at the identity provider, and back."""
    page = guest.visit(f"{whole.app.url}/logout")
    assert guest.at == f"{whole.app.url}/bye?state=bye", (guest.story(), page.body, whole.told())
    assert guest.passed("/SingleLogoutService.php") or guest.passed("/session/end"), guest.story()


class Resource:
    """An application's API that liboauth2 protects: what it makes of tokens."""

    def __init__(self, whole, client, secret):
        options = {"introspect.auth": "client_secret_basic", "client_id": client, "client_secret": secret}
        self.words = [RESOURCE, f"{whole.server.url}/oauth2/introspect", urllib.parse.urlencode(options, quote_via=urllib.parse.quote)]

    def judge(self, *tokens):
        """Who each is of; None when it is refused."""
        done = subprocess.run(self.words, input="".join(f"{token}\n" for token in tokens), capture_output=True, text=True, timeout=60, check=True)
        said = done.stdout.splitlines()
        assert len(said) == len(tokens), done.stderr
        return [None if line == "refused" else json.loads(line)["sub"] for line in said]


@pytest.mark.skipif(not RESOURCE.exists() and not os.environ.get("CI"), reason="missing: liboauth2-dev")
@pytest.mark.parametrize("uid", ["amy", "moll"])
def test_an_api_that_liboauth2_protects(whole, uid):
    """Each application's tokens are good at its own API alone, and only while the person is signed in."""
    guest = Guest(whole.server, uid)
    said = json.loads(guest.visit(f"{whole.app.url}/login").body)
    own, sub = said["tokens"]["access_token"], said["claims"]["sub"]
    at_apache(whole, guest)
    other = json.loads(guest.ask(f"{whole.apache.url}/protected/callback?info=json").body)["access_token"]
    app, apache = Resource(whole, "app", whole.app.client["client_secret"]), Resource(whole, "apache", whole.apache.secret)
    wrong = own[:-1] + ("a" if own[-1] != "a" else "b")
    assert app.judge(own, other, wrong, "") == [sub, None, None, None]
    assert apache.judge(own, other) == [None, sub]
    assert Resource(whole, "app", "wrong").judge(own) == [None]
    at_bye(whole, guest)
    assert app.judge(own) == apache.judge(other) == [None]
