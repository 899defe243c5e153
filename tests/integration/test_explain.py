"""doorward explain: one person, told from what was last read; whoever is not synced too."""

import fcntl
import sqlite3

import pytest

from site_fixture import GROUPS, MIRROR, ROSTER
from slapd import entry_uuid


@pytest.fixture(name="firm")
def firm_fixture(site):
    """Groups in groups, a person of every kind."""
    site.org.person("moritz", given="Moritz", family="Weber")
    site.org.person("jisu", displayName="한지수")
    site.org.person("dan", employeeType="disabled")
    site.org.person("max-test")
    site.org.person("nomail", mail=None)
    site.org.person("eve", mail="eve@elsewhere.example")
    site.org.person("out")
    site.org.group("munich", "moritz")
    site.org.group("engineering", "@munich", "jisu")
    site.org.group("cad", "@engineering")
    site.org.group("staff", *(uid for uid in site.org.people if uid != "out"))
    site.conf["directory hq"]["exclude"] = ["uid=nobody", "uid=*-test"]
    site.conf["directory hq"]["scope-group"] = f"cn=staff,{GROUPS}"
    site.conf["product autocad"]["seats"] = 1
    return site


def team(found):
    assert found["format"] == "doorward-explain/1" and len(found["teams"]) == 1
    return found["teams"][0]


def line_of(site, text):
    lines = (site.folder / "doorward.conf").read_text().splitlines()
    return f"doorward.conf:{next(i for i, line in enumerate(lines, 1) if text in line)}"


def test_the_way_to_a_product(firm):
    firm.apply()
    found = firm.json("explain", "MORITZ@example.com")
    product = team(found)["products"][0]
    assert product["entitled"] and product["path"] == ["munich", "engineering", "cad"]
    assert product["seats"] == {"taken": 1, "limit": 1, "waiting": 1} and product["seat_since"]
    assert team(found)["verdict"]["kind"] == "synced" and team(found)["account"]["state"] == "invited"
    assert {(c["op"], c["object"]) for c in team(found)["done"]} == {("invite", None), ("assign", "AutoCAD"), ("join", "cad")}
    assert team(found)["pending"] == [] and team(found)["groups"][0]["member"]
    out = firm.run("explain", "moritz")[0]
    assert "Moritz Weber → munich → engineering → cad → AutoCAD" in out
    assert "1 of 1 seats taken, 1 waiting" in out and "run 1" in out


def test_waiting_for_a_seat(firm):
    firm.apply()
    pending = team(firm.json("explain", "jisu"))["pending"]
    assert [(c["op"], c["hold"]["kind"]) for c in pending] == [("assign", "no-seat")]
    assert "held: no seat is left" in firm.run("explain", "한지수")[0]


@pytest.mark.parametrize("typed", ["moritz", "Moritz@EXAMPLE.com", entry_uuid("moritz"), entry_uuid("moritz").upper(),
                                   "UID=moritz, ou=people, DC=example,dc=com", "moritz weber"])
def test_whoever_is_meant(firm, typed):
    firm.run("plan")
    assert firm.json("explain", typed)["person"]["id"] == entry_uuid("moritz")


@pytest.mark.parametrize("uid, kind, text", [
    ("dan", "not-synced", "disabled in the directory"),
    ("max-test", "not-synced", "excluded by exclude line 2"),
    ("out", "not-synced", "in none of the scope groups"),
    ("nomail", "not-synced", "no usable e-mail"),
    ("eve", "not-synced", "none of the organisation's"),
    ("moritz", "pending", "will invite"),
])
def test_why_not_synced(firm, uid, kind, text):
    firm.run("plan")
    verdict = team(firm.json("explain", uid))["verdict"]
    assert verdict["kind"] == kind and text in verdict["text"]
    assert text in firm.run("explain", uid)[0]


