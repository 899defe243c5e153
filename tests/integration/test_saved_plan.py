"""Saved plans: exactly what was shown is carried out, or nothing."""

import json

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


def test_wrong_words(crowd):
    crowd.refused("apply", "--yes", "--approve-removals", "3", status=64)
    crowd.refused("apply", "./no-such-file", "--yes", status=1)
