"""Signing in through OpenID providers: npm's oidc-provider, and one that lies."""

import json
import re
import sqlite3
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from false_provider import FalseProvider
from oidc_site import NpmProvider, OidcServer, Traveller, activate
from site_fixture import DOORWARD
from test_serve_process import until
from walker import Forms

SENTENCE = "You could not be signed in."


@pytest.fixture(name="server")
def server_fixture(site):
    for uid in ("alice", "bob"):
        site.org.person(uid)
    site.org.person("eve", employeeType="disabled")
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
    provider = NpmProvider(server, site.folder)
    for uid in ("alice", "bob", "eve"):
        provider.person(uid)
    connect(site, server, provider)
    yield provider
    provider.stop()


@pytest.fixture(name="liar")
def liar_fixture(server, site):
    liar = FalseProvider(site.folder)
    connect(site, server, liar)
    yield liar
    liar.stop()


@pytest.fixture(name="browser")
def browser_fixture(server):
    return Traveller(server)


def refused(server, answer, reason, status=403):
    """A page with a reference number, which leads to the reason; the page does not tell it."""
    assert answer.status == status, answer.body
    told = server.reason(answer.reference)
    assert reason in told and told not in answer.body
    assert answer.reference in server.served.text(), "the log has it, too"
    assert "doorward-session" not in str(answer.headers)


def sessions(server):
    return server.sql("SELECT count(*) FROM session")[0][0]


def with_param(url, name, value):
    """The parameter with another value, without it (None) or twice (a list)."""
    parts = urllib.parse.urlsplit(url)
    pairs = [(n, v) for n, v in urllib.parse.parse_qsl(parts.query) if n != name]
    pairs += [(name, v) for v in ([] if value is None else value if isinstance(value, list) else [value])]
    return parts._replace(query=urllib.parse.urlencode(pairs)).geturl()


def param(url, name):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)[name][0]


# --- a provider that was not written here -------------------------------------------------------------------------------------


def test_a_person_signs_in(server, provider, browser):
    page = browser.sign_in()
    assert browser.name == "Given Alice", page.body
    assert server.sql("SELECT connection, email, result, reason FROM record") == [("idp", "alice@example.com", 1, "")]
    assert not server.sql("SELECT * FROM request")
    (hint, sub, sid), = server.sql("SELECT hint, name_id, session_index FROM session")
    assert hint.count(".") == 2 and sub == "alice" and sid
    policy = browser.ask("/signin").headers["Content-Security-Policy"]
    assert f" {provider.issuer} " in policy


@pytest.mark.parametrize("method", ["client_secret_post", "private_key_jwt"])
def test_ways_to_show_who_we_are(server, site, browser, method):
    provider = NpmProvider(server, site.folder, method)
    try:
        provider.person("alice")
        connect(site, server, provider)
        browser.sign_in()
        assert browser.name == "Given Alice"
    finally:
        provider.stop()


def test_people_who_are_refused(server, provider, browser):
    refused(server, browser.sign_in("eve@example.com"), "disabled in directory hq")
    refused(server, Traveller(server).sign_in("denied@example.com"), "(it says 'not today')")
    provider.person("mallory")
    refused(server, Traveller(server).sign_in("mallory@example.com"), "nobody with this immutable id")
    provider.person("bob", email="bob@elsewhere.example")
    refused(server, Traveller(server).sign_in("bob@example.com"), "in no domain that this connection signs in")
    assert not sessions(server)


def test_a_new_key_of_the_provider(server, provider, browser, site):
    browser.sign_in()
    provider.roll()
    other = Traveller(server)
    other.sign_in("bob@example.com")
    assert other.name == "Given Bob"
    provider.stop()
    provider.start()
    third = Traveller(server)
    site.sql("SELECT 1")
    refused(server, third.sign_in(), "which is not among the provider's keys")  # a second time within a minute
    assert browser.name == "Given Alice", "who is signed in stays so"