def test_exclude_and_scope_line_by_line(firm):
    firm.run("plan")
    found = firm.json("explain", "max-test")
    assert [rule["result"] for rule in found["exclude"]] == ["no-match", "match"]
    assert found["exclude"][1]["where"].endswith(line_of(firm, "exclude = uid=*-test"))
    assert found["scope"]["inside"] and found["scope"]["groups"][0]["path"] == ["staff"]
    found = firm.json("explain", "out")
    assert not found["scope"]["inside"] and found["scope"]["groups"][0]["where"].endswith(line_of(firm, "scope-group"))


def test_a_closed_gate(closed):
    closed.org.person("ann")
    closed.run("plan", status=3)
    found = closed.json("explain", "ann")
    assert found["domain"]["own"] and not found["domain"]["open"] and "doorward domain" in found["domain"]["remedy"]
    assert team(found)["verdict"]["kind"] == "not-synced" and team(found)["pending"][0]["hold"]["kind"] == "gate"
    assert not team(found)["enabled"]


def test_gone_and_leaving(firm):
    firm.apply()
    del firm.org.people["moritz"]
    firm.run("plan")
    found = firm.json("explain", "moritz")
    assert found["person"]["gone_since"] and team(found)["verdict"]["kind"] == "leaving"
    assert {c["op"] for c in team(found)["pending"]} == {"suspend", "unassign", "leave"}
    assert all(c["cause"]["kind"] == "gone" for c in team(found)["pending"])
    firm.apply()
    found = team(firm.json("explain", "moritz"))
    assert found["verdict"] == {"kind": "not-synced", "text": "no longer in the directory"}
    assert found["pending"] == [] and found["account"]["removed_at"] > found["account"]["since"]


def test_disabled_is_entitled_to_nothing(firm):
    firm.apply()
    firm.org.people["moritz"]["employeeType"] = "disabled"
    firm.apply()
    found = team(firm.json("explain", "moritz"))
    assert not found["products"][0]["entitled"] and found["products"][0]["path"][-1] == "cad"
    assert found["account"]["state"] == "suspended" and found["account"]["removed_at"] is None
    assert "in its groups, but not to be synced" in firm.run("explain", "moritz")[0]


@pytest.fixture(name="crowd")
def crowd_fixture(site):
    for i in range(40):
        site.org.person(f"p{i:02d}")
    site.org.group("cad", *site.org.people)
    site.apply()
    for i in range(20):
        site.org.people[f"p{i:02d}"]["employeeType"] = "disabled"
    return site


def pending(site, uid):
    return {(c["op"], c.get("hold", {}).get("kind")) for c in team(site.json("explain", uid))["pending"]}


def test_held_by_the_guard(crowd):
    """Told with the time of the plan that counted; after an apply that held them, too."""
    held = {("suspend", "guard"), ("unassign", "guard"), ("leave", "guard")}
    crowd.run("plan", status=4)
    assert pending(crowd, "p00") == held and pending(crowd, "p30") == set()
    guard = team(crowd.json("explain", "p00"))["guard"]
    assert guard["trips"] and f"held by the guard in the plan of {guard['plan_at']}" in crowd.run("explain", "p00")[0]
    crowd.org.person("new")
    crowd.apply(status=4)
    assert pending(crowd, "p00") == held
    crowd.run("plan", status=4)
    assert pending(crowd, "p00") == held


def test_what_the_guard_says_is_of_one_state(crowd):
    crowd.run("plan", status=4)
    crowd.conf["sync"]["max-removals"] = "90%"
    found = team(crowd.json("explain", "p00"))
    assert found["guard"] is None and {c["op"] for c in found["pending"]} == {"suspend", "unassign", "leave"}
    assert not any("hold" in c for c in found["pending"])
    assert "whether the guard holds this is not known" in crowd.run("explain", "p00")[0]
    assert "whether the guard" not in crowd.run("explain", "p30")[0]
    crowd.run("plan")
    assert team(crowd.json("explain", "p00"))["guard"]["trips"] is False
    assert "whether the guard" not in crowd.run("explain", "p00")[0]


