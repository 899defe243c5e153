"""How sessions end, and that applications are told: when a person leaves, with whatever goes wrong meanwhile."""

import os
import re
import signal
import sqlite3
import time
import urllib.parse

import pytest

from listener import Listener
from signin_site import Browser, Server
from slapd import Slapd, entry_uuid, ldif_entry
from test_serve_process import until

PERSON = "uid={},ou=people,dc=example,dc=com"
GROUP = "cn=cad,ou=groups,dc=example,dc=com"
APPLICATION = {"redirect-uri": "https://wiki.example.com/callback", "post-logout-uri": "https://wiki.example.com/goodbye"}


@pytest.fixture(name="slapd")
def slapd_fixture(site, tmp_path):
    """The site's directory, in a server."""
    for uid in ("alice", "bob", "carol"):
        site.org.person(uid)
    site.org.group("cad", "alice", "bob")
    with Slapd(tmp_path / "slapd", site.org.ldif()) as server:
        site.conf["directory hq"] = dict(line.split(" = ", 1) for line in server.directory_settings().splitlines())
        site.conf["directory hq"]["map-active"] = "employeeType!=disabled"
        site.apply()
        yield server


@pytest.fixture(name="wiki")
def wiki_fixture(site):
    listener = Listener(site)
    site.conf["application wiki"] = {**APPLICATION, "backchannel-logout-uri": listener.url}
    yield listener
    listener.stop()


@pytest.fixture(name="server")
def server_fixture(site, slapd, wiki):  # pylint: disable=unused-argument
    server = Server(site)
    yield server
    server.served.close()


def write(site, statement, *values):
    with sqlite3.connect(site.state / "signin.db", timeout=60, isolation_level=None) as db:
        changed = db.execute(statement, values).rowcount
    db.close()
    return changed


def visit(server, uid="alice", application="wiki"):
    """As if the person had come to the application in each session; gives the name of the last one."""
    sids = [sid for sid, in server.sql("SELECT sid FROM session WHERE uid = ?", entry_uuid(uid))]
    for sid in sids:
        write(server.site, "INSERT INTO visit (sid, application, subject, since) VALUES (?, ?, ?, 1)", sid, application, f"sub of {uid}")
    return sids[-1]


def signed_in(server, *people):
    """Their browsers."""
    browsers = []
    for uid in people:
        browsers.append(Browser(server))
        assert browsers[-1].sign_in(server.site, f"{uid}@example.com", uid).status == 303
    return browsers


def sessions(server):
    return {email.partition("@")[0] for email, in server.sql("SELECT email FROM session")}


def heard(wiki, n=1):
    until(lambda: len(wiki.heard) >= n, lambda: f"{n} in {wiki.heard}, after {wiki.tries} tries")
    return wiki.claims(n - 1)


def nothing_waits(server):
    until(lambda: not server.sql("SELECT * FROM notice"), lambda: server.sql("SELECT * FROM notice"))


# --- who leaves -----------------------------------------------------------------------------------------------------------


def test_a_person_who_is_removed_is_signed_out_everywhere(server, site, slapd, wiki):
    """Nobody asks for a page meanwhile: the server finds it out by itself."""
    signed_in(server, "alice", "bob")
    sid = visit(server)
    visit(server, "bob")
    slapd.delete(PERSON.format("alice"))
    site.apply()
    began = time.monotonic()
    claims = heard(wiki)
    print(f"told {time.monotonic() - began:.1f} s after apply")
    assert (claims["sub"], claims["sid"]) == ("sub of alice", sid)
    assert sessions(server) == {"bob"}
    ((email, reason),) = server.sql("SELECT email, reason FROM record WHERE result = 3")
    assert email == "alice@example.com" and "the session ended: " in reason and "gone from directory hq" in reason
    server.served.says(r"session of alice@example\.com \(connection idp\) ended: person .* gone from directory hq")
    nothing_waits(server)
    assert len(wiki.heard) == 1


