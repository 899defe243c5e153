"""Applications that sign people out, and those that are told of it: with the sign-ins of a real provider, and real tokens."""

import json
import shutil
import urllib.parse

import jwt
import pytest

from application import Hand, Person, Provider
from listener import Listener
from simplesaml import HOME, SimpleSaml
from site_fixture import URL as SITE
from test_saml_providers import PEOPLE, House
from test_serve_process import until
from walker import Forms

GOODBYE = "https://hand.example.com/goodbye?y=2"


@pytest.fixture(name="provider")
def provider_fixture(site):
    for uid in ("alice", "bob"):
        site.org.person(uid)
    site.org.group("cad", "alice", "bob")
    site.apply()
    provider = Provider(site)
    provider.hand, provider.other = Listener(site, client="hand", issuer=provider.url), Listener(site, client="other", issuer=provider.url)
    for name, listener in (("hand", provider.hand), ("other", provider.other)):
        site.conf[f"application {name}"] = {"redirect-uri": Hand.REDIRECT, "post-logout-uri": [GOODBYE, f"https://{name}.example.com/bye"],
                                            "backchannel-logout-uri": listener.url, "subject": "pairwise"}
    provider.reload()
    yield provider
    provider.served.close()
    provider.hand.stop()
    provider.other.stop()


class Visitor(Person):
    """Somebody who is signed in at both applications."""

    def __init__(self, provider, uid="alice"):
        super().__init__(provider, uid)
        self.tokens = {name: Hand(provider, name).tokens(self) for name in ("hand", "other")}

    def claims(self, name="hand"):
        return jwt.decode(self.tokens[name]["id_token"], options={"verify_signature": False})

    def leave(self, form=None, **params):
        query = "?" + urllib.parse.urlencode(params) if params else ""
        return self.ask(f"{self.provider.url}/oauth2/logout{query}", form)

    def is_signed_in(self):
        return "Signed in as" in self.ask(f"{self.provider.url}/").body


def told(listener, n=1):
    until(lambda: len(listener.heard) >= n, "heard")
    return listener.claims(n - 1)


def test_it_is_published(provider):
    about = json.loads(provider.ask("/.well-known/openid-configuration").body)
    assert about["end_session_endpoint"] == f"{provider.url}/oauth2/logout"
    assert about["backchannel_logout_supported"] and about["backchannel_logout_session_supported"]


def test_with_its_own_token_nobody_is_asked(provider):
    alice = Visitor(provider)
    answer = alice.leave(id_token_hint=alice.tokens["hand"]["id_token"], post_logout_redirect_uri=GOODBYE, state="a b&c")
    assert (answer.status, answer.headers["Location"]) == (303, f"{GOODBYE}&state=a%20b%26c")
    assert not alice.is_signed_in() and not provider.sql("SELECT * FROM session")
    claims = told(provider.other)
    assert (claims["sub"], claims["sid"]) == (alice.claims("other")["sub"], alice.claims("other")["sid"])
    assert claims["sub"] != alice.claims("hand")["sub"], "pairwise, as in its ID token"
    until(lambda: not provider.sql("SELECT * FROM notice"), "nothing waits")
    assert not provider.hand.heard, "it knows"
    assert Hand(provider, "hand").userinfo(alice.tokens["hand"]["access_token"]).status == 401
    assert Hand(provider, "other").userinfo(alice.tokens["other"]["access_token"]).status == 401


def test_without_one_the_person_is_asked(provider):
    alice = Visitor(provider)
    answer = alice.leave(client_id="hand", post_logout_redirect_uri=GOODBYE, state="s")
    assert answer.status == 200 and "alice@example.com" in answer.body and alice.is_signed_in()
    fields = answer.fields
    assert {k: fields[k] for k in ("client_id", "state")} == {"client_id": "hand", "state": "s"}
    refused = alice.leave({**fields, "post_logout_redirect_uri": GOODBYE, "guard": "0" * 64})
    assert refused.status == 200 and alice.is_signed_in(), "another site's form is only asked about again"
    answer = alice.leave({**fields, "post_logout_redirect_uri": GOODBYE})
    assert (answer.status, answer.headers["Location"]) == (303, f"{GOODBYE}&state=s")
    assert not alice.is_signed_in()
    told(provider.hand)
    told(provider.other)


def test_a_token_of_somebody_else_asks(provider):
    alice, bob = Visitor(provider), Visitor(provider, "bob")
    hint = bob.tokens["hand"]["id_token"]
    head, body, signature = hint.split(".")
    for word in (hint, "", "x", "a.b.c", f"{head}.{body}.{signature[::-1]}", f"{head}.{body}."):
        answer = alice.leave(id_token_hint=word)
        assert answer.status == 200 and "guard" in answer.fields, word
    none = jwt.encode(alice.claims(), None, algorithm="none")
    shared = jwt.encode(alice.claims(), "secret", algorithm="HS256")
    for word in (none, shared):
        assert "guard" in alice.leave(id_token_hint=word).fields
    assert alice.is_signed_in() and bob.is_signed_in()


