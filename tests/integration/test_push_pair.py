"""Two of us back to back: what one writes to its platform is pushed to the other as its directory."""

import random

import pytest

from pushed_site import Pushed, push_conf
from site_fixture import GROUPS, Org, Site, steps
from slapd import PEOPLE, Slapd, entry_uuid

PEOPLE_COUNT = 400
ATTRIBUTES = "user_name, email, given_name, family_name, display_name, employee_number, title, department, language"
TITLES = ["Engineer", "Designer", "Architekt", "設計者", None]
DISABLED, NO_MAIL = {3, 77}, {5, 205}


def uid(i):
    return f"p{i:03d}"


def make_org():
    """cad holds three teams through two levels, with a cycle on the way; bim overlaps with it."""
    rng, org = random.Random(11), Org()
    for i in range(PEOPLE_COUNT):
        org.person(uid(i), mail=None if i in NO_MAIL else "", family=f"Müller-{i}", given="철수" if i % 7 == 0 else "Zoë",
                   title=TITLES[i % 5], employeeNumber=str(1000 + i), departmentNumber=f"D{i % 9}",
                   preferredLanguage="ko" if i % 7 == 0 else "de", **({"employeeType": "disabled"} if i in DISABLED else {}))
    for team in range(6):
        org.group(f"team{team}", *(uid(i) for i in sorted(rng.sample(range(PEOPLE_COUNT), 40))))
    org.group("floor", "@team0", "@team1", "@cad")
    org.group("cad", "@floor", "@team2", uid(1), uid(3), uid(5))
    org.group("bim", "@team2", "@team3", uid(2))
    return org


class Pair:
    """near: slapd in, SCIM out. far: pushed in, the built-in platform out."""

    def __init__(self, folder, template, org, slapd, **directory):
        self.org, self.slapd = org, slapd
        self.far = push_conf(Site(folder / "far", template), **directory)
        self.far.conf["product autocad"].update(group="AutoCAD 2027")
        self.far.conf["product revit"] = {"team": "design", "name": "Revit", "group": "Revit"}
        self.far.conf["team design"]["groups"] = "all"
        self.server = Pushed(self.far)
        self.near = Site(folder / "near", template)
        self.near.org = org
        lines = slapd.directory_settings(map_active="employeeType!=disabled").splitlines()
        self.near.conf["directory hq"] = dict(line.split(" = ", 1) for line in lines)
        token = folder / "near" / "token"
        token.write_text(self.server.token() + "\n")
        token.chmod(0o600)
        self.near.conf["platform builtin"] = {"type": "scim", "url": self.server.base(), "token-file": token, "retry-wait": "20ms"}
        self.near.conf["product autocad"]["name"] = "AutoCAD 2027"
        self.near.conf["product revit"] = {"team": "design", "name": "Revit", "group": f"cn=bim,{GROUPS}"}

    def run(self, status=0):
        self.near.apply(status=status)
        self.far.apply()

    def stop(self):
        self.server.stop()

    # --- what each has

    @staticmethod
    def people(site):
        """User name -> all its attributes and whether it is active, of those who are there."""
        rows = site.sql(f"SELECT {ATTRIBUTES}, active FROM person p JOIN entry e ON e.id = p.id WHERE e.gone_at = 0")
        return {row[0]: row[1:] for row in rows}

    @staticmethod
    def groups(site):
        """Name of a group -> user names of its direct members who are there."""
        found = {name: set() for name, in site.sql(
            "SELECT g.display_name FROM grp g JOIN entry e ON e.id = g.id WHERE e.gone_at = 0")}
        for name, member in site.sql(
                "SELECT g.display_name, p.user_name FROM edge m JOIN grp g ON g.id = m.grp JOIN entry e ON e.id = g.id"
                " JOIN ref r ON r.id = m.ref JOIN person p ON p.id = r.entry JOIN entry pe ON pe.id = p.id"
                " WHERE e.gone_at = 0 AND pe.gone_at = 0"):
            found[name].add(member)
        return found

    def members(self, name):
        """Whom the near one gives it to: of those with an e-mail who are not disabled."""
        return {u for u in self.org.members(name) if self.org.people[u]["mail"] and "employeeType" not in self.org.people[u]}

    def equal(self):
        """Entry by entry: the far mirror is what the near one gives."""
        near, far = self.people(self.near), self.people(self.far)
        usable = {u for u, values in near.items() if values[0] and values[-1]}
        assert {u for u, values in far.items() if values[-1]} == usable
        for u in usable:
            assert far[u] == near[u], u
        groups = {"AutoCAD 2027": self.members("cad"), "cad": self.members("cad"), "Revit": self.members("bim"), "bim": self.members("bim")}
        assert self.groups(self.far) == groups
        emails = {u: near[u][0] for u in usable}
        assert self.far.seats("autocad") == {emails[u] for u in groups["cad"]} == self.near.seats("autocad")
        assert self.far.seats("revit") == {emails[u] for u in groups["bim"]} == self.near.seats("revit")
        assert {e for e, state in self.far.states().items() if state in ("invited", "active")} == set(emails.values())
        assert self.far.synced() == {name: {emails[u] for u in members} for name, members in groups.items()}
        self.near.settled()
        self.far.settled()


