"""The rules of a provider (RFC 9700), each broken by an application that does what no library does: at the HTTP routes."""

import base64
import hashlib
import hmac
import json
import re
import sqlite3
import subprocess
import time
import urllib.parse

import pytest

from application import Hand, Person, Provider, code_in
from site_fixture import Site
from slapd import GROUPS

SECRET = "geheim:%+ /é"
OTHER = "https://other.example.com/callback"


@pytest.fixture(scope="module", name="provider")
def provider_fixture(template, tmp_path_factory):
    """One server for all cases, with applications of every kind."""
    site = Site(tmp_path_factory.mktemp("application-rules") / "site", template)
    for uid in ("alice", "bob", "carol"):
        site.org.person(uid)
    site.org.group("cad", "alice", "carol")
    site.org.group("nested", "@cad")
    site.org.group("more", "carol")
    site.conf["product revit"] = {"team": "design", "name": "Revit", "group": f"cn=more,{GROUPS}"}
    site.conf["team design"]["groups"] = "all"
    site.apply()
    for name in ("hand", "other"):
        (site.folder / f"{name}.secret").write_text(SECRET + name + "\n")
        (site.folder / f"{name}.secret").chmod(0o600)
    site.conf["application hand"] = {"client-secret-file": "hand.secret", "redirect-uri": [Hand.REDIRECT, Hand.REDIRECT + "&y"]}
    site.conf["application other"] = {"client-id": "o-1", "client-secret-file": "other.secret", "redirect-uri": [OTHER, Hand.REDIRECT],
                                      "subject": "pairwise", "algorithm": "ES256", "groups": "directory"}
    site.conf["application desk"] = {"redirect-uri": Hand.REDIRECT, "subject": "pairwise", "groups": "none"}
    site.conf["application cad"] = {"redirect-uri": Hand.REDIRECT, "product": "autocad"}
    subprocess.run(["openssl", "genrsa", "-out", site.folder / "keyed.pem", "2048"], check=True, capture_output=True)
    subprocess.run(["openssl", "rsa", "-in", site.folder / "keyed.pem", "-pubout", "-out", site.folder / "keyed.pub"], check=True,
                   capture_output=True)
    site.conf["application keyed"] = {"redirect-uri": Hand.REDIRECT, "public-key-file": "keyed.pub"}
    provider = Provider(site)
    yield provider
    provider.served.close()


@pytest.fixture(name="hand")
def hand_fixture(provider):
    return Hand(provider, secret=SECRET + "hand")


@pytest.fixture(name="person")
def person_fixture(provider):
    """Signed in already."""
    person = Person(provider)
    assert "code" in Hand(provider, "desk").back(person)
    return person


def log_since(provider, mark):
    return provider.served.text()[mark:]


def denied(provider, answer, error, reason, status=None):
    """The application gets the standard's word, the log the reason."""
    assert answer.status == (status or (401 if error in ("invalid_client", "invalid_token") else 400)), answer.body
    assert json.loads(answer.body) == {"error": error}
    assert reason in [line for line in provider.served.text().splitlines() if "level=warning" in line][-1], provider.served.text()[-600:]


def claims_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


# --- authorize --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes, reason", [
    ({"client_id": None}, "no application with client_id ''"),
    ({"client_id": "nobody"}, "no application with client_id 'nobody'"),
    ({"client_id": ["hand", "hand"]}, "client_id is there more than once"),
    ({"redirect_uri": None}, "is none of application hand"),
    ({"redirect_uri": Hand.REDIRECT + "z"}, "is none of application hand"),
    ({"redirect_uri": Hand.REDIRECT[:-1]}, "is none of application hand"),
    ({"redirect_uri": Hand.REDIRECT.replace("hand.", "HAND.")}, "is none of application hand"),
    ({"redirect_uri": OTHER}, "is none of application hand"),
    ({"redirect_uri": Hand.REDIRECT + "#f"}, "is none of application hand"),
    ({"redirect_uri": [Hand.REDIRECT, OTHER]}, "redirect_uri is there more than once"),
])
def test_nothing_is_sent_where_nothing_is_trusted(provider, hand, person, changes, reason):
    answer = person.go(hand.url(**changes))
    assert answer.status == 403 and not answer.headers["Location"]
    assert reason in provider.reason(answer.reference) and reason not in answer.body
    assert answer.reference in provider.served.text()


