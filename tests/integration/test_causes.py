"""Causes: what a plan takes away is told by what it comes from, above all an organisational unit that was moved."""

import time

import pytest

from site_fixture import ROSTER, Org
from slapd import GROUPS, PEOPLE, SUFFIX, Slapd, base_ldif, entry_uuid, ldif_entry

DESIGN, REST, ARCHIVE = f"ou=Design,{PEOPLE}", f"ou=Rest,{PEOPLE}", f"ou=Archive,{SUFFIX}"
DESIGNERS, ALL = 1000, 5000
LIVE = ("account", "seat", "synced_group", "synced_member")
# Of the cases that change something, the roster must be as it was; runs are recorded all the same.
HELD = tuple(name for name in ROSTER if name not in ("run", "run_change"))


def ou(name, above, **attrs):
    return ldif_entry(f"ou={name},{above}", objectClass="organizationalUnit", ou=name, entryUUID=entry_uuid(f"ou {name}"), **attrs)


def person(uid, above):
    return ldif_entry(f"uid={uid},{above}", objectClass="inetOrgPerson", uid=uid, cn=uid, sn=uid.capitalize(), mail=f"{uid}@example.com",
                      entryUUID=entry_uuid(uid))


def group(name, *members):
    return ldif_entry(f"cn={name},{GROUPS}", objectClass="groupOfNames", cn=name, entryUUID=entry_uuid("group " + name), member=list(members))


def organisation(designers, everybody):
    """Designers below two units of ou=Design, the others below ou=Rest; the group cad holds every fifth designer and p0040."""
    def above(i):
        return (f"ou=Seoul,{DESIGN}" if i % 2 else DESIGN) if i < designers else REST

    people = {f"p{i:04d}": above(i) for i in range(everybody)}
    members = [f"uid={uid},{where}" for i, (uid, where) in enumerate(people.items()) if i % 5 == 0 and i < designers or i == 40 < everybody < 100]
    units = ou("Design", PEOPLE) + ou("Seoul", DESIGN) + ou("Rest", PEOPLE) + ou("Archive", SUFFIX)
    return base_ldif() + units + "".join(person(uid, where) for uid, where in people.items()) + group("cad", *members)


def move(server, dn, rdn, above):
    server.change(f"dn: {dn}\nchangetype: modrdn\nnewrdn: {rdn}\ndeleteoldrdn: 1\nnewsuperior: {above}\n")


def on_slapd(site, server, **more):
    """A key of the section a call; a list repeats it."""
    wanted = {"base": None, "person_base": PEOPLE, "group_base": GROUPS, **more}
    keys = {}
    for line in server.directory_settings(**wanted).splitlines():
        key, value = line.split(" = ", 1)
        keys.setdefault(key, []).append(value)
    keys.setdefault("base", [SUFFIX])
    site.org = None
    site.conf["directory hq"] = keys
    return site


def cause_lines(text):
    lines = text.splitlines()
    if "Removals by cause" not in lines:
        return []
    begin = lines.index("Removals by cause") + 1
    return [line.strip() for line in lines[begin:lines.index("", begin)]]


def causes(plan):
    return [(c["cause"], c["removals"], c["of"], c["unit"]) for c in plan["causes"]]


# --- an organisational unit that moves ------------------------------------------------------------------------------


@pytest.fixture(scope="module", name="big")
def big_fixture(tmp_path_factory):
    with Slapd(tmp_path_factory.mktemp("big"), organisation(DESIGNERS, ALL)) as server:
        yield server


def test_a_unit_moved_out_of_the_base(site, big):
    on_slapd(site, big).apply()
    site.settled()
    before = site.tables(HELD)
    move(big, DESIGN, "ou=Design-EU", ARCHIVE)
    try:
        out, _ = site.run("plan", status=4)
        now = f"ou=Design-EU,{ARCHIVE}"
        assert cause_lines(out) == [f"{DESIGNERS:,} people: {DESIGN} (same entryUUID) is now {now}, outside base {PEOPLE}"]
        assert "1,000 of 5,000 people" in out
        site.apply(status=4)
        assert site.tables(HELD) == before
        # The plan after it tells the same, from the mirror alone.
        plan = site.plan(status=4)
        assert causes(plan) == [("container-moved", DESIGNERS, DESIGNERS, "people")]
        cause = plan["causes"][0]
        assert (cause["container"], cause["from"], cause["to"], cause["base"]) == (DESIGN, DESIGN, now, PEOPLE)
        assert cause["seats"] == cause["memberships"] == 200 and cause["held"] == {"guard": DESIGNERS + 400}
    finally:
        move(big, f"ou=Design-EU,{ARCHIVE}", "ou=Design", PEOPLE)
    assert cause_lines(site.run("plan", "--exit-code")[0]) == []
    assert site.tables(HELD) == before


