"""What a platform's own map does, from a real directory to a real service: rules, tables, and attributes that only they ask for."""

import json

import pytest

from scim_service import ScimService
from slapd import BIND_DN, PEOPLE, SUFFIX, Slapd, entry_uuid
from test_platform_scim import connect

OWN = "urn:ietf:params:scim:schemas:extension:badge:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GUID = bytes(range(0xA0, 0xB0))

# Active Directory's attribute, which OpenLDAP does not have.
SCHEMA = """sizelimit unlimited
attributetype ( 1.3.6.1.4.1.32473.1.1 NAME 'objectGUID' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.32473.1.2 NAME 'standing' SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.32473.2.1 NAME 'badged' SUP top AUXILIARY MAY ( objectGUID $ standing ) )"""


@pytest.fixture(name="service", scope="module")
def service_fixture():
    service = ScimService()
    yield service
    service.stop()


@pytest.fixture(autouse=True)
def empty(service):
    """One service for all cases: each begins without anybody."""
    for kind, path in (("users", "Users"), ("groups", "Groups")):
        for resource in service.dump()[kind]:
            service.ask("DELETE", f"/{path}/{resource['id']}")


@pytest.fixture(name="mapped")
def mapped_fixture(site, service):
    connect(site, service.url)
    for uid in ("ann", "ben", "cid"):
        site.org.person(uid)
    site.org.people["ann"].update(title="Architect", description="Head of design", l="SEL", telephoneNumber="+82 2 123", mobile="+82 10 456",
                                  displayName="홍길동 KIM 𐐀", initials="AC", roomNumber="3")
    site.org.people["ben"].update(title="Engineer", l="nyc", displayName="straße 😀")
    site.org.group("cad", "ann")
    return site


@pytest.fixture(name="ldap")
def ldap_fixture(mapped, tmp_path):
    """The same people in slapd, with what only a server has."""
    org = mapped.org
    for uid in ("ann", "ben"):
        org.people[uid]["objectClass"] = ["inetOrgPerson", "badged"]
    org.people["ann"].update(objectGUID=GUID, standing="TRUE")
    org.people["ben"].update(standing="FALSE")
    with Slapd(tmp_path, org.ldif(), config=SCHEMA) as server:
        mapped.conf["directory hq"] = {"type": "ldap", "uri": server.uri, "base": SUFFIX, "bind-dn": BIND_DN,
                                       "bind-password-file": server.password_file, "map-active": "employeeType!=disabled"}
        mapped.slapd = server
        yield mapped


def know_schema(site, service):
    """As an administrator would: what /Schemas says of the extension."""
    schema = next(s for s in service.ask("GET", "/Schemas")["Resources"] if s["id"] == OWN)
    path = site.folder / "badge.json"
    path.write_text(json.dumps(schema))
    site.conf["platform builtin"]["extension-schema"] = "badge.json"


def rules(site, *rows):
    site.conf["platform builtin"]["map"] = list(rows)


def user(service, uid):
    return service.users()[entry_uuid(uid)]


def updates(plan):
    return {c["person"]["email"].split("@")[0]: (c["before"], c["after"]) for c in plan["changes"] if c["op"] == "update"}


def modify(site, uid, *lines):
    site.slapd.change(f"dn: uid={uid},{PEOPLE}\nchangetype: modify\n" + "\n".join(lines) + "\n")


# --- every function -------------------------------------------------------------------------------------------------