@pytest.fixture(name="org")
def org_fixture():
    return make_org()


@pytest.fixture(name="slapd")
def slapd_fixture(tmp_path, org):
    with Slapd(tmp_path / "slapd", org.ldif()) as server:
        yield server


@pytest.fixture(name="pair")
def pair_fixture(tmp_path, template, org, slapd):
    pair = Pair(tmp_path, template, org, slapd)
    yield pair
    pair.stop()


def test_equal_then_changed_then_equal(pair):
    pair.run()
    pair.equal()
    org, slapd = pair.org, pair.slapd
    ids = dict(pair.far.sql("SELECT p.user_name, e.uid FROM person p JOIN entry e ON e.id = p.id"))

    # One comes, one goes, one is disabled, one is renamed, one moves between groups.
    gone, disabled, renamed, moved = [u for u in sorted(pair.members("cad") - pair.members("bim"))
                                      if u not in (uid(1), uid(2), uid(3), uid(5))][:4]
    org.person("new", title="Neu")
    slapd.add(f"dn: uid=new,{PEOPLE}\nobjectClass: inetOrgPerson\nuid: new\ncn: Given New\nsn: New\ngivenName: Given\n"
              "displayName: Given New\nmail: new@example.com\ntitle: Neu\n")
    slapd.delete(Org.dn(gone))
    del org.people[gone]
    slapd.replace(Org.dn(disabled), "employeeType", "disabled")
    org.people[disabled]["employeeType"] = "disabled"
    slapd.change(f"dn: {Org.dn(renamed)}\nchangetype: modify\nreplace: sn\nsn: Carter\n-\nreplace: displayName\ndisplayName: Zoë Carter\n-\n"
                 f"replace: mail\nmail: carter@example.com\n")
    org.people[renamed].update(sn="Carter", displayName="Zoë Carter", mail="carter@example.com")
    slapd.change(f"dn: cn=team3,{GROUPS}\nchangetype: modify\nadd: member\nmember: {Org.dn('new')}\nmember: {Org.dn(moved)}\n")
    org.groups["team3"] += ["new", moved]
    pair.run()
    pair.equal()
    now = dict(pair.far.sql("SELECT p.user_name, e.uid FROM person p JOIN entry e ON e.id = p.id"))
    assert {u: i for u, i in now.items() if u in ids} == ids
    assert pair.far.states()[f"{disabled}@example.com"] == pair.far.states()[f"{gone}@example.com"] == "suspended"

    # Whoever was disabled is back; a group is emptied, and filled again.
    slapd.change(f"dn: {Org.dn(disabled)}\nchangetype: modify\ndelete: employeeType\n")
    del org.people[disabled]["employeeType"]
    pair.run()
    pair.equal()
    assert pair.far.states()[f"{disabled}@example.com"] in ("invited", "active")


def test_read_again_brings_nothing(pair):
    pair.run()
    first = pair.far.plan()["read"]
    assert first["result"] == "changes" and first["people"] == 0 and first["groups"] == 0
    assert pair.far.sql("SELECT count(*) FROM audit WHERE what = 'directory-read'") == [(1,)]