def test_signing_out_goes_on_to_the_provider(server, provider, browser):
    browser.sign_in()
    page = browser.sign_out()
    assert not sessions(server) and provider.issuer in browser.way[-1]
    form = next(f for f in Forms(page.body).found if f["action"])
    last = browser.go(form["action"], {**form["fields"], "logout": "yes"})
    assert "signed out" in last.body and browser.way[-1].endswith("/signedout")
    assert "/oidc/signedout/idp?state=" in browser.way[-2]
    assert not server.sql("SELECT * FROM request"), "what went round is used up"
    there = browser.ask(browser.begin("bob@example.com"))
    assert "/interaction/" in there.headers["Location"], "they are no longer signed in there"


def test_the_provider_ends_a_session_by_the_back_channel(server, provider, browser):
    """Signed in twice in one session there; signing out in one browser is told to us."""
    browser.sign_in()
    second = Traveller(server)
    second.jar = browser.jar
    other = Traveller(server)
    other.sign_in("bob@example.com")
    assert sessions(server) == 2
    hint, = next(iter(server.sql("SELECT hint FROM session WHERE email = 'alice@example.com'")))
    page = browser.go(f"{provider.issuer}/session/end?id_token_hint={hint}")
    form = next(f for f in Forms(page.body).found if f["action"])
    browser.go(form["action"], {**form["fields"], "logout": "yes"})
    until(lambda: sessions(server) == 1, "the session ends")
    assert browser.name is None and other.name == "Given Bob"
    assert "the provider ended 1 sessions" in server.served.text()


def test_answers_that_are_not_for_this(server, provider, browser, site):
    back = browser.come_back()
    refused(server, browser.ask(with_param(back, "iss", "https://evil.example")), "is from 'https://evil.example'")
    refused(server, browser.ask(with_param(back, "iss", None)), "does not say who it is from")
    refused(server, browser.ask(with_param(back, "code", [param(back, "code"), "other"])), "more than once")
    refused(server, browser.ask(with_param(back, "state", [param(back, "state")] * 2)), "more than once")
    refused(server, browser.ask(with_param(back, "state", None)), "it has no state of ours")
    refused(server, browser.ask(with_param(back, "state", "a" * 32)), "it answers no request of ours")
    refused(server, browser.ask(with_param(back, "code", None)), "neither code nor error")
    refused(server, browser.ask(with_param(back, "code", "x" * 5000)), "longer than 4096 bytes")
    refused(server, Traveller(server).ask(back), "by another browser")
    other = Traveller(server)
    theirs = other.come_back("bob@example.com")
    refused(server, browser.ask(with_param(back, "state", param(theirs, "state"))), "by another browser")
    refused(server, browser.ask(back.replace("/callback/idp", "/callback/none")), "the request went to connection idp")
    assert not sessions(server)
    assert browser.go(back).status == 200 and browser.name == "Given Alice"
    refused(server, browser.ask(back), "it answers no request of ours that is open")
    refused(server, other.ask(with_param(theirs, "code", param(back, "code"))), "does not take the code")
    assert site and browser.name == "Given Alice", "the replay ends nothing here"


def test_a_request_that_is_too_old(server, provider, browser, site):
    assert provider
    back = browser.come_back()
    with sqlite3.connect(site.state / "signin.db") as db:
        db.execute("UPDATE request SET expires = expires - 901")
    refused(server, browser.ask(back), "it answers no request of ours")


def test_a_wrong_secret(server, site, browser):
    provider = NpmProvider(server, site.folder, known_secret="another-secret-than-ours")
    try:
        connect(site, server, provider)
        refused(server, browser.sign_in(), "it does not know us; compare client-id")
    finally:
        provider.stop()


def test_what_the_commands_say(site, server, provider):
    listed, = site.json("sso", "list")
    assert (listed["type"], listed["entity"], listed.get("trouble")) == ("oidc", provider.issuer, None)
    out, _ = site.run("check")
    assert f"{provider.issuer}, 1 keys" in out
    assert server.path("callback") in site.run("sso", "metadata", "idp")[0]
    assert "ok      gate of example.com" in out
    site.run("sso", "deactivate", "idp")
    site.run("sso", "activate", "idp")
    site.conf["connection idp"]["issuer"] = "https://other.example"
    assert "its issuer names another identity provider" in site.refused("sso", "activate", "idp", status=3)


