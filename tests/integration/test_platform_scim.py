"""The way from the directory to a platform that speaks SCIM: a real service, through the whole program."""

import os
import random
import signal

import pytest

from faulty_proxy import FaultyProxy
from scim_service import TOKEN, ScimService
from site_fixture import GROUPS, steps
from slapd import entry_uuid

SEED = int(os.environ.get("SEED", "20"))


@pytest.fixture(name="service")
def service_fixture():
    service = ScimService()
    yield service
    service.stop()


@pytest.fixture(name="proxy")
def proxy_fixture(service):
    proxy = FaultyProxy(service.port)
    yield proxy
    proxy.stop()


def connect(site, url, **settings):
    token = site.folder / "token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    site.conf["platform builtin"] = {"type": "scim", "url": url, "token-file": token, "retry-wait": "20ms", **settings}


@pytest.fixture(name="small")
def small_fixture(site, service):
    """Three people, two of them with the product, one of those by nesting."""
    connect(site, service.url)
    site.conf["product autocad"]["name"] = "AutoCAD 2027"
    for uid in ("ann", "ben", "cid"):
        site.org.person(uid)
    site.org.people["ann"].update(title="Architect", employeeNumber="1017", departmentNumber="Design", preferredLanguage="de")
    site.org.group("cad", "ann", "@inner")
    site.org.group("inner", "ben")
    return site


def equal(site, service):
    """The service has what the directory has: everybody once, with their attributes, groups and products."""
    users = service.users()
    people = {uid: person for uid, person in site.org.people.items() if person["mail"]}
    usable = {uid for uid, person in people.items() if person.get("employeeType") != "disabled"}
    assert service.active() == usable
    for uid in usable:
        user, person = users[entry_uuid(uid)], people[uid]
        assert user["userName"] == uid and [e["value"] for e in user["emails"]] == [person["mail"]]
        assert user["name"] == {"givenName": person["givenName"], "familyName": person["sn"]}
        assert user["displayName"] == person["displayName"] and user.get("title") == person.get("title")
    members = site.org.members("cad") & usable
    title = site.conf["product autocad"]["name"]
    assert service.groups() == {title: members, "cad": members}
    assert {group["externalId"] for group in service.dump()["groups"]} == {"product:autocad", entry_uuid("group cad")}


# --- what sync does -------------------------------------------------------------------------------------------------


