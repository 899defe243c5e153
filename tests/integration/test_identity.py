"""The same people under other ids: a rebuilt directory, a section of another name, an entry made anew; and never a take-over."""

import re
import uuid

import pytest

from site_fixture import holds, steps
from slapd import Slapd, entry_uuid
from test_undo import last_run, roster, undo


def settings(server):
    return dict(line.split(" = ", 1) for line in server.directory_settings(map_active="employeeType!=disabled").splitlines())


def with_new_ids(ldif):
    """The same entries, each with another id than before: people and groups alike."""
    return re.sub(r"entryUUID: (\S+)", lambda m: f"entryUUID: {uuid.uuid5(uuid.NAMESPACE_DNS, m[1])}", ldif)


def ops(plan, key="changes"):
    return {op: n for op in {c["op"] for c in plan[key]} if (n := sum(c["op"] == op for c in plan[key]))}


def bound(site):
    """E-mail -> (number of the account, immutable id it is bound to)"""
    return {email: (number, uid) for number, email, uid in site.sql("SELECT id, email, uid FROM account WHERE state <> 'removed'")}


# --- 200 people on a real server ------------------------------------------------------------------------------------------------


@pytest.fixture(name="firm")
def firm_fixture(site):
    """200 people, 120 of them with a seat, in two synced groups; one is suspended."""
    for i in range(200):
        site.org.person(f"p{i:03d}", given="Ok-ja" if i % 2 else "Zoë", family=f"Née-{i}")
    site.org.group("cad", *(f"p{i:03d}" for i in range(100)), "@inner")
    site.org.group("inner", *(f"p{i:03d}" for i in range(90, 120)))
    site.conf["team design"]["groups"] = "all"
    return site


@pytest.fixture(name="rebuilt")
def rebuilt_fixture(firm, tmp_path):
    """Synced from one server; then from another one, which was filled from the same file and gave ids of its own."""
    with Slapd(tmp_path / "before", firm.org.ldif()) as before:
        firm.conf["directory hq"] = settings(before)
        firm.apply()
        firm.org.people["p007"]["employeeType"] = "disabled"
        before.replace(firm.org.dn("p007"), "employeeType", "disabled")
        firm.apply()
        assert firm.states()["p007@example.com"] == "suspended"
    del firm.org.people["p007"]["employeeType"]
    with Slapd(tmp_path / "after", with_new_ids(firm.org.ldif())) as after:
        firm.conf["directory hq"] = settings(after)
        yield firm


def test_a_rebuilt_directory_asks_for_a_decision(rebuilt):
    before = roster(rebuilt)
    plan = rebuilt.plan(status=4)
    assert not plan["changes"]
    assert plan["identity"] == {"matched": 200, "of": 200, "rebuilt": True, "adopt": False, "from": None}
    assert set(holds(plan).values()) == {"new-id"} and ops(plan, "held")["invite"] == 200
    out, _ = rebuilt.apply(status=4)
    assert "200 of 200 accounts have their person under a new id: directory hq looks rebuilt; nobody of them is removed" in out
    assert "adopt = yes in [team design]" in out
    assert roster(rebuilt) == before and last_run(rebuilt) == 2


def test_a_rebuilt_directory_is_adopted_and_taken_back(rebuilt):
    before, was = roster(rebuilt), bound(rebuilt)
    rebuilt.conf["team design"]["adopt"] = "yes"
    plan = rebuilt.plan()
    # The suspended one is restored; nothing else moves.
    assert ops(plan) == {"adopt": 200, "adopt-group": 2, "assign": 1, "join": 1} and not plan["held"]
    assert {p for _, p, _ in steps(plan) if p} >= {"p007@example.com"}
    change, = [c for c in plan["changes"] if c["op"] == "adopt" and c["person"]["email"] == "p007@example.com"]
    assert change["before"] == {"id": was["p007@example.com"][1], "state": "suspended"}
    assert change["after"] == {"id": str(uuid.uuid5(uuid.NAMESPACE_DNS, entry_uuid("p007"))), "state": "active"}
    out, _ = rebuilt.apply()
    assert "200 of 200 accounts follow their people to new ids" in out
    rebuilt.settled()
    now = bound(rebuilt)
    assert {e: n for e, (n, _) in now.items()} == {e: n for e, (n, _) in was.items()}
    assert all(uid == str(uuid.uuid5(uuid.NAMESPACE_DNS, was[e][1])) for e, (_, uid) in now.items())
    assert len(rebuilt.seats()) == 120 and rebuilt.sql("SELECT count(*) FROM invitation") == [(200,)]
    assert rebuilt.states()["p007@example.com"] == "invited"
    run, left = last_run(rebuilt), roster(rebuilt)
    assert "~ Zoë Née-0" in rebuilt.run("runs", "show", run)[0] and "under a new id" in rebuilt.run("runs", "show", run)[0]
    # As a plan is, it is taken back row by row, and again.
    undo(rebuilt, run)
    assert roster(rebuilt) == before
    undo(rebuilt, last_run(rebuilt))
    assert roster(rebuilt) == left
    rebuilt.settled()
    rebuilt.run("runs", "verify")