def test_each_reason_ends_a_session(server, site, slapd):
    signed_in(server, "alice", "bob", "carol")
    slapd.replace(PERSON.format("alice"), "employeeType", "disabled")
    site.apply()
    server.served.says("alice@example.com .* disabled in directory hq")
    slapd.replace(PERSON.format("bob"), "mail", "bob@elsewhere.example")
    site.apply()
    server.served.says("bob@example.com .* in no domain that this connection signs in")
    until(lambda: sessions(server) == {"carol"}, lambda: sessions(server))
    site.conf["directory hq"]["exclude"] = "mail=carol@*"
    site.apply()
    server.served.says("carol@example.com .* exclude line")
    until(lambda: not sessions(server), lambda: sessions(server))


def test_a_connection_that_is_no_longer_active_ends_its_sessions(server, site):
    signed_in(server, "alice")
    site.run("sso", "deactivate", "idp")
    server.served.says("alice@example.com .* no longer active")
    until(lambda: not sessions(server), lambda: sessions(server))


def test_the_last_seat(server, site, slapd):
    """Who had one and has none is signed out; who never had one is not."""
    signed_in(server, "alice", "bob", "carol")
    slapd.replace(GROUP, "member", PERSON.format("bob"))
    site.apply()
    server.served.says("alice@example.com .* no seat of any product any more")
    until(lambda: sessions(server) == {"bob", "carol"}, lambda: sessions(server))


def test_a_product_that_is_lost_ends_the_visit_only(server, site, slapd, wiki):
    site.conf["product maya"] = {"team": "design", "name": "Maya", "group": "cn=all,ou=groups,dc=example,dc=com"}
    slapd.add(ldif_entry("cn=all,ou=groups,dc=example,dc=com", objectClass="groupOfNames", cn="all",
                         member=[PERSON.format("alice")]))
    site.conf["application wiki"]["product"] = "autocad"
    site.apply()
    server.reload()
    browser, = signed_in(server, "alice")
    sid = visit(server)
    write(site, "INSERT INTO granted (code, sid, application, subject, redirect_uri, scope, nonce, challenge, created, code_expires,"
          " expires) VALUES ('c', ?, 'wiki', 's', '', '', '', '', 1, 1, 9999999999)", sid)
    write(site, "INSERT INTO token (hash, kind, granted, scope, created, expires) VALUES ('t', 0, 1, '', 1, 9999999999)")
    slapd.replace(GROUP, "member", PERSON.format("bob"))
    site.apply()
    assert heard(wiki)["sid"] == sid
    server.served.says("visit of alice@example.com to application wiki ended: .* no seat of product autocad")
    assert browser.page().status == 200 and sessions(server) == {"alice"}
    assert not server.sql("SELECT * FROM visit") and not server.sql("SELECT * FROM token") and not server.sql("SELECT * FROM granted")


def test_a_closed_gate_keeps_the_session_waiting(server, site):
    """Nobody is let in meanwhile; when it opens again everybody goes on."""
    browser, = signed_in(server, "alice")
    site.sql("UPDATE domain SET state = 'lapsed'")
    assert browser.page().status == 303
    assert sessions(server) == {"alice"}
    site.sql("UPDATE domain SET state = 'proved'")
    assert browser.page().status == 200


def test_what_moved_while_nobody_served(server, site, slapd, wiki):
    signed_in(server, "alice")
    visit(server)
    server.stop()
    slapd.delete(PERSON.format("alice"))
    site.apply()
    server.start()
    heard(wiki)
    assert not sessions(server)


# --- other ends ------------------------------------------------------------------------------------------------------------


def test_sign_out_tells_applications(server, wiki):
    browser, = signed_in(server, "alice")
    sid = visit(server)
    assert browser.ask("/signout", browser.page().fields).status == 200
    assert heard(wiki)["sid"] == sid


def test_a_session_that_expires_tells_applications(server, site, wiki):
    signed_in(server, "alice")
    sid = visit(server)
    write(site, "UPDATE session SET expires = 1")
    assert heard(wiki)["sid"] == sid