def test_first_run_and_nothing_more(small, service):
    plan = small.plan()
    assert service.dump() == {"users": [], "groups": []}
    assert ("invite", "ann@example.com", None) in steps(plan)
    small.apply()
    equal(small, service)
    ann = service.users()[entry_uuid("ann")]
    assert ann["title"] == "Architect" and ann["preferredLanguage"] == "de"
    assert ann["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] == {"employeeNumber": "1017", "department": "Design"}
    small.settled()


def test_changes_arrive(small, service):
    small.apply()
    ids = {ours: user["id"] for ours, user in service.users().items()}
    people = small.org.people
    people["ann"].update(mail="ann.carter@example.com", sn="Carter", displayName="Ann Carter", title=None)
    people["cid"]["employeeType"] = "disabled"
    small.org.groups["cad"] = ["ann", "cid"]
    small.org.person("eve")
    small.apply()
    equal(small, service)
    assert {ours: user["id"] for ours, user in service.users().items() if ours in ids} == ids
    small.settled()
    del people["ben"]
    small.apply()
    equal(small, service)
    assert service.users()[entry_uuid("ben")]["active"] is False
    small.org.person("ben", given="Benjamin")
    small.apply()
    equal(small, service)
    assert service.users()[entry_uuid("ben")]["id"] == ids[entry_uuid("ben")]
    small.settled()


def test_renamed_and_dropped_groups(small, service):
    small.apply()
    small.org.groups["draughtsmen"] = small.org.groups.pop("cad")
    people = small.org.ldif
    small.org.ldif = lambda: people().replace(entry_uuid("group draughtsmen"), entry_uuid("group cad"))
    small.conf["product autocad"]["group"] = f"cn=draughtsmen,{GROUPS}"
    small.apply()
    assert set(service.groups()) == {"AutoCAD 2027", "draughtsmen"}
    small.conf["team design"]["groups"] = "none"
    small.apply()
    assert service.groups() == {"AutoCAD 2027": {"ann", "ben"}}
    small.settled()


def test_on_leave_remove(small, service):
    small.conf["sync"]["on-leave"] = "remove"
    small.apply()
    del small.org.people["ann"]
    small.apply()
    assert service.active() == {"ben", "cid"} == {user["userName"] for user in service.users().values()}
    small.settled()
    small.org.person("ann")
    small.apply()
    equal(small, service)


def test_gone_on_the_platform(small, service):
    """Somebody deleted an account there, and nobody looks: what takes away is done, what gives is said."""
    small.conf["platform builtin"]["drift-every"] = "never"
    small.apply()
    for uid in ("ann", "ben"):
        service.ask("DELETE", f"/Users/{service.users()[entry_uuid(uid)]['id']}")
    small.org.people["ann"]["employeeType"] = "disabled"
    small.org.people["ben"]["title"] = "Engineer"
    out, err = small.apply(status=5)
    assert "ben@example.com" in out + err and "the service does not have it" in out + err
    assert service.active() == {"cid"}
    small.org.people["ann"]["employeeType"] = "active"
    del small.org.people["ben"]["title"]
    small.apply()
    assert service.active() == {"ann", "cid"}


def stranger(service, **attributes):
    """An account that was on the platform before Doorward."""
    return service.ask("POST", "/Users", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ben", "active": True,
                                          "title": "somebody else's", "emails": [{"value": "Ben@example.com"}], **attributes})


def test_an_account_that_is_not_ours(small, service):
    there = stranger(service)
    out, err = small.apply(status=5)
    assert "account ben@example.com: exists on the platform and is not ours; adopt = yes" in out + err
    assert service.ask("GET", f"/Users/{there['id']}") == there
    assert service.active() == {"ann", "ben", "cid"} and service.groups()["AutoCAD 2027"] == {"ann"}
    service.ask("DELETE", f"/Users/{there['id']}")
    small.apply()
    equal(small, service)


def test_an_account_is_taken_over_where_the_team_adopts(small, service):
    there = stranger(service)
    small.conf["team design"]["adopt"] = "yes"
    out, _ = small.apply()
    assert "Worth knowing" in out and "ben@example.com  invite: the account had been there, and was taken over" in out
    equal(small, service)
    assert service.users()[entry_uuid("ben")]["id"] == there["id"]
    assert "was taken over" in small.run("runs", "show", "1")[0]
    small.run("runs", "verify")
    small.settled()


@pytest.mark.parametrize("attributes, why", (({"externalId": "theirs"}, "of another system (externalId)"),
                                             ({"emails": [{"value": "benjamin@example.com"}]}, "has another e-mail"),
                                             ({"emails": []}, "has another e-mail")))
def test_nobody_elses_account_is_taken_over(small, service, attributes, why):
    there = stranger(service, **attributes)
    small.conf["team design"]["adopt"] = "yes"
    out, err = small.apply(status=5)
    assert why in out + err and "adopt = yes" not in out + err
    assert service.ask("GET", f"/Users/{there['id']}") == there


def rebuild(site):
    """The same people and groups under new ids."""
    for uid, person in site.org.people.items():
        person["entryUUID"] = entry_uuid("again " + uid)
    original = site.org.ldif

    def ldif():
        text = original()
        for name in site.org.groups:
            text = text.replace(entry_uuid("group " + name), entry_uuid("again group " + name))
        return text

    site.org.ldif = ldif


