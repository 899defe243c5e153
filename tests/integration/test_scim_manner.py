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
    service.options, service.settings, service.asked = options, settings, asked
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
    assert service.asked(everything if "update" in service.settings or any("patch" in option for option in service.options) else counts), (counts, everything)
    if "interfere" in service.options:
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


def values(user, attribute="entitlements"):
    return {value["value"] for value in user.get(attribute, [])}


def test_products_as_values(site, service):
    """Entitlements, beside those that others gave; and a second run has nothing to do."""
    connect(site, service.url, **service.settings)
    for uid in ("ann", "ben"):
        site.org.person(uid)
    site.org.group("cad", "ann", "ben")
    site.conf["product autocad"].update({"assign": "entitlement", "assign-value": "cad-full"})
    site.conf["sync"]["max-removals"] = "100%"
    site.apply()
    assert {user["userName"]: values(user) for user in service.users().values()} == {"ann": {"cad-full"}, "ben": {"cad-full"}}
    assert set(service.groups()) == {"cad"}
    by_hand = set()
    if "versions" not in service.options:
        by_hand = {"given by hand"}
        for user in service.users().values():
            service.ask("PUT", f"/Users/{user['id']}", {**user, "entitlements": [*user["entitlements"], {"value": "given by hand"}],
                                                        "roles": [{"value": "cad-full"}]})
    site.settled()
    site.org.groups["cad"] = ["ann"]
    site.apply()
    users = {user["userName"]: user for user in service.users().values()}
    assert values(users["ann"]) == {"cad-full"} | by_hand and values(users["ben"]) == by_hand
    assert not by_hand or values(users["ben"], "roles") == {"cad-full"}
    site.settled()


@pytest.mark.parametrize("product, words", [
    ({"assign": "entitlement"}, "the entitlement 'AutoCAD' stands for product autocad, too; give each a value of its own"),
    ({"assign": "entitlement", "assign-value": "autocad"}, "stands for product autocad, too"),
    ({"assign": "group", "assign-value": "x"}, "assign-value is for assign = entitlement and assign = role; drop it, or say which"),
    ({"assign": "seat"}, "group, entitlement"),
])
def test_wrong_ways_to_assign(site, product, words):
    """A second product beside one that is an entitlement of its name."""
    connect(site, "http://127.0.0.1:1/scim/v2")
    site.conf["product autocad"].update({"name": "AutoCAD", "assign": "entitlement"})
    site.conf["product two"] = {"team": "design", "name": "AutoCAD", "group": site.conf["product autocad"]["group"], **product}
    text = site.refused("check-config", status=78)
    assert "product two" in text and words in text


def test_values_take_a_platform_that_has_them(site):
    site.conf["product autocad"]["assign"] = "role"
    assert "has no entitlements and roles; drop assign, or use one of type scim" in site.refused("check-config", status=78)