@pytest.mark.parametrize("changes, error, reason", [
    ({"response_type": None}, "invalid_request", "response_type is missing"),
    ({"response_type": "token"}, "unsupported_response_type", "'token' is not code"),
    ({"response_type": "code id_token"}, "unsupported_response_type", "is not code"),
    ({"response_type": ["code", "code"]}, "invalid_request", "response_type is there more than once"),
    ({"response_mode": "fragment"}, "invalid_request", "'fragment' is not query"),
    ({"scope": "email"}, "invalid_scope", "no openid"),
    ({"scope": None}, "invalid_scope", "no openid"),
    ({"request": "e30.e30."}, "request_not_supported", "request is not supported"),
    ({"request_uri": "https://evil.example/"}, "request_uri_not_supported", "request_uri is not supported"),
    ({"code_challenge": None}, "invalid_request", "turn PKCE on"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request", "turn PKCE on"),
    ({"code_challenge_method": "plain"}, "invalid_request", "'plain' and not S256"),
    ({"code_challenge_method": None}, "invalid_request", "not S256"),
    ({"code_challenge": "A" * 42}, "invalid_request", "no SHA-256"),
    ({"code_challenge": "A" * 42 + "="}, "invalid_request", "no SHA-256"),
    ({"prompt": "none login"}, "invalid_request", "none beside others"),
    ({"prompt": "create"}, "invalid_request", "'create' is not known"),
    ({"max_age": "-1"}, "invalid_request", "no number of seconds"),
    ({"max_age": "1e3"}, "invalid_request", "no number of seconds"),
    ({"nonce": ["a", "b"]}, "invalid_request", "nonce is there more than once"),
    ({"nonce": "n" * 2049}, "invalid_request", "nonce is longer"),
    ({"login_hint": "a\u202eb"}, "invalid_request", "login_hint is there more than once, or is not clean"),
])
def test_faults_are_told_with_state_and_issuer(provider, hand, person, changes, error, reason):
    mark = len(provider.served.text())
    assert hand.back(person, **changes) == {"error": error, "state": "st ate&", "iss": provider.url}
    assert reason in log_since(provider, mark)


def test_a_state_that_is_there_twice_is_not_sent_back(hand, person, provider):
    assert hand.back(person, state=["a", "b"]) == {"error": "invalid_request", "iss": provider.url}


def test_without_a_session_nothing_is_answered_silently(provider, hand):
    stranger = Person(provider)
    assert hand.back(stranger, prompt="none")["error"] == "login_required"
    assert len(stranger.way) == 1 and not stranger.requests
    assert "code" in hand.back(stranger)
    assert len(stranger.requests) == 1
    assert "code" in hand.back(stranger, prompt="none")


def test_who_is_asked_again(provider, hand, person):
    """prompt=login and max_age send to the identity provider, with ForceAuthn; it has to be a new sign-in."""
    assert "code" in hand.back(person, max_age="3600")
    before = len(person.requests)
    for changes in ({"prompt": "login"}, {"max_age": "0"}, {"prompt": "select_account consent"}):
        assert "code" in hand.back(person, **changes)
        before += 1
        assert len(person.requests) == before and person.requests[-1].get("ForceAuthn") == "true"
    with sqlite3.connect(provider.site.state / "signin.db") as db:
        db.execute("UPDATE session SET signed_in_at = signed_in_at - 5000, created = created - 5000")
    assert "code" in hand.back(person, max_age="6000")
    assert len(person.requests) == before
    assert hand.back(person, max_age="4000", prompt="none")["error"] == "login_required"
    assert "code" in hand.back(person, max_age="4000")
    assert len(person.requests) == before + 1


def cookie_of(person, name):
    return next(c for c in person.jar if c.name == name)


def from_another_site(person, location):
    """The answer as a browser brings it under https: a form of another site comes without our session's cookie (SameSite=Lax)."""
    cookie = cookie_of(person, "doorward-session")
    person.jar.clear(cookie.domain, cookie.path, cookie.name)
    return person.at_idp(location)


@pytest.mark.parametrize("https", [False, True])
def test_who_signs_in_again_stays_where_they_were(provider, hand, person, https):
    """One application asks for a new sign-in; what others were given stands, and nobody is told of an end."""
    other = Hand(provider, "o-1", SECRET + "other")
    tokens = other.tokens(person, scope="openid offline_access")
    old = cookie_of(person, "doorward-session").value
    answer = person.go(hand.url(prompt="login"), stop="https://signin.example.com/sso")
    done = (from_another_site if https else Person.at_idp)(person, answer.headers["Location"])
    back = person.ask(provider.url + done.headers["Location"])
    assert "code=" in back.headers["Location"]
    assert cookie_of(person, "doorward-session").value != old
    sid = claims_of(tokens["id_token"])["sid"]
    assert not provider.sql("SELECT * FROM notice WHERE sid = ?", sid)
    assert provider.sql("SELECT a.sid = b.sid FROM session a JOIN session b USING (browser) WHERE a.sid = ?", sid) == [(1,)]
    assert other.userinfo(tokens["access_token"]).status == 200
    again = json.loads(other.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).body)
    first, second = (claims_of(t["id_token"]) for t in (tokens, again))
    assert first["sid"] == second["sid"] and first["sub"] == second["sub"]
    stolen = Person(provider)
    stolen.opener.addheaders.append(("Cookie", f"doorward-session={old}"))
    assert stolen.ask(provider.url + "/").status == 303, "the secret of before is worth nothing"
    person.ask(f"{provider.url}/signout", person.ask(f"{provider.url}/").fields)
    assert other.userinfo(again["access_token"]).status == 401