def test_a_rebuilt_directory_is_adopted(small, service):
    small.apply()
    before = {user["userName"]: user["id"] for user in service.dump()["users"]}
    members = service.groups()
    rebuild(small)
    assert small.plan(status=4)["changes"] == []
    small.conf["team design"]["adopt"] = "yes"
    small.apply()
    users = {user["userName"]: user for user in service.dump()["users"]}
    assert {name: user["id"] for name, user in users.items()} == before
    assert {name: user["externalId"] for name, user in users.items()} == {uid: entry_uuid("again " + uid) for uid in before}
    assert service.groups() == members
    assert {g["externalId"] for g in service.dump()["groups"]} == {"product:autocad", entry_uuid("again group cad")}
    small.settled()
    small.org.people["ann"]["title"] = "Principal"  # found under its new id from now on
    small.sql("UPDATE account SET remote = NULL")
    small.apply()
    assert service.users()[entry_uuid("again ann")]["title"] == "Principal"
    assert len(service.dump()["users"]) == 3


def test_an_adoption_whose_answer_was_lost_is_found_under_either_id(small, service):
    small.apply()
    rebuild(small)
    small.conf["team design"]["adopt"] = "yes"
    small.sql("UPDATE account SET remote = NULL")
    small.sql("UPDATE synced_group SET remote = NULL")
    ann = service.users()[entry_uuid("ann")]
    service.ask("PATCH", f"/Users/{ann['id']}", {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
        {"op": "replace", "path": "externalId", "value": entry_uuid("again ann")}]})
    small.apply()
    assert set(service.users()) == {entry_uuid("again " + uid) for uid in ("ann", "ben", "cid")}
    assert len(service.dump()["users"]) == 3 and len(service.dump()["groups"]) == 2
    small.settled()
    run = max(r["run"] for r in small.json("runs", "list"))
    small.run("runs", "undo", run, "--yes")
    assert set(service.users()) == {entry_uuid(uid) for uid in ("ann", "ben", "cid")}


def test_undone(small, service):
    small.apply()
    before = (service.active(), service.groups())
    small.org.people["cid"]["employeeType"] = "disabled"
    small.org.group("cad", "ann")
    small.org.person("eve")
    small.apply()
    assert (service.active(), service.groups()) != before
    run = max(r["run"] for r in small.json("runs", "list"))
    small.run("runs", "undo", run, "--yes")
    assert (service.active(), service.groups()) == before
    assert entry_uuid("eve") not in service.users()


# --- what stops it --------------------------------------------------------------------------------------------------


def test_wrong_token(small, service):
    (small.folder / "token").write_text("another-secret-token\n")
    text = small.refused("apply", "--yes", status=1)
    assert "the service refuses the token; put a valid one into token-file" in text and "another-secret" not in text
    assert "the token is not valid here" in text and not service.dump()["users"]
    (small.folder / "token").write_text(TOKEN)
    small.apply()
    equal(small, service)


def test_token_is_nowhere(small):
    out, err = small.run("-v", "apply", "--yes")
    assert "POST http://127.0.0.1" in err and TOKEN not in out + err


def test_token_that_others_may_read(small):
    (small.folder / "token").chmod(0o644)
    assert "others may read or change this secret" in small.refused("apply", "--yes", status=78)


def test_lost_and_found_again(small, service):
    """What a service that is down left open is settled when there is one again."""
    service.stop()
    small.conf["platform builtin"]["retries"] = 1
    assert "cannot connect" in small.refused("apply", "--yes", status=1)
    again = ScimService()
    small.conf["platform builtin"]["url"] = again.url
    small.apply()
    equal(small, again)
    settled(small)
    again.stop()


# --- what goes wrong on the way -------------------------------------------------------------------------------------


SINGLY = {"bulk": "no", "members-per-patch": "7"}  # 137 requests for the crowd below, and 70 otherwise


def crowd(site, people=60):
    """Enough to need several hundred requests."""
    for i in range(people):
        site.org.person(f"p{i:03}")
    site.org.group("cad", *(f"p{i:03}" for i in range(0, people, 2)))


