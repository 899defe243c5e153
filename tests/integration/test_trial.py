"""doorward sso test by link, test users, what a sign-in renews, and people whom no directory has."""

import json
import os
import re
import signal
import sqlite3
import subprocess

import pytest

from oidc_site import NpmProvider, OidcServer, Traveller
from signin_site import ACS, AUDIENCE, Browser, Server, answer_to, read_redirect
from site_fixture import DOORWARD, IDP, ROOT, URL, script
from slapd import entry_uuid

LINK = re.compile(r"https?://[a-z0-9.:]+(/sso-test/[a-z2-7]{32})\b")


@pytest.fixture(name="server")
def server_fixture(site):
    """The connection is configured and was never tested; the domain is proved, and alice and bob are in the mirror."""
    site.org.person("alice")
    site.org.person("bob")
    site.org.person("eve", employeeType="disabled")
    site.run("plan")
    site.sql("DELETE FROM connection")
    server = Server(site)
    yield server
    server.served.close()


@pytest.fixture(name="browser")
def browser_fixture(server):
    return Browser(server)


class Trial:
    """doorward sso test idp --json while it waits."""

    def __init__(self, site, *words):
        self.process = subprocess.Popen([DOORWARD, "-c", site.folder / "doorward.conf", "sso", "test", "idp", "--json", *words],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        first = json.loads(self.process.stdout.readline())
        self.path = LINK.fullmatch(first["link"]).group(1)
        assert first["connection"] == "idp"

    def end(self, status):
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == status, out + err
        return json.loads(out) if out else None, err


@pytest.fixture(name="trial")
def trial_fixture(site, server):
    trial = Trial(site)
    yield trial
    trial.process.kill()
    trial.process.wait()


def begin(browser, path):
    """Through the page's button: (id of the request, RelayState)."""
    page = browser.ask(path)
    assert page.status == 200 and "<strong>idp</strong>" in page.body and "<script" not in page.body
    action = re.search(r'action="([^"]*)"', page.body).group(1)
    assert action == path
    answer = browser.ask(action, {})
    assert answer.status == 303, answer.body
    return read_redirect(answer.headers["Location"])


def respond(site, request, given="Given", family="Alice", email="alice@example.com", uid="alice", **environment):
    return script(ROOT / "certs/sign-response.sh", site.idp, IDP, ACS, AUDIENCE, email, given, family, entry_uuid(uid), request,
                  **environment)


def nobody(server, browser):
    """is signed in."""
    assert not server.sql("SELECT * FROM session")
    assert "session" not in str([cookie.name for cookie in browser.jar])
    assert browser.page().status == 303


def over(browser, answer, word):
    assert (answer.status, answer.headers["Location"]) == (303, f"/sso-test/{word}"), answer.body
    assert f"The test {word}" in browser.ask(answer.headers["Location"]).body


def state(site):
    return (site.sql("SELECT state FROM connection") or [("configured",)])[0][0]


def failed(report):
    return {c["code"] for c in report["checks"] if c["result"] == "failed"}


# --- a test by link -----------------------------------------------------------------------------------------------------


def test_a_good_test(server, browser, site, trial):
    request, relay = begin(browser, trial.path)
    over(browser, browser.post(respond(site, request), relay), "passed")
    report, _ = trial.end(0)
    assert report["passed"] and not failed(report) and report["fault"] is None and "once" not in report
    passed = {c["code"] for c in report["checks"] if c["result"] == "passed"}
    assert {"signature", "audience", "one-time-use", "mirror-person", "mirror-active", "mirror-email", "mirror-given-name",
            "mirror-family-name"} <= passed, passed
    assert report["identity"]["mapped"]["email"] == "alice@example.com" and report["identity"]["attributes"]["sn"] == ["Alice"]
    nobody(server, browser)
    assert site.sql("SELECT state, entity, tested_as FROM connection") == [("tested", IDP, "alice@example.com")]
    assert "idp" in site.run("runs", "audit")[0]
    site.run("sso", "activate", "idp")
    server.reload()
    assert browser.sign_in(site).status == 303
    assert not server.sql("SELECT * FROM trial")
    assert server.sql("SELECT result FROM record WHERE reason LIKE 'test of the%'") == [(2,)]


@pytest.mark.parametrize("sent, code, words", [
    ({"given": "Gwen"}, "mirror-given-name", ["given name", "'Gwen'", "'Given'", "mend it"]),
    ({"family": "Smith"}, "mirror-family-name", ["'Smith'", "'Alice'"]),
    ({"email": "alice.b@example.com"}, "mirror-email", ["'alice.b@example.com'", "'alice@example.com'"]),
    ({"uid": "another"}, "mirror-person", ["immutable id", entry_uuid("another"), entry_uuid("alice"), "attribute-id"]),
    ({"uid": "eve", "email": "eve@example.com", "family": "Eve"}, "mirror-active", ["disabled"]),
    ({"uid": "new", "email": "new@example.com"}, "mirror-person", ["nobody in a team's directory", "doorward plan"]),
])
def test_a_difference_from_the_directory_fails(server, browser, site, trial, sent, code, words):
    request, relay = begin(browser, trial.path)
    over(browser, browser.post(respond(site, request, **sent), relay), "failed")
    report, err = trial.end(1)
    assert not report["passed"] and failed(report) == {code} and report["identity"] is None
    assert all(word in report["fault"] and word in err for word in words), report["fault"]
    assert report["claimed"]["mapped"]["immutable-id"] == entry_uuid(sent.get("uid", "alice"))
    assert state(site) == "configured"
    nobody(server, browser)


def test_case_is_no_difference(browser, site, trial):
    request, relay = begin(browser, trial.path)
    over(browser, browser.post(respond(site, request, given="GIVEN", email="Alice@Example.com"), relay), "passed")
    trial.end(0)


@pytest.mark.parametrize("environment, code", [({"SIGN": "none"}, "signature"), ({"OFFSET": "-86400"}, "not-on-or-after"),
                                               ({"email": "alice@elsewhere.example"}, "email-domain")])
def test_a_wrong_response_shows_every_check(server, browser, site, trial, environment, code):
    request, relay = begin(browser, trial.path)
    over(browser, browser.post(respond(site, request, **environment), relay), "failed")
    report, _ = trial.end(1)
    assert any(re.search(code, c) for c in failed(report)), failed(report)
    assert len(report["checks"]) > 20
    assert (report["claimed"] is None) == (environment.get("SIGN") == "none")
    assert state(site) == "configured" and not server.sql("SELECT * FROM request")
    nobody(server, browser)


def test_the_link_is_good_once(server, browser, site, trial):
    request, relay = begin(browser, trial.path)
    response = respond(site, request)
    over(browser, browser.post(response, relay), "passed")
    again = browser.post(response, relay)
    assert again.status == 403 and "no request of ours" in server.reason(again.reference)
    assert browser.ask(trial.path).status == 404
    assert browser.ask(trial.path, {}).status == 404
    trial.end(0)


def test_an_answer_to_an_earlier_press_of_the_button(server, browser, site, trial):
    """Both presses are of the same browser; the first answer is the test's."""
    first, first_relay = begin(browser, trial.path)
    second, second_relay = begin(browser, trial.path)
    over(browser, browser.post(respond(site, second), second_relay), "passed")
    late = browser.post(respond(site, first), first_relay)
    assert late.status == 403 and "no test that waits" in server.reason(late.reference)
    trial.end(0)
    nobody(server, browser)


def test_another_browser(server, browser, site, trial):
    request, relay = begin(browser, trial.path)
    other = Browser(server)
    refused = other.ask(trial.path, {})
    assert refused.status == 404 and "begun by another browser" in server.reason(refused.reference)
    stolen = other.post(respond(site, request), relay)
    assert stolen.status == 403 and "by another browser" in server.reason(stolen.reference)
    over(browser, browser.post(respond(site, request), relay), "passed")
    trial.end(0)


def test_the_link_stays_out_of_the_log(server, browser, trial):
    handle = trial.path.rsplit("/", 1)[1]
    browser.ask(trial.path)
    browser.ask(trial.path + "/")
    browser.ask(trial.path, method="PUT")
    begin(browser, trial.path)
    assert browser.copy().ask(trial.path, {}).status in (200, 303)
    Browser(server).ask(trial.path, {})
    server.served.says("begun by another browser")
    assert "/sso-test/..." in server.served.text() and handle not in server.served.text()


def test_a_link_that_is_too_old(server, browser, site, trial):
    with sqlite3.connect(site.state / "signin.db") as db:
        db.execute("UPDATE trial SET expires = expires - 901")
    assert "not good any more" in browser.ask(trial.path).body
    assert browser.ask(trial.path, {}).status == 404
    assert "ended this test" in trial.end(1)[1]


def test_nobody_comes(server, browser, site):
    trial = Trial(site, "--timeout", "1s")
    assert "in time" in trial.end(1)[1]
    assert browser.ask(trial.path).status == 404 and state(site) == "configured"
    assert "--timeout" in site.refused("sso", "test", "idp", "--timeout", "16m", status=64)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_is_ended(server, browser, site, trial, number):
    request, relay = begin(browser, trial.path)
    trial.process.send_signal(number)
    assert "nothing was changed" in trial.end(1)[1]
    late = browser.post(respond(site, request), relay)
    assert late.status == 403 and not server.sql("SELECT * FROM trial")
    nobody(server, browser)


def test_words_that_are_no_link(server, browser):
    for word in ("", "x", "a" * 32, "passed/x"):
        assert browser.ask(f"/sso-test/{word}").status == 404
    assert browser.ask(f"/sso-test/{'a' * 32}", {}).status == 404
    assert browser.ask("/sso-test/passed", {}).status == 404


def test_nothing_is_locked_while_it_waits_and_nothing_secret_is_kept(server, browser, site, trial):
    site.run("plan", status=3)
    assert trial.path.split("/")[-1] not in str(server.sql("SELECT * FROM trial"))
    request, relay = begin(browser, trial.path)
    over(browser, browser.post(respond(site, request), relay), "passed")
    trial.end(0)


def test_as_people_see_it(server, browser, site):
    done = subprocess.Popen([DOORWARD, "-c", site.folder / "doorward.conf", "sso", "test", "idp"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = ""
    while not LINK.search(lines):
        lines += done.stdout.readline()
    request, relay = begin(browser, LINK.search(lines).group(1))
    over(browser, browser.post(respond(site, request), relay), "passed")
    out, err = done.communicate(timeout=60)
    assert done.returncode == 0 and not err
    assert re.search(r"^ok +The person is in the directory\n +Given Alice, of directory hq", out, re.M), out
    assert "Next: doorward sso activate idp" in out


def test_without_serve_it_asks_for_a_file(site):
    assert "captured response is needed" in site.refused("sso", "test", "idp", status=64)


# --- the same with an OpenID provider -----------------------------------------------------------------------------------


@pytest.fixture(name="openid")
def openid_fixture(site):
    """Tested never; whoever comes without a hint is "ann", who is our alice."""
    site.org.person("alice")
    site.run("plan")
    server = OidcServer(site)
    provider = NpmProvider(server, site.folder)
    provider.person("ann", guid=entry_uuid("alice"), email="alice@example.com", given_name="Given", family_name="Alice")
    site.conf["connection idp"] = provider.connection()
    site.sql("DELETE FROM connection")
    server.start()
    yield server, provider
    provider.stop()
    server.served.close()


def test_an_openid_provider(openid, site):
    server, provider = openid
    trial = Trial(site)
    browser = Traveller(server)
    assert "<strong>idp</strong>" in browser.ask(trial.path).body
    assert "The test passed" in browser.go(trial.path, {}).body
    report, _ = trial.end(0)
    assert report["passed"] and "mirror-given-name" in str(report["checks"]) and not failed(report)
    assert report["identity"]["issuer"] == provider.issuer and report["identity"]["attributes"]["guid"] == [entry_uuid("alice")]
    assert site.sql("SELECT state, entity, tested_as FROM connection") == [("tested", provider.issuer, "alice@example.com")]
    assert browser.name is None and not server.sql("SELECT * FROM session")
    site.run("sso", "activate", "idp")
    assert browser.name is None


@pytest.mark.parametrize("claims, code", [({"family_name": "Smith"}, "mirror-family-name"), ({"guid": entry_uuid("x")}, "mirror-person"),
                                          ({"email": "alice@elsewhere.example"}, "email")])
def test_an_openid_provider_that_differs(openid, site, claims, code):
    server, provider = openid
    provider.person("ann", **{"guid": entry_uuid("alice"), "email": "alice@example.com", "given_name": "Given", "family_name": "Alice",
                              **claims})
    trial = Trial(site)
    browser = Traveller(server)
    assert "The test failed" in browser.go(trial.path, {}).body
    report, err = trial.end(1)
    assert any(code in c for c in failed(report)), failed(report)
    assert report["fault"] in err and report["claimed"]["mapped"]["immutable-id"] and state(site) == "configured"


def test_a_file_is_nothing_for_openid(openid, site):
    assert openid and "nothing to capture" in site.refused("sso", "test", "idp", "--response", "x", status=64)


# --- test users ---------------------------------------------------------------------------------------------------------


def test_test_users_sign_in_before_anybody(server, browser, site):
    site.conf["connection idp"]["test-user"] = ["Alice@example.com", "eve@example.com"]
    server.reload()
    answer = browser.ask("/signin", {"email": "bob@example.com"})
    assert answer.status == 403 and "gate is closed" in server.reason(answer.reference)
    assert browser.sign_in(site).headers["Location"] == "/"
    assert "Given Alice" in browser.page().body
    assert not server.sql("SELECT * FROM renewal"), "the connection is not active"
    other = Browser(server)
    request, relay = other.begin()
    answer = other.post(answer_to(site, request, "bob@example.com", "bob"), relay)
    assert answer.status == 403 and "none of its test users" in server.reason(answer.reference)
    disabled = other.sign_in(site, "eve@example.com", "eve")
    assert disabled.status == 403 and "disabled" in server.reason(disabled.reference)
    site.conf["connection idp"]["test-user"] = "bob@example.com"
    server.reload()
    assert browser.page().status == 303, "whoever is no longer one is signed out"


def test_test_users_need_a_proved_domain(server, browser, site):
    site.conf["connection idp"]["test-user"] = "alice@example.com"
    server.reload()
    site.sql("UPDATE domain SET state = 'lapsed'")
    assert browser.ask("/signin", {"email": "alice@example.com"}).status == 403


def test_no_more_than_thirty(site):
    site.conf["connection idp"]["test-user"] = [f"p{i}@example.com" for i in range(30)]
    site.run("check-config")
    site.conf["connection idp"]["test-user"].append("one.more@example.com")
    assert "more than 30" in site.refused("check-config", status=78)


# --- what a sign-in renews ------------------------------------------------------------------------------------------------


@pytest.fixture(name="active")
def active_fixture(site):
    """A connection that is active, tested 20 days ago."""
    site.org.person("alice")
    site.run("plan")
    site.sql("UPDATE connection SET tested_at = tested_at - 20 * 86400")
    server = Server(site)
    yield server
    server.served.close()


def test_a_sign_in_renews_the_test(active, site):
    until = site.json()["domains"][0]["until"]
    browser = Browser(active)
    assert browser.sign_in(site).headers["Location"] == "/"
    (connection, entity, at), = active.sql("SELECT connection, entity, at FROM renewal")
    assert (connection, entity) == ("idp", IDP)
    later = site.json()["domains"][0]["until"]
    assert later > until
    before = site.sql("SELECT usable_until FROM connection")
    site.run("plan")
    assert site.sql("SELECT usable_until FROM connection") > before, "the database's own gate, too"
    browser.sign_in(site)
    assert active.sql("SELECT at FROM renewal") == [(at,)], "once an hour"
    site.sql("UPDATE connection SET tested_at = tested_at - 20 * 86400")
    assert site.json()["domains"][0]["open"], "although the test itself is too old"
    assert browser.sign_in(site).headers["Location"] == "/"


def test_what_renews_nothing(active, site):
    browser = Browser(active)
    request, relay = browser.begin()
    assert browser.post(answer_to(site, request, SIGN="none"), relay).status == 403
    request, relay = browser.begin()
    assert browser.post(answer_to(site, request, "alice@example.com", "nobody"), relay).status == 403
    assert not active.sql("SELECT * FROM renewal")
    site.sql("UPDATE connection SET tested_at = tested_at - 20 * 86400")
    with sqlite3.connect(site.state / "signin.db") as db:
        db.execute("INSERT INTO renewal VALUES ('idp', 'https://other.example/idp', strftime('%s'))")
    assert not site.json()["domains"][0]["open"], "of another identity provider"
    with sqlite3.connect(site.state / "signin.db") as db:
        db.execute("UPDATE renewal SET entity = ?, at = at + 86400", (IDP,))
    assert not site.json()["domains"][0]["open"], "of a time to come"
    site.sql("UPDATE connection SET tested_at = 0")
    with sqlite3.connect(site.state / "signin.db") as db:
        db.execute("UPDATE renewal SET at = at - 86400")
    assert not site.json()["domains"][0]["open"], "of a connection that was never tested"


# --- what will close the gate -----------------------------------------------------------------------------------------------


def short_certificate(site, days):
    script(ROOT / "certs/make-idp.sh", site.idp, IDP, f"{URL}/sso", IDP_DAYS=str(days))


def told(site, words, status=0):
    """Everywhere that the command line tells of gates."""
    shown = {"status": site.run()[0], "check": site.run("check", status=status)[0], "list": site.run("sso", "list")[0],
             "plan": site.run("plan", status=status)[0]}
    missing = [name for name, text in shown.items() if words not in text]
    assert not missing, (missing, shown)
    return shown


def metrics(server):
    people, server.url = server.url, server.status_url
    text = Browser(server).ask("/metrics").body
    server.url = people
    return {key: float(value) for key, value in re.findall(r'^doorward_connection_(.*) ([0-9.-]+)$', text, re.M)}


def test_a_certificate_that_ends_soon(active, site):
    short_certificate(site, 40)
    assert "certificate of connection" not in site.run()[0], "not before thirty days"
    short_certificate(site, 29)
    shown = told(site, "the last signing certificate of connection idp ends at")
    assert all("get new metadata from the identity provider before that" in text for text in shown.values())
    domain, = site.json()["domains"]
    assert domain["open"] and "certificate" in domain["warnings"][0]["text"]
    listed, = site.json("sso", "list")
    assert "certificate" in listed["warnings"][0]
    days = metrics(active)
    assert 28.9 < days['days_left{connection="idp",until="certificate"}'] <= 29 and days['active{connection="idp"}'] == 1
    assert 9.9 < days['days_left{connection="idp",until="sign_in"}'] <= 10
    active.reload()
    assert active.served.says(r"gate: will close: the last signing certificate of connection idp")
    assert Browser(active).sign_in(site).headers["Location"] == "/"


def test_no_sign_in_for_long(active, site):
    assert "too long ago" not in site.run()[0]
    site.sql("UPDATE connection SET tested_at = tested_at - 5 * 86400")
    shown = told(site, "nobody signed in through connection idp since")
    assert "doorward sso test idp\n" in shown["status"]
    Browser(active).sign_in(site)
    assert "nobody signed in" not in site.run()[0], "that was renewed"


def test_a_gate_that_closed_is_told_and_closes_for_new_people(active, site):
    site.sql("UPDATE connection SET tested_at = tested_at - 20 * 86400")
    shown = told(site, "is too long ago", status=3)
    assert "next: doorward sso test idp\n" in shown["list"]
    assert metrics(active)['days_left{connection="idp",until="sign_in"}'] < 0
    active.reload()
    assert active.served.says(r"level=error .*gate: closed: the last successful sign-in through connection idp")
    answer = Browser(active).ask("/signin", {"email": "alice@example.com"})
    assert answer.status == 403 and "gate is closed" in active.reason(answer.reference)
    trial = Trial(site)
    browser = Browser(active)
    request, relay = begin(browser, trial.path)
    over(browser, browser.post(respond(site, request), relay), "passed")
    trial.end(0)
    assert browser.sign_in(site).headers["Location"] == "/", "a test by link opens it again, active as it is"


# --- people whom no directory has -----------------------------------------------------------------------------------------


@pytest.fixture(name="jit")
def jit_fixture(site):
    site.conf["connection idp"]["jit"] = "yes"
    site.org.person("alice")
    site.org.person("eve", employeeType="disabled")
    site.org.person("gone")
    site.org.person("left", "left.out@example.com")
    site.conf["directory hq"]["exclude"] = "mail=left.out@*"
    site.apply()
    del site.org.people["gone"]
    site.apply()
    server = Server(site)
    yield server
    server.served.close()


def test_an_arrival_is_let_in_and_recorded(jit, site):
    browser = Browser(jit)
    assert browser.sign_in(site, "new@example.com", "new").headers["Location"] == "/"
    assert "Given Family" in browser.page().body and "new@example.com" in browser.page().body
    row, = site.json("report", "arrivals")
    assert (row["connection"], row["email"], row["name"], row["id"]) == ("idp", "new@example.com", "Given Family", entry_uuid("new"))
    assert jit.sql("SELECT directory, uid FROM session") == [("jit:idp", entry_uuid("new"))]
    assert "new@example.com" in site.run("report", "arrivals")[0] and "new@example.com" in site.run("report", "arrivals", "--csv")[0]
    assert "nobody" in site.refused("sso", "forget", "idp", "x", status=1)
    site.run("sso", "forget", "idp", entry_uuid("new"))
    assert browser.page().status == 303 and not site.json("report", "arrivals") and not jit.sql("SELECT * FROM session")


def test_an_arrival_becomes_the_directorys(jit, site):
    browser = Browser(jit)
    browser.sign_in(site, "new@example.com", "new")
    site.org.person("new", given="From", family="Directory")
    site.apply()
    assert "From Directory" in browser.page().body
    second = Browser(jit)
    second.sign_in(site, "new@example.com", "new")
    assert ("hq",) in jit.sql("SELECT directory FROM session")
    site.org.person("new", given="From", family="Directory", employeeType="disabled")
    site.apply()
    assert browser.page().status == 303 and second.page().status == 303
    del site.org.people["new"]
    site.apply()
    answer = browser.sign_in(site, "new@example.com", "new")
    assert answer.status == 403 and "gone from directory hq" in jit.reason(answer.reference)


def test_jit_that_is_taken_back(jit, site):
    browser = Browser(jit)
    browser.sign_in(site, "new@example.com", "new")
    site.conf["connection idp"]["jit"] = "no"
    jit.reload()
    assert browser.page().status == 303


@pytest.mark.parametrize("email, uid, reason", [
    ("gone@example.com", "gone", "gone from directory hq"),
    ("gone@example.com", "other", "another immutable id"),
    ("eve@example.com", "eve", "disabled"),
    ("new@example.com", "eve", "disabled"),
    ("left.out@example.com", "left", "exclude line 1"),
    ("left.out@example.com", "other", "another immutable id"),
    ("alice@example.com", "other", "another immutable id"),
    ("ALICE@example.com", "other", "another immutable id"),
    ("new@elsewhere.example", "other", "not in a domain of this connection"),
])
def test_who_is_known_does_not_arrive(jit, site, email, uid, reason):
    browser = Browser(jit)
    request, relay = browser.begin()
    answer = browser.post(answer_to(site, request, email, uid), relay)
    assert answer.status == 403 and reason in jit.reason(answer.reference)
    assert not site.json("report", "arrivals") and not jit.sql("SELECT * FROM session")


def test_two_arrivals_are_not_the_same_by_e_mail(jit, site):
    Browser(jit).sign_in(site, "new@example.com", "new")
    browser = Browser(jit)
    answer = browser.sign_in(site, "New@example.com", "newer")
    assert answer.status == 403 and "somebody else arrived" in jit.reason(answer.reference)


def test_without_jit_nobody_arrives(active, site):
    browser = Browser(active)
    request, relay = browser.begin()
    answer = browser.post(answer_to(site, request, "new@example.com", "new"), relay)
    assert answer.status == 403 and "nobody with this immutable id" in active.reason(answer.reference)
