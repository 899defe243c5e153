"""Signing in: from the e-mail address to the identity provider and back, and everybody who is not let in."""

import base64
import re
import sqlite3
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from signin_site import AUDIENCE, Browser, Server, answer_to
from site_fixture import URL

SENTENCE = "You could not be signed in."


@pytest.fixture(name="server")
def server_fixture(site):
    site.org.person("alice")
    site.org.person("bob")
    site.org.person("eve", employeeType="disabled")
    site.org.group("cad", "alice", "bob")
    site.apply()
    server = Server(site)
    yield server
    server.served.close()


@pytest.fixture(name="browser")
def browser_fixture(server):
    return Browser(server)


def refused(server, answer, reason):
    """A page with a reference number, which leads to the reason; the page does not tell it."""
    assert answer.status == 403, answer.body
    told = server.reason(answer.reference)
    assert SENTENCE in answer.body and reason in told and told not in answer.body
    assert answer.reference in server.served.text(), "the log has it, too"
    assert "doorward-session" not in str(answer.headers)
    assert not server.sql("SELECT * FROM session")


def signed_in_as(browser):
    page = browser.page()
    return re.search(r"Signed in as <strong>(.*?)</strong>", page.body).group(1) if page.status == 200 else None


# --- who is let in ------------------------------------------------------------------------------------------------------


def test_a_person_signs_in_and_out(server, browser, site):
    page = browser.page()
    assert (page.status, page.headers["Location"]) == (303, "/signin")
    assert 'name="email"' in browser.ask("/signin").body
    answer = browser.sign_in(site)
    assert (answer.status, answer.headers["Location"]) == (303, "/"), answer.body
    assert signed_in_as(browser) == "Given Alice"
    assert server.sql("SELECT connection, email, result, reason FROM record") == [("idp", "alice@example.com", 1, "")]
    assert not server.sql("SELECT * FROM request")
    cookie = browser.ask("/signout", {"guard": "0" * 64})
    assert cookie.status == 403 and signed_in_as(browser) == "Given Alice", "another site's form signs nobody out"
    out = browser.ask("/signout", browser.page().fields)
    assert out.status == 200 and "signed out" in out.body
    assert not server.sql("SELECT * FROM session")
    assert browser.page().status == 303


def test_the_old_cookie_is_worth_nothing_after_signing_out(server, browser, site):
    browser.sign_in(site)
    assert signed_in_as(browser) == "Given Alice"
    stolen = {c.name: c.value for c in browser.jar}["__Host-doorward-session"]
    browser.ask("/signout", browser.page().fields)
    request = urllib.request.Request(server.url + "/", headers={"Cookie": f"__Host-doorward-session={stolen}"})
    assert "Signed in as" not in urllib.request.urlopen(request, timeout=60).read().decode()


def test_a_restart_forgets_nothing(server, browser, site):
    request, relay = browser.begin()
    server.stop()
    server.start()
    response = answer_to(site, request)
    assert browser.post(response, relay).status == 303
    server.stop()
    server.start()
    assert signed_in_as(browser) == "Given Alice"
    second = Browser(server)
    _, other = second.begin()
    assert second.post(response, other).status == 403


def test_a_new_sign_in_ends_the_old_session(server, browser, site):
    browser.sign_in(site)
    before = server.sql("SELECT hash FROM session")
    browser.sign_in(site, "bob@example.com", "bob")
    assert signed_in_as(browser) == "Given Bob"
    after = server.sql("SELECT hash FROM session")
    assert len(after) == 1 and after != before


def test_an_identity_provider_with_post_only_gets_a_form(server, browser, site):
    metadata = site.idp / "metadata.xml"
    metadata.write_text(re.sub(r".*HTTP-Redirect.*\n", "", metadata.read_text()))
    answer = browser.ask("/signin", {"email": "alice@example.com"})
    assert answer.status == 200 and f'action="{URL}/sso"' in answer.body and "<script" not in answer.body
    request = base64.b64decode(answer.fields["SAMLRequest"]).decode()
    assert "SignatureValue" in request
    response = answer_to(site, re.search(r'\bID="(_[a-z2-7]+)"', request).group(1))
    assert browser.post(response, answer.fields["RelayState"]).status == 303
    assert signed_in_as(browser) == "Given Alice"


def test_domains_are_found_however_they_are_written(browser):
    for email in ("alice@example.com", "ALICE@Example.COM", "alice@EXAMPLE。com"):
        browser.begin(email)


# --- responses that are refused -----------------------------------------------------------------------------------------


