"""The main job with a real slapd and 5,000 people: from the closed gate to a platform that agrees with the directory."""

import random
import re
import signal
import socket
import sqlite3
import threading
import time

import pytest

from site_fixture import GROUPS, MIRROR, Org, Site, causes, steps
from slapd import PEOPLE, Slapd

PEOPLE_COUNT = 5000
DISABLED, NO_MAIL = set(range(0, PEOPLE_COUNT, 500)), {7, 1007}


def uid(i):
    return f"p{i:05d}"


def make_org():
    """cad holds ten teams directly and through two levels; bim overlaps with it; a cycle, and somebody from outside the base."""
    rng, org = random.Random(7), Org()
    for i in range(PEOPLE_COUNT):
        extra = {"employeeType": "disabled"} if i in DISABLED else {}
        org.person(uid(i), mail=None if i in NO_MAIL else "", family=f"Müller-{i}", **extra)
    for team in range(40):
        org.group(f"team{team:02d}", *(uid(i) for i in sorted(rng.sample(range(PEOPLE_COUNT), rng.randint(3, 400)))))
    org.group("floor1", *(f"@team{t:02d}" for t in range(5)), uid(1))
    org.group("floor2", *(f"@team{t:02d}" for t in range(5, 10)), "@cad")
    org.group("cad", "@floor1", "@floor2", uid(2), uid(0), uid(7))
    org.group("bim", *(f"@team{t:02d}" for t in range(8, 14)))
    return org


def expected_of(org):
    """What a first plan must hold, from the organisation alone."""
    active = {u for u, p in org.people.items() if p["mail"] and "employeeType" not in p}
    cad, bim = org.members("cad") & active, org.members("bim") & active
    return {"invite": len(active), "assign": len(cad) + len(bim), "join": len(cad) + len(bim), "add-group": 2}


def settings(server, uri=None, **more):
    lines = server.directory_settings(uri=uri, map_active="employeeType!=disabled", **more).splitlines()
    return dict(line.split(" = ", 1) for line in lines)


@pytest.fixture(scope="module", name="org")
def org_fixture():
    return make_org()


@pytest.fixture(scope="module", name="slapd")
def slapd_fixture(tmp_path_factory, org):
    with Slapd(tmp_path_factory.mktemp("slapd"), org.ldif()) as server:
        yield server


def on_slapd(site, server, org, **more):
    site.org = org
    site.conf["directory hq"] = settings(server, **more)
    site.conf["product revit"] = {"team": "design", "name": "Revit", "group": f"cn=bim,{GROUPS}"}
    return site


def test_before_and_after_the_gate_opens(closed, template, slapd, org):
    site = on_slapd(closed, slapd, org)
    site.run("check-config")
    out = site.run("plan", status=3)[0]
    assert "gate: closed for example.com" in out and "doorward domain challenge example.com" in out
    before = site.tables(("account", "seat", "synced_group", "synced_member", "invitation", "run", "run_change"))
    assert not any(before.values())
    site.run("apply", "--yes", status=3)
    assert site.tables(before) == before

    site.open_gate(template.dns)
    plan, expected = site.plan(), expected_of(org)
    assert {op: n for op, n in plan["summary"].items() if n and op in expected} == expected
    assert plan["summary"]["changes"] == len(plan["changes"]) == sum(expected.values())
    assert plan["read"]["people"] == PEOPLE_COUNT and plan["read"]["groups"] == len(org.groups)
    assert {c["hold"]["kind"] for c in plan["held"]} == {"no-email"}
    site.run("plan", "--exit-code", status=2)
    site.apply()
    active = {p["mail"] for u, p in org.people.items() if p["mail"] and "employeeType" not in p}
    assert set(site.states()) == active
    assert site.seats() == {f"{u}@example.com" for u in org.members("cad")} & active
    assert site.seats("revit") == {f"{u}@example.com" for u in org.members("bim")} & active
    site.run("plan", "--exit-code")


