"""The gate: nobody is synced before single sign-on works for their domain, and nobody is any more when it ceases to."""

import re
import sqlite3

import pytest

import dns as dns_servers
from site_fixture import Dns, Site, holds, script, steps
from slapd import Authority

VALID_UNTIL = 'validUntil="2020-01-01T00:00:00Z" entityID='


@pytest.fixture(name="dns")
def dns_fixture(tmp_path):
    server = Dns(tmp_path / "dns")
    yield server
    server.stop()


@pytest.fixture(name="staffed")
def staffed_fixture(site):
    """Two people invited, and three changes in the directory that wait: a new one, a renamed one, one gone."""
    for uid in ("ann", "ben", "cid"):
        site.org.person(uid)
    site.org.group("cad", "ann", "ben")
    site.apply()
    site.org.person("new")
    site.org.people["ben"]["sn"] = "Renamed"
    site.org.group("cad", "ben", "new")
    del site.org.people["cid"]
    return site


# --- opening it -----------------------------------------------------------------------------------------------------


def test_the_road_from_closed_to_open(closed, dns):
    """Every step names the command that comes next, and the gate opens with the last one only."""
    site = closed
    site.conf["dns"]["resolver"] = dns.resolver
    site.org.person("ann")
    site.org.group("cad", "ann")

    def refused(command):
        err = site.refused("sync", "enable", "design", status=3)
        assert "the gate is closed" in err and f"next: {command}" in err, err
        out, _ = site.run("plan", status=3)
        assert f"next: {command}" in out
        assert f"Next: {command}" in site.run()[0]
        assert all(not rows for rows in site.tables(("account", "seat", "run", "synced_group")).values())

    refused("doorward domain challenge example.com")
    found = site.challenge()
    refused("doorward domain verify example.com")
    assert "not proved" in site.run("domain", "verify", "example.com", status=1)[0]
    dns.txt(found["record"], found["value"])
    site.run("domain", "verify", "example.com")
    refused("doorward sso test idp --response FILE")
    assert "sso test idp --response" in site.refused("sso", "activate", "idp", status=3)
    site.sign_in()
    refused("doorward sso activate idp")
    site.run("sso", "activate", "idp")
    out, _ = site.run("plan", status=3)
    assert "next: doorward sync enable design" in out and "Next: doorward sync enable design" in site.run()[0]
    plan = site.plan(status=3)
    assert not plan["changes"] and plan["summary"]["held"] == 4 and set(holds(plan).values()) == {"sync-disabled"}
    site.run("sync", "enable", "design")
    assert "Next: doorward plan" in site.run()[0]
    site.apply()
    assert site.seats() == {"ann@example.com"}
    site.settled()


def test_challenge_keeps_its_token(closed):
    assert closed.challenge()["value"] == closed.challenge()["value"]


# --- closing it -----------------------------------------------------------------------------------------------------


def expired_metadata(site):
    text = (site.idp / "metadata.xml").read_text()
    (site.idp / "metadata.xml").write_text(text.replace("entityID=", VALID_UNTIL, 1))


def expired_certificate(site):
    cert, _ = Authority(site.folder / "ca").issue("idp", expired=True)
    der = "".join(cert.read_text().splitlines()[1:-1])
    text = (site.idp / "metadata.xml").read_text()
    (site.idp / "metadata.xml").write_text(re.sub(r"(X509Certificate>)[^<]*(<)", rf"\g<1>{der}\g<2>", text))


def no_metadata(site):
    (site.idp / "metadata.xml").unlink()


def broken_metadata(site):
    (site.idp / "metadata.xml").write_text("<html>504 gateway timeout</html>")


def old_test(site):
    site.conf["connection idp"]["test-valid"] = "1h"
    site.sql("UPDATE connection SET tested_at = tested_at - 3600")


def other_provider(site):
    script("sh", "certs/make-idp.sh", site.idp, "https://other.example.net/idp", "https://other.example.net/sso")


def deactivated(site):
    site.run("sso", "deactivate", "idp")


def no_connection(site):
    del site.conf["domain example.com"]["connection"]


CLOSINGS = [
    (expired_metadata, "connection idp: metadata: .*was valid until", "sso test idp --response FILE"),
    (expired_certificate, "no signing certificate that is still valid", "sso test idp --response FILE"),
    (broken_metadata, "connection idp: metadata: ", "sso test idp --response FILE"),
    (old_test, "too long ago", "sso test idp --response FILE"),
    (other_provider, "another identity provider", "sso test idp --response FILE"),
    (deactivated, "connection idp is not active", "sso activate idp"),
    (no_connection, "has no connection", "connection = NAME"),
]