@pytest.mark.parametrize("https", [False, True])
def test_somebody_else_in_the_same_browser_ends_it(provider, hand, person, https):
    tokens = hand.tokens(person)
    person.uid = "bob"
    answer = person.go(hand.url(prompt="login"), stop="https://signin.example.com/sso")
    done = (from_another_site if https else Person.at_idp)(person, answer.headers["Location"])
    assert "code=" in person.ask(provider.url + done.headers["Location"]).headers["Location"]
    assert hand.userinfo(tokens["access_token"]).status == 401
    sid = claims_of(tokens["id_token"])["sid"]
    assert not provider.sql("SELECT * FROM session WHERE sid = ?", sid) and not provider.sql("SELECT * FROM visit WHERE sid = ?", sid)
    assert "bob@example.com" in person.ask(provider.url + "/").body


def test_another_browser_of_the_same_person_is_another_session(provider, hand, person):
    tokens = hand.tokens(person)
    second = hand.tokens(Person(provider))
    assert claims_of(tokens["id_token"])["sid"] != claims_of(second["id_token"])["sid"]
    assert hand.userinfo(tokens["access_token"]).status == hand.userinfo(second["access_token"]).status == 200


def test_an_old_sign_in_that_is_passed_on_is_refused_once(provider, hand, person):
    """The identity provider did not ask again, although it should: no loop, and no code."""
    answer = person.go(hand.url(prompt="login"), stop="https://signin.example.com/sso")
    done = person.at_idp(answer.headers["Location"], OFFSET="0")
    with sqlite3.connect(provider.site.state / "signin.db") as db:
        db.execute("UPDATE session SET signed_in_at = signed_in_at - 5000")
    back = person.ask(provider.url + done.headers["Location"])
    assert "error=login_required" in back.headers["Location"]
    assert "passed an old one on" in provider.served.text()


