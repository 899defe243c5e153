"""Saved plans: exactly what was shown is carried out, or nothing."""

import json
import os
import pty

import pytest

from site_fixture import steps


@pytest.fixture(name="crowd")
def crowd_fixture(site):
    """60 people, 20 of them with a seat; 5 removals are allowed."""
    for i in range(60):
        site.org.person(f"p{i:02d}")
    site.org.group("cad", *(f"p{i:02d}" for i in range(20)))
    site.apply()
    return site


def leave(site, first, n):
    for i in range(first, first + n):
        del site.org.people[f"p{i:02d}"]


def save(site, status=0):
    path = site.folder / "plan.json"
    site.run("plan", "-o", str(path), status=status)
    return path


def test_carried_out(crowd):
    crowd.org.person("new")
    leave(crowd, 50, 2)
    path = save(crowd)
    assert path.stat().st_mode & 0o777 == 0o600
    saved = json.loads(path.read_text())
    assert saved["format"] == "doorward-plan/1" and len(saved["digest"]) == 64
    assert steps(saved) == {("invite", "new@example.com", None), ("suspend", "p50@example.com", None), ("suspend", "p51@example.com", None)}
    crowd.run("apply", str(path), "--yes")
    assert crowd.states()["new@example.com"] == "invited" and crowd.states()["p50@example.com"] == "suspended"
    crowd.settled()


def test_twice_is_stale(crowd):
    crowd.org.person("new")
    path = save(crowd)
    crowd.run("apply", str(path), "--yes")
    _, err = crowd.run("apply", str(path), "--yes", status=6)
    assert "out of date" in err and "the platform changed since, by run" in err


def test_directory_moved(crowd):
    crowd.org.person("new")
    path = save(crowd)
    crowd.org.person("newer")
    before = crowd.tables()
    _, err = crowd.run("apply", str(path), "--yes", status=6)
    assert "directory hq changed since" in err
    assert crowd.tables() == before


def test_configuration_moved(crowd):
    crowd.org.person("new")
    path = save(crowd)
    crowd.conf["sync"]["grace"] = "8d"
    _, err = crowd.run("apply", str(path), "--yes", status=6)
    assert "the configuration changed since" in err


def test_platform_moved_by_hand(crowd):
    """Somebody changed the roster's rows: the plan comes out otherwise."""
    leave(crowd, 50, 1)
    path = save(crowd)
    crowd.sql("UPDATE account SET state = 'suspended' WHERE email = 'p50@example.com'")
    _, err = crowd.run("apply", str(path), "--yes", status=6)
    assert "changed since" in err


@pytest.mark.parametrize("change", ["flip", "cut", "foreign", "empty"])
def test_changed_byte(crowd, change):
    crowd.org.person("new")
    path = save(crowd)
    data = bytearray(path.read_bytes())
    if change == "flip":
        at = data.index(b"new@example.com")
        data[at] = ord("m")
    elif change == "cut":
        data = data[:-30]
    elif change == "foreign":
        data = b'{"format":"doorward-plan/1"}\n' * 10
    else:
        data = b""
    path.write_bytes(data)
    before = crowd.tables()
    _, err = crowd.run("apply", str(path), "--yes", status=1)
    assert "saved plan" in err and "make it anew" in err
    assert crowd.tables() == before