def test_every_function(ldap, service):
    (ldap.folder / "sites.txt").write_text("# where\nSEL\t서울\n* = elsewhere\n")
    know_schema(ldap, service)
    rules(ldap,
          "nickName <- first(initials, given-name)",
          'userType <- "Employee; \\"full\\" = yes"',
          'name.formatted <- join(" ", family-name, middleName, given-name)',
          "displayName <- lower(display-name)",
          "locale <- upper(display-name)",
          'addresses[type eq "work"].locality <- lookup("sites.txt", l)',
          'addresses[type eq "work"].country <- "KR"',
          'phoneNumbers[type eq "work"].value <- telephoneNumber',
          'phoneNumbers[type eq "mobile"].value <- mobile',
          "title <- none",
          f"{ENTERPRISE}:costCenter <- roomNumber",
          f"{OWN}:objectGUID <- objectGUID",
          f"{OWN}:badge <- id",
          f"{OWN}:desk.floor <- roomNumber",
          f"{OWN}:desk.standing <- standing")
    ldap.apply()
    ann, ben = user(service, "ann"), user(service, "ben")
    assert ann["nickName"] == "AC" and ben["nickName"] == "Given"
    assert ann["userType"] == 'Employee; "full" = yes'
    assert ann["name"] == {"givenName": "Given", "familyName": "Ann", "formatted": "Ann Given"}
    assert ann["displayName"] == "홍길동 kim 𐐨" and ann["locale"] == "홍길동 KIM 𐐀"
    assert ben["displayName"] == "straße 😀" and ben["locale"] == "STRASSE 😀"
    assert ann["addresses"] == [{"type": "work", "locality": "서울", "country": "KR"}]
    assert ben["addresses"][0]["locality"] == "elsewhere" and "locality" not in user(service, "cid")["addresses"][0]
    assert {p["type"]: p["value"] for p in ann["phoneNumbers"]} == {"work": "+82 2 123", "mobile": "+82 10 456"}
    assert "phoneNumbers" not in ben or not ben["phoneNumbers"]
    assert "title" not in ann and ann["emails"][0]["value"] == "ann@example.com" and ann["externalId"] == entry_uuid("ann")
    assert ann[ENTERPRISE] == {"costCenter": "3"}
    assert ann[OWN] == {"objectGUID": GUID.hex(), "badge": entry_uuid("ann"), "desk": {"floor": "3", "standing": True}}
    assert ben[OWN] == {"badge": entry_uuid("ben"), "desk": {"standing": False}}
    ldap.settled()


def test_plan_shows_what_an_invitation_gives(mapped):
    rules(mapped, "nickName <- description")
    invited = {c["person"]["email"]: c["after"] for c in mapped.plan()["changes"] if c["op"] == "invite"}
    assert invited["ann@example.com"]["nickName"] == "Head of design" and invited["ben@example.com"]["nickName"] is None


@pytest.mark.parametrize("update", ["patch", "put"])
def test_attribute_that_changes(ldap, service, update):
    ldap.conf["platform builtin"]["update"] = update
    rules(ldap, "title <- first(description, title)", f"{OWN}:badge <- roomNumber")
    ldap.apply()
    assert user(service, "ann")["title"] == "Head of design" and user(service, "ben")["title"] == "Engineer"
    modify(ldap, "ann", "replace: description", "description: 책임 디자이너 𠮷", "-", "replace: roomNumber", "roomNumber: 4")
    assert updates(ldap.plan()) == {"ann": ({"title": "Head of design", f"{OWN}:badge": "3"},
                                            {"title": "책임 디자이너 𠮷", f"{OWN}:badge": "4"})}
    assert f"{OWN}:badge: 3 → 4" in ldap.run("plan")[0]
    ldap.apply()
    assert user(service, "ann")["title"] == "책임 디자이너 𠮷" and user(service, "ann")[OWN]["badge"] == "4"
    ldap.settled()
    modify(ldap, "ann", "delete: description", "-", "delete: roomNumber")
    assert updates(ldap.plan()) == {"ann": ({"title": "책임 디자이너 𠮷", f"{OWN}:badge": "4"}, {"title": "Architect", f"{OWN}:badge": None})}
    ldap.apply()
    assert user(service, "ann")["title"] == "Architect" and "badge" not in user(service, "ann").get(OWN, {})
    ldap.settled()


def test_id_of_a_file(mapped, service):
    """As text of a UUID in whatever case, and as the bytes that Active Directory keeps."""
    mapped.org.people["ann"]["objectGUID"] = GUID
    mapped.org.people["ben"]["objectGUID"] = entry_uuid("some").upper()
    rules(mapped, f"{OWN}:objectGUID <- objectGUID")
    mapped.apply()
    assert user(service, "ann")[OWN] == {"objectGUID": GUID.hex()} and user(service, "ben")[OWN] == {"objectGUID": entry_uuid("some")}
    mapped.settled()


# --- maps and tables that change ------------------------------------------------------------------------------------


def test_changed_map(mapped, service):
    """Everybody whose values change, and nobody else; and back."""
    mapped.apply()
    mapped.settled()
    rules(mapped, "title <- first(description, title)", "nickName <- initials")
    assert updates(mapped.plan()) == {"ann": ({"title": "Architect", "nickName": None}, {"title": "Head of design", "nickName": "AC"})}
    mapped.apply()
    assert user(service, "ann")["title"] == "Head of design"
    mapped.settled()
    rules(mapped, 'title <- first(description, title, "Staff")', "nickName <- initials")
    assert updates(mapped.plan()) == {"cid": ({"title": None}, {"title": "Staff"})}
    mapped.apply()
    rules(mapped)
    assert updates(mapped.plan()) == {"ann": ({"title": "Head of design"}, {"title": "Architect"}), "cid": ({"title": "Staff"}, {"title": None})}
    mapped.apply()
    ann = user(service, "ann")
    assert ann["title"] == "Architect" and "title" not in user(service, "cid")
    assert ann["nickName"] == "AC", "what a map no longer writes is left alone"
    mapped.settled()
    rules(mapped, "title <- none")
    mapped.settled()