def test_nobody_is_sent_where_it_is_not_listed(provider):
    alice = Visitor(provider)
    hint = alice.tokens["hand"]["id_token"]
    for params, reason in [
            ({"id_token_hint": hint, "post_logout_redirect_uri": "https://evil.example/"}, "no post-logout-uri of application hand"),
            ({"id_token_hint": hint, "post_logout_redirect_uri": GOODBYE + "#"}, "no post-logout-uri of application hand"),
            ({"id_token_hint": hint, "post_logout_redirect_uri": "https://other.example.com/bye"}, "no post-logout-uri of application hand"),
            ({"post_logout_redirect_uri": GOODBYE}, "neither id_token_hint nor client_id"),
            ({"client_id": "none", "post_logout_redirect_uri": GOODBYE}, "is no application's"),
            ({"client_id": "other", "id_token_hint": hint}, "client_id is application other, and id_token_hint is of application hand"),
            ([("client_id", "hand"), ("client_id", "hand")], "is there twice"),
    ]:
        answer = alice.ask(f"{provider.url}/oauth2/logout?{urllib.parse.urlencode(params)}")
        assert answer.status == 403 and not answer.headers["Location"], params
        assert reason in provider.reason(answer.reference)
    assert alice.is_signed_in()


def test_who_is_not_signed_in_goes_on(provider):
    nobody = Person(provider)
    answer = nobody.ask(f"{provider.url}/oauth2/logout?client_id=hand&post_logout_redirect_uri={urllib.parse.quote(GOODBYE)}")
    assert (answer.status, answer.headers["Location"]) == (303, GOODBYE)
    assert "signed out" in nobody.ask(f"{provider.url}/oauth2/logout").body


def test_a_form_from_the_applications_site(provider):
    """Browsers send no cookie of ours with it; the way round by a redirect brings it along."""
    alice = Visitor(provider)
    form = {"id_token_hint": alice.tokens["hand"]["id_token"], "post_logout_redirect_uri": GOODBYE}
    answer = Person(provider).ask(f"{provider.url}/oauth2/logout", form)
    assert answer.status == 303 and answer.headers["Location"].startswith("/oauth2/logout?id_token_hint=")
    answer = alice.ask(provider.url + answer.headers["Location"])
    assert answer.headers["Location"] == GOODBYE and not alice.is_signed_in()


def test_who_leaves_the_organisation_leaves_the_applications(provider):
    alice = Visitor(provider)
    del provider.site.org.people["alice"]
    provider.site.org.group("cad", "bob")
    provider.site.apply()
    assert told(provider.hand)["sub"] == alice.claims("hand")["sub"]
    assert told(provider.other)["sub"] == alice.claims("other")["sub"]
    assert Hand(provider, "hand").userinfo(alice.tokens["hand"]["access_token"]).status == 401


@pytest.mark.skipif(not HOME.exists() or not shutil.which("php"), reason="missing: simplesamlphp, php-cli")
def test_the_identity_provider_signs_out_too(site, tmp_path):
    """From the application to us, to the identity provider, back to us, and on to the application's page."""
    idp = SimpleSaml(tmp_path / "idp", PEOPLE)
    idp.start()
    hand = Listener(site, client="hand")
    site.conf["application hand"] = {"redirect-uri": Hand.REDIRECT, "post-logout-uri": GOODBYE, "backchannel-logout-uri": hand.url}
    house = House(site, idp)
    try:
        walker = house.sign_in("alice")
        page = walker.go(f"{SITE}/oauth2/logout?client_id=hand&state=s&post_logout_redirect_uri={urllib.parse.quote(GOODBYE)}")
        form, = Forms(page.body).found
        walker.go(urllib.parse.urljoin(walker.at, form["action"]), form["fields"], stop=lambda url, form: url.startswith(GOODBYE))
        assert walker.at == f"{GOODBYE}&state=s", walker.story()
        assert any("SingleLogout" in step for step in walker.trail), walker.story()
        assert house.who(walker) is None and not house.server.sql("SELECT * FROM session")
        evil = walker.ask(f"{SITE}/oauth2/goodbye?client_id=hand&post_logout_redirect_uri=https://evil.example/")
        assert evil.status == 403 and not evil.headers["Location"]
    finally:
        house.close()
        hand.stop()
        idp.stop()