def test_what_was_asked_for_is_its_browsers_and_is_answered_once(provider, hand):
    person, other = Person(provider), Person(provider, "bob")
    answer = person.ask(hand.url())
    handle = re.fullmatch(r"/signin\?for=([a-z2-7]{32})", answer.headers["Location"]).group(1)
    Hand(provider, "desk").back(other)
    stolen = other.ask(f"{provider.url}/oauth2/authorize?for={handle}")
    assert stolen.status == 403 and "in this browser" in provider.reason(stolen.reference)
    form = other.ask(f"{provider.url}/signin", {"email": "bob@example.com", "for": handle})
    assert form.status == 403 and not form.headers["Location"]
    assert f'value="{handle}"' not in other.ask(f"{provider.url}/signin?for={handle}").body
    assert code_in(person.go(provider.url + answer.headers["Location"], stop=Hand.REDIRECT).headers["Location"])
    assert ("alice@example.com", "hand", 1) in provider.sql("SELECT email, application, result FROM record"), "a record tells what for"
    again = person.ask(f"{provider.url}/oauth2/authorize?for={handle}")
    assert again.status == 403 and not again.headers["Location"]
    assert not provider.sql("SELECT * FROM authorizing WHERE application = 'hand' AND handle = ?", handle), "only its digest is kept"


def test_by_form_and_with_a_hint(provider, hand):
    """Another site's form brings no session's cookie along: it is asked once more by GET."""
    person = Person(provider)
    query = urllib.parse.urlsplit(hand.url(login_hint="alice@example.com")).query
    answer = person.ask(f"{provider.url}/oauth2/authorize", dict(urllib.parse.parse_qsl(query)))
    assert answer.status == 303 and answer.headers["Location"].startswith("/oauth2/authorize?for=")
    to = person.ask(provider.url + answer.headers["Location"]).headers["Location"]
    page = person.ask(provider.url + to)
    assert 'value="alice@example.com"' in page.body
    assert "https://hand.example.com " in page.headers["Content-Security-Policy"]
    assert person.ask(provider.url + answer.headers["Location"]).status == 403, "once only"
    assert code_in(person.go(provider.url + to, stop=Hand.REDIRECT).headers["Location"])
    before = len(person.requests)
    for prompt in ("login", "none"):
        form = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(hand.url(prompt=prompt)).query))
        to = person.ask(f"{provider.url}/oauth2/authorize", form).headers["Location"]
        assert code_in(person.go(provider.url + to, stop=Hand.REDIRECT).headers["Location"])
    assert len(person.requests) == before + 1, "a session that is there does not stand for prompt=login"


def test_only_who_holds_the_product(provider):
    application = Hand(provider, "cad")
    assert "code" in application.back(Person(provider))
    bob = Person(provider, "bob")
    assert application.back(bob)["error"] == "access_denied"
    assert "has no seat of product autocad" in provider.served.text()
    assert "code" in Hand(provider, "desk").back(bob)


# --- the token endpoint -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes, error, reason", [
    ({"code_verifier": None}, "invalid_request", "code_verifier is missing"),
    ({"code_verifier": "x" * 43}, "invalid_grant", "not that of the code's challenge"),
    ({"code_verifier": "short"}, "invalid_grant", "not that of the code's challenge"),
    ({"redirect_uri": Hand.REDIRECT + "&y"}, "invalid_grant", "redirect_uri is not that of the code"),
    ({"redirect_uri": None}, "invalid_request", "redirect_uri is missing"),
    ({"code": None}, "invalid_request", "code is missing"),
    ({"code": "a" * 32}, "invalid_grant", "there is no such code"),
    ({"code": ["a", "b"]}, "invalid_request", "code is there more than once"),
    ({"grant_type": "password"}, "unsupported_grant_type", "'password' is neither"),
    ({"grant_type": None}, "invalid_request", "is neither"),
    ({"client_secret": SECRET + "hand"}, "invalid_request", "in two ways at once"),
    ({"client_id": "o-1"}, "invalid_request", "client_id is another"),
])
def test_a_code_is_not_exchanged(provider, hand, person, changes, error, reason):
    code = hand.back(person)["code"]
    denied(provider, hand.token(**{"code": code, **changes}), error, reason)
    answer = hand.token(code)
    assert answer.status == 200, "and is still good for the application itself"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("secret, error, reason", [
    (SECRET, "invalid_client", "its secret is wrong"),
    ("", "invalid_client", "its secret is wrong"),
    (SECRET + "other", "invalid_client", "its secret is wrong"),
    (SECRET + "hand ", "invalid_client", "its secret is wrong"),
])
def test_the_secret(provider, hand, person, secret, error, reason):
    code, right = hand.back(person)["code"], hand.secret
    hand.secret = secret
    headers = hand.basic()
    denied(provider, hand.token(code, headers=headers), error, reason)
    hand.secret = right
    assert hand.token(code).status == 200


