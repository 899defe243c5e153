"""kill -9: a run of 500 changes of every kind is ended before more than 200 different calls, and finished by the next."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from site_fixture import DOORWARD, GROUPS, ROOT, Site

KILLER = Path(os.environ.get("DOORWARD_TOOLS", ROOT / "build/tests/tools")).parent / "preload/killer.so"
KINDS = {"unassign", "leave", "suspend", "remove", "drop-group", "add-group", "rename-group", "invite", "restore", "update", "assign", "join"}

# Everything that a run may change, by names: numbers and times are each run's own.
ROWS = (
    "SELECT uid, state, activated_at > 0, domain, email_hash, user_name, email, given_name, family_name, display_name, title, fp_hi, fp_lo"
    " FROM account",
    "SELECT p.name, a.uid, e.uid FROM seat s JOIN account a ON a.id = s.account JOIN product p ON p.id = s.product"
    " LEFT JOIN entry e ON e.id = s.via",
    "SELECT e.uid, g.name, a.uid FROM synced_group g JOIN entry e ON e.id = g.grp LEFT JOIN synced_member m ON m.synced_group = g.id"
    " LEFT JOIN account a ON a.id = m.account",
    "SELECT a.uid, i.email FROM invitation i JOIN account a ON a.id = i.account",
)


def rows(site):
    return [sorted(site.sql(statement), key=repr) for statement in ROWS]


def people(org, numbers, **attrs):
    for i in numbers:
        org.person(f"p{i:03d}", **attrs)


def names(numbers):
    return [f"p{i:03d}" for i in numbers]


@pytest.fixture(name="busy")
def busy_fixture(site):
    """A state from which the next run has 500 changes of every kind."""
    org = site.org
    site.conf["sync"].update({"max-removals": "100%", "max-removals-count": 10000})
    site.conf["product revit"] = {"team": "design", "name": "Revit", "group": f"cn=bim,{GROUPS}", "seats": 60}
    site.conf["team design"]["groups"] = "all"
    people(org, range(140))
    org.group("cad", *names(range(80)))
    org.group("bim", *names(range(60, 120)))
    org.group("old", *names(range(20)))
    site.apply()
    gone = {name: org.people.pop(name) for name in names(range(30))}
    site.apply()  # suspended, and long ago: the next run restores 15 of them, and removes the others
    site.sql("UPDATE account SET since = 1 WHERE state = 'suspended'")
    org.people.update(dict(list(gone.items())[:15]))
    for name in names(range(30, 50)):
        del org.people[name]
    for name in names(range(50, 60)):
        org.people[name]["employeeType"] = "disabled"
    people(org, range(60, 110), title="Head", family="Née Müller")
    people(org, range(200, 260))
    org.group("cad", *names(range(70, 100)), *names(range(200, 250)))
    org.group("bim", *names(range(90, 140)), *names(range(240, 260)))
    org.group("young", *names(range(200, 230)))
    del org.groups["old"]
    site.sql("UPDATE synced_group SET name = 'Before' WHERE name = 'cad'")
    site.write()
    return site


def at_state(site, folder):
    """The same site with another state folder."""
    other = Site.__new__(Site)
    other.__dict__.update(vars(site))
    other.state = folder
    return other


def started(site, *words, **environment):
    """The state of this site, the configuration of the first."""
    argv = [DOORWARD, "-c", site.folder / "doorward.conf", "--state", site.state, *words]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60, env={**os.environ, **environment})


def said(site, *words):
    done = started(site, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.decode()


def finished(site, since, changes):
    """The next run comes to the same, and each change was done once."""
    said(site, "apply", "--yes", "--quiet")
    assert site.sql("SELECT sum(done) FROM run WHERE id > ?", since) == [(changes,)]
    assert site.sql("SELECT count(*), count(DISTINCT op || '/' || person || '/' || object) FROM run_change WHERE run > ?",
                    since) == [(changes, changes)]
    assert site.sql("SELECT count(*) FROM run WHERE state = 'running'") == [(0,)]
    said(site, "runs", "verify")
    return rows(site)


def first(holds, low, high):
    """The first point from low on, below high, for which it holds; it does for every later one."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def evenly(low, high, n):
    return {low + i * (high - low) // n for i in range(n)}


def test_killed_at_more_than_200_points(busy):
    plan = busy.plan()
    assert {op for op in KINDS if plan["summary"][op]} == KINDS and plan["summary"]["changes"] >= 500, plan["summary"]
    since, changes = busy.sql("SELECT max(id) FROM run")[0][0], plan["summary"]["changes"]
    # Memory takes the syncing off the test; SIGKILL loses nothing that was written, so nothing is proved less.
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as name:
        folder = Path(name)

        def copied(what):
            return at_state(busy, Path(shutil.copytree(busy.state, folder / str(what))))

        def killed(point):
            site = copied(point)
            done = started(site, "apply", "--yes", "--quiet", LD_PRELOAD=str(KILLER), KILLER_AT=str(point))
            assert done.returncode == -signal.SIGKILL, (point, done)
            return site

        def left_at(point):
            """The row of the run that was killed, or nothing when it had not begun."""
            site = killed(point)
            found = site.sql("SELECT state, done FROM run WHERE id > ?", since)
            shutil.rmtree(site.state)
            return found

        def comes_to_the_same(point):
            site = killed(point)
            assert finished(site, since, changes) == desired, point
            shutil.rmtree(site.state)

        whole, count = copied("whole"), folder / "count"
        done = started(whole, "apply", "--yes", "--quiet", LD_PRELOAD=str(KILLER), KILLER_COUNT=str(count))
        assert done.returncode == 0, done.stderr
        last, desired = int(count.read_text()), rows(whole)
        begun = first(lambda point: left_at(point) != [], 1, last)
        committed = first(lambda point: left_at(point) != [("running", 0)], begun, last)
        # While it reads; between the run's beginning and the commit, where journal and platform move; until it is closed.
        points = evenly(1, begun, 20) | evenly(begun - 2, committed + 2, 160) | evenly(committed, last + 1, 40)
        assert len(points) > 200 and committed - begun > 100
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(comes_to_the_same, sorted(points)))


def test_a_full_disk_ends_the_run_and_the_next_goes_on(busy):
    """Nothing can be written any more, from some point of the run on: it says so, and what was not committed was not done."""
    changes, since = busy.plan()["summary"]["changes"], busy.sql("SELECT max(id) FROM run")[0][0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole, count = at_state(busy, Path(shutil.copytree(busy.state, folder / "whole"))), folder / "count"
        started(whole, "apply", "--yes", "--quiet", LD_PRELOAD=str(KILLER), KILLER_COUNT=str(count))
        total, desired = int(count.read_text()), rows(whole)
        for i in range(12):
            site = at_state(busy, Path(shutil.copytree(busy.state, folder / f"full{i}")))
            done = started(site, "apply", "--yes", "--quiet", LD_PRELOAD=str(KILLER), KILLER_FULL=str(1 + i * (total - 1) // 11))
            ended = site.sql("SELECT count(*) FROM run WHERE id > ? AND state = 'done'", since) == [(1,)]
            assert ended or (done.returncode in (1, 5) and re.search(b"the disk is full|No space left", done.stderr)), done
            assert finished(site, since, changes) == desired, i
