"""What becomes of accounts, seats and groups on the built-in platform, from the first invitation to the removal."""

import pytest

from site_fixture import GROUPS, causes, holds, steps
from slapd import entry_uuid


def mail(*uids):
    return {f"{uid}@example.com" for uid in uids}


@pytest.fixture(name="small")
def small_fixture(site):
    """Three people, two of them in the product's group, one of those by nesting."""
    for uid in ("ann", "ben", "cid"):
        site.org.person(uid)
    site.org.group("cad", "ann", "@inner")
    site.org.group("inner", "ben")
    site.apply()
    return site


def test_first_run(small):
    assert small.states() == {f"{uid}@example.com": "invited" for uid in ("ann", "ben", "cid")}
    assert small.seats() == mail("ann", "ben") and small.synced() == {"cad": mail("ann", "ben")}
    assert {row[0] for row in small.sql("SELECT email FROM invitation")} == mail("ann", "ben", "cid")
    small.settled()


def test_suspended_then_removed_then_invited_again(small):
    small.conf["sync"]["grace"] = "0s"
    del small.org.people["ann"]
    plan = small.plan()
    assert steps(plan) == {("unassign", "ann@example.com", "autocad"), ("leave", "ann@example.com", "cad"),
                           ("suspend", "ann@example.com", None)}
    assert {c["cause"]["kind"] for c in plan["changes"]} == {"gone"}
    small.apply()
    assert small.states()["ann@example.com"] == "suspended" and small.seats() == mail("ben")
    plan = small.plan()
    assert steps(plan) == {("remove", "ann@example.com", None)} and plan["changes"][0]["cause"]["kind"] == "grace-over"
    small.apply()
    assert small.states()["ann@example.com"] == "removed"
    small.settled()
    small.org.person("ann")
    plan = small.plan()
    assert causes(plan)[("invite", "ann@example.com")]["kind"] == "returned"
    small.apply()
    assert small.states()["ann@example.com"] == "invited" and small.seats() == mail("ann", "ben")
    small.settled()


def test_restored_within_grace(small):
    del small.org.people["ben"]
    small.apply()
    small.settled()
    small.org.person("ben", given="Benjamin")
    assert steps(small.plan()) == {("restore", "ben@example.com", None), ("assign", "ben@example.com", "autocad"),
                                   ("join", "ben@example.com", "cad")}
    small.apply()
    assert small.states()["ben@example.com"] == "invited" and small.seats() == mail("ann", "ben")
    assert small.sql("SELECT given_name FROM account WHERE email = 'ben@example.com'") == [("Benjamin",)]
    small.settled()


def test_who_was_active_is_active_again(small):
    small.sql("UPDATE account SET state = 'active', activated_at = 1 WHERE email = 'ben@example.com'")
    del small.org.people["ben"]
    small.apply()
    small.org.person("ben")
    small.apply()
    assert small.states()["ben@example.com"] == "active"


def test_disabled_is_not_removed_after_grace(small):
    small.conf["sync"]["grace"] = "0s"
    small.org.people["ann"]["employeeType"] = "disabled"
    assert causes(small.plan())[("suspend", "ann@example.com")]["kind"] == "disabled"
    small.apply()
    assert small.states()["ann@example.com"] == "suspended"
    small.settled()


def test_on_leave_remove(small):
    small.conf["sync"]["on-leave"] = "remove"
    del small.org.people["ann"]
    assert ("remove", "ann@example.com", None) in steps(small.plan())
    small.apply()
    assert small.states()["ann@example.com"] == "removed" and small.seats() == mail("ben")
    small.settled()


def test_on_leave_unassign(small):
    small.conf["sync"]["on-leave"] = "unassign"
    del small.org.people["ann"]
    assert steps(small.plan()) == {("unassign", "ann@example.com", "autocad"), ("leave", "ann@example.com", "cad")}
    small.apply()
    assert small.states()["ann@example.com"] == "invited" and small.seats() == mail("ben")
    small.settled()


def test_at_once(site):
    site.conf["platform builtin"]["activate"] = "at-once"
    site.org.person("ann")
    site.apply()
    assert site.states() == {"ann@example.com": "active"}
    site.settled()


# --- attributes -----------------------------------------------------------------------------------------------------


def test_update_names_what_changed(small):
    small.org.people["ann"].update(mail="ann.new@example.com", sn="Neu", title="Chefin")
    plan = small.plan()
    change, = plan["changes"]
    assert change["op"] == "update" and change["before"]["email"] == "ann@example.com"
    assert change["after"] == {"email": "ann.new@example.com", "family-name": "Neu", "title": "Chefin"}
    assert "ann@example.com → ann.new@example.com" in change["cause"]["text"]
    small.apply()
    assert "ann.new@example.com" in small.states() and "ann.new@example.com" in small.seats()
    small.settled()


def test_two_people_swap_their_e_mails(small):
    """Each has an account with the other's new address: shown, not taken over, and nothing else is held up."""
    small.org.people["ann"]["mail"], small.org.people["ben"]["mail"] = "ben@example.com", "ann@example.com"
    plan = small.plan()
    assert not plan["changes"] and {c["hold"]["kind"] for c in plan["held"]} == {"same-email"}
    small.org.people["ann"]["mail"] = "third@example.com"
    small.apply()
    small.apply()
    assert set(small.states()) == {"third@example.com", "ann@example.com", "cid@example.com"}
    small.settled()