def test_how_an_application_shows_who_it_is(provider, hand, person):
    code = hand.back(person)["code"]
    for headers, reason in [({}, "no application with client_id ''"), ({"Authorization": "Basic !"}, "no Basic one"),
                            ({"Authorization": "Basic aGFuZA=="}, "not written as in a form"),
                            ({"Authorization": "Basic aGFuZDolNA=="}, "not written as in a form"),
                            ({"Authorization": "Bearer x"}, "is not Basic")]:
        denied(provider, hand.token(code, headers=headers), "invalid_client", reason)
    denied(provider, hand.token(code, headers={}, client_id="hand"), "invalid_client", "did not show who it is")
    desk = Hand(provider, "desk")
    denied(provider, desk.token("x", client_secret="y"), "invalid_client", "is not configured with one")
    denied(provider, desk.token("x", client_assertion="y", client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
           "invalid_client", "no key of it is configured")
    denied(provider, desk.token("x", client_assertion="y"), "invalid_client", "client_assertion_type")
    assert hand.token(code, headers={}, client_id="hand", client_secret=SECRET + "hand").status == 200, "client_secret_post"


def test_a_code_of_another_application(provider, hand, person):
    code = hand.back(person)["code"]
    other = Hand(provider, "o-1", SECRET + "other")
    other.verifier = hand.verifier
    denied(provider, other.token(code), "invalid_grant", "was given to application hand")
    assert hand.token(code).status == 200


def test_the_second_use_of_a_code_takes_away_what_the_first_gave(provider, hand, person):
    code = hand.back(person, scope="openid offline_access")["code"]
    first = json.loads(hand.token(code).body)
    assert hand.userinfo(first["access_token"]).status == 200
    denied(provider, hand.token(code), "invalid_grant", "the code was used before")
    (reason, accepted), = provider.sql("SELECT reason, result FROM record WHERE application = 'hand' ORDER BY seq DESC LIMIT 1")
    assert "the code was used before" in reason and not accepted
    assert provider.sql("SELECT email, connection FROM record WHERE application = 'hand' AND result = 1 ORDER BY seq DESC LIMIT 1") == [
        ("alice@example.com", "idp")]
    denied(provider, hand.userinfo(first["access_token"]), "invalid_token", "there is none like this")
    denied(provider, hand.token(grant_type="refresh_token", refresh_token=first["refresh_token"]), "invalid_grant", "no such refresh token")


def test_a_code_that_is_too_old(provider, hand, person):
    code = hand.back(person)["code"]
    with sqlite3.connect(provider.site.state / "signin.db") as db:
        db.execute("UPDATE granted SET code_expires = code_expires - 61 WHERE redeemed = 0")
    denied(provider, hand.token(code), "invalid_grant", "the code expired")


def test_a_code_after_the_session(provider, hand):
    person = Person(provider)
    code = hand.back(person)["code"]
    person.ask(f"{provider.url}/signout", person.ask(f"{provider.url}/").fields)
    denied(provider, hand.token(code), "invalid_grant", "there is no such code")


def signed_word(site, header, **claims):
    """A compact JWT of application "keyed"; HS256 is made with its public key, as an attacker would."""
    def part(value):
        return base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).rstrip(b"=").decode()
    text = f"{part(header)}.{part(claims)}"
    if header["alg"] == "none":
        return text + "."
    if header["alg"].startswith("HS"):
        mac = hmac.new((site.folder / "keyed.pub").read_bytes(), text.encode(), hashlib.sha256).digest()
        return f"{text}.{part(mac)}"
    done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", site.folder / "keyed.pem"], input=text.encode(), capture_output=True, check=True)
    return f"{text}.{part(done.stdout)}"


