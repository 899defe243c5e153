"""The audit log: each step of the road leaves its record, and whatever is changed afterwards is found."""

import hashlib
import json
import os
import pwd
import sqlite3
import struct
from datetime import datetime

import pytest

from site_fixture import Dns

OPENED = ["domain-challenged", "domain-proved", "connection-tested", "connection-activated", "sync-enabled"]


def records(site):
    return [json.loads(line) for line in site.run("runs", "audit", "--json")[0].splitlines()]


def whats(site, since=0):
    return [(r["what"], r["subject"]) for r in records(site)[since:]]


def chain(exported, before=""):
    """The digests as the header describes them, made from the export alone."""
    for r in exported:
        at = int(datetime.fromisoformat(r["at"].replace("Z", "+00:00")).timestamp())
        detail = json.dumps(r["detail"], separators=(",", ":"), ensure_ascii=False)
        whole = b""
        for field in (before, str(r["record"]), str(at), r["actor"], r["what"], r["subject"], detail):
            whole += struct.pack("<Q", len(field.encode())) + field.encode()
        before = hashlib.sha256(whole).hexdigest()
        yield before


def past_the_triggers(site, *statements):
    """As somebody who can write the file does it."""
    db = sqlite3.connect(site.state / "doorward.db", isolation_level=None)
    for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND (name LIKE 'audit%' OR name = 'gate_change')").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        assert db.execute(statement).rowcount != 0, statement
    db.close()


@pytest.fixture(name="staffed")
def staffed_fixture(site):
    for uid in ("ann", "ben", "cid"):
        site.org.person(uid)
    site.org.group("cad", "ann", "ben")
    site.apply()
    return site


def test_every_step_is_recorded(staffed):
    site = staffed
    assert [r["what"] for r in records(site)] == OPENED + ["group-bound", "directory-read", "run-begun", "run-ended"]
    assert whats(site)[:5] == list(zip(OPENED, ["example.com", "example.com", "idp", "idp", "design"]))
    read, begun, ended = (r["detail"] for r in records(site)[-3:])
    assert (read["people"], read["groups"], read["new"], read["changed"], read["gone"]) == (3, 1, 4, 0, 0)
    listed, = site.json("runs")
    assert begun["team"] == "design" and begun["changes"] == ended["done"] == listed["changes"] and ended["state"] == "done"
    assert len(begun["configuration"]) == 64 and begun["plan"] and len(ended["journal"]) == 64
    user = pwd.getpwuid(os.getuid()).pw_name
    assert {r["actor"].split(" ")[0] for r in records(site)} == {user}
    seen = site.json("runs", "verify")
    assert seen == {"intact": True, "records": 9, "runs": 1, "head": records(site)[-1]["digest"]}
    out = site.run("runs", "verify")[0]
    assert out.startswith("intact") and seen["head"] in out
    assert "run-ended" in site.run("runs", "audit")[0]


def test_what_changes_nothing_is_not_recorded(staffed):
    before = records(staffed)
    staffed.plan()
    staffed.apply()
    staffed.run("domain", "verify")
    staffed.run("sso", "deactivate", "idp")
    staffed.run("sso", "deactivate", "idp")
    assert whats(staffed, len(before)) == [("connection-deactivated", "idp")]


def test_what_closes_is_recorded(staffed):
    n = len(records(staffed))
    staffed.run("sync", "disable", "design")
    staffed.sign_in()
    staffed.conf["domain example.org"] = {"connection": "idp"}
    staffed.challenge("example.org")
    del staffed.conf["domain example.org"]
    staffed.plan(status=3)
    assert whats(staffed, n) == [("sync-disabled", "design"), ("connection-tested", "idp"), ("domain-challenged", "example.org"),
                                 ("domain-given-up", "example.org")]
    staffed.run("runs", "verify")


def test_a_proof_that_lapses_is_recorded(site, tmp_path):
    dns = Dns(tmp_path / "dns")
    try:
        site.org.person("ann")
        site.plan()
        n = len(records(site))
        site.conf["dns"].update({"resolver": dns.resolver, "recheck": "0s", "lapse-after": "0s"})
        site.plan(status=3)
        site.prove(dns)
        assert whats(site, n) == [("domain-lapsed", "example.com"), ("domain-proved", "example.com")]
        assert records(site)[-1]["detail"]["method"] == "dns"
        site.run("runs", "verify")
    finally:
        dns.stop()


def test_who_asked_sudo_is_named(closed):
    closed.run("domain", "challenge", "example.com", env={**os.environ, "SUDO_USER": "alice\x1b[2J"})
    actor = records(closed)[0]["actor"]
    assert actor == f"{pwd.getpwuid(os.getuid()).pw_name} (sudo alice\ufffd[2J)"