def test_changed_table(mapped, service):
    table = mapped.folder / "sites.txt"
    table.write_text("SEL = Seoul\n* = elsewhere\n")
    rules(mapped, 'nickName <- lookup("sites.txt", l)')
    mapped.apply()
    assert user(service, "ann")["nickName"] == "Seoul" and user(service, "ben")["nickName"] == "elsewhere"
    table.write_text("SEL = Busan\n* = elsewhere\n")
    saved = mapped.folder / "saved.json"
    mapped.run("plan", "-o", saved)
    assert updates(json.loads(saved.read_text())) == {"ann": ({"nickName": "Seoul"}, {"nickName": "Busan"})}
    table.write_text("SEL = Incheon\n* = elsewhere\n")
    mapped.refused("apply", "--yes", saved, status=6)
    table.write_text("SEL = Busan\n* = elsewhere\n")
    mapped.run("apply", "--yes", saved)
    assert user(service, "ann")["nickName"] == "Busan"
    mapped.settled()


def test_undo_puts_back(mapped, service):
    mapped.apply()
    rules(mapped, "title <- first(description, title)", "nickName <- initials")
    mapped.apply()
    mapped.org.people["ann"].update(description="Chief", initials="XY")
    mapped.apply()
    ann = user(service, "ann")
    assert ann["title"] == "Chief" and ann["nickName"] == "XY"
    run = str(max(n for n, in mapped.sql("SELECT id FROM run")))
    shown = mapped.run("runs", "undo", run, "--yes")[0]
    assert "title: Chief → Head of design" in shown and "nickName: XY → AC" in shown
    ann = user(service, "ann")
    assert ann["title"] == "Head of design" and ann["nickName"] == "AC"
    assert updates(mapped.plan()) == {"ann": ({"title": "Head of design", "nickName": "AC"}, {"title": "Chief", "nickName": "XY"})}
    mapped.run("runs", "undo", str(int(run) + 1), "--yes")
    assert user(service, "ann")["title"] == "Chief"
    mapped.settled()


def test_undo_of_the_first_update_gives_the_default_back(mapped, service):
    mapped.apply()
    rules(mapped, "title <- first(description, title)", "nickName <- initials")
    mapped.apply()
    run = str(max(n for n, in mapped.sql("SELECT id FROM run")))
    mapped.run("runs", "undo", run, "--yes")
    ann = user(service, "ann")
    assert ann["title"] == "Architect" and "nickName" not in ann
    assert updates(mapped.plan()) == {"ann": ({"title": "Architect", "nickName": None}, {"title": "Head of design", "nickName": "AC"})}


def test_suspended_and_restored(mapped, service):
    """Whoever comes back gets what the map gives then."""
    rules(mapped, "nickName <- initials")
    mapped.apply()
    mapped.org.people["ann"].update(employeeType="disabled", initials="ZZ")
    mapped.apply()
    assert user(service, "ann")["nickName"] == "AC"
    del mapped.org.people["ann"]["employeeType"]
    mapped.apply()
    assert user(service, "ann")["nickName"] == "ZZ"
    mapped.settled()


# --- what is shown, refused, and left alone -------------------------------------------------------------------------


def test_explain(mapped):
    rules(mapped, "title <- first(description, title)", f"{OWN}:desk.floor <- roomNumber")
    mapped.apply()
    mapped.org.people["ann"]["description"] = "Chief"
    mapped.plan()
    text = mapped.run("explain", "ann@example.com")[0]
    line = next(line for line in text.splitlines() if line.lstrip().startswith("title ") and "<-" in line)
    assert "Chief; there: Head of design" in line and "<- first(description, title)" in line and "doorward.conf:" in line
    assert "update" in text and "title: Head of design → Chief" in text
    shown = {m["target"]: m for m in mapped.json("explain", "ann@example.com")["teams"][0]["mapped"]}
    assert shown["title"]["value"] == "Chief" and shown["title"]["account"] == "Head of design"
    assert shown["title"]["source"] == "first(description, title)" and "doorward.conf:" in shown["title"]["where"]
    assert shown["userName"] == {"target": "userName", "source": "first(user-name, email)", "where": None, "value": "ann", "fault": None,
                                 "account": "ann"}
    assert shown[f"{OWN}:desk.floor"]["value"] == "3"


