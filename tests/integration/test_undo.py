"""Runs taken back: the roster of before, row by row; and what cannot be taken back, said why."""

import re

import pytest

from site_fixture import GROUPS, holds, steps
from slapd import entry_uuid

ACCOUNT = ("id, team, person, uid, state, since, activated_at, domain, email_hash, user_name, email, given_name, family_name, display_name,"
           " employee_number, title, department, language, fp_hi, fp_lo")
EVERYTHING = "100%"
OPS_OF_JOURNAL = ["unassign", "leave", "suspend", "remove", "drop-group", "add-group", "rename-group", "invite", "restore", "update", "assign",
                  "join", "adopt", "adopt-group"]


def roster(site):
    """Every row; a group's own number is not the platform's to keep, and what is new since is removed."""
    return {
        "account": set(site.sql(f"SELECT {ACCOUNT} FROM account WHERE state <> 'removed'")),
        "seat": set(site.sql("SELECT product, account, via, since FROM seat")),
        "group": set(site.sql("SELECT team, grp, name FROM synced_group")),
        "member": set(site.sql("SELECT g.team, g.grp, m.account FROM synced_member m JOIN synced_group g ON g.id = m.synced_group")),
    }


def last_run(site):
    return site.sql("SELECT max(id) FROM run")[0][0]


def undo(site, run, status=0):
    return site.run("runs", "undo", run, "--yes", status=status)


@pytest.fixture(name="crowd")
def crowd_fixture(site):
    """160 people, 100 of them with a seat, in three groups."""
    site.conf["sync"]["max-removals"] = EVERYTHING
    site.conf["product revit"] = {"team": "design", "name": "Revit", "group": f"cn=bim,{GROUPS}", "seats": 90}
    for i in range(160):
        site.org.person(f"p{i:03d}", title=f"Title {i % 7}")
    site.org.group("cad", *(f"p{i:03d}" for i in range(100)))
    site.org.group("bim", *(f"p{i:03d}" for i in range(60, 140)))
    site.org.group("old", *(f"p{i:03d}" for i in range(20)))
    site.conf["team design"]["groups"] = "all"
    site.apply()
    return site


def a_busy_week(site):
    """People come, leave, are disabled, change; memberships move; a group goes, another comes, one has another name."""
    org = site.org
    for i in range(20):
        del org.people[f"p{i:03d}"]
    for i in range(20, 40):
        org.people[f"p{i:03d}"]["employeeType"] = "disabled"
    for i in range(40, 70):
        org.people[f"p{i:03d}"].update(title="Head", sn="Née Müller", displayName="Other")
    for i in range(40):
        org.person(f"new{i:02d}")
    org.group("cad", *(f"p{i:03d}" for i in range(50, 80)), *(f"new{i:02d}" for i in range(30)))
    org.group("bim", *(f"p{i:03d}" for i in range(70, 150)))
    org.group("young", *(f"new{i:02d}" for i in range(10)))
    del org.groups["old"]


def test_300_mixed_changes_give_back_the_roster_of_before(crowd):
    before = roster(crowd)
    a_busy_week(crowd)
    plan = crowd.plan()
    assert plan["summary"]["changes"] >= 300
    assert {op for op, n in plan["summary"].items() if n} >= {
        "invite", "suspend", "update", "assign", "unassign", "join", "leave", "add-group", "drop-group"}
    crowd.apply()
    left, run = roster(crowd), last_run(crowd)
    assert left != before
    out, _ = undo(crowd, run)
    assert f"Undo of run {run}" in out and "doorward sync disable design stops it" in out
    assert roster(crowd) == before
    assert {state for state, in crowd.sql("SELECT state FROM account WHERE email LIKE 'new%'")} == {"removed"}
    # What was undone, the directory still asks for.
    again = crowd.plan()
    assert steps(again) == steps(plan)
    # Undone once more, all is as the run left it, and there is nothing to do.
    out, _ = undo(crowd, last_run(crowd))
    assert "stops it" not in out
    assert roster(crowd) == left
    crowd.settled()
    crowd.run("runs", "verify")


