"""A client that pushes, through the whole program: what it sends, what the plan makes of it, and what it never does."""

import concurrent.futures
import json
import random
import sqlite3

import pytest

from pushed_site import Pushed, push_conf
from site_fixture import causes, holds, steps
from slapd import entry_uuid


@pytest.fixture(name="server")
def server_fixture(site):
    push_conf(site)
    site.conf["team design"]["groups"] = "all"
    server = Pushed(site)
    yield server
    server.stop()


@pytest.fixture(name="small")
def small_fixture(server):
    """ann is in cad, ben by way of inner; cid in neither."""
    server.key = server.token()
    server.ids = {name: server.user(server.key, name) for name in ("ann", "ben", "cid")}
    server.ids["inner"] = server.group(server.key, "inner", server.ids["ben"])
    server.ids["cad"] = server.group(server.key, "cad", server.ids["ann"], server.ids["inner"])
    server.site.apply()
    return server


def replace(path, value):
    return {"op": "replace", "path": path, "value": value}


def test_first_and_nothing_more(small):
    site = small.site
    assert set(site.states()) == {"ann@example.com", "ben@example.com", "cid@example.com"}
    assert site.seats() == {"ann@example.com", "ben@example.com"}
    assert site.synced() == {"cad": {"ann@example.com", "ben@example.com"}, "inner": {"ben@example.com"}}
    site.settled()


def test_each_change_arrives_once(small):
    site, key, ids = small.site, small.key, small.ids
    small.patch(key, f"/Users/{ids['ann']}", replace("name.familyName", "Carter"), replace("emails[type eq \"work\"].value", "carter@example.com"))
    small.patch(key, f"/Users/{ids['cid']}", {"op": "Replace", "path": "active", "value": "False"})
    small.patch(key, f"/Groups/{ids['inner']}", {"op": "remove", "path": f"members[value eq \"{ids['ben']}\"]"})
    plan = site.plan()
    assert plan["read"]["result"] == "changes" and plan["read"]["changed"] == 3
    assert steps(plan) == {("update", "carter@example.com", None), ("suspend", "cid@example.com", None),
                           ("unassign", "ben@example.com", "autocad"), ("leave", "ben@example.com", "inner"), ("leave", "ben@example.com", "cad")}
    assert causes(plan)["suspend", "cid@example.com"]["kind"] == "disabled"
    site.apply()
    site.settled()
    small.patch(key, f"/Users/{ids['cid']}", replace("active", True))
    site.apply()
    assert site.states()["cid@example.com"] in ("invited", "active")


def test_deleted_user_and_group(small):
    site, key, ids = small.site, small.key, small.ids
    small.ask("DELETE", f"/Users/{ids['ann']}", key, status=204)
    small.ask("DELETE", f"/Groups/{ids['inner']}", key, status=204)
    plan = site.plan()
    assert plan["read"]["gone"] == 2
    why = causes(plan)
    assert why["suspend", "ann@example.com"]["kind"] == "gone" and why["unassign", "ben@example.com"]["kind"] == "left-group"
    site.apply()
    assert site.states()["ann@example.com"] == "suspended" and site.seats() == set()
    site.settled()


def test_silence_removes_nobody(small):
    """Tokens end, nobody pushes any more, the file of what was pushed is another one: nothing follows from it."""
    site = small.site
    site.run("token", "revoke", "hq", "1")
    site.settled()
    small.served.end()
    before = site.states()
    for path in site.state.glob("push.db*"):
        path.unlink()
    err = site.refused("plan", status=1)
    assert "push.db: it is gone" in err and "backup" in err, err
    again = Pushed(site)
    try:
        key = again.token()
        site.settled()
        again.user(key, "dan")
        plan = site.plan()
        assert steps(plan) == {("invite", "dan@example.com", None)} and not plan["held"]
        site.apply()
        assert {**site.states(), "dan@example.com": None} == {**before, "dan@example.com": None}
    finally:
        again.stop()


