"""What somebody changes by hand on a platform that speaks SCIM: named in the plan, put right, or left alone."""

import json

import pytest

from scim_service import TOKEN, ScimService
from site_fixture import causes, steps
from slapd import BIND_DN, GROUPS, PEOPLE, SUFFIX, Slapd, entry_uuid, ldif_entry, base_ldif

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
GONE = "on the platform: there is no account any more"


@pytest.fixture(name="service")
def service_fixture():
    service = ScimService()
    yield service
    service.stop()


def connect(site, service, **settings):
    token = site.folder / "token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    site.conf["platform builtin"] = {"type": "scim", "url": service.url, "token-file": token, "retry-wait": "20ms", **settings}


@pytest.fixture(name="synced")
def synced_fixture(site, service):
    """Four people, two of them with the product, all of it carried out."""
    connect(site, service)
    site.conf["product autocad"]["name"] = "AutoCAD 2027"
    for uid in ("ann", "ben", "cid", "eve"):
        site.org.person(uid)
    site.org.people["ann"]["title"] = "Architect"
    site.org.group("cad", "ann", "@inner")
    site.org.group("inner", "ben")
    site.apply()
    return site


class Hand:
    """Somebody at the service's own pages."""

    def __init__(self, service):
        self.service = service

    def user(self, uid):
        return self.service.users()[entry_uuid(uid)]

    def group(self, name):
        return next(g for g in self.service.dump()["groups"] if g["displayName"] == name)

    def patch(self, where, **values):
        self.service.ask("PATCH", where, {"schemas": [PATCH], "Operations": [
            {"op": "replace", "path": name, "value": value} for name, value in values.items()]})

    def change(self, uid, **values):
        self.patch(f"/Users/{self.user(uid)['id']}", **values)

    def change_group(self, name, **values):
        self.patch(f"/Groups/{self.group(name)['id']}", **values)

    def delete(self, uid):
        self.service.ask("DELETE", f"/Users/{self.user(uid)['id']}")

    def delete_group(self, name):
        self.service.ask("DELETE", f"/Groups/{self.group(name)['id']}")

    def make(self, name, **values):
        return self.service.ask("POST", "/Users", {"schemas": [USER], "userName": name, "active": True,
                                                   "emails": [{"value": f"{name}@example.com"}], **values})

    def members(self, name, *ids):
        self.change_group(name, members=[{"value": i} for i in ids])


@pytest.fixture(name="hand")
def hand_fixture(service):
    return Hand(service)


def repaired(site, expected):
    """The plan says exactly this of drift, apply does it, and then nothing is left."""
    plan = site.plan()
    assert {(c["op"], c.get("person", {}).get("email") or c.get("group"), c["cause"]["text"]) for c in plan["changes"]} == expected
    assert {c["cause"]["kind"] for c in plan["changes"]} == {"drift"} and plan["summary"]["repairs"] == len(expected)
    site.apply()
    site.settled()
    site.run("runs", "verify")


def test_nothing_drifted(synced, service):
    before = service.dump()
    plan = synced.plan("--exit-code")
    assert plan["drift"]["read"] == "complete" and plan["drift"]["accounts"] == 4 and plan["drift"]["groups"] == 2
    assert plan["drift"]["notes"] == [] and plan["drift"]["left_alone"]["names"] == []
    assert "Read completely from platform builtin: 4 accounts, 2 groups" in synced.run("plan")[0]
    assert service.dump() == before


def test_a_deleted_account(synced, service, hand):
    before = service.groups(), service.active()
    hand.delete("ben")
    repaired(synced, {("restore", "ben@example.com", GONE), ("assign", "ben@example.com", "on the platform: gone with the account"),
                      ("join", "ben@example.com", "on the platform: gone with the account")})
    assert (service.groups(), service.active()) == before
    assert synced.sql("SELECT count(*) FROM account WHERE remote LIKE ?", "%:" + hand.user("ben")["id"]) == [(1,)]


def test_a_disabled_account_with_another_title(synced, service, hand):
    hand.change("ann", active=False, title="Boss")
    repaired(synced, {("restore", "ann@example.com", "on the platform: the account cannot be used; title is Boss")})
    assert hand.user("ann")["active"] and hand.user("ann")["title"] == "Architect"


def test_other_attributes(synced, hand):
    hand.change("ann", title="Boss", displayName="Ann the Boss")
    hand.change("cid", **{"name.familyName": "Cox"})
    repaired(synced, {("update", "ann@example.com", "on the platform: displayName is Ann the Boss, title is Boss"),
                      ("update", "cid@example.com", "on the platform: name.familyName is Cox")})
    assert hand.user("ann")["displayName"] == "Given Ann" and hand.user("cid")["name"]["familyName"] == "Cid"