def test_a_binding_is_recorded_and_a_missing_group_is_none(staffed):
    n = len(records(staffed))
    staffed.org.groups.clear()
    staffed.plan()
    assert ("group-rebound", "design") not in whats(staffed, n)
    staffed.conf["product revit"] = {"team": "design", "name": "Revit", "group": "cn=new,ou=Groups,dc=example,dc=com"}
    staffed.org.group("new", "ann")
    staffed.plan()
    assert ("group-bound", "design") in whats(staffed, n)
    staffed.run("runs", "verify")


def test_the_export_can_be_checked_without_the_program(staffed):
    staffed.org.person("한지수", mail="jisu@example.com")
    staffed.apply()
    exported = records(staffed)
    assert list(chain(exported)) == [r["digest"] for r in exported]
    exported[3]["actor"] += "x"
    assert list(chain(exported))[3:] != [r["digest"] for r in exported][3:]


def test_nothing_can_be_changed_through_sql(staffed):
    before = staffed.tables(("audit", "run", "run_change"))
    for statement in ("UPDATE audit SET actor = 'x' WHERE id = 2", "DELETE FROM audit WHERE id = 9", "UPDATE run_change SET op = 1",
                      "DELETE FROM run_change WHERE seq = 1", "UPDATE run SET done = 0", "DELETE FROM run"):
        with pytest.raises(sqlite3.IntegrityError, match="audit: "):
            staffed.sql(statement)
    assert staffed.tables(("audit", "run", "run_change")) == before


DAMAGES = [
    ("UPDATE audit SET detail = replace(detail, '\"changes\":', '\"change5\":') WHERE what = 'run-begun'", "audit record 8 (run-begun 1): "),
    ("UPDATE audit SET at = at + 1 WHERE id = 4", "audit record 4 (connection-activated idp): its digest does not fit"),
    ("DELETE FROM audit WHERE id = 4", "audit record 4: missing; the next that is there is 5"),
    ("UPDATE run_change SET person = person + 1 WHERE seq = 2", "run 1: its row or its journal does not fit"),
    ("DELETE FROM run_change WHERE seq = 2", "run 1: its row or its journal does not fit"),
    ("UPDATE run SET done = done + 1", "run 1: its row or its journal does not fit"),
    ("DELETE FROM audit WHERE id = 9", "run 1: ended, and no audit record says so"),
]


@pytest.mark.parametrize("statement, says", DAMAGES)
def test_damage_is_found(staffed, statement, says):
    past_the_triggers(staffed, statement)
    assert staffed.refused("runs", "verify", status=1).startswith(f"doorward: {says}")


def test_a_forged_record_is_found_by_the_next(staffed):
    """Its own digest fits: whoever forges one has to forge all that follow, and the head with them."""
    exported = records(staffed)
    exported[3]["actor"] = "mallory"
    forged, = chain(exported[3:4], exported[2]["digest"])
    past_the_triggers(staffed, f"UPDATE audit SET actor = 'mallory', digest = '{forged}' WHERE id = 4")
    assert "audit record 5 (sync-enabled design): " in staffed.refused("runs", "verify", status=1)


def test_a_record_out_of_order_is_found(staffed):
    past_the_triggers(staffed, "UPDATE audit SET id = 99 WHERE id = 2", "UPDATE audit SET id = 2 WHERE id = 3",
                      "UPDATE audit SET id = 3 WHERE id = 99")
    assert "audit record 2 (connection-tested idp): " in staffed.refused("runs", "verify", status=1)


def test_one_byte_of_the_file_is_found(staffed):
    """No SQL: a byte of a record's text, where it lies in the file."""
    staffed.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    path = staffed.state / "doorward.db"
    data = path.read_bytes()
    assert data.count(b"connection-activated") >= 1
    place = data.index(b"connection-activatedidp")
    path.write_bytes(data[:place] + b"k" + data[place + 1:])
    assert "audit record 4 (konnection-activated idp): " in staffed.refused("runs", "verify", status=1)


def test_a_cut_end_is_found_with_the_head_that_was_kept(staffed):
    head = staffed.json("runs", "verify")["head"]
    staffed.run("sync", "disable", "design")
    staffed.run("runs", "verify", "--expect", head)
    later = staffed.json("runs", "verify")["head"]
    past_the_triggers(staffed, "DELETE FROM audit WHERE id = 10")
    staffed.run("runs", "verify")
    assert "its end was cut off" in staffed.refused("runs", "verify", "--expect", later, status=1)
    staffed.refused("runs", "verify", "--expect", head[:-1], status=64)
    staffed.refused("runs", "verify", "--expect", head.replace(head[0], "x"), status=64)


def test_before_anything_was_done(closed):
    assert closed.json("runs", "verify") == {"intact": True, "records": 0, "runs": 0, "head": ""}
    assert closed.run("runs", "audit", "--json")[0] == ""
    assert "there is no state" in closed.refused("runs", "verify", "--expect", "0" * 64, status=1)