def test_signed_words(provider, person):
    site, keyed = provider.site, Hand(provider, "keyed")
    code, now = keyed.back(person)["code"], int(time.time())
    good = {"iss": "keyed", "sub": "keyed", "aud": provider.url, "jti": "1", "exp": now + 60, "iat": now}
    kind = {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}

    def send(header=None, **changes):
        return keyed.token(code, client_assertion=signed_word(site, header or {"alg": "RS256"}, **{**good, **changes}), **kind)

    for changes, reason in [
            ({"header": {"alg": "none"}}, "'none' of its signed word is not accepted"), ({"header": {"alg": "HS256"}}, "'HS256' of its signed"),
            ({"header": {"alg": "ES256"}}, "of which none is configured"), ({"header": {"alg": "PS256"}}, "does not stand"),
            ({"aud": f"{provider.url}/oauth2/token"}, "for nobody else"), ({"aud": [provider.url, "https://other.example"]}, "for nobody else"),
            ({"iss": "hand"}, "iss of its signed word"), ({"sub": "hand"}, "sub of its signed word"), ({"exp": now - 100}, "expired"),
            ({"exp": now + 9000}, "for more than 600 seconds"), ({"jti": ""}, "no id of 1 to"), ({"nbf": now + 900}, "from the future")]:
        denied(provider, send(**changes), "invalid_client", reason)
    denied(provider, keyed.token(code, client_assertion="eyJhbGciOiJSUzI1NiJ9.e30.AAAAA", **kind), "invalid_client", "in compact form")
    denied(provider, keyed.token(code), "invalid_client", "did not show who it is")
    assert send().status == 200
    denied(provider, send(), "invalid_client", "was used before (jti)")


# --- tokens -----------------------------------------------------------------------------------------------------------------


def test_what_an_id_token_says(provider, hand, person):
    tokens = hand.tokens(person, scope="openid email unknown offline_access")
    claims = claims_of(tokens["id_token"])
    assert tokens["scope"] == "openid email offline_access" and tokens["token_type"] == "Bearer" and tokens["expires_in"] == 600
    assert claims["iss"] == provider.url and claims["aud"] == "hand" and claims["nonce"] == "n-1"
    assert claims["exp"] - claims["iat"] == 600 and claims["auth_time"] <= claims["iat"]
    assert claims["at_hash"] and claims["sid"] and claims["acr"].startswith("urn:oasis:names:tc:SAML")
    assert "name" not in claims and "groups" not in claims and claims["email"] == "alice@example.com"
    assert "refresh_token" not in hand.tokens(person)
    stored = str(provider.sql("SELECT * FROM token")) + str(provider.sql("SELECT * FROM granted"))
    assert tokens["access_token"] not in stored and tokens["refresh_token"] not in stored


def test_subjects_and_groups(provider, hand, person):
    scope = "openid groups products"
    public = claims_of(hand.tokens(person, scope=scope)["id_token"])
    cad = claims_of(Hand(provider, "cad").tokens(person, scope=scope)["id_token"])
    one = claims_of(Hand(provider, "desk").tokens(person, scope=scope)["id_token"])
    other = Hand(provider, "o-1", SECRET + "other")
    two = claims_of(other.tokens(person, scope=scope)["id_token"])
    assert public["sub"] == cad["sub"] and len({public["sub"], one["sub"], two["sub"]}) == 3
    again = claims_of(other.tokens(Person(provider), scope=scope)["id_token"])
    assert again["sub"] == two["sub"] and again["sid"] != two["sid"]
    bob = claims_of(hand.tokens(Person(provider, "bob"), scope=scope)["id_token"])
    assert bob["sub"] != public["sub"] and bob["groups"] == [] and bob["products"] == [] and bob["team"] == "design"
    assert public["groups"] == ["cad", "nested"] and two["groups"] == ["cad", "nested"] and "groups" not in one
    assert public["products"] == ["autocad"] and cad["team"] == "design"