def test_a_unit_renamed_within_the_base(site, big):
    """The people go on having their ids: nothing is taken away, so there is no cause to tell."""
    on_slapd(site, big).apply()
    big.rename(REST, "ou=Others")
    try:
        plan = site.plan("--exit-code")
        assert plan["causes"] == [] and not plan["changes"] and not plan["held"]
        assert plan["read"]["gone"] == 0 and plan["read"]["people"] == ALL
    finally:
        big.rename(f"ou=Others,{PEOPLE}", "ou=Rest")
    site.settled()


def test_the_base_itself_renamed(site, big):
    big.replace(f"cn=cad,{GROUPS}", "member", "cn=nobody")  # members are named, and nobody renames them here
    on_slapd(site, big, person_base=DESIGN).apply()
    before, mirror = site.tables(HELD), site.tables(("entry", "person"))
    big.rename(DESIGN, "ou=Design-EU")
    try:
        said = site.refused("plan", status=78)
        line = (site.folder / "doorward.conf").read_text().splitlines().index(f"person-base = {DESIGN}") + 1
        assert f"base {DESIGN}: it is not there any more; the entry (same entryUUID) is now ou=Design-EU,{PEOPLE}" in said
        assert f"doorward.conf:{line}" in said
        assert site.tables(HELD) == before and site.tables(("entry", "person")) == mirror
        # As the message says.
        site.conf["directory hq"]["person-base"] = f"ou=Design-EU,{PEOPLE}"
        assert site.plan("--exit-code")["causes"] == []
    finally:
        big.rename(f"ou=Design-EU,{PEOPLE}", "ou=Design")


def test_a_base_that_is_gone(site, tmp_path):
    """Nowhere to be found: the message is the one that it was."""
    with Slapd(tmp_path / "slapd", organisation(4, 8)) as server:
        on_slapd(site, server, person_base=[f"ou=Seoul,{DESIGN}", REST]).apply()
        for i in (1, 3):
            server.delete(f"uid=p000{i},ou=Seoul,{DESIGN}")
        server.delete(f"ou=Seoul,{DESIGN}")
        said = site.refused("plan", status=78)
        assert "there is no such entry" in said and "correct the base" in said


# --- smaller ones, one after the other --------------------------------------------------------------------------------


@pytest.fixture(name="small")
def small_fixture(tmp_path):
    with Slapd(tmp_path / "slapd", organisation(20, 60)) as server:
        yield server


def test_every_cause_has_its_line(site, small):
    on_slapd(site, small, map_active="employeeType!=disabled").apply()
    site.conf["sync"]["max-removals"] = "100%"
    move(small, f"ou=Seoul,{DESIGN}", "ou=Seoul", ARCHIVE)  # ten people, two of them in cad
    for i in (21, 22, 23):
        small.replace(f"uid=p{i:04d},{REST}", "employeeType", "disabled")
    small.delete(f"uid=p0031,{REST}")
    move(small, f"uid=p0032,{REST}", "uid=p0032", ARCHIVE)
    small.change(f"dn: cn=cad,{GROUPS}\nchangetype: modify\ndelete: member\nmember: uid=p0040,{REST}\n")
    site.conf["directory hq"]["exclude"] = "mail=p005?@*"
    out, _ = site.run("plan")
    exclude = (site.folder / "doorward.conf").read_text().splitlines().index("exclude = mail=p005?@*") + 1
    lines = cause_lines(out)
    assert lines[0].startswith("10 of 25 people: ") and lines[1].startswith("10 people: ")
    assert set(lines) == {
        f"{lines[0].split(':')[0]}: {lines[0].split(': ', 1)[1]}",
        f"{lines[1].split(':')[0]}: {lines[1].split(': ', 1)[1]}",
        "3 people: disabled in the directory (employeeType)",
        f"2 people: no longer in the directory below {PEOPLE}",
        "1 seat: left group cad"}
    told = {line.split(": ", 1)[1] for line in lines[:2]}
    seoul = f"ou=Seoul,{DESIGN} (same entryUUID) is now ou=Seoul,{ARCHIVE}, outside base {PEOPLE}"
    assert told == {seoul, f"exclude line 1: mail=p005?@*, {site.folder}/doorward.conf:{exclude}"}
    assert f"excluded by exclude line 1: mail=p005?@*, {site.folder}/doorward.conf:{exclude}" in out
    plan = site.plan()
    assert [c["cause"] for c in plan["causes"]][2:] == ["disabled", "gone", "left-group"]
    by = {c["cause"]: c for c in plan["causes"]}
    assert by["excluded"]["line"].endswith(f"doorward.conf:{exclude}") and by["excluded"]["rule"] == "mail=p005?@*"
    assert by["left-group"]["group"] == "cad" and by["gone"]["base"] == PEOPLE
    site.apply()
    site.settled()


