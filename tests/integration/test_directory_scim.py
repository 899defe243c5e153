"""A directory with SCIM (type = scim) through the whole program: scimmy's service, and services that lie or break off."""

import json
import re
import urllib.parse

import pytest

from scim_service import TOKEN, ScimService
from site_fixture import steps
from test_scim_answers import certificate
from test_scim_look import CURSOR_LIES, LIES, Lister, is_first

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def connect(site, url, **settings):
    token = site.folder / "token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    site.conf["directory hq"] = {"type": "scim", "url": url, "token-file": token, "retry-wait": "1ms", "retries": 1,
                                 **{key.replace("_", "-"): value for key, value in settings.items()}}
    site.conf["product autocad"]["group"] = "cad"


class Directory:
    """People and groups at scimmy's, by names."""

    def __init__(self, service):
        self.service, self.ids = service, {}

    def person(self, uid, **more):
        self.ids[uid] = self.service.ask("POST", "/Users", {
            "schemas": [USER], "userName": uid, "active": True, "name": {"givenName": "Given", "familyName": uid.capitalize()},
            "displayName": f"Given {uid.capitalize()}", "emails": [{"value": f"{uid}@example.com", "type": "work", "primary": True}],
            **more})["id"]

    def group(self, name, *members):
        body = {"schemas": [GROUP], "displayName": name, "members": [{"value": self.ids[m]} for m in members]}
        if name in self.ids:
            self.service.ask("PUT", f"/Groups/{self.ids[name]}", {"id": self.ids[name], **body})
        else:
            self.ids[name] = self.service.ask("POST", "/Groups", body)["id"]

    def change(self, uid, **values):
        self.service.ask("PATCH", f"/Users/{self.ids[uid]}", {"schemas": [PATCH], "Operations": [
            {"op": "replace", "path": path, "value": value} for path, value in values.items()]})

    def remove(self, uid):
        self.service.ask("DELETE", f"/Users/{self.ids[uid]}")


@pytest.fixture(name="service")
def service_fixture():
    service = ScimService()
    yield service
    service.stop()


@pytest.fixture(name="small")
def small_fixture(site, service):
    """Three people, two of them with the product, one of those by nesting."""
    site.directory = Directory(service)
    connect(site, service.url)
    for uid in ("ann", "ben", "cid"):
        site.directory.person(uid, **({"title": "Architect", ENTERPRISE: {"department": "Design"}} if uid == "ann" else {}))
    site.directory.group("inner", "ben")
    site.directory.group("cad", "ann", "inner")
    return site


def people(plan):
    return {who for _, who, _ in plan if who and "@" in who}


# --- what is read ---------------------------------------------------------------------------------------------------


def test_people_groups_and_nested_groups(small):
    plan = steps(small.plan())
    assert {("invite", f"{uid}@example.com", None) for uid in ("ann", "ben", "cid")} <= plan
    assert {("assign", "ann@example.com", "autocad"), ("assign", "ben@example.com", "autocad")} <= plan
    assert ("assign", "cid@example.com", "autocad") not in plan
    small.apply()
    small.settled()
    assert small.sql("SELECT given_name, family_name, title, department FROM person WHERE email = 'ann@example.com'") == \
        [("Given", "Ann", "Architect", "Design")]


def test_changes_and_leavers(small):
    small.apply()
    small.directory.change("ann", title="Principal")
    small.directory.change("cid", active=False)
    small.directory.group("cad", "ann", "cid", "inner")
    small.directory.remove("ben")
    small.directory.person("eve")
    plan = steps(small.plan())
    assert ("update", "ann@example.com", None) in plan and ("invite", "eve@example.com", None) in plan
    assert ("suspend", "cid@example.com", None) in plan and ("suspend", "ben@example.com", None) in plan
    small.apply()
    small.settled()


def test_filters(small):
    small.conf["directory hq"].update({"user-filter": 'userName eq "ann" or userName eq "ben"', "group-filter": 'displayName eq "cad"'})
    plan = steps(small.plan())
    assert people(plan) == {"ann@example.com", "ben@example.com"}
    assert ("assign", "ben@example.com", "autocad") not in plan  # the nested group is not read
    small.conf["directory hq"]["group-filter"] = "none"
    del small.conf["product autocad"]
    assert {op for op, _, _ in steps(small.plan())} == {"invite"}