@pytest.mark.parametrize("close, reason, remedy", CLOSINGS, ids=lambda v: getattr(v, "__name__", None))
def test_closed_again(staffed, close, reason, remedy):
    site = staffed
    assert len(site.plan()["changes"]) == 7
    close(site)
    before = site.tables()
    plan = site.plan(status=3)
    assert not plan["changes"] and plan["summary"]["held"] == 7 and set(holds(plan).values()) == {"gate"}
    gate, = plan["gate"]
    assert not gate["open"] and re.search(reason, gate["reason"]) and remedy in gate["remedy"], gate
    out = site.apply(status=3)[0]
    assert "gate: closed for example.com" in out and remedy in out
    assert site.tables() == before, "removals are held as well"
    assert "ann@example.com" in site.run("report", "people")[0]
    assert "AutoCAD" in site.run("report", "seats")[0] and "design" in site.run("runs")[0]
    assert "closed" in site.run()[0]
    gate_in_database_is_closed(site)


def gate_in_database_is_closed(site):
    """No statement gets past it, whatever program makes it."""
    statements = (
        "INSERT INTO account (team, person, uid, state, since, domain, email_hash, email, fp_hi, fp_lo)"
        " VALUES (1, 999, 'x', 'invited', 1, 'example.com', 1, 'x@example.com', 0, 0)",
        "UPDATE account SET state = 'suspended' WHERE email = 'ann@example.com'",
        "INSERT INTO seat (account, product, via, since) SELECT a.id, p.id, 0, 1 FROM account a, product p WHERE a.email = 'ann@example.com'",
        "INSERT INTO run_change (run, seq, op, cause, person, object, detail, domain) VALUES (1, 999, 2, 0, 1, 0, 0, 'example.com')",
        "INSERT INTO run_change (run, seq, op, cause, person, object, detail, domain) VALUES (1, 999, 2, 0, 1, 0, 0, NULL)",
        "INSERT INTO run_change (run, seq, op, cause, person, object, detail, domain) VALUES (1, 999, 2, 0, 1, 0, 0, 'other.example')",
    )
    before = site.tables()
    for statement in statements:
        with pytest.raises(sqlite3.IntegrityError, match="gate"):
            site.sql(statement)
    assert site.tables() == before


def test_open_again(staffed):
    site = staffed
    old_test(site)
    site.plan(status=3)
    site.sign_in()
    site.apply()
    assert site.seats() == {"ben@example.com", "new@example.com"} and site.states()["cid@example.com"] == "suspended"
    site.settled()


def test_activation_is_refused_with_an_old_test(staffed):
    staffed.run("sso", "deactivate", "idp")
    old_test(staffed)
    assert "older than" in staffed.refused("sso", "activate", "idp", status=3)


# --- the proof, looked at again -------------------------------------------------------------------------------------


@pytest.fixture(name="proved")
def proved_fixture(template, tmp_path, dns):
    """Opened through a DNS server of its own, whose answer is looked at before every run."""
    site = Site(tmp_path / "site", template, gate_open=False, resolver=dns.resolver)
    site.conf["dns"].update({"recheck": "0s", "lapse-after": "1h", "timeout": "1s"})
    site.org.person("ann")
    site.open_gate(dns)
    site.apply()
    return site


def test_absent_for_long_closes_and_for_a_moment_does_not(proved, dns):
    proved.org.person("ben")
    dns.clear()
    assert len(proved.plan()["changes"]) == 1
    assert "there is no such name" in proved.json("domain")[0]["detail"]
    proved.sql("UPDATE domain SET absent_since = absent_since - 3600")
    gate, = proved.plan(status=3)["gate"]
    assert not gate["open"] and "proof of domain example.com is gone" in gate["reason"]
    proved.apply(status=3)
    assert proved.states() == {"ann@example.com": "invited"}
    gate_in_database_is_closed(proved)
    found = proved.challenge()
    dns.txt(found["record"], found["value"])
    proved.plan(status=3)  # by itself it does not open again
    proved.run("domain", "verify", "example.com")
    proved.apply()
    assert set(proved.states()) == {"ann@example.com", "ben@example.com"}


def test_absent_and_back_starts_anew(proved, dns):
    dns.clear()
    proved.plan()
    proved.sql("UPDATE domain SET absent_since = absent_since - 3500")
    found = proved.challenge()
    dns.txt(found["record"], found["value"])
    proved.plan()
    assert proved.sql("SELECT absent_since FROM domain") == [(0,)]
    dns.clear()
    proved.plan()
    assert proved.sql("SELECT state FROM domain") == [("proved",)]