def test_whoever_left_can_use_it_again(synced, hand):
    synced.org.people["eve"]["employeeType"] = "disabled"
    synced.apply()
    hand.change("eve", active=True)
    plan = synced.plan()
    assert causes(plan)["suspend", "eve@example.com"]["found"] == "the account can be used"
    assert "not as sync left it" not in synced.run("plan")[0]
    repaired(synced, {("suspend", "eve@example.com", "on the platform: the account can be used")})
    assert not hand.user("eve")["active"]


def test_members(synced, service, hand):
    ann, cid = hand.user("ann")["id"], hand.user("cid")["id"]
    hand.members("cad", ann, cid)
    hand.members("AutoCAD 2027", cid)  # cid's seat was given one by one, and stays
    repaired(synced, {("leave", "cid@example.com", "on the platform: a member"),
                      ("join", "ben@example.com", "on the platform: not a member"),
                      ("assign", "ann@example.com", "on the platform: the account is without it"),
                      ("assign", "ben@example.com", "on the platform: the account is without it")})
    assert service.groups() == {"AutoCAD 2027": {"ann", "ben", "cid"}, "cad": {"ann", "ben"}}
    assert synced.plan()["drift"]["left_alone"]["seats"] == 1


def test_groups(synced, service, hand):
    before = service.groups()
    hand.change_group("cad", displayName="Draughtsmen")
    hand.delete_group("AutoCAD 2027")
    repaired(synced, {("rename-group", "cad", "on the platform: it is called Draughtsmen"),
                      ("assign", "ann@example.com", "on the platform: gone with the group"),
                      ("assign", "ben@example.com", "on the platform: gone with the group")})
    assert service.groups() == before
    hand.delete_group("cad")
    repaired(synced, {("add-group", "cad", "on the platform: there is no such group any more"),
                      ("join", "ann@example.com", "on the platform: gone with the group"),
                      ("join", "ben@example.com", "on the platform: gone with the group")})
    assert service.groups() == before


def test_an_account_made_anew_under_our_id(synced, service, hand):
    """Another id, the same person: what it lacks comes back, and nobody stands twice."""
    ours = hand.user("ann")["externalId"]
    hand.delete("ann")
    hand.make("ann", externalId=ours)
    plan = synced.plan()
    assert plan["drift"]["new_ids"] == 1
    assert ("restore", "ann@example.com", None) not in steps(plan)
    synced.apply()
    synced.settled()
    assert len(service.dump()["users"]) == 4 and hand.user("ann")["title"] == "Architect"
    assert service.groups()["cad"] == {"ann", "ben"}


# --- left alone -----------------------------------------------------------------------------------------------------


def test_what_sync_did_not_make(synced, service, hand):
    guest = hand.make("guest", title="Guest")
    service.ask("POST", "/Groups", {"schemas": [GROUP], "displayName": "Staff", "members": [{"value": guest["id"]}]})
    hand.members("cad", hand.user("ann")["id"], hand.user("ben")["id"], guest["id"])
    before = service.dump()
    out, _ = synced.run("plan", "--exit-code")
    assert "not made by sync, and left alone: 1 account, 1 group, 1 member of a synced group; -v names them" in out
    assert "guest" not in out
    out, _ = synced.run("plan", "-v")
    assert "    account guest\n" in out and "    group Staff\n" in out
    synced.apply()
    assert service.dump() == before
    synced.conf["team design"]["groups"] = "none"  # the guest keeps the group
    synced.apply()
    assert service.groups()["cad"] == {"guest"}
    assert "Nothing to do" in synced.run("plan")[0]


def test_an_id_borrowed_from_somebody_else(synced, service, hand):
    """An account that bears the id of somebody whose account it is not."""
    hand.make("mallory", externalId=entry_uuid("ann"))
    hand.make("zed", externalId=entry_uuid("group inner"))
    before = service.dump()
    out, _ = synced.run("plan")
    assert "not clear what is whose" in out and "another account bears this person's id, too" in out
    synced.apply()
    assert service.dump() == before