def test_check_reaches_it(small, service):
    out, _ = small.run("check")
    assert f"directory hq: {service.url}\n        3 people, 2 groups; pages of " in out and "by index" in out
    (small.folder / "token").write_text("another-secret")
    out, _ = small.run("check", status=1)
    assert "the service refuses the token" in out and "another-secret" not in out
    assert "the service refuses the token" in small.refused("plan", status=1)
    service.stop()
    assert "cannot connect" in small.refused("plan", status=1)


@pytest.mark.parametrize("key, value, why", [
    ("user-filter", "userName eq", "user-filter"), ("user-filter", "(" * 10000 + 'userName eq "x"' + ")" * 10000, "longer than"),
    ("group-filter", "displayName like \"x\"", "group-filter"), ("map-title", "titel", "did you mean 'title'"), ("token-file", None, "token"),
    ("url", "http://directory.example.com/scim", "https"),
])
def test_wrong_settings(small, key, value, why):
    small.conf["directory hq"][key] = value
    assert why in small.refused("check-config", status=78)


def test_explain_and_a_scope_group(small):
    small.conf["directory hq"]["scope-group"] = "cad"
    assert people(steps(small.plan())) == {"ann@example.com", "ben@example.com"}
    out, _ = small.run("explain", "ben@example.com")
    assert "inner" in out and "cad" in out
    assert "cid" in small.run("explain", "cid@example.com")[0]


def test_a_real_service_keeps_dates(small):
    """Two complete reads show it; from then on changes alone are asked for, leavers found by their number, and nothing is lost."""
    small.apply()
    small.directory.change("ann", title="Principal")
    small.directory.group("cad", "ann", "cid", "inner")
    small.apply()
    small.directory.change("ann", title="Director")
    small.directory.person("eve")
    small.directory.group("inner", "eve")
    out, err = small.run("-v", "apply", "--yes")
    assert "Users?startIndex=1&count=" in err and "filter=meta.lastModified%20ge" in err and "everything is read" not in err
    assert small.sql("SELECT title FROM person WHERE email = 'ann@example.com'") == [("Director",)]
    assert {row[0] for row in small.sql("SELECT email FROM account JOIN seat ON seat.account = account.id")} == \
        {f"{uid}@example.com" for uid in ("ann", "cid", "eve")}
    small.settled()
    small.directory.remove("eve")
    out, err = small.run("-v", "apply", "--yes")
    assert "everything is read: " in err and "suspend" in out
    small.settled()


def test_from_one_service_to_another(small, service):
    """With an attribute that only a map asks for; a later change of it arrives."""
    far = ScimService()
    small.conf["platform builtin"] = {"type": "scim", "url": far.url, "token-file": small.folder / "token", "retry-wait": "20ms",
                                      "map": "nickName <- nickname"}
    small.directory.change("ann", nickName="Annie")
    small.apply()
    accounts = {user["userName"]: user for user in far.dump()["users"]}
    assert accounts["ann"]["nickName"] == "Annie" and accounts["ann"]["externalId"] == small.directory.ids["ann"]
    assert far.groups() == {"AutoCAD": {"ann", "ben"}, "cad": {"ann", "ben"}}
    small.settled()
    small.directory.change("ann", nickName="Ann")
    small.apply()
    assert {user["userName"]: user.get("nickName") for user in far.dump()["users"]} == {"ann": "Ann", "ben": None, "cid": None}
    far.stop()


# --- lies and faults ------------------------------------------------------------------------------------------------


def member(i, day=1, made=1, **more):
    """A user u<i>, last changed on this day of June."""
    return {"schemas": [USER], "id": f"u{i}", "userName": f"p{i}", "active": True, "name": {"givenName": "P", "familyName": str(i)},
            "emails": [{"value": f"p{i}@example.com"}], "meta": {"created": f"2025-06-{made:02}T00:00:00Z", "lastModified": f"2025-06-{day:02}T00:00:00.5Z"},
            **more}


class Dated(Lister):
    """Knows filters by lastModified; lists groups with their members."""

    deaf = False

    def page(self, everything, query):
        since = re.search('meta.lastModified ge "([^"]*)"', query.get("filter", [""])[0])
        if everything and "displayName" in everything[0]:
            everything = self.groups
        if since and not self.deaf:
            everything = [r for r in everything if r["meta"]["lastModified"] >= since[1]]
        return super().page(everything, query)

    def asked(self, path):
        """The filters with which it was listed since the last call, page by page; without what only asks for the number."""
        found = []
        for _, url, *_ in self.server.requests:
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
            if f"{path}?" in url and query["count"] != ["1"]:
                found.append(query.get("filter", [""])[0])
        self.server.requests.clear()
        return found