def test_pushed_anew_to_another_section(small):
    """After a loss: the accounts follow to the new ids, as from a rebuilt directory."""
    site = small.site
    for path in site.state.glob("push.db*"):
        path.unlink()
    small.served.end()
    directory = site.conf.pop("directory hq")
    site.conf["directory anew"] = directory
    site.conf["team design"].update(directory="anew", adopt="yes")
    server = Pushed(site)
    try:
        key = server.token("anew")
        ids = {name: server.user(key, name, directory="anew") for name in ("ann", "ben", "cid")}
        inner = server.group(key, "inner", ids["ben"], directory="anew")
        server.group(key, "cad", ids["ann"], inner, directory="anew")
        plan = site.plan()
        assert {op for op, _, _ in steps(plan)} <= {"adopt", "adopt-group"} and not plan["held"], plan["changes"]
        states, seats = site.states(), site.seats()
        site.apply()
        assert site.states() == states and site.seats() == seats
        site.settled()
    finally:
        server.stop()


def test_same_email_twice_is_a_conflict(small):
    """userName is unique at the service; an e-mail of two people is shown, and taken over by nobody."""
    site, key = small.site, small.key
    small.user(key, "eve", emails=[{"value": "ann@example.com", "type": "work"}])
    plan = site.plan(status=0)
    assert holds(plan) and set(holds(plan).values()) == {"same-email"}, plan["held"]
    assert not plan["changes"]


def test_signed_in_by_the_external_id(site):
    """What the identity provider sends as the immutable id is the externalId: the person of the test is found."""
    push_conf(site, **{"id-attribute": "externalId"})
    server = Pushed(site)
    try:
        key = server.token()
        alice = server.user(key, "alice", externalId=entry_uuid("alice"), name={"givenName": "Alice", "familyName": "Carter"})
        server.user(key, "ben", externalId="e-ben")
        site.apply()
        assert site.sql("SELECT uid FROM entry ORDER BY uid") == [(entry_uuid("alice"),), ("e-ben",)]
        site.org.person("alice", given="Alice", family="Carter")
        site.sign_in()
        site.org.people.clear()
        server.ask("DELETE", f"/Users/{alice}", key, status=204)
        plan = site.plan()
        assert {op for op, email, _ in steps(plan) | steps(plan, "held") if email == "alice@example.com"} <= {"suspend"}
        assert plan["read"]["gone"] == 1
    finally:
        server.stop()


def test_pulls_while_clients_push(server):
    """Nothing that was committed between two reads is missed, whatever is pushed while one goes on."""
    site = server.site
    site.conf["product autocad"]["group"] = "team0"
    keys = [server.token() for _ in range(4)]

    def push(number):
        rng, key, mine = random.Random(number), keys[number], {}
        team = server.group(key, f"team{number}")
        for i in range(40):
            name = f"t{number}u{i}"
            mine[name] = server.user(key, name)
            server.patch(key, f"/Groups/{team}", {"op": "add", "path": "members", "value": [{"value": mine[name]}]})
            if i % 4 == 3:
                gone = rng.choice(sorted(mine))
                server.ask("DELETE", f"/Users/{mine.pop(gone)}", key, status=204)
            server.patch(key, f"/Users/{rng.choice(sorted(mine.values()))}", replace("title", f"T{i}"))
        return mine

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        pushing = [pool.submit(push, number) for number in range(4)]
        reads = 0
        while not all(done.done() for done in pushing) or reads < 3:
            site.run("plan")
            reads += 1
        there = {name for done in pushing for name in done.result()}
    plan = site.plan()
    site.apply()
    assert plan["read"]["result"] == "changes"
    assert {email.partition("@")[0] for email in site.states()} == there
    with sqlite3.connect(site.state / "push.db") as db:
        users = [json.loads(text) for text, in db.execute(
            "SELECT c.text FROM content c JOIN resource r ON r.row = c.resource WHERE r.kind = 0 AND r.gone = 0")]
    db.close()
    mirror = dict(site.sql("SELECT p.user_name, p.title FROM person p JOIN entry e ON e.id = p.id WHERE e.gone_at = 0"))
    assert mirror == {user["userName"]: user.get("title") for user in users} and set(mirror) == there
    assert site.seats() == {f"{name}@example.com" for name in there if name.startswith("t0u")}
    site.settled()
