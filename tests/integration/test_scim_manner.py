"""Services in the field that can do less than SCIM has, or say something else than they can: the end is the same."""

import pytest

from scim_service import ScimService
from slapd import entry_uuid
from test_platform_scim import connect, crowd, equal, move

PEOPLE = 40

# Options of the service, settings of ours, and what must not, or must, have been asked of it in all.
MANNERS = {
    "all": ((), {}, lambda c: c["POST Bulk"] and not c["POST Users"]),
    "no-bulk": (("no-bulk",), {}, lambda c: not c["POST Bulk"] and c["PATCH Groups"] < 10),
    "bulk-unwanted": ((), {"bulk": "no"}, lambda c: not c["POST Bulk"] and c["POST Users"] == PEOPLE),
    "bulk-is-a-lie": (("refuse-bulk",), {}, lambda c: c["POST Bulk"] <= 3 and c["POST Users"] == PEOPLE),
    "no-patch": (("no-patch", "no-bulk"), {}, lambda c: not c["PATCH Users"] and not c["PATCH Groups"] and c["PUT Users"] and c["PUT Groups"] < 10),
    "no-patch-with-bulk": (("no-patch",), {}, lambda c: not c["PATCH Users"] and c["POST Bulk"]),
    "patch-is-a-lie": (("refuse-patch", "no-bulk"), {}, lambda c: 1 <= c["PATCH Users"] + c["PATCH Groups"] <= 12 and c["PUT Users"]),
    "put-wanted": (("no-bulk",), {"update": "put"}, lambda c: not c["PATCH Users"] and c["PUT Users"]),
    "versions": (("no-patch", "no-bulk", "versions"), {}, lambda c: c["PUT Users"]),
    "others-are-faster": (("no-patch", "no-bulk", "versions", "interfere"), {}, lambda c: c["PUT Users"]),
    "no-filter": (("no-filter",), {}, lambda c: c["GET Users"] <= 2 and c["GET Groups"] <= 4),
    "filters-are-a-lie": (("ignore-filter", "no-bulk"), {}, lambda c: True),
    "ten-members": (("members=10", "no-bulk"), {}, lambda c: c["PATCH Groups"] < 40),
    "one-member": (("members=1", "no-bulk"), {"members-per-patch": 1}, lambda c: c["PATCH Groups"] >= PEOPLE),
    "nothing": (("no-patch", "no-bulk", "no-filter", "versions"), {}, lambda c: not c["PATCH Users"]),
}


@pytest.fixture(name="service", params=MANNERS)
def service_fixture(request):
    options, settings, asked = MANNERS[request.param]
    service = ScimService(options=options)
    service.settings, service.asked = settings, asked
    yield service
    service.stop()


class Counts(dict):
    def __missing__(self, key):
        return 0


def test_the_end_is_the_same(site, service):
    """Every kind of change; and as few requests as it can be."""
    connect(site, service.url, **service.settings)
    site.conf["product autocad"]["name"] = "AutoCAD"
    site.conf["sync"]["max-removals"] = "100%"
    crowd(site, PEOPLE)
    site.apply()
    equal(site, service)
    counts = Counts(service.counts())
    ids = {ours: user["id"] for ours, user in service.users().items()}
    move(site, PEOPLE)
    site.apply()
    equal(site, service)
    assert {ours: user["id"] for ours, user in service.users().items()} == ids
    site.settled()
    everything = Counts(service.counts())
    print(counts, everything)
    assert service.asked(counts) or service.asked(everything), everything
    if "interfere" in str(service.process.args):
        assert "by somebody else" in {user.get("nickName") for user in service.users().values()}


def test_an_account_is_taken_over_there_as_well(site, service):
    """Whoever has the name is found, whatever the service can; and what others keep in the account stays."""
    connect(site, service.url, **service.settings)
    site.org.person("ben")
    site.org.group("cad", "ben")
    site.conf["product autocad"]["name"] = "AutoCAD"
    there = service.ask("POST", "/Users", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ben", "active": True,
                                           "nickName": "Benny", "emails": [{"value": "Ben@example.com"}]})
    out, err = site.apply(status=5)
    assert "exists on the platform and is not ours; adopt = yes" in out + err
    site.conf["team design"]["adopt"] = "yes"
    site.apply()
    equal(site, service)
    ben = service.users()[entry_uuid("ben")]
    assert ben["id"] == there["id"] and ben["nickName"] in ("Benny", "by somebody else")
    site.settled()


def test_products_as_values(site, service):
    """Entitlements and roles, beside those that others gave; and a second run has nothing to do."""
    connect(site, service.url, **service.settings)
    for uid in ("ann", "ben"):
        site.org.person(uid)
    site.org.group("cad", "ann", "ben")
    site.conf["product autocad"].update({"assign": "entitlement", "assign-value": "cad-full"})
    site.apply()
    for user in service.users().values():
        service.ask("PUT", f"/Users/{user['id']}", {**user, "entitlements": [*user.get("entitlements", []), {"value": "given by hand"}],
                                                    "roles": [{"value": "cad-full"}]}) if "versions" not in str(service.process.args) else None
    given = {user["userName"]: {e["value"] for e in user.get("entitlements", [])} - {"given by hand"} for user in service.users().values()}
    assert given == {"ann": {"cad-full"}, "ben": {"cad-full"}}
    assert "AutoCAD" not in service.groups()
    site.settled()
    site.org.groups["cad"] = ["ann"]
    site.conf["sync"]["max-removals"] = "100%"
    site.apply()
    users = {user["userName"]: user for user in service.users().values()}
    assert {e["value"] for e in users["ben"].get("entitlements", [])} <= {"given by hand"}
    assert "cad-full" in {e["value"] for e in users["ann"]["entitlements"]}
    if "versions" not in str(service.process.args):
        assert "given by hand" in {e["value"] for e in users["ben"]["entitlements"]} and users["ben"]["roles"]
    site.settled()