def a_group(i, day, *members, made=1, name="cad"):
    return {"schemas": [GROUP], "id": f"g{i}", "displayName": name, "members": [{"value": f"u{m}"} for m in members],
            "meta": {"created": f"2025-06-{made:02}T00:00:00Z", "lastModified": f"2025-06-{day:02}T00:00:00Z"}}


@pytest.fixture(name="dated")
def dated_fixture():
    made = []

    def make(*args, **settings):
        made.append(Dated(*args, **settings))
        return made[-1]

    yield make
    for one in made:
        one.server.stop()


def held(site):
    """What the mirror and the platform have."""
    return (site.sql("SELECT uid, kind, gone_at FROM entry ORDER BY uid"), site.sql("SELECT email, state FROM account ORDER BY email"),
            site.sql("SELECT count(*) FROM edge"))


OF_THE_PLATFORM = ("group-of-another-id", "group-went", "group-500", "member-without-id", "no-id")


@pytest.mark.parametrize("name", [name for name in LIES if name not in OF_THE_PLATFORM])
def test_a_service_that_lies_or_breaks_off_changes_nothing(site, dated, name):
    """Also where somebody is gone by what it shows."""
    lie, why = LIES[name]
    lister = dated([member(i) for i in range(25)], [a_group(1, 1, 0, 3)])
    connect(site, lister.server.url)
    site.apply()
    before = held(site)
    lister.lie = lie
    del lister.users[20]
    lister.users.append(member(40))
    text = site.refused("plan", status=1)
    assert why in text, text
    assert held(site) == before
    lister.lie = None
    assert ("suspend", "p20@example.com", None) in steps(site.plan())


@pytest.mark.parametrize("name", CURSOR_LIES)
def test_cursors_that_lead_nowhere_change_nothing(site, dated, name):
    lie, why = CURSOR_LIES[name]
    lister = dated([member(i) for i in range(25)], by_cursor=True)
    connect(site, lister.server.url)
    del site.conf["product autocad"]
    site.apply()
    before = held(site)
    lister.lie = lambda path, n, body: lie(path, n, {**body, "nextCursor": "10"} if path == "/Users" and is_first(body) else body)
    del lister.users[20]
    text = site.refused("plan", status=1)
    assert why in text and held(site) == before


def test_a_listing_without_end(site, dated):
    lister = dated([])
    lister.page = lambda everything, query: {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "Resources": [member(i) for i in range(int(query["cursor"][0] or 0) if "cursor" in query else 0, 10 + int(query.get("cursor", ["0"])[0] or 0))],
        "nextCursor": str(10 + int(query.get("cursor", ["0"])[0] or 0))}
    lister.by_cursor = True
    connect(site, lister.server.url, max_resources=500)
    assert "it has more than 500 resources" in site.refused("plan", status=1)
    assert 50 < len(lister.server.requests) < 70 and held(site)[0] == []
    endless = lister.page
    lister.page = lambda everything, query: {**endless(everything, query), "totalResults": 10 ** 9}
    lister.server.requests.clear()
    assert "it has more than 500 resources" in site.refused("plan", status=1) and len(lister.server.requests) < 10


def test_an_empty_directory_is_none(site, dated):
    lister = dated([member(1)])
    connect(site, lister.server.url)
    del site.conf["product autocad"]
    site.apply()
    lister.users = []
    assert "no person and no group there" in site.refused("plan", status=1)
    assert ("p1@example.com", "invited") in held(site)[1]


def test_who_cannot_be_used_proves_no_absence(site, dated):
    lister = dated([member(i) for i in range(5)])
    connect(site, lister.server.url)
    del site.conf["product autocad"]
    site.apply()
    lister.users = [{**member(1), "id": None}, *[member(i) for i in range(2, 5)]]
    out, _ = site.run("plan")
    assert "p1" in out and "suspend" not in out


def test_one_external_id_is_not_two_peoples(site, dated):
    """Whoever comes first has it; the other is told, and becomes nobody."""
    lister = dated([member(i, externalId=f"e{i}") for i in range(3)])
    connect(site, lister.server.url, id_attribute="externalId")
    del site.conf["product autocad"]
    lister.users[2]["externalId"] = "e1"
    out, _ = site.run("plan")
    assert "externalId: another User or Group has the same" in out and "p2" in out, out
    assert [uid for uid, *_ in held(site)[0]] == ["e0", "e1"]
    assert site.sql("SELECT user_name FROM person ORDER BY id") == [("p0",), ("p1",)]


