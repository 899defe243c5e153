"""Who gets a seat when there are not enough: priority groups first, and nobody loses one for it; who must go, goes first."""

import pytest

from site_fixture import GROUPS, holds, steps
from test_undo import last_run, roster, undo


def mail(*uids):
    return {f"{uid}@example.com" for uid in uids}


def group(name):
    return f"cn={name},{GROUPS}"


@pytest.fixture(name="short")
def short_fixture(site):
    """Six people are entitled to three seats; leads are d and f (through a group inside), seniors e and f."""
    for uid in "abcdef":
        site.org.person(uid)
    site.org.group("cad", *"abcdef")
    site.org.group("leads", "d", "@chiefs")
    site.org.group("chiefs", "f")
    site.org.group("seniors", "e", "f")
    site.conf["product autocad"].update(seats=3, priority=[group("leads"), group("seniors")])
    return site


def test_ranks_in_their_order(short):
    plan = short.plan()
    assert {p for op, p, _ in steps(plan) if op == "assign"} == mail("d", "f", "e")
    assert holds(plan) == {("assign", f"{uid}@example.com"): "no-seat" for uid in "abc"}
    seats, = plan["seats"]
    assert (seats["after"], seats["waiting"], seats["waits"]) == (3, 3, ["a@example.com", "b@example.com", "c@example.com"])
    out, _ = short.apply()
    assert "3 waiting: Given A, Given B, Given C" in out and "no seat is left; number 2 of those who wait" in out
    assert short.seats() == mail("d", "e", "f")
    short.run("plan", "--exit-code")


def test_second_rank_waits_for_the_first(short):
    short.conf["product autocad"]["seats"] = 2
    plan = short.plan()
    assert {p for op, p, _ in steps(plan) if op == "assign"} == mail("d", "f")
    assert plan["seats"][0]["waits"] == ["e@example.com", "a@example.com", "b@example.com", "c@example.com"]
    short.conf["product autocad"]["priority"] = [group("seniors"), group("leads")]
    plan = short.plan()
    assert {p for op, p, _ in steps(plan) if op == "assign"} == mail("e", "f")
    assert plan["seats"][0]["waits"][0] == "d@example.com"


def test_without_priority_as_ever(short):
    short.conf["product autocad"]["priority"] = None
    assert {p for op, p, _ in steps(short.plan()) if op == "assign"} == mail("a", "b", "c")


def test_nobody_loses_a_seat_for_a_higher_rank(short):
    short.org.group("cad", *"abc")
    short.apply()
    short.org.group("cad", *"abcdef")
    plan = short.plan()
    assert {op for op, _, _ in steps(plan)} == {"join"} and plan["seats"][0]["waits"] == ["d@example.com", "f@example.com", "e@example.com"]
    short.org.group("cad", *"bcdef")
    assert steps(short.plan()) >= {("unassign", "a@example.com", "autocad"), ("assign", "d@example.com", "autocad")}
    short.apply()
    assert short.seats() == mail("b", "c", "d")


def test_priority_entitles_nobody_and_syncs_no_group(short):
    short.org.group("cad", "a")
    short.apply()
    assert short.seats() == mail("a") and set(short.synced()) == {"cad"}


def test_a_held_person_takes_no_seat_from_the_next(short):
    short.org.people["d"]["mail"] = "d@elsewhere.example"
    plan = short.plan()
    assert {p for op, p, _ in steps(plan) if op == "assign"} == mail("f", "e", "a")


def test_bound_by_id(short):
    """The priority group gets another name: it is the same group, and a note says so."""
    short.conf["product autocad"]["seats"] = 1
    short.apply()
    assert short.seats() == mail("d")
    short.org.group("cad", *"abcef")  # d leaves, the seat is free for the next lead
    text = short.org.ldif().replace("cn=leads,", "cn=heads,").replace("cn: leads", "cn: heads")
    short.conf["directory hq"]["file"] = "renamed.ldif"
    (short.folder / "renamed.ldif").write_text(text)
    plan = short.plan()
    assert any("is now called 'cn=heads," in note for note in plan["notes"])
    assert ("assign", "f@example.com", "autocad") in steps(plan)


def test_not_found_ranks_nobody(short):
    short.conf["product autocad"]["priority"] = group("nobody")
    plan = short.plan()
    note, = plan["notes"]
    assert "cn=nobody" in note and "puts nobody before others" in note and "doorward.conf:" in note
    assert {p for op, p, _ in steps(plan) if op == "assign"} == mail("a", "b", "c")
    short.apply()
    # Nothing is held on its account: who left loses the seat and the membership.
    short.org.group("cad", *"bcdef")
    assert steps(short.plan()) >= {("unassign", "a@example.com", "autocad"), ("leave", "a@example.com", "cad")}


def test_not_a_name(short):
    short.conf["product autocad"]["priority"] = "leads"
    assert "priority" in short.refused("check-config", status=78)


def test_in_an_undo_too(short):
    short.apply()
    before = roster(short)
    short.org.group("cad", *"abc")
    short.apply()
    undo(short, last_run(short))
    assert roster(short) == before


def test_who_must_go_goes_first(short):
    """Locked out before anything else is done: accounts, then seats and memberships; housekeeping behind."""
    short.conf["sync"]["max-removals"] = "100%"
    short.conf["product autocad"].update(seats=None)
    short.org.people["z"] = dict(short.org.people["a"], uid="z", cn="Z", mail="z@example.com", entryUUID="00000000-0000-4000-8000-00000000000f")
    short.apply()
    short.org.group("cad", *"bcdef", "z")
    short.org.people["b"]["employeeType"] = "disabled"
    del short.org.people["c"]
    short.org.person("new")
    short.org.groups["cad"].remove("d")
    changes = short.plan()["changes"]
    order = [(c["op"], c["cause"]["kind"]) for c in changes]
    assert order == [("suspend", "disabled"), ("suspend", "gone"), ("unassign", "disabled"), ("unassign", "gone"), ("leave", "disabled"),
                     ("leave", "gone"), ("unassign", "left-group"), ("unassign", "left-group"), ("leave", "left-group"), ("leave", "left-group"),
                     ("invite", "in-directory"), ("assign", "group"), ("join", "group")]
    before = roster(short)
    short.apply()
    numbered = short.sql("SELECT seq, op FROM run_change WHERE run = ? ORDER BY seq", last_run(short))
    assert [op for _, op in numbered][:6] == [2, 2, 0, 0, 1, 1] and len(numbered) == len(order)
    short.settled()
    undo(short, last_run(short))
    assert roster(short) == before