def test_a_run_of_every_operation_gives_back_the_roster_of_before(crowd):
    """As above, with what needs a past: people suspended before, groups named otherwise, people and a group under new ids."""
    org = crowd.org
    for i in range(150, 154):
        del org.people[f"p{i:03d}"]
    for i in range(154, 158):
        org.people[f"p{i:03d}"]["employeeType"] = "disabled"
    crowd.apply()
    crowd.sql("UPDATE account SET since = 1 WHERE email IN ('p150@example.com', 'p151@example.com')")  # grace is over for these
    crowd.sql("UPDATE synced_group SET name = 'Before' WHERE name = 'cad'")
    before = roster(crowd)
    for i in range(154, 158):
        del org.people[f"p{i:03d}"]["employeeType"]
    a_busy_week(crowd)
    for i in range(80, 120):
        org.people[f"p{i:03d}"].update(entryUUID=entry_uuid(f"another p{i}"), title="Made anew")
    ldif = org.ldif
    org.ldif = lambda: ldif().replace(entry_uuid("group bim"), entry_uuid("another group bim"))
    crowd.conf["team design"]["adopt"] = "yes"
    plan = crowd.plan()
    assert plan["summary"]["changes"] >= 300 and not plan["held"]
    assert {op for op in OPS_OF_JOURNAL if plan["summary"][op]} == set(OPS_OF_JOURNAL)
    order = [c["op"] for c in plan["changes"]]
    crowd.apply()
    crowd.settled()
    left, run = roster(crowd), last_run(crowd)
    assert [op for op, in crowd.sql("SELECT op FROM run_change WHERE run = ? ORDER BY seq", run)] == [OPS_OF_JOURNAL.index(op) for op in order]
    for _ in range(2):
        undo(crowd, last_run(crowd))
        assert roster(crowd) == before
        undo(crowd, last_run(crowd))
        assert roster(crowd) == left
    crowd.settled()
    crowd.run("runs", "verify")


def test_shown_as_a_plan_and_listed_as_a_run(crowd):
    crowd.org.people["p001"]["title"] = "Head"
    del crowd.org.people["p150"]
    crowd.apply()
    run = last_run(crowd)
    plan = crowd.json("runs", "undo", run, "--yes")
    assert plan["format"] == "doorward-plan/1" and plan["undoes"] == run and plan["read"] is None
    assert "stops it" in plan["notes"][0]
    assert steps(plan) == {("update", "p001@example.com", None), ("restore", "p150@example.com", None)}
    update, = [c for c in plan["changes"] if c["op"] == "update"]
    assert update["before"] == {"title": "Head"} and update["after"] == {"title": "Title 1"}
    assert update["cause"] == {"kind": "undo", "text": f"undo of run {run}; title: Head → Title 1"}
    restore, = [c for c in plan["changes"] if c["op"] == "restore"]
    assert restore["before"] == {"state": "suspended"} and restore["after"] == {"state": "invited"}
    assert re.search(rf"{run + 1} .*undo of run {run} +done +2 of 2", crowd.run("runs")[0])
    assert f"undo of run {run}" in crowd.run("runs", "show", run + 1)[0]


def test_a_person_removed_after_grace_comes_back_suspended(site):
    site.conf["sync"].update({"max-removals": EVERYTHING, "grace": "0s"})
    site.org.person("ann")
    site.org.person("ben")
    site.apply()
    del site.org.people["ann"]
    site.apply()
    suspended = roster(site)
    site.apply()
    assert site.states()["ann@example.com"] == "removed"
    run = last_run(site)
    assert site.json("runs", "undo", run, "--yes")["changes"][0]["after"] == {"state": "suspended"}
    assert roster(site) == suspended
    undo(site, last_run(site))
    assert site.states()["ann@example.com"] == "removed"


def test_group_renamed_back(crowd):
    before = roster(crowd)
    crowd.sql("UPDATE synced_group SET name = 'Before' WHERE name = 'cad'")
    named = roster(crowd)
    crowd.apply()
    assert roster(crowd) == before
    undo(crowd, last_run(crowd))
    assert roster(crowd) == named


def test_a_run_that_failed_half_way(site):
    """More changes than one transaction holds; the second one is refused by the disk, as it were."""
    site.conf["sync"].update({"max-removals": EVERYTHING, "max-removals-count": 10000})
    for i in range(2000):
        site.org.person(f"p{i:04d}")
    site.org.group("cad", *(f"p{i:04d}" for i in range(2000)))
    site.run("plan")
    site.sql("CREATE TRIGGER full BEFORE INSERT ON run_change WHEN NEW.seq = 5500 BEGIN SELECT RAISE(FAIL, 'full'); END")
    site.apply(status=5)
    run = last_run(site)
    assert site.sql("SELECT state, changes, done FROM run WHERE id = ?", run) == [("failed", 6001, 5000)]
    site.sql("DROP TRIGGER full")
    assert len(roster(site)["account"]) == 2000
    undo(site, run)
    assert not any(roster(site).values())
    assert site.sql("SELECT done FROM run WHERE id = ?", last_run(site)) == [(5000,)]


def test_refusals(site):
    site.org.person("ann")
    site.apply()
    assert "there is no run 7" in site.refused("runs", "undo", "7", "--yes", status=1)
    assert "write the number of a run" in site.refused("runs", "undo", "1x", "--yes", status=64)
    assert "write the number of a run" in site.refused("runs", "undo", "99999999999999999999", "--yes", status=64)
    assert "--yes" in site.refused("runs", "undo", "1", status=64)
    assert "--yes" in site.refused("runs", "undo", "1", "--json", status=64)
    site.sql("INSERT INTO run (team, command, started_at, state, plan, changes, held) VALUES (1, 'apply', 1, 'failed', '', 2, 0)")
    assert "changed nothing" in site.refused("runs", "undo", last_run(site), "--yes", status=1)
    assert site.states() == {"ann@example.com": "invited"}