def test_every_byte_counts(crowd):
    """One bit of any byte, spread over the whole file."""
    crowd.org.person("new")
    path = save(crowd)
    data = path.read_bytes()
    for at in range(0, len(data), max(1, len(data) // 25)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        crowd.run("apply", str(path), "--yes", status=1)
    path.write_bytes(data)
    crowd.run("apply", str(path), "--yes")


def test_guarded_removals_want_their_number(crowd):
    leave(crowd, 10, 20)
    crowd.org.person("new")
    path = save(crowd, status=4)
    guarded = json.loads(path.read_text())["state"]["guarded"]
    assert guarded == 20 + 10 + 10  # accounts, seats, memberships
    before = crowd.tables()
    _, err = crowd.run("apply", str(path), "--yes", "--approve-removals", str(guarded - 1), status=4)
    assert f"holds {guarded} removals" in err and "nothing was done" in err
    assert crowd.tables() == before
    out, _ = crowd.run("apply", str(path), "--yes", "--approve-removals", str(guarded))
    assert "this was approved" in out
    assert list(crowd.states().values()).count("suspended") == 20
    crowd.settled()


def test_guarded_removals_without_approval_stay(crowd):
    leave(crowd, 10, 20)
    crowd.org.person("new")
    path = save(crowd, status=4)
    crowd.run("apply", str(path), "--yes", status=4)
    assert "suspended" not in crowd.states().values() and crowd.states()["new@example.com"] == "invited"


def apply_typing(site, path, answers, status, *words):
    """At a terminal where somebody types this."""
    main, terminal = pty.openpty()
    os.write(main, answers)
    out, err = site.run("apply", path, *words, status=status, stdin=terminal)
    os.close(main)
    os.close(terminal)
    return out, err


def approvals(site):
    return [(r["subject"], r["detail"]) for r in map(json.loads, site.run("runs", "audit", "--json")[0].splitlines())
            if r["what"] == "removals-approved"]


def test_the_number_is_typed(crowd):
    leave(crowd, 10, 20)
    crowd.org.person("new")
    path = save(crowd, status=4)
    saved = json.loads(path.read_text())
    before = crowd.tables()
    question = "40 removals are above the limits. Type 40 to approve them, or press Enter to leave them held: "
    # A wrong number is refused, and nothing is done.
    for wrong in (b"39\n", b"y\n", b"40 yes\n", b"-40\n", b"99999999999999999999999999999\n", b"\x1b[2J\n"):
        out, err = apply_typing(crowd, path, wrong, 4)
        assert question in out and "this plan holds 40 removals, and what was typed is" in err and "\x1b" not in err
        assert "Apply these" not in out and crowd.tables() == before
    # The right one shows the plan without the hold, and the question of every run comes behind it.
    out, err = apply_typing(crowd, path, b"40\nn\n", 1)
    assert out.index("held by the guard") < out.index(question) < out.index("this was approved") < out.index("Apply these 41 changes")
    assert crowd.tables() == before and not approvals(crowd)
    apply_typing(crowd, path, b"40\ny\n", 0)
    assert list(crowd.states().values()).count("suspended") == 20
    run, = crowd.sql("SELECT max(id) FROM run")[0]
    assert approvals(crowd) == [(str(run), {"team": "design", "plan": saved["id"], "removals": 40})]
    crowd.settled()
    crowd.run("runs", "verify")


def test_enter_leaves_them_held(crowd):
    leave(crowd, 10, 20)
    crowd.org.person("new")
    path = save(crowd, status=4)
    out, _ = apply_typing(crowd, path, b"\ny\n", 4)
    assert out.count("Plan for team design") == 1 and "Apply these 1 changes" in out
    assert "suspended" not in crowd.states().values() and crowd.states()["new@example.com"] == "invited"
    assert not approvals(crowd)


def test_nobody_is_asked_who_said_yes_or_had_nothing_to_approve(crowd):
    leave(crowd, 10, 20)
    path = save(crowd, status=4)
    assert "Type 40" not in apply_typing(crowd, path, b"40\n", 4, "--yes")[0]
    leave(crowd, 40, 0)
    for i in range(11, 30):
        crowd.org.person(f"p{i:02d}")
    path = save(crowd)
    assert "Type" not in apply_typing(crowd, path, b"y\n", 0)[0]


def test_who_approved_is_recorded(crowd):
    leave(crowd, 10, 20)
    path = save(crowd, status=4)
    crowd.run("apply", path, "--yes", "--approve-removals", "40")
    records = [json.loads(line) for line in crowd.run("runs", "audit", "--json")[0].splitlines()]
    record, = [r for r in records if r["what"] == "removals-approved"]
    begun, = [r for r in records if r["what"] == "run-begun" and r["subject"] == record["subject"]]
    assert record["actor"] == begun["actor"] and record["record"] == begun["record"] + 1 and record["detail"]["removals"] == 40


def test_wrong_words(crowd):
    crowd.refused("apply", "--yes", "--approve-removals", "3", status=64)
    crowd.refused("apply", "./no-such-file", "--yes", status=1)