def test_what_is_told_of_an_arrival(site):
    """Somebody whom no directory has: names and e-mail are the identity provider's, and there is nothing else."""
    site.org.person("alice")
    site.conf["connection idp"]["jit"] = "yes"
    site.conf["application desk"] = {"redirect-uri": Hand.REDIRECT}
    site.apply()
    provider = Provider(site)
    try:
        tokens = Hand(provider, "desk").tokens(Person(provider, "new"), scope="openid profile email groups products")
        claims = claims_of(tokens["id_token"])
        assert (claims["given_name"], claims["family_name"], claims["email"]) == ("Given", "Family", "new@example.com")
        assert claims["groups"] == claims["products"] == [] and "team" not in claims
    finally:
        provider.served.close()


def test_refresh_tokens_are_used_once(provider, hand, person):
    first = hand.tokens(person, scope="openid email offline_access")
    denied(provider, hand.token(grant_type="refresh_token", refresh_token=first["access_token"]), "invalid_grant", "no such refresh token")
    denied(provider, hand.token(grant_type="refresh_token", refresh_token=first["refresh_token"], scope="openid groups"), "invalid_scope",
           "is more than was given")
    other = Hand(provider, "o-1", SECRET + "other")
    denied(provider, other.token(grant_type="refresh_token", refresh_token=first["refresh_token"]), "invalid_grant",
           "was given to application hand")
    denied(provider, hand.userinfo(first["refresh_token"]), "invalid_token", "there is none like this")
    less = json.loads(hand.token(grant_type="refresh_token", refresh_token=first["refresh_token"], scope="openid").body)
    assert less["scope"] == "openid offline_access" and "email" not in json.loads(hand.userinfo(less["access_token"]).body)
    second = json.loads(hand.token(grant_type="refresh_token", refresh_token=less["refresh_token"]).body)
    assert second["scope"] == first["scope"] and "nonce" not in claims_of(second["id_token"])
    denied(provider, hand.token(grant_type="refresh_token", refresh_token=less["refresh_token"]), "invalid_grant",
           "the refresh token was used before")
    for token in (first, less, second):
        denied(provider, hand.userinfo(token["access_token"]), "invalid_token", "there is none like this")
    denied(provider, hand.token(grant_type="refresh_token", refresh_token=second["refresh_token"]), "invalid_grant", "no such refresh token")


def test_how_userinfo_is_asked(provider, hand, person):
    token = hand.tokens(person)["access_token"]
    assert provider.ask("/oauth2/userinfo", {"access_token": token}).status == 200
    assert json.loads(hand.userinfo(token).body)["email"] == "alice@example.com"
    nothing = provider.ask(f"/oauth2/userinfo?access_token={token}")
    assert nothing.status == 401 and nothing.headers["WWW-Authenticate"] == "Bearer" and not nothing.body
    twice = provider.ask("/oauth2/userinfo", {"access_token": token}, {"Authorization": f"Bearer {token}"})
    denied(provider, twice, "invalid_request", "in two ways at once")
    denied(provider, provider.ask("/oauth2/userinfo", [("access_token", token)] * 2), "invalid_request", "in two ways at once")
    bad = hand.userinfo(token[:-1] + ("a" if token[-1] != "a" else "b"))
    denied(provider, bad, "invalid_token", "there is none like this")
    assert 'error="invalid_token"' in bad.headers["WWW-Authenticate"]
    asked = provider.ask("/oauth2/userinfo", method="OPTIONS")
    assert asked.status == 204 and asked.headers["Access-Control-Allow-Headers"] == "Authorization"
    assert not provider.ask("/oauth2/token", {}).headers["Access-Control-Allow-Origin"]
    assert not person.ask(hand.url()).headers["Access-Control-Allow-Origin"]