def test_a_unit_deleted_with_everybody_below_it(site, small):
    on_slapd(site, small).apply()
    site.conf["sync"]["max-removals"] = "100%"
    for i in range(1, 20, 2):
        small.delete(f"uid=p{i:04d},ou=Seoul,{DESIGN}")
    small.delete(f"ou=Seoul,{DESIGN}")
    out, _ = site.run("plan")
    assert cause_lines(out) == [f"10 people: ou=Seoul,{DESIGN} is no longer in the directory, and everybody below it"]
    assert causes(site.plan()) == [("container-gone", 10, 10, "people")]


def test_a_unit_of_the_same_name_made_anew(site, small):
    """An old unit's fate is not the cause of what happens to people in its successor."""
    on_slapd(site, small).apply()
    site.conf["sync"]["max-removals"] = "100%"
    move(small, f"ou=Seoul,{DESIGN}", "ou=Seoul", ARCHIVE)
    site.apply()
    small.add(f"dn: ou=Seoul,{DESIGN}\nobjectClass: organizationalUnit\nou: Seoul\n")
    move(small, f"uid=p0050,{REST}", "uid=p0050", f"ou=Seoul,{DESIGN}")
    site.run("plan")
    time.sleep(1.1)  # reads are told apart by the second
    small.delete(f"uid=p0050,ou=Seoul,{DESIGN}")
    assert cause_lines(site.run("plan")[0]) == [f"1 person: no longer in the directory below {PEOPLE}"]


def test_a_unit_moved_to_where_only_groups_are_read(site, small):
    """The base of the groups reaches further than that of the people: the unit itself is met, and its people are not."""
    on_slapd(site, small, group_base=None).apply()
    site.conf["sync"]["max-removals"] = "100%"
    small.delete(f"uid=p0002,{DESIGN}")
    small.rename(REST, "ou=Others")
    small.delete(f"uid=p0050,ou=Others,{PEOPLE}")
    move(small, f"ou=Seoul,{DESIGN}", "ou=Seoul", ARCHIVE)
    assert cause_lines(site.run("plan")[0])[:2] == [
        f"10 of 12 people: ou=Seoul,{DESIGN} (same entryUUID) is now ou=Seoul,{ARCHIVE}, outside base {PEOPLE}",
        f"2 people: no longer in the directory below {PEOPLE}"]
    cause = site.plan()["causes"][0]
    assert (cause["from"], cause["to"], cause["base"]) == (f"ou=Seoul,{DESIGN}", f"ou=Seoul,{ARCHIVE}", PEOPLE)


def test_a_base_taken_out_of_the_configuration(site, small):
    on_slapd(site, small, person_base=[DESIGN, REST]).apply()
    site.conf["directory hq"]["person-base"] = REST
    out, _ = site.run("plan", status=4)
    assert cause_lines(out) == [f"20 people: {DESIGN} is where it was, but no longer below a base of the configuration"]


def test_containers_that_may_not_be_read(site, tmp_path):
    """No fault, and no weaker proof: people who are gone are gone."""
    hidden = "access to filter=(objectClass=organizationalUnit) attrs=entryUUID by * none\naccess to filter=(objectClass=organization) attrs=entryUUID by * none"
    server = Slapd(tmp_path / "slapd", organisation(20, 60))
    text = server.config.read_text()
    server.config.write_text(text.replace("access to * by dn.exact", hidden + "\naccess to * by dn.exact"))
    with server:
        on_slapd(site, server).apply()
        assert site.sql("SELECT count(*) FROM container") == [(0,)]
        plan = site.plan("--exit-code")
        assert plan["read"]["unusable"] == 0
        site.conf["sync"]["max-removals"] = "100%"
        move(server, f"ou=Seoul,{DESIGN}", "ou=Seoul", ARCHIVE)
        assert causes(site.plan()) == [("gone", 10, 10, "people")]