def test_five_changes(site, slapd, org):
    """One person added, one renamed, one moved to another group, one disabled, one deleted: exactly these, with their causes."""
    on_slapd(site, slapd, org).apply()
    site.run("plan", "--exit-code")
    free = [u for u in org.people if not any(u in m for m in org.groups.values()) and org.people[u]["mail"] and "employeeType" not in org.people[u]]
    in_cad = sorted(org.members("cad") - org.members("bim") - {uid(1), uid(2), uid(0), uid(7)})
    direct = {u: [n for n, m in org.groups.items() if u in m] for u in in_cad}
    renamed, moved, disabled, deleted = [u for u in in_cad if len(direct[u]) == 1 and "employeeType" not in org.people[u]][:4]
    old, new = Org.dn(renamed), f"uid=renamed,{PEOPLE}"
    try:
        slapd.add(f"dn: uid=added,{PEOPLE}\nobjectClass: inetOrgPerson\nuid: added\ncn: Ad Ded\nsn: Ded\nmail: added@example.com\n")
        slapd.rename(old, "uid=renamed")
        slapd.change(f"dn: cn={direct[renamed][0]},{GROUPS}\nchangetype: modify\ndelete: member\nmember: {old}\n-\nadd: member\nmember: {new}\n")
        slapd.change(f"dn: cn={direct[moved][0]},{GROUPS}\nchangetype: modify\ndelete: member\nmember: {Org.dn(moved)}\n")
        slapd.change(f"dn: cn=team12,{GROUPS}\nchangetype: modify\nadd: member\nmember: {Org.dn(moved)}\n")
        slapd.replace(Org.dn(disabled), "employeeType", "disabled")
        slapd.delete(Org.dn(deleted))  # its membership dangles, as it does without the refint overlay
        plan = site.plan()
        at = {u: f"{u}@example.com" for u in ("added", renamed, moved, disabled, deleted)}
        assert steps(plan) == {
            ("invite", at["added"], None), ("update", at[renamed], None),
            ("unassign", at[moved], "autocad"), ("leave", at[moved], "cad"), ("assign", at[moved], "revit"), ("join", at[moved], "bim"),
            ("unassign", at[disabled], "autocad"), ("leave", at[disabled], "cad"), ("suspend", at[disabled], None),
            ("unassign", at[deleted], "autocad"), ("leave", at[deleted], "cad"), ("suspend", at[deleted], None)}
        why = causes(plan)
        assert {key: value["kind"] for key, value in why.items()} == {
            ("invite", at["added"]): "in-directory", ("update", at[renamed]): "attributes",
            ("unassign", at[moved]): "left-group", ("leave", at[moved]): "left-group",
            ("assign", at[moved]): "group", ("join", at[moved]): "group",
            ("unassign", at[disabled]): "disabled", ("leave", at[disabled]): "disabled", ("suspend", at[disabled]): "disabled",
            ("unassign", at[deleted]): "gone", ("leave", at[deleted]): "gone", ("suspend", at[deleted]): "gone"}
        assert f"{renamed} → renamed" in why[("update", at[renamed])]["text"]
        assert direct[moved][0] in why[("unassign", at[moved])]["text"] and "team12" in why[("assign", at[moved])]["text"]
        assert (plan["read"]["added"], plan["read"]["gone"]) == (1, 1)
        site.run("plan", "--exit-code", status=2)
        site.apply()
        site.run("plan", "--exit-code")
        assert site.states()[at[deleted]] == site.states()[at[disabled]] == "suspended" and at[renamed] in site.seats()
    finally:
        slapd.stop()  # the cases after this one get the directory as it was
        for path in (slapd.folder / "db").iterdir():
            path.unlink()
        slapd._load(org.ldif())  # pylint: disable=protected-access
        slapd.start()


# --- reads that do not complete -------------------------------------------------------------------------------------


@pytest.fixture(name="synced")
def synced_fixture(site, slapd, org):
    return on_slapd(site, slapd, org)


def unchanged_by(site, *words_in_error, **options):
    """plan and apply fail, name the cause, and leave mirror and roster as they were."""
    before = site.tables(), site.tables(MIRROR)
    for command in (("plan",), ("plan", "--json"), ("apply", "--yes")):
        out, err = site.run(*command, status=1, **options)
        assert "unassign" not in out and "suspend" not in out
        assert "directory hq" in err and all(word in err for word in words_in_error), err
    assert (site.tables(), site.tables(MIRROR)) == before


def test_size_limit(site, tmp_path):
    org = Org()
    for i in range(600):
        org.person(uid(i))
    org.group("cad", *(uid(i) for i in range(0, 600, 3)))
    org.group("bim", uid(1))
    with Slapd(tmp_path / "limited", org.ldif(), config="sizelimit 500") as server:
        generous = on_slapd(site, server, org)
        ldif = tmp_path / "all.ldif"
        ldif.write_text(org.ldif())
        generous.conf["directory hq"] = {"type": "ldif", "file": ldif, "map-active": "employeeType!=disabled"}
        generous.apply()
        site.conf["directory hq"] = settings(server, page_size=0)
        unchanged_by(site, "size limit", "page-size")
        site.conf["directory hq"] = settings(server, page_size=250)
        unchanged_by(site, "size limit")


class CutAfter:
    """Passes what goes to and from a server on, until so many bytes have come back; then calls cut and drops the connection."""

    def __init__(self, port, size, cut):
        self.port_behind, self.size, self.cut = port, size, cut
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.passed = 0
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.passed >= self.size:
                client.close()
                continue
            with client, socket.create_connection(("127.0.0.1", self.port_behind)) as server:
                up = threading.Thread(target=self._pump, args=(client, server), daemon=True)
                up.start()
                while self.passed < self.size:
                    data = server.recv(4096)
                    if not data:
                        break
                    client.sendall(data)
                    self.passed += len(data)
                self.cut()
                for end in (client, server):
                    try:
                        end.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass
                up.join()

    @staticmethod
    def _pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