@pytest.mark.parametrize("key", ["user-filter", "group-filter"])
def test_a_service_that_leaves_filters_aside(site, dated, key):
    """Nobody is invited whom the filter does not mean."""
    lister = dated([member(i) for i in range(5)], [a_group(1, 1, 0)])
    connect(site, lister.server.url)
    site.conf["directory hq"][key] = 'displayName eq "x"'
    assert f"the service leaves filters aside; take {key} away" in site.refused("plan", status=1)


def test_members_that_the_listing_leaves_out(site, dated):
    """They are asked for group by group."""
    lister = dated([member(i) for i in range(3)], [a_group(1, 1, 0, 2)])
    lister.lie = lambda path, n, body: {**body, "Resources": [{k: v for k, v in g.items() if k != "members"} for g in body["Resources"]]} \
        if path == "/Groups" else body
    connect(site, lister.server.url)
    plan = steps(site.plan())
    assert {who for op, who, _ in plan if op == "assign"} == {"p0@example.com", "p2@example.com"}


# --- tokens and certificates ----------------------------------------------------------------------------------------


def test_a_token_that_is_rotated_while_it_is_read(site, dated):
    lister = dated([member(i) for i in range(25)])
    connect(site, lister.server.url)
    answer, valid = lister.server.answer, [TOKEN]

    def guarded(request, body):
        if "startIndex=10" in request.path and valid == [TOKEN]:
            (site.folder / "token").write_text("the-next-token-77")
            valid[:] = ["the-next-token-77"]
        return answer(request, body) if request.headers["Authorization"] == f"Bearer {valid[0]}" else (401, {}, "{}")

    lister.server.answer = guarded
    del site.conf["product autocad"]
    assert len(people(steps(site.plan()))) == 25
    assert valid != [TOKEN]


def test_client_credentials(site, dated):
    """A token is given for the client's secret, used, and given anew after one 401."""
    lister = dated([member(i) for i in range(25)])
    answer, given = lister.server.answer, []

    def guarded(request, body):
        if request.path == "/scim/v2/token":
            form = urllib.parse.parse_qs(body.decode())
            assert form["grant_type"] == ["client_credentials"] and request.headers["Authorization"].startswith("Basic ")
            given.append(f"token-number-{len(given)}")
            return 200, {"Content-Type": "application/json"}, json.dumps({"access_token": given[-1], "token_type": "Bearer", "expires_in": 3600})
        if "startIndex=10" in request.path and len(given) == 1:
            return 401, {}, "{}"
        return answer(request, body) if request.headers["Authorization"] == f"Bearer {given[-1]}" else (401, {}, "{}")

    lister.server.answer = guarded
    connect(site, lister.server.url, token_url=lister.server.url + "/token", client_id="doorward")
    secret = site.folder / "secret"
    secret.write_text("a-client-secret-5\n")
    secret.chmod(0o600)
    site.conf["directory hq"].update({"token-file": None, "client-secret-file": secret})
    del site.conf["product autocad"]
    assert len(people(steps(site.plan()))) == 25 and len(given) == 2
    out, err = site.run("-v", "plan")
    assert "a-client-secret-5" not in out + err and "token-number" not in out + err


def test_a_certificate_of_somebody_else(site, tmp_path):
    cert, key = certificate(tmp_path / "right", "localhost")
    other, _ = certificate(tmp_path / "other", "localhost")
    service = ScimService(certificate=cert, key=key)
    directory = Directory(service)
    directory.person("ann")
    connect(site, service.tls_url, ca_file=cert)
    del site.conf["product autocad"]
    site.apply()
    before = held(site)
    asked = service.get("/versions")
    directory.remove("ann")
    directory.person("ben")
    for url, ca_file in ((service.tls_url, other), (service.tls_url, None), (service.tls_url.replace("localhost", "127.0.0.1"), cert)):
        site.conf["directory hq"].update({"url": url, "ca-file": ca_file})
        assert "certificate does not verify" in site.refused("plan", status=1)
        assert held(site) == before
    assert service.get("/versions") == asked
    service.stop()


# --- what changed only ----------------------------------------------------------------------------------------------


@pytest.fixture(name="moving")
def moving_fixture(site, dated):
    """A service that was seen to keep lastModified, for users and groups."""
    lister = dated([member(i) for i in range(25)], [a_group(1, 1, 0, 3)])
    connect(site, lister.server.url)
    site.apply()
    assert set(lister.asked("/Users")) == {""}
    lister.users[3] = member(3, day=3, title="Architect")
    lister.groups[0] = a_group(1, 3, 0, 3, 4)
    site.apply()
    assert set(lister.asked("/Users")) == {""}
    return lister