def test_a_unit_that_may_no_longer_be_read(site, tmp_path):
    """The entry can still be found by its id where it was: then it is no move, and the line says where to look."""
    server = Slapd(tmp_path / "slapd", organisation(20, 60))
    with server:
        on_slapd(site, server).apply()
    text = server.config.read_text()
    hidden = f'access to dn.subtree="ou=Seoul,{DESIGN}" attrs=objectClass by * none'
    server.config.write_text(text.replace("access to * by dn.exact", hidden + "\naccess to * by dn.exact"))
    with server:
        out, _ = site.run("plan", status=4)
    assert cause_lines(out) == [f"10 people: ou=Seoul,{DESIGN} is where it was, but was not met; look at its objectClass, "
                                "and at what the bind DN may read"]


# --- groups -------------------------------------------------------------------------------------------------------------


@pytest.fixture(name="crowd")
def crowd_fixture(site):
    """40 people; CAD Users is of two groups, one nested twice."""
    for i in range(40):
        site.org.person(f"p{i:03d}")
    site.org.group("cad", "@seoul", "@busan")
    site.org.group("seoul", "@gangnam", "p000")
    site.org.group("gangnam", *(f"p{i:03d}" for i in range(1, 10)))
    site.org.group("busan", *(f"p{i:03d}" for i in range(10, 30)))
    site.conf["team design"]["groups"] = "none"
    site.conf["sync"]["max-removals"] = "100%"
    return site


def test_the_path_of_a_nested_group(crowd):
    plan = crowd.plan()
    paths = {c["person"]["email"]: c["cause"] for c in plan["changes"] if c["op"] == "assign"}
    assert paths["p001@example.com"]["path"] == ["gangnam", "seoul", "cad"]
    assert paths["p001@example.com"]["text"] == "in group gangnam, part of seoul, part of cad"
    assert paths["p000@example.com"]["path"] == ["seoul", "cad"] and paths["p010@example.com"]["text"] == "in group busan, part of cad"


def test_groups_left_emptied_gone_and_untied(crowd):
    crowd.apply()
    crowd.org.groups["busan"].remove("p010")
    assert causes(crowd.plan()) == [("left-group", 1, 1, "seats")]
    crowd.org.group("busan")
    assert cause_lines(crowd.run("plan")[0]) == ["20 seats: group busan has no members any more"]
    del crowd.org.groups["busan"]
    assert cause_lines(crowd.run("plan")[0]) == ["20 seats: group busan is no longer in the directory"]
    assert crowd.plan()["causes"][0]["group"] == "busan"
    crowd.org.group("seoul", "p000")
    assert sorted(c[0] for c in causes(crowd.plan())) == ["group-gone", "group-untied"]


def test_many_causes(crowd):
    crowd.conf["directory hq"]["exclude"] = [f"uid=p{i:03d}" for i in range(30, 30)] or None
    crowd.apply()
    crowd.conf["directory hq"]["exclude"] = [f"uid=p{i:03d}" for i in range(12)]
    lines = cause_lines(crowd.run("plan")[0])
    assert len(lines) == 11 and lines[-1] == "and 2 more causes"
    assert len(crowd.plan()["causes"]) == 12


def test_causes_of_what_the_gate_and_protection_hold(crowd):
    crowd.org.person("boss")
    crowd.conf["team design"]["protect"] = "boss@example.com"
    crowd.apply()
    del crowd.org.people["boss"], crowd.org.people["p039"]
    lines = cause_lines(crowd.run("plan")[0])
    assert lines == ["2 people: no longer in the directory; 1 of its 2 changes administrators or protected, who stay"]
    crowd.run("sso", "deactivate", "idp")
    lines = cause_lines(crowd.run("plan", status=3)[0])
    assert lines == ["2 people: no longer in the directory; held by the gate: the e-mail domain is not proved any more, "
                     "or its sign-in is not active"]


def test_ldif_has_containers_too(site):
    """The same without a server to ask: a unit that is gone from the file is told as gone."""
    for i in range(10):
        site.org.person(f"p{i:03d}")
    unit = f"ou=Seoul,{PEOPLE}"
    below = "".join(ldif_entry(f"uid=s{i},{unit}", objectClass="inetOrgPerson", uid=f"s{i}", cn="S", sn="S", mail=f"s{i}@example.com",
                               entryUUID=entry_uuid(f"s{i}")) for i in range(3))
    site.org.more = ou("Seoul", PEOPLE) + below
    site.apply()
    site.org.more = ""
    assert cause_lines(site.run("plan")[0]) == [f"3 people: {unit} is no longer in the directory, and everybody below it"]
    assert Org.dn("x").endswith(PEOPLE)
