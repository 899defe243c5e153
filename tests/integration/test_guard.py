"""The guard: removals beyond the limits wait for a human, and everything else goes on."""

import pytest

from site_fixture import holds, steps

REMOVALS = {"unassign", "leave", "suspend", "remove"}


@pytest.fixture(name="crowd")
def crowd_fixture(site):
    """200 people, 100 of them with a seat; 5% of the people are 10."""
    for i in range(200):
        site.org.person(f"p{i:03d}")
    site.org.group("cad", *(f"p{i:03d}" for i in range(100)))
    site.apply()
    return site


def leave(site, first, n):
    for i in range(first, first + n):
        del site.org.people[f"p{i:03d}"]


def test_as_many_as_are_allowed(crowd):
    leave(crowd, 150, 10)
    assert {c["op"] for c in crowd.plan()["changes"]} == {"suspend"}
    crowd.apply()
    crowd.settled()


def test_one_more_holds_all_removals_and_nothing_else(crowd):
    leave(crowd, 150, 11)
    crowd.org.person("new")
    crowd.org.people["p001"]["title"] = "Boss"
    plan = crowd.plan(status=4)
    assert steps(plan) == {("invite", "new@example.com", None), ("update", "p001@example.com", None)}
    assert len(plan["held"]) == 11 and set(holds(plan).values()) == {"guard"}
    before = crowd.states()
    out, _ = crowd.apply(status=4)
    assert "11 of 200 people" in out and "10 are allowed at once" in out
    assert crowd.states() == {**before, "new@example.com": "invited"}
    crowd.conf["sync"]["max-removals"] = "6%"
    crowd.apply()
    assert list(crowd.states().values()).count("suspended") == 11
    crowd.settled()


def test_limit_as_a_number(crowd):
    crowd.conf["sync"]["max-removals-count"] = 2
    leave(crowd, 150, 3)
    assert len(crowd.plan(status=4)["held"]) == 3


def test_seats_and_members_are_counted_too(crowd):
    """Nobody left; a group lost its members."""
    crowd.org.group("cad", *(f"p{i:03d}" for i in range(94)))
    plan = crowd.plan(status=4)
    assert not plan["changes"] and {c["op"] for c in plan["held"]} == {"unassign", "leave"}
    crowd.org.group("cad", *(f"p{i:03d}" for i in range(95)))
    crowd.apply()
    crowd.settled()


def test_everybody_gone(crowd):
    crowd.org.people.clear()
    plan = crowd.plan(status=4)
    assert not plan["changes"] and {c["op"] for c in plan["held"]} == {"unassign", "leave", "suspend"}
    before = crowd.tables()
    crowd.apply(status=4)
    assert crowd.tables(("account", "seat", "synced_member")) == {k: before[k] for k in ("account", "seat", "synced_member")}


def test_seats_that_the_guard_keeps_are_not_given_twice(crowd):
    crowd.conf["product autocad"]["seats"] = 100
    crowd.org.group("cad", *(f"p{i:03d}" for i in range(20, 120)))
    plan = crowd.plan(status=4)
    assert plan["seats"][0]["after"] == 100 and plan["seats"][0]["waiting"] == 20
    assert "assign" not in {c["op"] for c in plan["changes"]}


def test_administrators_and_protected_people_stay(site):
    for uid in ("alice", "bob", "carol", "chief", "ann"):
        site.org.person(uid)
    site.org.group("cad", "alice", "chief")
    site.conf["team design"].update({"primary-admin": "ALICE@example.com", "sso-admin": "bob@example.com",
                                     "secondary-admin": "carol@example.com", "protect": "chief@*"})
    site.apply()
    site.org.people.clear()
    site.org.person("other")
    plan = site.plan()
    assert steps(plan) == {("invite", "other@example.com", None), ("suspend", "ann@example.com", None)}
    site.apply()
    assert {email for email, state in site.states().items() if state == "suspended"} == {"ann@example.com"}
    assert site.seats() == {"alice@example.com", "chief@example.com"}
    assert {c["op"] for c in site.plan()["changes"]} <= {"noop"}