def move(site, people=60):
    """Every kind of change."""
    for i in range(people):
        person = site.org.people[f"p{i:03}"]
        if i % 10 == 1:
            person["mail"] = f"new{i}@example.com"
        elif i % 10 == 2:
            person["employeeType"] = "disabled"
        elif i % 10 == 3:
            del site.org.people[f"p{i:03}"]
    site.org.group("cad", *(f"p{i:03}" for i in range(0, people, 3) if i % 10 != 3))
    site.conf["product autocad"]["name"] = "AutoCAD"


@pytest.mark.parametrize("seed, settings", [(SEED, {}), (SEED + 1, {"bulk": "no", "members-per-patch": 7}),
                                            (SEED + 2, {"bulk": "no", "update": "put"})])
def test_thirty_percent_go_wrong(site, service, proxy, seed, settings):
    connect(site, proxy.url, **{"retries": 40, "timeout": "400ms", "connections": 8, **settings})
    site.conf["product autocad"]["name"] = "AutoCAD"
    site.conf["sync"]["max-removals"] = "100%"
    crowd(site)
    proxy.be_faulty(0.3, hold=0.8, seed=seed)
    site.apply()
    equal(site, service)
    move(site)
    site.apply()
    equal(site, service)
    site.settled()
    print(dict(proxy.counts))
    wrong = sum(n for fault, n in proxy.counts.items() if fault != "none")
    assert 0.15 < wrong / sum(proxy.counts.values()) < 0.45 and len(proxy.counts) == 8


def kill(site, proxy, after, carried_out):
    """SIGKILL for an apply whose requests beyond so many are not answered. False: there were no more."""
    proxy.stall(after, carry_out=carried_out)
    run = site.start("apply", "--yes")
    while not proxy.stalled.wait(0.05) and run.poll() is None:
        pass
    killed = run.poll() is None
    run.send_signal(signal.SIGKILL)
    run.wait()
    proxy.flow()
    return killed


def settled(site):
    site.settled()
    assert site.sql("SELECT count(*) FROM delivery WHERE state = 'sent'") == [(0,)]
    assert not [r for r in site.json("runs", "list") if r["state"] in ("running", "interrupted")]


@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("after", [0, 3, 4, 5, 30, 65, 66, 68, 90, 120])
def test_killed_while_the_service_is_silent(site, service, proxy, after, carried_out):
    """SIGKILL while requests are unanswered, carried out or not; the next run ends right, with everybody once."""
    connect(site, proxy.url, timeout="20s", bulk="no", **{"members-per-patch": 1})
    site.conf["product autocad"]["name"] = "AutoCAD"
    crowd(site)
    assert kill(site, proxy, after, carried_out)
    site.apply()
    equal(site, service)
    settled(site)


@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("after", [0, 3, 5, 6, 7])
def test_killed_while_much_of_it_is_one_request(site, service, proxy, after, carried_out):
    """The same with bulk, and with many members in one PATCH."""
    connect(site, proxy.url, timeout="20s")
    site.conf["product autocad"]["name"] = "AutoCAD"
    crowd(site)
    assert kill(site, proxy, after, carried_out)
    site.apply()
    equal(site, service)
    settled(site)


def test_killed_again_and_again_while_a_fifth_goes_wrong(site, service, proxy):
    """Each run first settles the one before, and is killed in that or later."""
    connect(site, proxy.url, retries=40, timeout="400ms", connections=8, bulk="no", **{"members-per-patch": 2})
    site.conf["product autocad"]["name"] = "AutoCAD"
    site.conf["sync"]["max-removals"] = "100%"
    crowd(site)
    killed = 0
    chance = random.Random(SEED)
    proxy.be_faulty(0.2, hold=0.8, seed=SEED)
    for turn in range(6):
        if turn == 3:
            move(site)
        killed += kill(site, proxy, chance.randrange(5, 70), chance.choice((True, False)))
    assert killed >= 4
    site.apply()
    equal(site, service)
    settled(site)
