"""What SCIM clients send to a pushed directory (tests/data/scim), replayed in order: each answer, what is there at the end, and who
then has an account and a seat. It is pulled after each file, change by change, which comes to the same as one pull at the end."""

import json
import shutil

import pytest

from scim_push_site import PushSite
from scim_replay import replay_folder
from site_fixture import ROOT
from site_fixture import steps as steps_of
from test_hostile_http import resident

DATA = ROOT / "tests/data/scim"
FOLDERS = sorted(p for p in DATA.iterdir() if p.is_dir())


@pytest.fixture(name="site")
def site_fixture(template, tmp_path):
    site = PushSite(tmp_path / "site", template)
    yield site
    site.stop()


@pytest.fixture(name="client")
def client_fixture(site, folder):
    client = site.client(headers=json.loads((folder / "client.json").read_text())["headers"])
    yield client
    client.close()


def mirror(site):
    """People and groups by SCIM id; members as SCIM ids."""
    people = {uid: rest for uid, *rest in site.sql(
        "SELECT e.uid, p.name, p.user_name, p.email, p.given_name, p.family_name, p.display_name, p.employee_number, p.title, p.department,"
        " p.active, p.excluded FROM person p JOIN entry e ON e.id = p.id WHERE e.gone_at = 0")}
    groups = {uid: (name, sorted(member for member, in site.sql(
        "SELECT e.uid FROM edge JOIN ref r ON r.id = edge.ref JOIN entry e ON e.id = r.entry WHERE edge.grp = ? AND e.gone_at = 0", row)))
              for uid, name, row in site.sql("SELECT e.uid, g.display_name, g.id FROM grp g JOIN entry e ON e.id = g.id WHERE e.gone_at = 0")}
    return people, groups


def pulled_at_once(site, template):
    """The mirror of a database that never saw the directory before."""
    shutil.copy(template.site.state / "doorward.db", site.state / "doorward.db")
    for more in ("-wal", "-shm"):
        (site.state / f"doorward.db{more}").unlink(missing_ok=True)
    site.run("plan")
    return mirror(site)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: p.name)
def test_client(site, client, folder, template):
    end = replay_folder(client, folder, lambda: site.run("plan"))
    people, groups = mirror(site)
    ids = {user["id"]: user for user in client.all("Users")}
    assert people.keys() == ids.keys()
    assert {name: len(members) for name, members in groups.values()} == {name: len(members) for name, members in end["Groups"].items()}
    assert all(bool(active) == ids[uid].get("active", True) for uid, (*_, active, _) in people.items())
    if "people" in end:
        check_people(site, end["people"])
    site.server.stop()
    assert pulled_at_once(site, template) == (people, groups)
    site.server.start()


def check_people(site, people):
    site.apply()
    assert site.states() == {email: "invited" for email in people}
    assert site.seats() == {email for email, person in people.items() if person["seat"]}
    names = {email: {"given": given, "family": family} for email, given, family in site.sql("SELECT email, given_name, family_name FROM account")}
    assert names == {email: {"given": person["given"], "family": person["family"]} for email, person in people.items()}
    site.settled()


MANY = 20000


def test_large_group(site):
    """All members of a large group in one request, as Okta's full push and a PUT send them; memory stays bounded, and a pull takes it in."""
    client = site.client(headers={"Content-Type": "application/scim+json"})
    ids = []
    for first in range(0, MANY, 1000):
        made = client.send("POST /Bulk", {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
            {"method": "POST", "path": "/Users", "bulkId": str(i), "data": {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": f"u{i}@example.com", "externalId": str(i),
                "emails": [{"value": f"u{i}@example.com", "type": "work", "primary": True}],
                "name": {"givenName": "Given", "familyName": f"Family {i}"}}} for i in range(first, first + 1000)]})
        assert made.status == 200, made
        ids += [result["location"].rsplit("/", 1)[1] for result in made.body["Operations"]]
    group = client.send("POST /Groups", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "CAD People"}).body["id"]
    members = [{"value": i, "$ref": f"{client.base}/Users/{i}", "display": f"u{n}@example.com", "type": "User"} for n, i in enumerate(ids)]
    patch = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}
    steps = [
        ("PUT", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "CAD People", "members": members}, ids),
        ("PATCH", {**patch, "Operations": [{"op": "replace", "path": "members", "value": members[:MANY // 2]}]}, ids[:MANY // 2]),
        ("PATCH", {**patch, "Operations": [{"op": "Add", "path": "members", "value": members}]}, ids),
        ("PATCH", {**patch, "Operations": [{"op": "Remove", "path": "members", "value": members[1:]}]}, ids[:1]),
        ("PATCH", {**patch, "Operations": [{"op": "Replace", "value": {"members": members}}]}, ids),
    ]
    for method, body, left in steps:
        assert client.send(f"{method} /Groups/{group}", body).status in (200, 204)
        assert sorted(m["value"] for m in client.send(f"GET /Groups/{group}").body["members"]) == sorted(left)
    assert resident(site.server.served.members()["doorward-web"]) < 300
    site.apply()
    assert len(site.seats()) == MANY
    assert client.send(f"PATCH /Groups/{group}", {**patch, "Operations": [{"op": "remove", "path": f'members[value eq "{ids[7]}"]'}]}).status == 204
    assert steps_of(site.plan()) == {("unassign", "u7@example.com", "autocad"), ("leave", "u7@example.com", "CAD People")}
    client.close()
