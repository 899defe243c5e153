"""From the directory to the application and back: a directory, two identity providers and two applications that were not written here."""

import json
import shutil

import pytest

from simplesaml import HOME
from site_fixture import Site
from whole import Guest, Whole, mail, seconds_until

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