def test_introspection_tells_of_own_tokens_only(provider, hand, person):
    token = hand.tokens(person)["access_token"]
    mine = json.loads(provider.ask("/oauth2/introspect", {"token": token}, hand.basic()).body)
    assert mine["active"] and mine["aud"] == "hand" and mine["scope"] == "openid email"
    other = Hand(provider, "o-1", SECRET + "other")
    assert json.loads(provider.ask("/oauth2/introspect", {"token": token}, other.basic()).body) == {"active": False}
    assert json.loads(provider.ask("/oauth2/introspect", {"token": "x" * 600}, hand.basic()).body) == {"active": False}
    denied(provider, provider.ask("/oauth2/introspect", {"token": token, "client_id": "desk"}), "invalid_client", "may not ask about tokens")
    denied(provider, provider.ask("/oauth2/introspect", {"token": token}), "invalid_client", "no application with client_id ''")
    denied(provider, provider.ask("/oauth2/introspect", {}, hand.basic()), "invalid_request", "token is missing")


def test_revocation(provider, hand, person):
    tokens = hand.tokens(person, scope="openid offline_access")
    other = Hand(provider, "o-1", SECRET + "other")
    denied(provider, provider.ask("/oauth2/revoke", {"token": tokens["access_token"]}, other.basic()), "invalid_grant",
           "was given to application hand")
    assert hand.userinfo(tokens["access_token"]).status == 200
    assert provider.ask("/oauth2/revoke", {"token": tokens["access_token"]}, hand.basic()).status == 200
    denied(provider, hand.userinfo(tokens["access_token"]), "invalid_token", "there is none like this")
    second = json.loads(hand.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).body)
    assert provider.ask("/oauth2/revoke", {"token": second["refresh_token"]}, hand.basic()).status == 200
    assert hand.userinfo(second["access_token"]).status == 401
    assert provider.ask("/oauth2/revoke", {"token": "none"}, hand.basic()).status == 200


def test_tokens_end_with_the_session(provider, hand):
    person = Person(provider)
    tokens = hand.tokens(person, scope="openid offline_access")
    assert hand.userinfo(tokens["access_token"]).status == 200
    person.ask(f"{provider.url}/signout", person.ask(f"{provider.url}/").fields)
    denied(provider, hand.userinfo(tokens["access_token"]), "invalid_token", "its session has ended")
    assert json.loads(provider.ask("/oauth2/introspect", {"token": tokens["access_token"]}, hand.basic()).body) == {"active": False}
    denied(provider, hand.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]), "invalid_grant", "its session has ended")


def test_tokens_end_with_the_product_and_the_person(provider):
    site, application = provider.site, Hand(provider, "cad")
    carol = Person(provider, "carol")
    tokens = application.tokens(carol, scope="openid offline_access")
    assert application.userinfo(tokens["access_token"]).status == 200
    site.org.group("cad", "alice")
    site.apply()
    denied(provider, application.userinfo(tokens["access_token"]), "invalid_token", "has no seat of product")
    denied(provider, application.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]), "invalid_grant",
           "has no seat of product")
    desk = Hand(provider, "desk")
    token = desk.tokens(carol)["access_token"]
    del site.org.people["carol"]
    site.apply()
    denied(provider, desk.userinfo(token), "invalid_token", "session has ended")


def test_what_is_published(provider):
    about = json.loads(provider.ask("/.well-known/openid-configuration").body)
    assert about["issuer"] == provider.url and about["code_challenge_methods_supported"] == ["S256"]
    assert about["authorization_response_iss_parameter_supported"] is True and about["response_types_supported"] == ["code"]
    keys = provider.ask("/oauth2/jwks")
    assert keys.headers["Access-Control-Allow-Origin"] == "*" and keys.headers["Content-Type"] == "application/json"
    assert {k["alg"] for k in json.loads(keys.body)["keys"]} == {"RS256", "ES256"}
    assert all(set(k) & {"d", "p", "q"} == set() for k in json.loads(keys.body)["keys"])