def test_closed_gate_holds_the_undo(crowd):
    a_busy_week(crowd)
    crowd.apply()
    run, left = last_run(crowd), roster(crowd)
    crowd.run("sso", "deactivate", "idp")
    plan = crowd.json("runs", "undo", run, "--yes", status=3)
    assert not plan["changes"] and set(holds(plan).values()) == {"gate"}
    assert roster(crowd) == left and last_run(crowd) == run


def test_guard_holds_the_undo(crowd):
    """40 people would go again; 5% of them all may."""
    a_busy_week(crowd)
    crowd.apply()
    run, left = last_run(crowd), roster(crowd)
    crowd.conf["sync"]["max-removals"] = "5%"
    out, _ = undo(crowd, run, status=4)
    assert "guard" in out and "all its removals are held" in out
    assert roster(crowd)["account"] != left["account"]  # what takes nothing away went on
    assert {e for e, s in crowd.states().items() if s == "removed"} == set()


def test_removals_of_an_undo_are_approved_by_their_number(crowd):
    import json

    before = roster(crowd)
    a_busy_week(crowd)
    crowd.apply()
    run, left = last_run(crowd), roster(crowd)
    crowd.conf["sync"]["max-removals"] = "5%"
    err = crowd.refused("runs", "undo", run, "--yes", "--approve-removals", "1", status=4)
    n = int(re.search(r"this plan holds (\d+) removals, and --approve-removals says 1; nothing was done", err)[1])
    assert roster(crowd) == left and last_run(crowd) == run
    for wrong in ("", "x", str(n) + "0", "-1"):
        crowd.refused("runs", "undo", run, "--yes", "--approve-removals", wrong, status=4)
    out, _ = crowd.run("runs", "undo", run, "--yes", "--approve-removals", n)
    assert "this was approved" in out
    assert roster(crowd) == before
    record, = [r for r in map(json.loads, crowd.run("runs", "audit", "--json")[0].splitlines()) if r["what"] == "removals-approved"]
    assert record["subject"] == str(run + 1) and record["detail"]["removals"] == n
    crowd.run("runs", "verify")


def test_an_undo_says_how_and_asks_for_the_number(crowd):
    import os
    import pty

    before = roster(crowd)
    a_busy_week(crowd)
    crowd.apply()
    run, left = last_run(crowd), roster(crowd)
    crowd.conf["sync"]["max-removals"] = "5%"
    for answers, status in ((b"7\n", 4), (b"\nn\n", 1), (b"%d\ny\n", 0)):
        main, terminal = pty.openpty()
        os.write(main, answers.replace(b"%d", str(n).encode()) if status == 0 else answers)
        out, _ = crowd.run("runs", "undo", run, status=status, stdin=terminal)
        os.close(main)
        os.close(terminal)
        n = int(re.search(r"(\d+) removals are above the limits\. Type \1 to approve them, or press Enter", out)[1])
        assert f"doorward runs undo {run} --approve-removals {n}" in out
        assert roster(crowd) == (before if status == 0 else left)


def test_what_changed_since_is_held_and_named(crowd):
    del crowd.org.people["p150"]
    crowd.org.people["p001"]["title"] = "Head"
    crowd.apply()
    run = last_run(crowd)
    crowd.org.people["p001"]["title"] = "Boss"
    crowd.apply()
    plan = crowd.json("runs", "undo", run, "--yes", status=5)
    assert steps(plan) == {("restore", "p150@example.com", None)}
    assert plan["held"][0]["hold"] == {"kind": "changed-since", "text": f"run {run + 1} changed the same again; undo that one first"}
    # An undo takes back only what it did itself.
    undo(crowd, last_run(crowd))
    assert crowd.states()["p150@example.com"] == "suspended"


def test_sync_stopped_first(crowd):
    before = roster(crowd)
    a_busy_week(crowd)
    crowd.apply()
    run = last_run(crowd)
    crowd.run("sync", "disable", "design")
    out, _ = undo(crowd, run)
    assert "stops it" not in out and roster(crowd) == before
    crowd.apply(status=3)
    assert roster(crowd) == before


def test_the_answer_is_asked_for(crowd):
    """Without a terminal there is nobody to ask; with one, anything but yes leaves everything as it is."""
    import os
    import pty

    crowd.org.people["p001"]["title"] = "Head"
    crowd.apply()
    left, run = roster(crowd), last_run(crowd)
    for answer, status in (b"n\n", 1), (b"y\n", 0):
        main, terminal = pty.openpty()
        os.write(main, answer)
        out, _ = crowd.run("runs", "undo", run, status=status, stdin=terminal)
        assert f"Undo run {run} of team design with these 1 changes? [y/N]" in out
        assert (roster(crowd) == left) is (status == 1)
        os.close(main)
        os.close(terminal)


def test_the_journal_keeps_only_what_is_taken(crowd):
    """Of the many that only add, nothing."""
    rows = crowd.sql("SELECT op, count(*), count(before), count(after) FROM run_change GROUP BY op")
    assert rows and all(kept == 0 and after == 0 for _, _, kept, after in rows)