# --- seats ----------------------------------------------------------------------------------------------------------


def test_seats_are_released_before_they_are_given(small):
    small.conf["product autocad"]["seats"] = 2
    small.org.group("cad", "@inner", "cid")
    plan = small.plan()
    ops = [c["op"] for c in plan["changes"]]
    assert ops.index("unassign") < ops.index("assign") and not plan["held"]
    assert plan["seats"] == [{"product": "autocad", "name": "AutoCAD", "before": 2, "after": 2, "limit": 2, "waiting": 0, "waits": []}]
    small.apply()
    assert small.seats() == mail("ben", "cid")


def test_who_gets_no_seat_and_why(small):
    small.conf["product autocad"]["seats"] = 2
    for uid in ("dan", "eve"):
        small.org.person(uid)
    small.org.group("cad", "ann", "@inner", "dan", "eve")
    plan = small.plan()
    assert holds(plan) == {("assign", "dan@example.com"): "no-seat", ("assign", "eve@example.com"): "no-seat"}
    assert plan["seats"][0]["waiting"] == 2 and "no seat is left" in small.run("plan")[0]
    small.apply()
    assert small.seats() == mail("ann", "ben") and set(small.states()) == mail("ann", "ben", "cid", "dan", "eve")
    small.run("plan", "--exit-code")  # waiting for a seat is nothing to do
    del small.org.people["ann"]
    small.apply()
    assert small.seats() == mail("ben", "dan")


def test_a_seat_that_is_free_later_goes_to_who_waited(small):
    small.conf["product autocad"]["seats"] = 1
    out = small.run("plan")[0]
    assert "over the limit" in out, "a limit below what is used takes nothing away, and says so"
    small.apply()
    assert small.seats() == mail("ann", "ben")


def test_one_seat_however_many_groups(small):
    small.org.group("other", "ann", "@cad")
    small.conf["product autocad"]["group"] = [f"cn=cad,{GROUPS}", f"cn=other,{GROUPS}"]
    plan = small.plan()
    assert ("assign", "ann@example.com", "autocad") not in steps(plan) and plan["seats"][0]["after"] == 2
    small.apply()
    small.org.group("cad", "@inner")
    assert not {s for s in steps(small.plan()) if s[0] == "unassign"}, "another group still leads there"


def test_a_product_that_is_no_longer_configured(small):
    del small.conf["product autocad"]
    plan = small.plan()
    assert ("unassign", "ann@example.com", "autocad") in steps(plan)
    assert {c["cause"]["kind"] for c in plan["changes"] if c["op"] == "unassign"} == {"unconfigured"}
    small.apply()
    assert small.seats() == set() and small.synced() == {}
    small.settled()


def test_given_locally_is_left_alone(small):
    """An account that was not made from the directory keeps its seat."""
    small.sql("INSERT INTO account (team, person, uid, state, since, domain, email_hash, email, fp_hi, fp_lo)"
              " VALUES (1, 99999, 'local', 'active', 1, 'example.com', 7, 'local@example.com', 0, 0)")
    small.sql("INSERT INTO seat (account, product, via, since) SELECT a.id, p.id, 0, 1 FROM account a, product p WHERE a.uid = 'local'")
    small.settled()
    assert "local@example.com" in small.seats()


# --- groups ---------------------------------------------------------------------------------------------------------


def test_groups_all_and_none(small):
    small.conf["team design"]["groups"] = "all"
    small.apply()
    assert small.synced() == {"cad": mail("ann", "ben"), "inner": mail("ben")}
    small.settled()
    small.conf["team design"]["groups"] = "none"
    plan = small.plan()
    assert {c["op"] for c in plan["changes"]} == {"leave", "drop-group"}
    small.apply()
    assert small.synced() == {} and small.seats() == mail("ann", "ben")
    small.settled()


def test_a_group_renamed_is_the_same_group(small):
    members = small.org.groups.pop("cad")
    small.org.groups["draughtsmen"] = members
    text = small.org.ldif().replace(entry_uuid("group draughtsmen"), entry_uuid("group cad"))
    small.conf["directory hq"]["file"] = "renamed.ldif"
    (small.folder / "renamed.ldif").write_text(text)
    plan = small.plan()
    assert steps(plan) == {("rename-group", "draughtsmen", "draughtsmen")}
    assert any("now called" in note and "draughtsmen" in note for note in plan["notes"])
    small.apply()
    assert small.synced() == {"draughtsmen": mail("ann", "ben")}
    small.settled()


def test_group_cycle(small):
    small.org.group("inner", "ben", "@third")
    small.org.group("third", "cid", "@cad")
    small.apply()
    assert small.seats() == mail("ann", "ben", "cid")
    small.settled()
    small.org.group("cad", "@third")
    small.apply()
    assert small.seats() == mail("cid"), "inner is led to by cad only"
    small.settled()