def test_what_differs_and_by_the_old_address(firm):
    firm.apply()
    firm.org.people["moritz"]["mail"] = "mo@example.com"
    firm.run("plan")
    found = firm.json("explain", "moritz@example.com")
    differs = team(found)["account"]["differs"]
    assert differs == {"account": {"email": "moritz@example.com"}, "directory": {"email": "mo@example.com"}}
    assert [c["op"] for c in team(found)["pending"]] == ["update"]


def test_same_email(firm):
    firm.apply()
    firm.org.person("twin", mail="Moritz@example.com")
    firm.org.groups["staff"].append("twin")
    firm.run("plan")
    found = team(firm.json("explain", "twin"))
    assert found["verdict"]["kind"] == "not-synced" and "Weber has the same e-mail" in found["verdict"]["text"]
    assert {r["account"] for r in found["same_email"]} == {None, "invited"}
    assert {r["id"] for r in found["same_email"]} == {entry_uuid("moritz")}
    out, err = firm.run("explain", "moritz@example.com", status=1)
    assert entry_uuid("moritz") in out and entry_uuid("twin") in out and "2 people fit" in err


def test_protected(firm):
    firm.org.person("alice")
    firm.run("plan")
    assert team(firm.json("explain", "alice"))["protected"] and "protected" in firm.run("explain", "alice")[0]
    assert not team(firm.json("explain", "moritz"))["protected"]


def test_nobody(firm):
    firm.run("plan")
    err = firm.refused("explain", "nobody@example.com", status=1)
    assert "nobody with this" in err and "hq (last read: 2" in err
    firm.refused("explain", "\x1b[31m", status=64)
    firm.refused("explain", status=64)
    firm.refused("explain", "a", "b", status=64)


def test_before_anything(closed):
    closed.org.person("ann")
    assert "no directory was read yet" in closed.refused("explain", "ann", status=1)


def test_another_configuration(firm):
    firm.apply()
    firm.conf["product revit"] = {"team": "design", "name": "Revit", "group": f"cn=munich,{GROUPS}"}
    found = team(firm.json("explain", "moritz"))
    assert not found["planned"] and found["products"][1]["path"] == ["munich"]
    assert "doorward plan design" in firm.run("explain", "moritz")[0]


def test_a_product_no_longer_configured(firm):
    firm.apply()
    del firm.conf["product autocad"]
    firm.run("plan")
    product = team(firm.json("explain", "moritz"))["products"][0]
    assert not product["configured"] and product["seat_since"] and not product["entitled"]


def test_cycle(firm):
    firm.org.groups["munich"].append("@cad")
    firm.run("plan")
    assert team(firm.json("explain", "jisu"))["products"][0]["path"] == ["engineering", "cad"]


def everything(site):
    return site.tables(ROSTER + MIRROR + ("team", "target", "target_group", "entitled", "domain", "connection", "meta", "former_email",
                                          "last_plan", "last_trip", "last_waiting"))


def test_nothing_is_written(firm):
    firm.run("plan")
    firm.conf["product revit"] = {"team": "design", "name": "Revit", "group": f"cn=munich,{GROUPS}"}
    firm.conf["team second"] = {"directory": "hq", "platform": "builtin", "primary-admin": "alice@example.com"}
    before = everything(firm)
    assert [t["team"] for t in firm.json("explain", "moritz")["teams"]] == ["design", "second"]
    assert everything(firm) == before


def test_beside_a_writer(firm):
    """No lock is waited for: neither the program's own, nor one on the database."""
    firm.apply()
    with open(firm.state / "lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "in use" in firm.refused("plan", status=1)
        with sqlite3.connect(firm.state / "doorward.db", isolation_level=None) as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM person")
            assert team(firm.json("explain", "moritz"))["verdict"]["kind"] == "synced"
            db.execute("ROLLBACK")
        db.close()