def test_renamed_group_stays_the_same_one(pair):
    """The far product was bound to the group by its id at first sight: its new name changes nobody's seat."""
    pair.far.conf["product revit"]["group"] = "bim"
    pair.run()
    seats = pair.far.seats("revit")
    before = dict(pair.far.sql("SELECT display_name, id FROM grp"))
    pair.slapd.rename(f"cn=bim,{GROUPS}", "cn=building")
    pair.near.apply()
    out, _ = pair.far.apply()
    assert "group 'bim' is now called 'building'" in out and "Read what changed from" in out
    after = dict(pair.far.sql("SELECT display_name, id FROM grp"))
    assert after["building"] == before["bim"] and pair.far.seats("revit") == seats == {f"{u}@example.com" for u in pair.members("bim")}


def test_leavers_are_deleted_where_asked_for(pair):
    """on-leave = remove deletes there: a tombstone, and here the grace of the far one."""
    pair.near.conf["sync"]["on-leave"] = "remove"
    pair.run()
    gone = sorted(pair.members("bim"))[:3]
    for u in gone:
        pair.slapd.delete(Org.dn(u))
        del pair.org.people[u]
    pair.run()
    pair.equal()
    assert not set(gone) & set(pair.people(pair.far))
    for u in gone:
        assert pair.far.states()[f"{u}@example.com"] == "suspended"


def test_many_deletions_are_held(pair):
    """A deletion that is reported is a removal like any other: the far guard holds too many of them."""
    pair.near.conf["sync"].update({"on-leave": "remove", "max-removals": "100%"})
    pair.run()
    for u in sorted(pair.members("cad"))[:40]:
        pair.slapd.delete(Org.dn(u))
        del pair.org.people[u]
    pair.near.apply()
    states = pair.far.states()
    held = steps(pair.far.plan(status=4), "held")
    assert {op for op, _, _ in held} >= {"suspend", "unassign", "leave"} and len([1 for op, _, _ in held if op == "suspend"]) == 40
    pair.far.apply(status=4)
    assert pair.far.states() == states


def test_known_by_our_ids(tmp_path, template, org, slapd):
    """With id-attribute = externalId the ids are the same on both sides, and so a sign-in finds its person."""
    pair = Pair(tmp_path, template, org, slapd, **{"id-attribute": "externalId"})
    try:
        pair.run()
        pair.equal()
        near = dict(pair.near.sql("SELECT p.user_name, e.uid FROM person p JOIN entry e ON e.id = p.id"))
        far = dict(pair.far.sql("SELECT p.user_name, e.uid FROM person p JOIN entry e ON e.id = p.id"))
        assert far and far == {u: near[u] for u in far} and far[uid(1)] == entry_uuid(uid(1))
        gone = sorted(pair.members("bim"))[0]
        pair.near.conf["sync"]["on-leave"] = "remove"
        slapd.delete(Org.dn(gone))
        del org.people[gone]
        pair.run()
        pair.equal()
        assert gone not in Pair.people(pair.far)
    finally:
        pair.stop()


def test_a_third_one_reads_what_was_pushed(tmp_path, template, pair):
    """type = scim pulls from the far one's service: the same people and groups, under the same ids, and changes after changes."""
    pair.run()
    third = Site(tmp_path / "third", template)
    token = third.folder / "token"
    token.write_text(pair.server.token() + "\n")
    token.chmod(0o600)
    third.conf["directory hq"] = {"type": "scim", "url": pair.server.base(), "token-file": token, "page-size": 50, "retry-wait": "20ms"}
    third.conf["product autocad"]["group"] = "AutoCAD 2027"

    def same():
        third.apply()
        assert Pair.people(third) == Pair.people(pair.far) and Pair.groups(third) == Pair.groups(pair.far)
        assert third.seats() == pair.far.seats()
        uids = "SELECT p.user_name, e.uid FROM person p JOIN entry e ON e.id = p.id WHERE e.gone_at = 0"
        assert dict(third.sql(uids)) == dict(pair.far.sql(uids))
        third.settled()

    same()
    assert third.plan()["read"]["faults"] == []
    pair.near.conf["sync"]["on-leave"] = "remove"
    gone, renamed = sorted(pair.members("bim"))[:2]
    pair.slapd.delete(Org.dn(gone))
    del pair.org.people[gone]
    pair.slapd.replace(Org.dn(renamed), "title", "Chefin")
    pair.org.people[renamed]["title"] = "Chefin"
    pair.run()
    pair.equal()
    third.conf["directory hq"]["delta"] = "no"  # a delta does not tell who is gone
    same()