def test_a_rebuilt_directory_that_also_changed(rebuilt):
    """With the new ids come a real departure, a new colleague, and who left a group."""
    rebuilt.conf["team design"]["adopt"] = "yes"
    before = roster(rebuilt)
    rebuilt.org.person("new")
    del rebuilt.org.people["p150"]
    rebuilt.org.people["p001"]["title"] = "Head"
    rebuilt.org.groups["cad"].remove("p003")
    rebuilt.conf["directory hq"] = {"type": "ldif", "file": "now.ldif", "map-active": "employeeType!=disabled"}
    (rebuilt.folder / "now.ldif").write_text(with_new_ids(rebuilt.org.ldif()))
    plan = rebuilt.plan()
    assert ops(plan) == {"adopt-group": 2, "suspend": 1, "adopt": 199, "unassign": 1, "leave": 1, "invite": 1, "assign": 1, "join": 1}
    order = [c["op"] for c in plan["changes"]]
    assert order.index("suspend") < order.index("adopt") < order.index("unassign")
    head, = [c for c in plan["changes"] if c["op"] == "adopt" and c["person"]["email"] == "p001@example.com"]
    assert head["after"]["title"] == "Head" and head["before"]["title"] is None
    assert head["cause"] == {"kind": "new-id", "text": "the same person under a new id; title: (none) → Head"}
    rebuilt.apply()
    rebuilt.settled()
    undo(rebuilt, last_run(rebuilt))
    assert roster(rebuilt) == before


# --- a section of another name ----------------------------------------------------------------------------------------------


def rename_section(site, name="headquarters"):
    site.conf[f"directory {name}"] = site.conf.pop("directory hq")
    site.conf[f"directory {name}"]["file"] = "directory.ldif"
    site.conf["team design"]["directory"] = name
    site.ldif.write_text(site.org.ldif())


def test_a_renamed_section_is_named(firm):
    firm.apply()
    before = roster(firm)
    rename_section(firm)
    plan = firm.plan(status=4)
    assert not plan["changes"] and set(holds(plan).values()) == {"new-id"}
    assert plan["identity"] == {"matched": 200, "of": 200, "rebuilt": True, "adopt": False, "from": "hq"}
    out, _ = firm.apply(status=4)
    assert "made from directory hq, and the team now has directory headquarters" in out
    assert "call the section [directory hq] again, or write adopt = yes in [team design]" in out
    assert roster(firm) == before
    # Called again as before, there is nothing to do …
    rename_section_back(firm)
    firm.settled()
    # … and adopted, neither.
    rename_section(firm)
    firm.conf["team design"]["adopt"] = "yes"
    assert ops(firm.plan()) == {"adopt": 200, "adopt-group": 2}
    firm.apply()
    firm.settled()
    assert len(firm.seats()) == 120
    undo(firm, last_run(firm))
    assert roster(firm) == before


def rename_section_back(site):
    site.conf["directory hq"] = site.conf.pop("directory headquarters")
    site.conf["team design"]["directory"] = "hq"


# --- single people ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(name="small")
def small_fixture(site):
    for uid in ("ann", "ben", "cid"):
        site.org.person(uid)
    site.org.group("cad", "ann", "ben")
    site.apply()
    return site


def recreate(site, uid, **changes):
    site.org.people[uid].update(entryUUID=entry_uuid(f"another {uid}"), **changes)


def test_a_single_person_made_anew(small):
    before = roster(small)
    recreate(small, "ann")
    plan = small.plan(status=4)
    assert not plan["changes"] and plan["identity"]["matched"] == 1 and not plan["identity"]["rebuilt"]
    assert holds(plan) == {(op, "ann@example.com"): "new-id" for op in ("suspend", "unassign", "leave", "invite", "assign", "join")}
    out, _ = small.apply(status=4)
    assert "looks like Given Ann under a new id; adopt = yes in [team design] lets the account follow" in out
    assert "looks rebuilt" not in out and roster(small) == before
    small.conf["team design"]["adopt"] = "yes"
    assert steps(small.plan()) == {("adopt", "ann@example.com", None)}
    small.apply()
    small.settled()
    assert small.seats() == {"ann@example.com", "ben@example.com"}
    undo(small, last_run(small))
    assert roster(small) == before


def test_approved_in_a_saved_plan_they_are_two(small):
    recreate(small, "ann")
    path = small.folder / "plan.json"
    out, _ = small.run("plan", "-o", path, status=4)
    assert "--approve-removals 3" in out
    small.run("apply", path, "--yes", "--approve-removals", "2", status=4)
    assert small.states()["ann@example.com"] == "invited"
    small.run("apply", path, "--yes", "--approve-removals", "3")
    assert small.states()["ann@example.com"] == "suspended" and small.seats() == {"ben@example.com"}
    # The address is the suspended account's until it is removed.
    small.conf["sync"]["grace"] = "0s"
    small.run("plan", "-o", path, status=4)
    small.run("apply", path, "--yes", "--approve-removals", "1")
    small.apply()
    assert sorted(state for email, state in small.sql("SELECT email, state FROM account") if email == "ann@example.com") == ["invited", "removed"]
    small.settled()