def test_an_account_that_another_system_took(synced, service, hand):
    """Nothing is sent to an account that bears another's id, and nothing else waits for it."""
    hand.change("ann", externalId="okta-4711", title="theirs")
    synced.org.people["ann"]["title"] = "Principal"
    synced.org.people["cid"]["title"] = "Engineer"
    plan = synced.plan()
    assert steps(plan) == {("update", "cid@example.com", None)}
    assert [(c["op"], c["hold"]["kind"]) for c in plan["held"]] == [("update", "unclear-account")]
    assert plan["drift"]["notes"][0]["found"] == "the account bears an id that is not ours"
    synced.apply()
    assert service.users()["okta-4711"]["title"] == "theirs"
    out = synced.run("explain", "ann@example.com")[0]
    assert "on the platform: the account bears an id that is not ours; left alone until it is mended there" in out
    assert synced.json("explain", "ann@example.com")["teams"][0]["platform_notes"][0]["kind"] == "unclear"
    del synced.org.people["ann"]  # whoever leaves does not stay unnoticed by that
    out, _ = synced.run("plan", status=4)
    assert "approve a removal in a saved plan" in out and "--approve-removals 3" in out
    service.stop()  # nor does it become clear by a look that fails
    out, _ = synced.run("plan", status=4)
    assert "could not be read" in out and "Ann: the account bears an id that is not ours" in out and "--approve-removals 3" in out
    plan = json.loads(synced.run("plan", "--json", status=4)[0])
    assert plan["drift"]["read"] == "failed" and [note["kind"] for note in plan["drift"]["notes"]] == ["unclear"]


def test_a_group_that_another_system_took(synced, service, hand):
    """It is neither changed nor dropped."""
    hand.change_group("cad", externalId="okta-4712")
    synced.org.group("cad", "ann", "cid", "@inner")
    before = service.dump()
    out, _ = synced.run("plan")
    assert "group cad: the group bears an id that is not its own" in out
    synced.conf["team design"]["groups"] = "none"
    synced.run("apply", "--yes", status=4)
    after = service.dump()
    assert [g for g in after["groups"] if g["displayName"] == "cad"] == [g for g in before["groups"] if g["displayName"] == "cad"]


def test_the_platforms_own_will(synced, service, hand):
    """A service that sets titles itself."""
    hand.change("ann", title="Boss")
    synced.apply()
    hand.change("ann", title="Boss")
    out, _ = synced.run("plan", "--exit-code")
    assert "it came back after it was repaired" in out and "Given Ann: title is Boss; repaired once" in out
    assert "left to the platform" in synced.run("explain", "ann@example.com")[0]
    synced.apply()
    assert hand.user("ann")["title"] == "Boss"
    synced.org.people["ann"]["title"] = "Principal"  # what the directory says anew is sent
    synced.apply()
    assert hand.user("ann")["title"] == "Principal"
    synced.settled()


# --- a platform that lies -------------------------------------------------------------------------------------------


def test_another_tenant_behind_the_address(synced, service):
    """Everybody is missing there: nothing is made, nothing is taken away, until somebody says so."""
    for i in range(20):
        synced.org.person(f"p{i:02}")
    synced.apply()
    other = ScimService()
    connect(synced, other)
    synced.org.people["cid"]["employeeType"] = "disabled"
    out, _ = synced.run("plan", status=4)
    assert "guard: 24 of 24 accounts are missing on the platform" in out and "look at its address and its token" in out
    synced.run("apply", "--yes", status=4)
    assert other.dump() == {"users": [], "groups": []}
    connect(synced, service)
    assert steps(synced.plan()) == {("suspend", "cid@example.com", None)}
    connect(synced, other)
    saved = synced.folder / "saved.json"
    synced.run("plan", "design", "-o", saved, status=4)
    guarded = json.loads(saved.read_text())["state"]["guarded"]
    synced.run("apply", saved, "--yes", "--approve-removals", guarded)
    assert len(other.active()) == 23
    synced.settled()
    other.stop()


def test_a_service_that_does_not_answer(synced, service, hand):
    """The plan goes on without it, and nobody is taken as missing."""
    synced.conf["platform builtin"]["retries"] = 0
    synced.org.person("new")
    service.stop()
    out, _ = synced.run("plan")
    assert "could not be read, so that nothing is known of what drifted there" in out and "invite" in out
    plan = synced.plan()
    assert plan["drift"]["read"] == "failed" and steps(plan) == {("invite", "new@example.com", None)}


# --- plans and runs -------------------------------------------------------------------------------------------------


def test_a_saved_plan_is_stale_when_the_platform_moved(synced, hand):
    saved = synced.folder / "saved.json"
    hand.change("ann", title="Boss")
    synced.run("plan", "design", "-o", saved)
    hand.change("ann", title="King")
    assert "what is on the platform was changed by others since" in synced.refused("apply", saved, "--yes", status=6)
    assert hand.user("ann")["title"] == "King"
    synced.run("plan", "design", "-o", saved)
    synced.run("apply", saved, "--yes")
    assert hand.user("ann")["title"] == "Architect"