def test_only_changes_are_asked_for_where_that_was_proved(site, moving):
    moving.users[4] = member(4, day=5, title="Principal")
    moving.users.append(member(30, day=5, made=5))
    moving.groups[0] = a_group(1, 5, 3, 4)
    plan = steps(site.plan())
    assert moving.asked("/Users") == ['meta.lastModified ge "2025-06-02T23:55:00Z"']
    assert {("update", "p4@example.com", None), ("invite", "p30@example.com", None)} <= plan
    assert ("unassign", "p0@example.com", "autocad") in plan and ("assign", "p4@example.com", "autocad") not in plan
    site.apply()
    site.settled()
    assert moving.asked("/Groups") and not moving.asked("/Users")


def test_an_external_id_that_turns_up_again(site, dated):
    """Whether somebody else still has it, only everything tells."""
    lister = dated([member(i, externalId=f"e{i}") for i in range(25)])
    connect(site, lister.server.url, id_attribute="externalId")
    del site.conf["product autocad"]
    site.run("plan")
    lister.users[3] = member(3, day=3, externalId="e3", title="Architect")
    site.run("plan")
    lister.asked("/Users")
    lister.users[20] = member(20, day=5, externalId="e5")
    assert "externalId: another User or Group has the same" in site.run("plan")[0]
    asked = lister.asked("/Users")
    assert asked[0] and not any(asked[1:]) and len(asked) > 1, asked
    assert site.sql("SELECT user_name FROM person p JOIN entry e ON e.id = p.id WHERE e.uid = 'e5'") == [("p5",)]
    del lister.users[5]
    site.run("plan")
    assert site.sql("SELECT user_name FROM person p JOIN entry e ON e.id = p.id WHERE e.uid = 'e5'") == [("p20",)]


def test_a_leaver_is_missed_and_then_found(site, moving):
    """A delta tells nothing about absence; but the number of people does, and everything is read."""
    del moving.users[20]
    assert ("suspend", "p20@example.com", None) in steps(site.plan())
    assert moving.asked("/Users")[0] and not moving.asked("/Users")


def test_one_gone_and_one_back_dated(site, moving):
    """Nothing shows until everything is read."""
    moving.users[20] = member(50, day=1)
    site.settled()
    site.conf["directory hq"]["delta"] = "no"
    assert ("suspend", "p20@example.com", None) in steps(site.plan())


def test_a_service_that_leaves_the_filter_aside(site, moving):
    moving.deaf = True
    moving.users[4] = member(4, day=5, title="Principal")
    del moving.users[20]
    plan = steps(site.plan())
    assert ("update", "p4@example.com", None) in plan and ("suspend", "p20@example.com", None) in plan
    assert "" in moving.asked("/Users")


def test_a_service_that_refuses_the_filter(site, moving):
    answer = moving.server.answer
    moving.server.answer = lambda request, body: (400, {}, json.dumps({"scimType": "invalidFilter", "status": "400"})) \
        if "lastModified%20ge" in request.path else answer(request, body)
    moving.users[4] = member(4, day=5, title="Principal")
    del moving.users[20]
    assert {("update", "p4@example.com", None), ("suspend", "p20@example.com", None)} <= steps(site.plan())


def test_who_changes_without_a_date_is_not_believed_again(site, moving):
    moving.users[4] = member(4, day=1, title="Principal")
    site.settled()
    site.conf["directory hq"]["delta"] = "no"
    site.apply()
    site.conf["directory hq"]["delta"] = "auto"
    moving.asked("/Users")
    moving.users[5] = member(5, day=7, title="Principal")
    assert ("update", "p5@example.com", None) in steps(site.plan())
    assert set(moving.asked("/Users")) == {""}


def test_another_filter_reads_everything(site, moving):
    site.conf["directory hq"]["map-title"] = "none"
    site.plan()
    assert set(moving.asked("/Users")) == {""}


def test_a_service_without_filters_is_read_whole(site, moving):
    moving.lie = lambda path, n, body: {**body, "filter": {"supported": False}} if path == "/ServiceProviderConfig" else body
    site.settled()
    assert set(moving.asked("/Users")) == {""}


def test_a_delta_that_breaks_off_changes_nothing(site, moving):
    before = held(site)
    moving.users[4] = member(4, day=5, title="Principal")
    moving.lie = lambda path, n, body: (500, {}, "") if path == "/Groups" else body
    assert "the list of groups: the service is out of order" in site.refused("plan", status=1)
    assert held(site) == before
    moving.lie = None
    assert ("update", "p4@example.com", None) in steps(site.plan())