def test_sessions_last_as_long_as_configured(server, site):
    site.conf["serve"] |= {"session-length": "1h", "session-idle": "10m"}
    server.reload()
    browser, = signed_in(server, "alice")
    (created, expires, ends), = server.sql("SELECT created, expires, ends FROM session")
    assert (expires - created, ends - created) == (600, 3600)
    write(site, "UPDATE session SET expires = expires - 300")
    assert browser.page().status == 200
    (after,), = server.sql("SELECT expires FROM session")
    assert expires <= after <= expires + 120, "it was used now"
    write(site, "UPDATE session SET expires = expires - 500, ends = expires - 400")
    browser.page()
    assert server.sql("SELECT expires = ends FROM session") == [(1,)], "and no longer than it may"


def test_es256(server, site, wiki):
    site.conf["application wiki"] |= {"algorithm": "ES256", "client-id": "the client"}
    wiki.algorithm, wiki.client = "ES256", "the client"
    site.conf["application wiki"]["client-id"] = wiki.client = "client-of-wiki"
    server.reload()
    browser, = signed_in(server, "alice")
    visit(server)
    browser.ask("/signout", browser.page().fields)
    heard(wiki)


# --- when it cannot be told ------------------------------------------------------------------------------------------------


def test_an_application_that_is_down_is_told_later(server, wiki):
    wiki.stop()
    browser, = signed_in(server, "alice")
    visit(server)
    browser.ask("/signout", browser.page().fields)
    server.served.says("application wiki: it cannot be told that sessions ended")
    wiki.start()
    heard(wiki)
    server.served.says("application wiki: it is told again")
    nothing_waits(server)


@pytest.mark.parametrize("status", [500, 400, 302, 0])
def test_only_a_good_answer_counts(server, wiki, status):
    wiki.answer, wiki.location = status, f"{wiki.url}/elsewhere" if status == 302 else None
    browser, = signed_in(server, "alice")
    visit(server)
    browser.ask("/signout", browser.page().fields)
    until(lambda: wiki.tries >= 2, lambda: wiki.tries)
    assert not wiki.heard, "and no redirect is followed"
    wiki.answer, wiki.location = 204, None
    heard(wiki)
    nothing_waits(server)


def test_a_restart_forgets_nothing(server, wiki):
    wiki.stop()
    browser, = signed_in(server, "alice")
    visit(server)
    browser.ask("/signout", browser.page().fields)
    server.served.says("application wiki: it cannot be told that sessions ended")
    server.stop()
    wiki.start()
    assert server.sql("SELECT application FROM notice") == [("wiki",)]
    server.start()
    heard(wiki)


def test_killed_in_between_it_is_told_at_least_once(server, wiki):
    """SIGKILL of the web process while the application takes its time to answer."""
    wiki.answer = 0
    browser, = signed_in(server, "alice")
    visit(server)
    browser.ask("/signout", browser.page().fields)
    until(lambda: wiki.tries, "a try")
    web = server.served.member("doorward-web")
    os.kill(web, signal.SIGKILL)
    wiki.answer = 200
    # What was under way is tried again when its time is over, which the case does not wait for.
    until(lambda: server.served.members() and server.served.member("doorward-web") != web, "another")
    write(server.site, "UPDATE notice SET next_at = 0")
    heard(wiki)
    nothing_waits(server)


def test_one_that_hangs_keeps_no_other_waiting(server, site, wiki):
    other = Listener(site, client="tracker")
    other.answer = 503
    site.conf["application tracker"] = {**APPLICATION, "backchannel-logout-uri": other.url}
    server.reload()
    browsers = signed_in(server, "alice", "bob", "carol")
    for uid in ("alice", "bob", "carol"):
        visit(server, uid)
        visit(server, uid, "tracker")
    for browser in browsers:
        browser.ask("/signout", browser.page().fields)
    heard(wiki, 3)
    assert {wiki.claims(i)["sub"] for i in range(3)} == {"sub of alice", "sub of bob", "sub of carol"}
    other.answer = 200
    heard(other, 3)
    other.stop()


def test_applications_without_an_address_are_not_told(server, site, wiki):
    del site.conf["application wiki"]["backchannel-logout-uri"]
    server.reload()
    browser, = signed_in(server, "alice")
    visit(server)
    visit(server, application="gone")
    browser.ask("/signout", browser.page().fields)
    nothing_waits(server)
    assert wiki.tries == 0
