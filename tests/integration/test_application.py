"""Applications that sign people in through the sign-in server, by clients not written here."""

import subprocess

import pytest

from application import Application, Person, Provider


def prepare(site):
    site.org.person("alice")
    site.org.person("bob")
    site.org.group("cad", "alice")
    site.apply()


@pytest.fixture(name="provider")
def provider_fixture(site):
    prepare(site)
    provider = Provider(site)
    yield provider
    provider.served.close()


@pytest.fixture(name="run")
def run_fixture(provider):
    """Starts an application and lets the server know it."""
    running = []

    def start(**settings):
        application = Application(provider.site, **settings)
        application.start(provider.url)
        running.append(application)
        provider.reload()
        return application

    yield start
    for application in running:
        application.stop()


@pytest.mark.parametrize("method, algorithm", [("client_secret_basic", "RS256"), ("client_secret_post", "ES256"), ("none", "ES256"),
                                               ("private_key_jwt", "RS256")])
def test_a_person_signs_in(provider, run, tmp_path, method, algorithm):
    more = {}
    if method == "private_key_jwt":
        key, public = tmp_path / "key.pem", tmp_path / "public.pem"
        subprocess.run(["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", key], check=True)
        subprocess.run(["openssl", "ec", "-in", key, "-pubout", "-out", public], check=True, capture_output=True)
        more = {"key": key, "public-key-file": public}
    application = run(method=method, algorithm=algorithm, product="autocad", **more)
    person = Person(provider)
    said = application.login(person, scope="openid email profile groups products offline_access")
    assert "claims" in said, (said, provider.served.text())
    claims = said["claims"]
    assert {k: claims[k] for k in ("iss", "aud", "email", "email_verified", "name", "given_name", "family_name", "groups", "products",
                                   "team")} == {
        "iss": provider.url, "aud": "app", "email": "alice@example.com", "email_verified": True, "name": "Given Alice",
        "given_name": "Given", "family_name": "Alice", "groups": ["cad"], "products": ["autocad"], "team": "design"}
    assert application.get("/userinfo")["email"] == "alice@example.com"
    first = said["tokens"]
    again = application.get("/refresh")
    assert again["claims"]["sub"] == claims["sub"] and again["claims"]["sid"] == claims["sid"]
    assert again["tokens"]["refresh_token"] != first["refresh_token"]
    assert application.get("/userinfo")["sub"] == claims["sub"]
    if method != "none":
        about = application.get("/introspect")
        assert about["active"] and about["sub"] == claims["sub"] and about["client_id"] == "app"
    application.get("/revoke?which=refresh_token")
    assert application.get("/userinfo")["error"] == "invalid_token"
    assert application.get("/refresh")["error"] == "invalid_grant"
    assert provider.sql("SELECT application FROM visit") == [("app",)]