def test_from_a_test_by_link_to_a_sign_in(site, server, provider, browser):
    provider.person("alice", given_name="Given", family_name="Alice")
    site.sql("DELETE FROM connection")
    assert site.json("sso", "list")[0]["state"] == "configured"
    waiting = subprocess.Popen([DOORWARD, "-c", site.folder / "doorward.conf", "sso", "test", "idp", "--json"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        link = json.loads(waiting.stdout.readline())["link"]
        assert browser.ask(link).status == 200
        location = browser.ask(link, {}).headers["Location"]
        assert location.startswith(provider.issuer)
        browser.go(location + "&login_hint=alice@example.com")
        out, err = waiting.communicate(timeout=60)
    finally:
        waiting.kill()
        waiting.wait()
    assert waiting.returncode == 0, out + err
    report = json.loads(out)
    passed = {c["code"] for c in report["checks"] if c["result"] == "passed"}
    assert {"provider", "answer", "exchange", "signature", "audience", "nonce", "userinfo", "immutable-id", "email-domain",
            "mirror-person", "mirror-email"} <= passed, passed
    assert not sessions(server)
    site.run("sso", "activate", "idp")
    browser.sign_in()
    assert browser.name == "Given Alice"


# --- one that lies ------------------------------------------------------------------------------------------------------------


def test_a_liar_that_tells_the_truth(server, liar, browser):
    assert browser.go(liar.authorize(browser.begin())).status == 200
    assert browser.name == "Given Alice"
    asked, = liar.asked
    assert asked["client_secret"] == "s3cret" and asked["redirect_uri"] == server.path("callback") and len(asked["code_verifier"]) == 43


LIES = [
    ("claims", {"nonce": "another"}, "(nonce)"),
    ("claims", {"nonce": None}, "(nonce)"),
    ("claims", {"aud": "another"}, "it is not meant for 'doorward'"),
    ("claims", {"aud": ["doorward", "other"]}, "without azp"),
    ("claims", {"azp": "other"}, "asked for by 'other'"),
    ("claims", {"iss": "https://evil.example"}, "issued by 'https://evil.example'"),
    ("claims", {"exp": 1000}, "expired at"),
    ("claims", {"exp": None}, "does not say when it expires"),
    ("claims", {"iat": 1000}, "too long ago"),
    ("claims", {"iat": 99999999999}, "in the future"),
    ("claims", {"sub": None}, "its subject (sub) is missing"),
    ("claims", {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "(at_hash)"),
    ("claims", {"guid": None}, "the immutable id is missing"),
    ("claims", {"guid": "nobody"}, "nobody with this immutable id"),
    ("header", {"alg": "none"}, "algorithm 'none' is not accepted"),
    ("header", {"alg": "HS256"}, "algorithm 'HS256' is not accepted"),
    ("header", {"typ": "logout+jwt"}, "it is of another kind"),
    ("header", {"crit": ["x"], "x": 1}, "demands extensions"),
    ("claims", {"nbf": 99999999999}, "in the future"),
    ("header", {"kid": "unknown"}, "which is not among the provider's keys"),
    ("userinfo", {"sub": "s-2"}, "is about 's-2'"),
    ("userinfo", {"email": None}, "the e-mail address is missing"),
    ("userinfo", {"email": "alice@elsewhere.example"}, "is in no domain"),
    ("userinfo", {"email": "alice@elsewhere.example", "email_verified": True}, "is in no domain"),
    ("tokens", {"id_token": None}, "no ID token"),
    ("tokens", {"id_token": "a.b"}, "not a signed token"),
    ("tokens", {"token_type": "mac"}, "of type 'mac'"),
    ("tokens", {"access_token": "a\r\nb: c"}, "no access token"),
]


def test_each_lie_is_refused_for_itself(server, liar, browser):
    for where, lie, reason in LIES:
        liar.be_good()
        setattr(liar, where, lie)
        refused(server, browser.ask(liar.authorize(browser.begin())), reason)
    liar.be_good()
    liar.signer = liar.stranger
    liar.header = {"kid": "one"}
    refused(server, browser.ask(liar.authorize(browser.begin())), "its signature does not stand")
    for status in (301, 302, 303, 307, 308):
        liar.be_good()
        liar.status, liar.elsewhere = status, liar.issuer + "/elsewhere"
        refused(server, browser.ask(liar.authorize(browser.begin())), f"status {status}")
    liar.be_good()
    liar.status = 500
    refused(server, browser.ask(liar.authorize(browser.begin())), "status 500", status=503)
    assert not sessions(server)
    liar.be_good()
    assert browser.go(liar.authorize(browser.begin())).status == 200


def test_one_code_twice(server, liar, browser):
    """A provider that takes a code again does not sign anybody in by it again."""
    location = browser.begin()
    back = liar.authorize(location)
    assert browser.go(back).status == 200
    again = browser.begin()
    code = param(back, "code")
    liar.nonces[code] = param(again, "nonce")
    refused(server, browser.ask(liar.authorize(again, code=code)), "used at the same time by another copy")


def test_keys_are_not_fetched_for_every_name(server, liar, browser):
    browser.go(liar.authorize(browser.begin()))
    before = liar.fetches
    liar.header = {"kid": "unknown"}
    for _ in range(4):
        refused(server, browser.ask(liar.authorize(browser.begin())), "which is not among the provider's keys")
    assert liar.fetches == before + 1
    for _ in range(4):
        assert browser.ask("/oidc/logout/idp", {"logout_token": liar.logout_token({"kid": "other"})}).status == 400
    assert liar.fetches == before + 1


# --- logout tokens --------------------------------------------------------------------------------------------------------------


def told(server, browser, token, reason):
    answer = browser.ask("/oidc/logout/idp", {"logout_token": token})
    assert answer.status == 400 and answer.headers["Content-Type"] == "application/json", answer.body
    assert answer.headers["Cache-Control"] == "no-store" and '"invalid_request"' in answer.body
    assert reason in server.reason(re.search("reference ([a-z2-7]{10})", answer.body).group(1))


def test_logout_tokens(server, liar, browser):
    stranger = Traveller(server)
    browser.go(liar.authorize(browser.begin()))
    for reason, token in [
        ("issued by", liar.logout_token(iss="https://evil.example")), ("not meant for", liar.logout_token(aud="other")),
        ("(exp)", liar.logout_token(exp=None)), ("expired", liar.logout_token(exp=1000)), ("(iat)", liar.logout_token(iat=None)),
        ("too long ago", liar.logout_token(iat=int(time.time()) - 9000)), ("(jti)", liar.logout_token(jti=None)),
        ("(events)", liar.logout_token(events=None)), ("(events)", liar.logout_token(events={"other": {}})),
        ("(events)", liar.logout_token(events={"http://schemas.openid.net/event/backchannel-logout": True})),
        ("nonce", liar.logout_token(nonce="x")), ("whose sessions", liar.logout_token(sub=None, sid=None)),
        ("no text", liar.logout_token(sub=7)), ("another kind", liar.logout_token({"typ": "at+jwt"})),
        ("signature does not stand", liar.logout_token({"kid": "one"}, key=liar.stranger)),
        ("'none' is not accepted", liar.logout_token({"alg": "none"})), ("not a signed token", "x"),
        ("(jti)", liar.id_token("n")),
    ]:
        told(server, stranger, token, reason)
    assert stranger.ask("/oidc/logout/idp", {}).status == 400
    assert stranger.ask("/oidc/logout/none", {"logout_token": liar.logout_token()}).status == 400
    assert browser.name == "Given Alice", "nothing of that ended anything"
    for token in (liar.logout_token(sid="elsewhere"), liar.logout_token(sub="s-2", sid=None), liar.logout_token(sub="s-2")):
        assert stranger.ask("/oidc/logout/idp", {"logout_token": token}).status == 200
    assert browser.name == "Given Alice"
    token = liar.logout_token(sub=None)
    answer = stranger.ask("/oidc/logout/idp", {"logout_token": token})
    assert (answer.status, answer.body, answer.headers["Cache-Control"]) == (200, "", "no-store")
    assert browser.name is None
    browser.go(liar.authorize(browser.begin()))
    told(server, stranger, token, "it came before")
    assert browser.name == "Given Alice"
    assert stranger.ask("/oidc/logout/idp", {"logout_token": liar.logout_token(sid=None)}).status == 200
    assert browser.name is None


def test_logout_by_the_front_channel(server, liar, browser):
    stranger = Traveller(server)
    browser.go(liar.authorize(browser.begin()))
    for query in ("", "?sid=there-1", f"?iss={liar.issuer}", f"?iss={liar.issuer}&sid=", "?iss=https://evil.example&sid=there-1",
                  f"?iss={liar.issuer}&sid=there-1&sid=x"):
        assert stranger.ask("/oidc/logout/idp" + query).status == 403
    other = stranger.ask(f"/oidc/logout/idp?iss={liar.issuer}&sid=other")
    assert other.status == 200 and browser.name == "Given Alice"
    policy, = other.headers.get_all("Content-Security-Policy")
    assert f"frame-ancestors {liar.issuer};" in policy
    assert "frame-ancestors 'none'" in stranger.ask("/oidc/logout/idp").headers["Content-Security-Policy"]
    assert stranger.ask(f"/oidc/logout/idp?iss={liar.issuer}&sid=there-1").status == 200
    assert browser.name is None


# --- a provider that is away or slow -----------------------------------------------------------------------------------------------


def test_a_provider_that_comes_later(server, site, browser):
    liar = FalseProvider(site.folder)
    try:
        liar.discovery = {"issuer": "https://other.example"}
        connect(site, server, liar)
        answer = browser.ask("/signin", {"email": "alice@example.com"})
        assert answer.status in (403, 503) and "is of issuer 'https://other.example'" in server.reason(answer.reference)
        assert browser.ask("/signin").status == 200
        liar.be_good()
        server.stop()
        server.start()
        assert browser.go(liar.authorize(browser.begin())).status == 200
    finally:
        liar.stop()


def test_nobody_else_waits_for_a_slow_provider(server, site, browser):
    """More people wait for the provider than there are threads that answer."""
    liar = FalseProvider(site.folder)
    site.conf["serve"]["threads"] = 2
    try:
        connect(site, server, liar)
        waiting = [Traveller(server) for _ in range(6)]
        backs = [liar.authorize(w.begin()) for w in waiting]
        liar.open.clear()
        with ThreadPoolExecutor(len(waiting)) as threads:
            answers = [threads.submit(w.ask, back) for w, back in zip(waiting, backs)]
            until(lambda: len(liar.asked) == len(waiting), "all wait")
            for _ in range(10):
                assert Traveller(server).ask("/signin").status == 200
            site.conf["organization"]["name"] = "Renamed Corp"
            server.reload()
            assert "Renamed Corp" in Traveller(server).ask("/signin").body
            assert not any(a.done() for a in answers), "they wait still, and nobody for them"
            liar.open.set()
            assert [a.result().status for a in answers] == [303] * len(waiting)
    finally:
        liar.stop()
    assert browser.ask("/signin").status == 200


def test_a_reload_comes_through_while_some_always_wait(server, site, browser):
    """Before one of them has its answer, the next one waits already."""
    liar = FalseProvider(site.folder)
    over = threading.Event()

    def keep_asking(traveller, back):
        while not over.is_set():
            assert traveller.ask(back).status == 503

    try:
        connect(site, server, liar)
        waiting = [Traveller(server) for _ in range(3)]
        backs = [liar.authorize(w.begin()) for w in waiting]
        liar.open.clear()
        with ThreadPoolExecutor(len(waiting)) as threads:
            try:
                asking = []
                for n, (w, back) in enumerate(zip(waiting, backs), 1):
                    asking.append(threads.submit(keep_asking, w, back))
                    until(lambda n=n: len(liar.asked) >= n, "waits")
                    time.sleep(2)  # so that they overlap
                server.reload()
            finally:
                over.set()
            for a in asking:
                a.result()
    finally:
        liar.open.set()
        liar.stop()
    assert browser.ask("/signin").status == 200
