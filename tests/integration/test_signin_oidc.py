"""Signing in through OpenID providers, with the whole server and npm's oidc-provider."""

import pytest

from oidc_site import NpmProvider, OidcServer, Traveller, activate


@pytest.fixture(name="server")
def server_fixture(site):
    for uid in ("alice", "bob"):
        site.org.person(uid)
    site.org.group("cad", "alice", "bob")
    site.apply()
    server = OidcServer(site)
    yield server
    server.served.close()


@pytest.fixture(name="provider")
def provider_fixture(server, site):
    provider = NpmProvider(server, site.folder)
    provider.person("alice")
    provider.person("bob")
    site.conf["connection idp"] = provider.connection()
    activate(site, provider.issuer)
    server.start()
    yield provider
    provider.stop()


@pytest.fixture(name="browser")
def browser_fixture(server, provider):
    assert provider
    return Traveller(server)


def test_a_person_signs_in_and_out(server, provider, browser):
    page = browser.sign_in()
    assert browser.name == "Given Alice", page.body
    assert server.sql("SELECT connection, email, accepted, reason FROM record") == [("idp", "alice@example.com", 1, "")]
    assert not server.sql("SELECT * FROM request")
