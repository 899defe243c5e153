"""Signing in through glewlwyd, an OpenID provider of Debian's that was not written here either."""

import pytest

from glewlwyd import Glewlwyd
from oidc_site import OidcServer, Traveller, activate, make_key
from test_serve_process import until


@pytest.fixture(name="server")
def server_fixture(site):
    for uid in ("alice", "bob"):
        site.org.person(uid)
    site.org.group("cad", "alice", "bob")
    site.apply()
    server = OidcServer(site)
    yield server
    if hasattr(server, "served"):
        server.served.close()


def connect(site, server, provider):
    site.conf["connection idp"] = provider.connection()
    activate(site, provider.issuer)
    server.start()


@pytest.fixture(name="provider")
def provider_fixture(server, site):
    provider = Glewlwyd(server, site.folder, ["alice", "bob"])
    try:
        connect(site, server, provider)
        yield provider
    finally:
        provider.stop()


def signed_in(server, provider, name):
    browser = Traveller(server, provider.trust)
    page = provider.sign_in(browser, name)
    assert browser.name == f"Given {name.capitalize()}", (page.body, browser.way, provider.words())
    return browser


def test_people_sign_in_and_a_key_rolls_over(server, provider):
    alice = signed_in(server, provider, "alice")
    provider.roll()
    signed_in(server, provider, "bob")
    assert alice.name == "Given Alice"
    assert [r for r, in server.sql("SELECT result FROM record")] == [1, 1]


def test_the_provider_ends_a_session(server, provider):
    alice, bob = signed_in(server, provider, "alice"), signed_in(server, provider, "bob")
    (sid,), = server.sql("SELECT session_index FROM session WHERE email = 'alice@example.com'")
    assert sid
    provider.call("DELETE", f"/api/oidc/session/{sid}", alice.opener)
    until(lambda: alice.name is None, lambda: provider.words() + server.served.text()[-3000:])
    assert bob.name == "Given Bob"


def test_signing_out_goes_on_to_the_provider(server, provider):
    alice = signed_in(server, provider, "alice")
    alice.sign_out()
    assert not server.sql("SELECT * FROM session")
    asked = next(url for url in alice.way if "/end_session" in url)
    assert "id_token_hint=ey" in asked and "post_logout_redirect_uri=" in asked and "state=" in asked
    assert alice.way[-1].startswith(provider.url + "/login.html"), "where it asks whether to sign out of the rest, too"
    assert "invalid" not in alice.way[-1]


def test_a_certificate_shows_who_we_are(server, site):
    provider = Glewlwyd(server, site.folder, ["alice"], "tls_client_auth")
    try:
        connect(site, server, provider)
        signed_in(server, provider, "alice")
        site.conf["connection idp"]["client-key-file"] = str(make_key(site.folder / "other.pem", name="doorward").with_suffix(".pem"))
        server.reload()
        browser = Traveller(server, provider.trust)
        answer = provider.sign_in(browser, "alice")
        assert browser.name is None and "provider" in server.reason(answer.reference)
    finally:
        provider.stop()