def test_the_same_response_again(server, browser, site):
    request, relay = browser.begin()
    response = answer_to(site, request)
    assert browser.post(response, relay).status == 303
    browser.ask("/signout", browser.page().fields)
    refused(server, browser.post(response, relay), "it answers no request of ours that is open")
    _, second = browser.begin()
    refused(server, browser.post(response, second), "it answers the request")


def test_an_assertion_that_was_used_for_the_same_request(server, browser, site):
    """The request is there still, as if the first sign-in had not taken it: the assertion is used up all the same."""
    request, relay = browser.begin()
    rows = server.sql("SELECT * FROM request")
    response = answer_to(site, request)
    assert browser.post(response, relay).status == 303
    browser.ask("/signout", browser.page().fields)
    with sqlite3.connect(site.state / "signin.db") as db:
        db.execute(f"INSERT INTO request VALUES ({', '.join('?' * len(rows[0]))})", rows[0])
    refused(server, browser.post(response, relay), "used")


def test_many_copies_at_once(server, browser, site):
    """All have passed the rules when the first one may write: still one is let in."""
    request, relay = browser.begin()
    response = answer_to(site, request)
    copies = [browser.copy() for _ in range(8)]
    lock = sqlite3.connect(site.state / "signin.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(len(copies)) as threads:
        answers = [threads.submit(copy.post, response, relay) for copy in copies]
        time.sleep(1)  # too short, and the case shows less, but does not fail
        lock.execute("ROLLBACK")
        answers = [answer.result() for answer in answers]
    lock.close()
    assert sorted(a.status for a in answers) == [303] + [403] * 7
    assert len(server.sql("SELECT * FROM session")) == 1
    assert sum(1 for copy in copies if signed_in_as(copy)) == 1


def test_another_browser(server, browser, site):
    request, relay = browser.begin()
    response = answer_to(site, request)
    refused(server, Browser(server).post(response, relay), "by another browser")
    other = Browser(server)
    other.begin()
    refused(server, other.post(response, relay), "by another browser")
    assert browser.post(response, relay).status == 303, "the right one is not kept out by that"


def test_another_request(server, browser, site):
    first, _ = browser.begin()
    _, second = browser.begin()
    refused(server, browser.post(answer_to(site, first), second), "it answers the request")


def test_unsolicited(server, browser, site):
    _, relay = browser.begin()
    refused(server, browser.post(answer_to(site), None), "it is unsolicited")
    refused(server, browser.post(answer_to(site), relay), "it answers the request")
    refused(server, browser.post(answer_to(site), "a" * 32), "it answers no request of ours")


def test_a_request_that_is_too_old(server, browser, site):
    request, relay = browser.begin()
    with sqlite3.connect(site.state / "signin.db") as db:
        db.execute("UPDATE request SET expires = expires - 901")
    refused(server, browser.post(answer_to(site, request), relay), "it answers no request of ours")


def test_a_response_for_another_connection(server, browser, site):
    site.conf["connection second"] = {"type": "saml", "metadata-file": "idp/metadata.xml"}
    server.reload()
    request, relay = browser.begin()
    refused(server, browser.post(answer_to(site, request), relay, "second"), "it came for connection second")


def test_bad_forms(server, browser, site):
    request, relay = browser.begin()
    refused(server, browser.ask("/saml/acs/idp", {"RelayState": relay}), "no SAMLResponse")
    twice = [("SAMLResponse", "x"), ("SAMLResponse", "y"), ("RelayState", relay)]
    refused(server, browser.ask("/saml/acs/idp", twice), "a field twice")
    refused(server, browser.ask("/saml/acs/idp", {"SAMLResponse": "\0\xff<", "RelayState": relay}), "neither XML")
    refused(server, browser.post(answer_to(site, request, SIGN="none"), relay), "is signed")
    refused(server, browser.post(answer_to(site, request, audience="https://other.example"), relay), "udience")
    refused(server, browser.post(answer_to(site, request, OFFSET="-86400"), relay), "expired")
    assert browser.announce("/saml/acs/idp", 600000) == 413, "before it is sent"


# --- people who are refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("email, uid, reason", [
    ("mallory@example.com", "mallory", "nobody with this immutable id"),
    ("eve@example.com", "eve", "disabled in directory hq"),
    ("alice@elsewhere.example", "alice", "domain"),
])
def test_people(server, browser, site, email, uid, reason):
    request, relay = browser.begin()
    refused(server, browser.post(answer_to(site, request, email, uid), relay), reason)


def test_a_connection_does_not_speak_for_another_ones_people(server, browser, site):
    """The e-mail that is sent is of its own domain; the person behind the immutable id is not."""
    site.org.person("bob", "bob@elsewhere.example")
    site.apply()
    request, relay = browser.begin()
    refused(server, browser.post(answer_to(site, request, "bob@example.com", "bob"), relay), "in no domain that this connection")


