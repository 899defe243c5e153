"""Applications that sign people in through the sign-in server, by clients not written here."""

import base64
import json
import subprocess
import time

import pytest

from apache import Apache
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


@pytest.fixture(name="apache")
def apache_fixture(provider):
    apache = Apache(provider.site, provider, product="autocad")
    yield apache
    apache.stop()


def test_apache_lets_people_in(provider, apache):
    """mod_auth_openidc: what it protects by claims; what it knows; a refresh; who may not."""
    person = Person(provider)
    page = person.go(f"{apache.url}/protected/")
    assert page.body == "this is protected\n", (page.status, page.body, apache.log(), provider.served.text())
    assert person.ask(f"{apache.url}/cad/").body == "this is cad\n"
    assert person.ask(f"{apache.url}/board/").status == 401
    about = json.loads(person.ask(f"{apache.url}/protected/callback?info=json").body)
    assert about["userinfo"]["email"] == about["id_token"]["email"] == "alice@example.com"
    assert about["id_token"]["groups"] == ["cad"] and about["userinfo"]["sub"] == about["id_token"]["sub"]
    to = f"{apache.url}/protected/callback?refresh={apache.url}/protected/&access_token={about['access_token']}"
    assert person.go(to).body == "this is protected\n"
    renewed = json.loads(person.ask(f"{apache.url}/protected/callback?info=json").body)
    assert renewed["access_token"] != about["access_token"] and renewed["refresh_token"] != about["refresh_token"]
    bob = Person(provider, "bob")
    refused = bob.go(f"{apache.url}/protected/")
    assert refused.url.startswith(f"{apache.url}/protected/callback?error=access_denied&state=") and "this is" not in refused.body
    assert "no seat of product autocad" in provider.served.text()


def age_keys(provider, seconds):
    """As if all keys had been made that long before."""
    for path in sorted((provider.site.state / "keys").glob("app-?S256-*.pem")):
        name, algorithm, made = path.stem.split("-")
        path.rename(path.with_name(f"{name}-{algorithm}-{int(made) - seconds}.pem"))
    provider.reload()


def published(provider):
    return {k["kid"] for k in json.loads(provider.ask("/oauth2/jwks").body)["keys"] if k["alg"] == "RS256"}


def kid_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["kid"]


def login_kid(application, person):
    said = application.login(person)
    assert "tokens" in said, said
    return kid_of(said["tokens"]["id_token"])


def test_keys_roll_over_while_applications_run(provider, run, apache):
    """Published before it signs; then it signs; then the old one goes. Nobody is turned away on the way."""
    day = 86400
    application, person = run(), Person(provider)
    signed = [login_kid(application, person)]
    assert person.go(f"{apache.url}/protected/").body == "this is protected\n"
    old, = published(provider)
    for seconds, keys, signer in [(89 * day, 2, "old"), (day, 2, "new"), (2 * day - 60, 2, "new"), (120, 1, "new")]:
        age_keys(provider, seconds)
        application.get("/minute")
        kids = published(provider)
        assert len(kids) == keys and (old in kids) == (keys == 2)
        signed.append(login_kid(application, person))
        assert (signed[-1] == old) == (signer == "old") and signed[-1] in kids
        assert Person(provider).go(f"{apache.url}/protected/").body == "this is protected\n", apache.log()
    assert len(set(signed)) == 2
    kids = published(provider)
    provider.stop()
    provider.start()
    assert published(provider) == kids, "a restart forgets nothing"
    assert Person(provider).go(f"{apache.url}/protected/").body == "this is protected\n"


def test_keys_roll_over_by_themselves(provider, run):
    """Without a reload: the server looks at their age while it serves."""
    provider.site.conf["serve"]["key-rotation"] = "3d"
    application, person = run(), Person(provider)
    application.login(person)
    old, = published(provider)
    age_keys(provider, 2 * 86400 - 3)
    assert published(provider) == {old}
    for _ in range(100):
        if len(published(provider)) == 2:
            break
        time.sleep(0.1)
    assert len(published(provider)) == 2 and old in published(provider)
    assert login_kid(application, person) == old


def test_a_library_without_pkce_is_refused(run, provider):
    said = run(pkce=False).login(Person(provider))
    assert said["error"] == "invalid_request" and "turn PKCE on" in provider.served.text()