@pytest.mark.parametrize("row, says", [
    ("titel <- description", "did you mean 'title'?"),
    ("nickName <- given-nam", "did you mean 'given-name'?"),
    ("nickName <- frist(description)", "did you mean 'first'?"),
    ("emails <- email", "write which one"),
    ('addresses[type eq "work"].primary <- "sometimes"', "not true or false"),
    ('nickName <- lookup("missing.txt", l)', "missing.txt"),
    ("externalId <- id", "our own id"),
    ("nickName description", "TARGET <- SOURCE"),
])
def test_refused_at_start(mapped, row, says):
    rules(mapped, "userType <- description", row)
    mapped.write()
    lines = (mapped.folder / "doorward.conf").read_text().splitlines()
    at = lines.index(f"map = {row}") + 1
    said = mapped.refused("check-config", status=78)
    assert says in said and f"doorward.conf:{at}: " in said, said


def test_refused_by_the_schema(mapped, service):
    know_schema(mapped, service)
    for row, says in ((f"{OWN}:bagde <- description", "did you mean 'badge'?"), (f'{OWN}:desk.standing <- "perhaps"', "not true or false")):
        rules(mapped, row)
        assert says in mapped.refused("check-config", status=78)
    (mapped.folder / "badge.json").write_text("{}")
    assert "extension-schema: " in mapped.refused("check-config", status=78)


def test_pushed_directory_has_scim_attributes(mapped):
    mapped.conf["directory hq"] = {"type": "scim-push"}
    mapped.conf["product autocad"]["group"] = "cad"
    mapped.conf["serve"] = {"listen": "127.0.0.1:0"}
    rules(mapped, "nickName <- name.middleName", "userType <- urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division")
    mapped.run("check-config")
    rules(mapped, "nickName <- name.midleName")
    said = mapped.refused("check-config", status=78)
    assert "did you mean 'name.middleName'?" in said and "doorward.conf:" in said


def test_nothing_is_kept_without_a_map(ldap):
    ldap.apply()
    assert ldap.sql("SELECT count(*) FROM person WHERE extra IS NOT NULL") == [(0,)]
    assert ldap.sql("SELECT count(*) FROM account WHERE mapped IS NOT NULL") == [(0,)]
    assert ldap.sql("SELECT extra FROM directory") == [(None,)]


def test_what_is_no_longer_asked_for_is_forgotten(ldap):
    rules(ldap, "nickName <- description")
    ldap.apply()
    assert ldap.sql("SELECT extra FROM person WHERE extra IS NOT NULL") == [('{"description":"Head of design"}',)]
    rules(ldap)
    ldap.plan()
    assert ldap.sql("SELECT count(*) FROM person WHERE extra IS NOT NULL") == [(0,)]


def test_value_too_long(mapped):
    mapped.org.people["ann"]["description"] = "x" * 1025
    rules(mapped, "nickName <- description")
    out = mapped.run("plan")[0]
    assert "description: longer than 1024 bytes" in out


# --- drift ----------------------------------------------------------------------------------------------------------


def test_drift_of_mapped_attributes(mapped, service):
    """What somebody changes there is put right by what the map gave; what the map does not write is nobody's business."""
    rules(mapped, "title <- first(description, title)", f"{OWN}:badge <- roomNumber", "preferredLanguage <- none",
          'phoneNumbers[type eq "work"].value <- telephoneNumber')
    mapped.apply()
    mapped.settled()
    ann = user(service, "ann")
    service.ask("PATCH", f"/Users/{ann['id']}", {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
        {"op": "replace", "path": "title", "value": "Boss"}, {"op": "remove", "path": f"{OWN}:badge"},
        {"op": "replace", "path": "preferredLanguage", "value": "ko"},
        {"op": "replace", "path": "phoneNumbers", "value": [{"type": "work", "value": "1"}, {"type": "home", "value": "2"}]}]})
    out = mapped.run("plan")[0]
    line = next(line for line in out.splitlines() if "update" in line and "ann@example.com" in line)
    assert "title" in line and f"{OWN}:badge" in line and "phoneNumbers" in line and "preferredLanguage" not in line
    mapped.apply()
    ann = user(service, "ann")
    assert ann["title"] == "Head of design" and ann[OWN]["badge"] == "3" and ann["preferredLanguage"] == "ko"
    assert {p["value"] for p in ann["phoneNumbers"] if p["type"] == "work"} == {"+82 2 123"}
    mapped.settled()