@pytest.mark.parametrize("page_size", [0, 100])
def test_killed_in_mid_search(synced, slapd, page_size):
    synced.apply()
    before = synced.tables(), synced.tables(MIRROR)
    cut = CutAfter(slapd.tls_port, 300_000, slapd.kill)
    synced.conf["directory hq"] = settings(slapd, uri=f"ldaps://127.0.0.1:{cut.port}", page_size=page_size)
    try:
        out, err = synced.run("plan", status=1)
        assert cut.passed >= 300_000, "it had begun to read"
        assert not out.strip() and "directory hq" in err and "nothing is changed or removed" in err, err
        assert "connection" in err
        assert (synced.tables(), synced.tables(MIRROR)) == before
        unchanged_by(synced)  # and while it is away
    finally:
        cut.close()
        slapd.start()
    synced.conf["directory hq"] = settings(slapd)
    synced.run("plan", "--exit-code")


def test_a_server_that_falls_silent(synced, slapd):
    synced.apply()
    before = synced.tables(), synced.tables(MIRROR)
    hold = threading.Event()
    cut = CutAfter(slapd.tls_port, 300_001, hold.wait)
    synced.conf["directory hq"] = settings(slapd, uri=f"ldaps://127.0.0.1:{cut.port}", timeout="1s")
    try:
        err = synced.refused("plan", status=1)
        assert "directory hq" in err and "nothing is changed or removed" in err and re.search("in time|was cut", err), err
        assert (synced.tables(), synced.tables(MIRROR)) == before
    finally:
        hold.set()
        cut.close()


def test_a_server_that_never_says_a_word(synced, slapd):
    """It takes the connection and no more: not even TLS comes about."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for uri, more in ((f"ldaps://127.0.0.1:{port}", {}), (f"ldap://127.0.0.1:{port}", {"starttls": "yes"})):
            synced.conf["directory hq"] = settings(slapd, uri=uri, timeout="1s", **more)
            assert "imed out" in synced.refused("plan", status=1)


# --- killed runs ----------------------------------------------------------------------------------------------------


def end_state(site):
    """Numbers of rows and times aside, everything that people have."""
    return site.states(), site.seats(), site.seats("revit"), site.synced(), site.sql(
        "SELECT count(*), count(DISTINCT account) FROM invitation")


def kill_when(site, condition):
    """Starts an apply and ends it with SIGKILL as soon as the row of its run says so."""
    last, = site.sql("SELECT coalesce(max(id), 0) FROM run")[0]
    process = site.start("apply", "--yes")
    db = sqlite3.connect(f"file:{site.state}/doorward.db?mode=ro", uri=True, isolation_level=None)
    while process.poll() is None and not db.execute(f"SELECT 1 FROM run WHERE id > {last} AND {condition}").fetchone():
        time.sleep(0.001)
    process.kill()
    db.close()
    return process.wait() == -signal.SIGKILL


def test_a_killed_apply_is_finished_by_the_next(site, template, tmp_path, org):
    """kill -9 in the middle; what was committed stays, what was not is planned again, nothing is done twice."""
    sites = [site, Site(tmp_path / "other", template)]
    for each in sites:
        each.org = org
        each.conf["product revit"] = {"team": "design", "name": "Revit", "group": f"cn=bim,{GROUPS}"}
        each.conf["team design"]["groups"] = "all"
    other = sites[1]
    other.apply()
    before = 0
    for condition in ("done = 0", "done > 0", "done > 0"):
        assert kill_when(site, condition)
        done, in_journal = site.sql("SELECT sum(done) FROM run")[0][0], site.sql("SELECT count(*) FROM run_change")[0][0]
        assert done == in_journal, "the journal and the platform agree, whatever ended the run"
        assert done > before or condition == "done = 0"
        before = done
    site.apply()
    assert end_state(site) == end_state(other)
    site.run("plan", "--exit-code")
    runs = site.json("runs")
    assert [r["state"] for r in runs] == ["done", "failed", "failed", "failed"] and "ended before its time" in runs[1]["message"]
    assert sum(r["done"] for r in runs) == other.json("runs")[0]["done"]


def test_a_plan_killed_while_it_reads_leaves_the_mirror_whole(synced, slapd):
    synced.apply()
    synced.org.person("new")
    whole = synced.conf["directory hq"]
    hold = threading.Event()
    cut = CutAfter(slapd.tls_port, 300_001, hold.wait)
    before = synced.tables(), synced.tables(MIRROR)
    synced.conf["directory hq"] = settings(slapd, uri=f"ldaps://127.0.0.1:{cut.port}")
    try:
        process = synced.start("plan")
        while cut.passed < 300_001:
            time.sleep(0.01)
        process.kill()
        process.wait()
    finally:
        hold.set()
        cut.close()
        del synced.org.people["new"]
    assert (synced.tables(), synced.tables(MIRROR)) == before
    synced.conf["directory hq"] = whole
    synced.run("plan", "--exit-code")
