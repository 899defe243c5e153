"""The guard's drop checks: below each search base, and of each group that leads somewhere."""

import pytest

from site_fixture import holds
from slapd import GROUPS, PEOPLE, SUFFIX, Slapd, base_ldif, entry_uuid, ldif_entry
from test_causes import on_slapd, ou, person

SALES, REST = f"ou=Sales,{PEOPLE}", f"ou=Rest,{PEOPLE}"
TABLES = ("account", "seat", "synced_group", "synced_member")


@pytest.fixture(name="slapd")
def slapd_fixture(tmp_path):
    """30 people in sales, 970 elsewhere: 30 of 1,000 are fewer than the guard allows of all."""
    people = "".join(person(f"p{i:04d}", SALES if i < 30 else REST) for i in range(1000))
    groups = ldif_entry(f"cn=cad,{GROUPS}", objectClass="groupOfNames", cn="cad", entryUUID=entry_uuid("group cad"),
                        member=[f"uid=p{i:04d},{REST}" for i in range(900, 1000)])
    with Slapd(tmp_path / "slapd", base_ldif() + ou("Sales", PEOPLE) + ou("Rest", PEOPLE) + people + groups) as server:
        yield server


def test_one_base_of_several_emptied(site, slapd):
    on_slapd(site, slapd, person_base=[SALES, REST]).apply()
    site.settled()
    before = site.tables(TABLES)
    for i in range(30):
        slapd.delete(f"uid=p{i:04d},{SALES}")
    out, _ = site.run("plan", status=4)
    assert f"this plan takes 30 of 30 people below {SALES} away; 5 are allowed at once" in out
    assert f"30 people: no longer in the directory below {SALES}" in out
    plan = site.plan(status=4)
    assert plan["guard"]["trips"] == [{"what": "people below", "removals": 30, "of": 30, "limit": 5, "base": SALES}]
    assert not plan["changes"] and set(holds(plan).values()) == {"guard"}
    site.apply(status=4)
    assert site.tables(TABLES) == before
    assert len(site.plan(status=4)["held"]) == 30, "what the guard held is planned again"
    site.conf["directory hq"].update({"person-base": [PEOPLE]})
    assert "people below" not in site.run("plan", status=4)[0].split("Removals")[1]


def test_the_same_below_one_base_is_let_through(site, slapd):
    on_slapd(site, slapd).apply()
    for i in range(30):
        slapd.delete(f"uid=p{i:04d},{SALES}")
    assert site.plan()["summary"]["suspend"] == 30


def test_people_who_change_the_base_are_no_removals(site, slapd):
    """And are counted below the new one from then on."""
    on_slapd(site, slapd, person_base=[SALES, REST]).apply()
    for i in range(10):
        slapd.change(f"dn: uid=p{i:04d},{SALES}\nchangetype: modrdn\nnewrdn: uid=p{i:04d}\ndeleteoldrdn: 1\nnewsuperior: {REST}\n")
    site.settled()
    counts = dict(site.sql("SELECT b.name, count(*) FROM entry e JOIN base b ON b.id = e.base JOIN person p ON p.id = e.id GROUP BY b.name"))
    assert counts == {SALES: 20, REST: 980}


def test_other_bases_of_the_same_people(site, slapd):
    """The configuration names other bases: nobody changes, and everybody is known by the new ones."""
    on_slapd(site, slapd).apply()
    site.conf["directory hq"]["person-base"] = [SALES, REST]
    plan = site.plan("--exit-code")
    assert plan["read"]["changed"] == 0
    counts = dict(site.sql("SELECT b.name, count(*) FROM entry e JOIN base b ON b.id = e.base JOIN person p ON p.id = e.id GROUP BY b.name"))
    assert counts == {SALES: 30, REST: 970}


def test_a_group_that_leads_to_seats_emptied(site):
    """20 of 600 seats are fewer than the guard allows of all seats, and all that the group led to."""
    for i in range(600):
        site.org.person(f"p{i:03d}")
    site.org.group("cad", *(f"p{i:03d}" for i in range(580)))
    site.org.group("bim", *(f"p{i:03d}" for i in range(580, 600)))
    site.conf["product autocad"]["group"] = [f"cn=cad,{GROUPS}", f"cn=bim,{GROUPS}"]
    site.conf["team design"]["groups"] = "none"
    site.apply()
    before = site.tables(TABLES)
    site.org.group("bim")
    out, _ = site.run("plan", status=4)
    assert "this plan takes 20 of 20 members of group bim (it has no members any more) away; 5 are allowed at once" in out
    assert "20 seats: group bim has no members any more" in out
    assert site.plan(status=4)["guard"]["trips"] == [
        {"what": "members of group", "removals": 20, "of": 20, "limit": 5, "group": "bim"}]
    site.apply(status=4)
    assert site.tables(TABLES) == before
    site.org.group("bim", *(f"p{i:03d}" for i in range(585, 600)))
    site.apply()
    site.settled()
    assert len(site.seats()) == 595


def test_a_nested_group_deleted(site):
    for i in range(300):
        site.org.person(f"p{i:03d}")
    site.org.group("cad", "@bim", *(f"p{i:03d}" for i in range(290)))
    site.org.group("bim", *(f"p{i:03d}" for i in range(290, 300)))
    site.conf["team design"]["groups"] = "none"
    site.apply()
    del site.org.groups["bim"]
    out, _ = site.run("plan", status=4)
    assert "10 of 10 members of group bim (it is no longer in the directory)" in out
    assert "10 seats: group bim is no longer in the directory" in out


def test_a_synced_group_deleted(site):
    for i in range(30):
        site.org.person(f"p{i:03d}")
    site.org.group("cad", *(f"p{i:03d}" for i in range(5)))
    site.org.group("all", *(f"p{i:03d}" for i in range(30)))
    site.conf["team design"]["groups"] = "all"
    site.apply()
    del site.org.groups["all"]
    out, _ = site.run("plan", status=4)
    assert "30 of 30 members of group all (it is no longer in the directory)" in out
    assert "30 memberships: group all is no longer in the directory" in out
    assert SUFFIX in PEOPLE