def test_a_connection_that_is_no_longer_active(server, browser, site):
    request, relay = browser.begin()
    response = answer_to(site, request)
    site.sql("UPDATE connection SET state = 'tested'")
    refused(server, browser.post(response, relay), "it is not active")
    unknown(server, browser, "alice@example.com", "is not active")


def test_who_leaves_is_signed_out(server, browser, site):
    assert browser.sign_in(site).status == 303
    assert signed_in_as(browser) == "Given Alice"
    site.org.person("alice", employeeType="disabled")
    site.apply()
    assert browser.page().status == 303
    assert not server.sql("SELECT * FROM session")


# --- addresses that lead nowhere ------------------------------------------------------------------------------------------


def unknown(server, browser, email, reason):
    """The one answer for all of them, without what differs from one to the next."""
    answer = browser.ask("/signin", {"email": email})
    told = server.reason(answer.reference)
    assert answer.status == 403 and told and reason in told and told not in answer.body
    return re.sub(r'value="[^"]*"', "", answer.body.replace(answer.reference, ""))


def test_unknown_addresses_get_one_answer(server, browser, site):
    site.conf["domain closed.example.net"] = {"connection": "idp"}
    server.reload()
    answers = {unknown(server, browser, email, reason) for email, reason in [
        ("a@elsewhere.org", "none of the organisation's"), ("a@closed.example.net", "gate is closed"), ("", ""), ("nobody", ""),
        ('"><b>@x', ""), ("a@b@example.com", "")]}
    assert len(answers) == 1
    assert "&quot;&gt;&lt;b&gt;" in browser.ask("/signin", {"email": '"><b>@x'}).body


# --- the server -----------------------------------------------------------------------------------------------------------


def test_headers_are_on_every_answer(server, browser, site):
    answers = [browser.ask("/signin"), browser.ask("/nowhere"), browser.page(), browser.ask("/signin", method="DELETE"),
               browser.ask("/saml/metadata/idp"), browser.sign_in(site), browser.page()]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "script" not in policy
        assert re.search(rf"form-action 'self'( https:)? {URL} ;", policy)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Strict-Transport-Security"]
    assert [a.status for a in answers] == [200, 404, 303, 405, 200, 303, 200]
    session, = (h for h in answers[5].headers.get_all("Set-Cookie"))
    assert re.fullmatch(r"__Host-doorward-session=[a-z2-7]{32}; Path=/; HttpOnly; SameSite=Lax; Secure", session)
    begun = browser.ask("/signin", {"email": "alice@example.com"}).headers.get_all("Set-Cookie")
    assert re.fullmatch(r"__Host-doorward-browser=[a-z2-7]{32}; Path=/; HttpOnly; SameSite=None; Secure", begun[0])
    assert begun[1:] == ["__Host-doorward-address=%40example.com; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=15552000"]


def test_metadata(browser):
    answer = browser.ask("/saml/metadata/idp")
    assert answer.headers["Content-Type"] == "application/samlmetadata+xml" and f'entityID="{AUDIENCE}"' in answer.body
    assert browser.ask("/saml/metadata/none").status == 404
    assert browser.ask("/saml/metadata/").status == 404
    assert browser.ask("/saml/metadata/idp/x").status == 404


def test_status(server, browser, site):
    browser.sign_in(site)
    browser.post("x", None)
    people, server.url = server.url, server.status_url
    assert browser.ask("/healthz").body == "ok\n"
    assert browser.ask("/readyz").status == 200
    assert "doorward_signins_accepted_total 1\n" in browser.ask("/metrics").body
    assert "doorward_signins_refused_total 1\n" in browser.ask("/metrics").body
    assert browser.ask("/signin").status == 404
    server.url = people
    assert browser.ask("/metrics").status == 404


def test_without_state_nobody_is_let_in(closed):
    closed.state.mkdir(mode=0o700)
    server = Server(closed)
    browser = Browser(server)
    try:
        unknown(server, browser, "alice@example.com", "there is no state yet")
        server.url = server.status_url
        assert browser.ask("/readyz").status == 503 and browser.ask("/healthz").status == 200
    finally:
        server.served.close()


def test_the_old_configuration_stays_when_the_new_one_is_wrong(server, browser, site):
    url = site.conf["organization"].pop("url")
    server.reload()
    assert "url" in server.served.text() and "stays" in server.served.text()
    assert browser.sign_in(site).status == 303
    site.conf["organization"]["url"] = url
    server.reload()