def test_a_server_that_does_not_answer_proves_nothing(proved):
    with dns_servers.Blackhole() as hole:
        proved.conf["dns"]["resolver"] = hole.resolver
        proved.conf["dns"]["lapse-after"] = "0s"
        proved.plan()
        assert proved.sql("SELECT state, absent_since FROM domain") == [("proved", 0)]


@pytest.mark.skipif(not dns_servers.have("knotd", "keymgr"), reason="knotd is not installed")
def test_servfail_proves_nothing(proved, tmp_path):
    with dns_servers.Knot(tmp_path / "knot", {"example.net": ""}, broken=["example.com"]) as server:
        proved.conf["dns"].update({"resolver": server.resolver, "lapse-after": "0s"})
        proved.plan()
        assert proved.sql("SELECT state, absent_since FROM domain") == [("proved", 0)]
        assert "SERVFAIL" in proved.json("domain")[0]["detail"]


def test_lapse_after_zero(proved, dns):
    proved.conf["dns"]["lapse-after"] = "0s"
    dns.clear()
    proved.plan(status=3)


# --- several domains ------------------------------------------------------------------------------------------------


def test_people_of_no_domain_of_ours_are_held_and_nothing_else(site):
    site.org.person("ann")
    site.org.person("guest", mail="guest@elsewhere.example")
    site.org.group("cad", "ann", "guest")
    plan = site.plan()
    assert holds(plan) == {("invite", "guest@elsewhere.example"): "domain", ("assign", "guest@elsewhere.example"): "domain",
                           ("join", "guest@elsewhere.example"): "domain"}
    site.apply()
    assert set(site.states()) == {"ann@example.com"}
    site.run("plan", "--exit-code")


def test_a_subdomain_is_another_domain(site):
    site.org.person("ann", mail="ann@mail.example.com")
    assert set(holds(site.plan()).values()) == {"domain"}


def test_a_second_domain_that_is_closed_holds_only_its_people(site):
    site.conf["domain example.org"] = {"connection": "idp"}
    site.org.person("ann")
    site.org.person("olga", mail="olga@example.org")
    site.org.group("cad", "ann", "olga")
    plan = site.plan(status=3)
    assert {s[1] for s in steps(plan)} == {"ann@example.com", "cad"}
    assert holds(plan) == {(op, "olga@example.org"): "gate" for op in ("invite", "assign", "join")}
    out = site.apply(status=3)[0]
    assert "gate: closed for example.org" in out and "doorward domain challenge example.org" in out
    assert set(site.states()) == {"ann@example.com"}
    assert holds(site.plan(status=3)) == {(op, "olga@example.org"): "gate" for op in ("invite", "assign", "join")}


def test_moving_into_a_closed_domain_is_held(site):
    """Neither the old nor the new address lets a person through alone."""
    site.conf["domain example.org"] = {"connection": "idp"}
    site.org.person("ann")
    site.apply(status=0)
    site.org.people["ann"]["mail"] = "ann@example.org"
    assert holds(site.plan(status=3)) == {("update", "ann@example.org"): "gate"}
    before = site.tables(("account", "seat"))
    site.apply(status=3)
    assert site.tables(("account", "seat")) == before


def test_a_sign_in_of_another_domain_does_not_test_the_connection(site):
    path = site.response("other.xml", email="alice@example.net")
    assert "email-domain" in str(site.json("sso", "test", "idp", "--response", path, status=1))


def test_a_domain_in_another_script(site, dns):
    """Written as people write it, proved and compared as the DNS writes it."""
    site.conf["dns"]["resolver"] = dns.resolver
    site.conf["domain Bücher.example"] = {"connection": "idp"}
    found = site.challenge("bücher.example")
    assert found["record"] == "_doorward-challenge.xn--bcher-kva.example"
    dns.txt(found["record"], found["value"])
    site.run("domain", "verify", "BÜCHER.example")
    site.org.person("ann", mail="ann@bücher.example")
    site.org.person("ben", mail="ben@xn--bcher-kva.example")
    site.apply()
    assert set(site.states()) == {"ann@bücher.example", "ben@xn--bcher-kva.example"}
    site.settled()


@pytest.mark.parametrize("statement", [
    "UPDATE connection SET state = 'tested'", "UPDATE connection SET usable_until = 1", "DELETE FROM connection",
    "UPDATE domain SET state = 'lapsed'", "UPDATE domain SET state = 'challenged'", "UPDATE domain SET connection = NULL",
    "UPDATE domain SET connection = 'other'", "DELETE FROM domain"])
def test_the_database_has_a_gate_of_its_own(staffed, statement):
    """Each of its conditions counts by itself, with no program to judge them."""
    staffed.sql("UPDATE account SET since = since")
    staffed.sql(statement)
    gate_in_database_is_closed(staffed)