def test_undo_leaves_repairs(synced, service, hand):
    hand.change("ann", title="Boss")
    synced.org.people["cid"]["title"] = "Engineer"
    synced.apply()
    out, _ = synced.run("runs", "undo", "2", "--yes")
    assert "run 2 also put right what others had changed on the platform, 1 times" in out
    assert hand.user("ann")["title"] == "Architect" and not hand.user("cid").get("title")
    out, _ = synced.run("runs", "show", "2")
    assert "on the platform: title is Boss" in out


def test_how_often(synced, service, hand):
    synced.conf["platform builtin"]["drift-every"] = "1h"
    synced.run("plan")
    hand.change("ann", title="Boss")
    out, _ = synced.run("plan", "--exit-code")
    assert "Platform builtin was last read" in out
    synced.conf["platform builtin"]["drift-every"] = "never"
    assert synced.plan()["drift"] is None
    synced.conf["platform builtin"]["drift-every"] = "0s"
    assert ("update", "ann@example.com", None) in steps(synced.plan())


def test_values_instead_of_groups(synced, service, hand):
    synced.conf["product autocad"].update({"assign": "role", "assign-value": "cad-full"})
    synced.org.people["ann"]["title"] = "Principal"
    synced.apply()
    synced.apply()
    assert {v["value"] for v in hand.user("ann").get("roles", [])} == {"cad-full"}
    synced.settled()
    hand.change("ann", roles=[{"value": "of-the-house"}])
    repaired(synced, {("assign", "ann@example.com", "on the platform: the account is without it")})
    assert {v["value"] for v in hand.user("ann")["roles"]} == {"of-the-house", "cad-full"}


# --- the whole road -------------------------------------------------------------------------------------------------

PEOPLE_COUNT, GROUP_COUNT = 2000, 40


def crowd_ldif():
    """2,000 people in 40 groups of 25 to 100; ten of the groups lead to the product."""
    people = [ldif_entry(f"uid=p{i:04},{PEOPLE}", objectClass="inetOrgPerson", uid=f"p{i:04}", cn=f"Person {i}", sn=f"Family{i}",
                         givenName="Given", displayName=f"Given Family{i}", mail=f"p{i:04}@example.com", title=f"Title {i % 7}",
                         entryUUID=entry_uuid(f"p{i:04}")) for i in range(PEOPLE_COUNT)]
    groups = [ldif_entry(f"cn=g{k:02},{GROUPS}", objectClass="groupOfNames", cn=f"g{k:02}", entryUUID=entry_uuid(f"group g{k:02}"),
                         member=[f"uid=p{i:04},{PEOPLE}" for i in members_of(k)]) for k in range(GROUP_COUNT)]
    return base_ldif() + "".join(people) + "".join(groups)


def members_of(k):
    return [(k * 50 + i) % PEOPLE_COUNT for i in range(25 + k * 75 // GROUP_COUNT)]


def test_ldap_in_scim_out(site, service, hand, tmp_path):
    """2,000 people and 40 groups: plan, apply, an empty second plan; then drift by hand, named and repaired."""
    with Slapd(tmp_path / "slapd", crowd_ldif()) as slapd:
        connect(site, service, connections=16)
        site.org = None
        site.conf["directory hq"] = {"type": "ldap", "uri": slapd.uri, "starttls": "yes", "ca-file": slapd.ca_file, "base": SUFFIX,
                                     "flavour": "openldap", "bind-dn": BIND_DN, "bind-password-file": slapd.password_file}
        site.conf["product autocad"]["group"] = [f"cn=g{k:02},{GROUPS}" for k in range(10)]
        site.conf["team design"]["groups"] = "all"
        plan = site.plan()
        assert plan["summary"]["invite"] == PEOPLE_COUNT and plan["summary"]["add-group"] == GROUP_COUNT
        site.apply()
        site.settled()
        state = service.dump()
        assert len(state["users"]) == PEOPLE_COUNT and len(state["groups"]) == GROUP_COUNT + 1
        groups = service.groups()
        assert groups["g05"] == {f"p{i:04}" for i in members_of(5)}
        hand.delete("p0003")
        hand.change("p0700", active=False)
        hand.change("p1200", title="Boss")
        hand.members("g30", hand.user("p0001")["id"])
        hand.delete_group("g31")
        plan = site.plan()
        assert plan["summary"]["repairs"] == plan["summary"]["changes"] > 100
        found = {(c["op"], c["person"]["email"]): c["cause"]["text"] for c in plan["changes"] if "person" in c}
        assert found["restore", "p0003@example.com"] == GONE
        assert found["restore", "p0700@example.com"] == "on the platform: the account cannot be used"
        assert found["update", "p1200@example.com"] == "on the platform: title is Boss"
        assert found["leave", "p0001@example.com"] == "on the platform: a member"
        site.apply()
        site.settled()
        assert service.groups() == groups and len(service.active()) == PEOPLE_COUNT