@pytest.mark.parametrize("adopt", ["yes", "no"])
def test_an_address_passed_on_is_a_conflict(small, adopt):
    small.conf["team design"]["adopt"] = adopt
    del small.org.people["ann"]
    small.org.person("zoe", mail="ann@example.com", given="Zoë", family="Lee")
    plan = small.plan()
    assert holds(plan) == {("invite", "ann@example.com"): "same-email"}
    small.apply()
    assert small.states() == {"ann@example.com": "suspended", "ben@example.com": "invited", "cid@example.com": "invited"}
    assert small.seats() == {"ben@example.com"}


@pytest.mark.parametrize("adopt", ["yes", "no"])
def test_an_address_on_two_entries_is_a_conflict(small, adopt):
    """Both look like her: the entry made anew, and another one of her name."""
    small.conf["team design"]["adopt"] = adopt
    recreate(small, "ann")
    small.org.person("ann2", mail="ann@example.com", given="Given", family="Ann")
    plan = small.plan()
    assert {kind for (op, _), kind in holds(plan).items() if op == "invite"} == {"same-email"}
    assert ("suspend", "ann@example.com", None) in steps(plan) and "adopt" not in ops(plan)


@pytest.mark.parametrize("adopt", ["yes", "no"])
def test_two_made_anew_who_swapped_addresses(small, adopt):
    small.conf["team design"]["adopt"] = adopt
    recreate(small, "ann", mail="ben@example.com")
    recreate(small, "ben", mail="ann@example.com")
    plan = small.plan()
    assert "adopt" not in ops(plan) and ops(plan)["suspend"] == 2
    assert {kind for (op, _), kind in holds(plan).items() if op == "invite"} == {"same-email"}


def test_two_employee_numbers_are_two_people(small):
    """Whatever else they share: two people of one name, and an address that was passed on."""
    small.conf["team design"]["adopt"] = "yes"
    small.org.people["ann"]["employeeNumber"] = "17"
    small.apply()
    recreate(small, "ann", employeeNumber="18")
    assert "adopt" not in ops(small.plan())
    recreate(small, "ann", employeeNumber="17")
    assert ops(small.plan()) == {"adopt": 1}


@pytest.mark.parametrize("given,family,same", [
    ("JÜRGEN", "MU\u0308LLER", True),   # case and normalisation form
    ("ju\u0308rgen", "müller", True),
    ("Jürgen", "Miller", False),
    ("Jurgen", "Müller", False),
    ("Jürgеn", "Müller", False),        # a Cyrillic е
])
def test_a_name_in_another_form(site, given, family, same):
    """Known by the name alone: the new entry has another user name."""
    site.org.person("jm", mail="jm@example.com", given="Jürgen", family="Müller")
    site.apply()
    del site.org.people["jm"]
    site.org.person("juergen", mail="JM@Example.com", given=given, family=family)
    kinds = {kind for kind in holds(site.plan(status=4 if same else 0)).values()}
    assert kinds == {"new-id" if same else "same-email"}
    site.conf["team design"]["adopt"] = "yes"
    assert ("adopt" in ops(site.plan())) is same


def test_a_name_in_another_script(site):
    site.org.person("one", mail="ivan@example.com", given="Иван", family="Петров")
    site.apply()
    del site.org.people["one"]
    site.conf["team design"]["adopt"] = "yes"
    site.org.person("two", mail="ivan@example.com", given="Ivan", family="Petrov")
    assert "adopt" not in ops(site.plan())
    site.org.person("two", mail="ivan@example.com", given="ИВАН", family="петров")
    assert ops(site.plan()) == {"adopt": 1}


def test_suspended_and_back_under_a_new_id(small):
    small.conf["team design"]["adopt"] = "yes"
    ann = small.org.people.pop("ann")
    small.apply()
    before = roster(small)
    small.org.people["ann"] = ann
    recreate(small, "ann")
    assert ops(small.plan()) == {"adopt": 1, "assign": 1, "join": 1}
    small.apply()
    small.settled()
    assert small.states()["ann@example.com"] == "invited" and small.seats() == {"ann@example.com", "ben@example.com"}
    undo(small, last_run(small))
    assert roster(small) == before


def test_gate_closed(small):
    small.conf["team design"]["adopt"] = "yes"
    recreate(small, "ann")
    small.run("plan")
    small.run("sso", "deactivate", "idp")
    plan = small.plan(status=3)
    assert holds(plan)[("adopt", "ann@example.com")] == "gate" and not plan["changes"]


def test_the_database_keeps_the_gate(small):
    """Past the program: neither the journal nor the account takes it."""
    import sqlite3

    recreate(small, "ann")
    small.run("plan", status=4)
    small.run("sso", "deactivate", "idp")
    with pytest.raises(sqlite3.Error, match="gate:"):
        small.sql("UPDATE account SET person = person + 100, uid = 'x' WHERE email = 'ann@example.com'")
    with pytest.raises(sqlite3.Error, match="gate:"):
        small.sql("INSERT INTO run_change (run, seq, op, cause, person, object, detail, domain) VALUES (1, 99, 12, 13, 9, 1, 0, 'example.com')")