# --- scope ----------------------------------------------------------------------------------------------------------


def test_scope_group(small):
    small.org.group("studio", "ann", "@inner")
    small.conf["directory hq"]["scope-group"] = f"cn=studio,{GROUPS}"
    plan = small.plan()
    assert steps(plan) == {("suspend", "cid@example.com", None)} and plan["changes"][0]["cause"]["kind"] == "out-of-scope"
    small.apply()
    small.settled()
    small.org.group("inner", "cid")  # ben moves out, cid in
    plan = small.plan()
    assert steps(plan) >= {("suspend", "ben@example.com", None), ("restore", "cid@example.com", None), ("assign", "cid@example.com", "autocad")}
    small.apply()
    assert small.seats() == mail("ann", "cid")
    small.settled()


def test_exclude(small):
    small.conf["directory hq"]["exclude"] = ["mail=nobody@*", "mail=ANN@*"]
    plan = small.plan()
    assert {c["cause"]["kind"] for c in plan["changes"]} == {"excluded"} and {s[1] for s in steps(plan)} == mail("ann")
    assert "exclude line 2" in plan["changes"][0]["cause"]["text"]
    small.apply()
    assert small.states()["ann@example.com"] == "suspended"
    small.settled()


def test_an_empty_directory_that_was_read_completely(small):
    """The guard is to come; what must hold today is that the causes are right."""
    small.org.people.clear()
    assert {c["cause"]["kind"] for c in small.plan()["changes"]} == {"gone"}


# --- two teams ------------------------------------------------------------------------------------------------------


def test_two_teams_on_one_directory(small):
    small.conf["team build"] = dict(small.conf["team design"], groups="none")
    small.conf["product revit"] = {"team": "build", "name": "Revit", "group": f"cn=inner,{GROUPS}"}
    assert "sync enable build" in small.apply(status=3)[0]
    small.run("sync", "enable", "build")
    small.apply()
    teams = dict(small.sql("SELECT t.name, count(*) FROM account a JOIN team t ON t.id = a.team GROUP BY t.name"))
    assert teams == {"design": 3, "build": 3} and small.seats("revit") == mail("ben") and small.seats() == mail("ann", "ben")
    small.run("plan", "--exit-code")
    small.org.group("inner", "cid")
    small.apply("build")
    assert small.seats("revit") == mail("cid") and small.seats() == mail("ann", "ben")
    small.run("plan", "design", "--exit-code", status=2)
    small.apply()
    assert small.seats() == mail("ann", "cid")
    small.run("plan", "--exit-code")


def test_a_team_whose_sync_is_off_stays_as_it_is(small):
    small.run("sync", "disable", "design")
    before = small.tables()
    del small.org.people["ann"]
    assert "sync enable design" in small.run("apply", "--yes", status=3)[0]
    assert small.tables() == before


def test_one_team_s_trouble_does_not_keep_the_others_waiting(small):
    small.conf["directory far"] = {"type": "ldap", "uri": "ldap://127.0.0.1:1", "base": "dc=far,dc=com"}
    small.conf = {"team above": dict(small.conf["team design"], directory="far"), **small.conf}
    small.org.person("new")
    out, err = small.apply(status=1)
    assert "directory far" in err and "new@example.com" in out
    assert small.states()["new@example.com"] == "invited"


def test_a_person_known_by_another_id_is_somebody_else(small):
    """An address that passes to a new entry: nobody is invited twice, nobody takes an account over (more in test_identity.py)."""
    del small.org.people["ann"]
    small.org.person("other", mail="ann@example.com")
    plan = small.plan()
    assert holds(plan)[("invite", "ann@example.com")] == "same-email" and ("suspend", "ann@example.com", None) in steps(plan)


def test_moving_between_groups_of_one_product_keeps_the_seat(small):
    small.org.group("cad", "@inner", "@third")
    small.org.group("third", "ann")
    assert not small.plan()["changes"], "ann is led to by another group now, and keeps what she has"


def test_a_name_that_passes_to_somebody_else(small):
    """ann goes, and a new person gets her DN: the membership that stands in the group is the new one's, the account is not."""
    old = small.org.people.pop("ann")
    small.org.person("ann", mail="ann2@example.com", given="Other", entryUUID=entry_uuid("other ann"))
    assert old["entryUUID"] != small.org.people["ann"]["entryUUID"]
    small.apply()
    assert small.states() == {"ann@example.com": "suspended", "ann2@example.com": "invited", "ben@example.com": "invited",
                              "cid@example.com": "invited"}
    assert small.seats() == {"ann2@example.com", "ben@example.com"}
    small.settled()


def test_two_renames_that_swap_names(small):
    """uid=ann becomes uid=ben and the other way round, with the ids staying: each keeps the account, and the groups follow the names."""
    ann, ben = small.org.people["ann"], small.org.people["ben"]
    ann["entryUUID"], ben["entryUUID"] = ben["entryUUID"], ann["entryUUID"]
    ann["mail"], ben["mail"] = ben["mail"], ann["mail"]
    small.org.group("cad", "ann")
    small.apply()
    assert small.seats() == {"ben@example.com"}, "who is called uid=ann now"
    small.settled()
