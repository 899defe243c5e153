"""What is on a platform with SCIM, read: by scimmy's service, and from services that lie or break off. tests/tools/look prints it."""

import hashlib
import json
import os
import resource
import subprocess
import urllib.parse
from pathlib import Path

import pytest

from scim_service import TOKEN, ScimService
from scripted_scim import Scripted

LOOK = Path(os.environ.get("DOORWARD_TOOLS", Path(__file__).resolve().parents[2] / "build/tests/tools")) / "look"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


def mark(url):
    return hashlib.sha256(url.encode()).hexdigest()[:8] + ":"


class Looker:
    def __init__(self, folder):
        self.folder = folder
        token = folder / "token"
        token.write_text(TOKEN)
        token.chmod(0o600)

    def look(self, url, *options, **settings):
        """(what was found, the result)"""
        lines = ["[organization]", "name = Example", "[platform p]", "type = scim", f"url = {url}", "token-file = token"]
        settings = {"retry_wait": "1ms", "retries": 2, **settings}
        lines += [f"{key.replace('_', '-')} = {value}" for key, value in settings.items()]
        (self.folder / "doorward.conf").write_text("\n".join(lines) + "\n")
        done = subprocess.run([LOOK, *options, self.folder / "doorward.conf", "p"], capture_output=True, text=True, timeout=120, check=False)
        assert TOKEN not in done.stdout + done.stderr
        *found, result = [json.loads(line) for line in done.stdout.splitlines()]
        assert (done.returncode == 0) == (result["result"] == "complete")
        for row in found:
            for key in ("id", "account"):
                if key in row:
                    assert row[key].startswith(mark(url))
                    row[key] = row[key][9:]
        return found, result


@pytest.fixture(name="looker")
def looker_fixture(tmp_path):
    return Looker(tmp_path)


def user(i, **more):
    return {"id": f"u{i}", "userName": f"p{i}", "externalId": f"e{i}", "active": True, **more}


class Lister:
    """A service with users u0…, and groups; in pages of at most `most`. lie(path, page, answer) may change any answer."""

    def __init__(self, users, groups=(), most=10, by_cursor=False, lie=None):
        self.users, self.groups, self.most, self.by_cursor, self.lie = list(users), list(groups), most, by_cursor, lie
        self.pages = 0
        self.server = Scripted(self.answer)

    def page(self, everything, query):
        count = min(int(query.get("count", ["1000"])[0]), self.most)
        body = {"schemas": [LIST], "totalResults": len(everything)}
        if self.by_cursor and "cursor" in query:
            start = int(query["cursor"][0] or 0)
            if start + count < len(everything):
                body["nextCursor"] = str(start + count)
        else:
            start = int(query.get("startIndex", ["1"])[0]) - 1
            body["startIndex"] = start + 1
        body["Resources"] = everything[start:start + count]
        return body

    def answer(self, request, _body):
        url = urllib.parse.urlsplit(request.path)
        query = urllib.parse.parse_qs(url.query, keep_blank_values=True)
        path = url.path.removeprefix("/scim/v2")
        if path == "/Users":
            self.pages += 1
            body = self.page(self.users, query)
        elif path == "/ServiceProviderConfig":
            body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"], "filter": {"supported": True, "maxResults": 500},
                    "pagination": {"cursor": self.by_cursor, "index": not self.by_cursor}}
        elif path == "/Groups":
            body = self.page([{k: v for k, v in g.items() if k != "members"} for g in self.groups], query)
        else:
            one = [g for g in self.groups if path == "/Groups/" + g["id"]]
            if not one:
                return 404, {"Content-Type": "application/scim+json"}, "{}"
            body = one[0]
        if self.lie:
            lied = self.lie(path, self.pages, body)
            if isinstance(lied, tuple):
                return lied
            body = lied
        return 200, {"Content-Type": "application/scim+json"}, body if isinstance(body, (str, bytes)) else json.dumps(body)


@pytest.fixture(name="lister")
def lister_fixture():
    listers = []

    def make(*args, **settings):
        listers.append(Lister(*args, **settings))
        return listers[-1]

    yield make
    for one in listers:
        one.server.stop()


def names(found, kind="account"):
    return [row["name"] for row in found if row["kind"] == kind]


# --- what is there --------------------------------------------------------------------------------------------------


def test_a_real_service(looker):
    service = ScimService()
    ids = {}
    for i in range(23):
        more = {"roles": [{"value": "cad"}], "entitlements": [{"value": "a"}, {"value": "b"}]} if i == 3 else {}
        ids[i] = service.ask("POST", "/Users", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": f"p{i}",
                                                "externalId": f"e{i}", "active": i != 5, **more})["id"]
    group = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"]}
    inner = service.ask("POST", "/Groups", {**group, "displayName": "inner", "members": [{"value": ids[1]}]})["id"]
    service.ask("POST", "/Groups", {**group, "displayName": "outer", "externalId": "g", "members": [{"value": ids[0]}, {"value": inner}]})
    found, result = looker.look(service.url)
    service.stop()
    assert result == {"result": "complete", "error": ""}
    accounts = [row for row in found if row["kind"] == "account"]
    assert [(a["id"], a["ours"], a["name"], a["active"]) for a in accounts] == [(ids[i], f"e{i}", f"p{i}", i != 5) for i in range(23)]
    values = [(row["how"], row["value"]) for row in found if row["kind"] == "value"]
    assert sorted(values) == [("entitlement", "a"), ("entitlement", "b"), ("role", "cad")]
    assert names(found, "group") == ["inner", "outer"]
    outer = [row.get("name") for row in found].index("outer")
    assert ids[0] in {row["account"] for row in found[outer + 1:]}


@pytest.mark.parametrize("by_cursor", [False, True])
@pytest.mark.parametrize("n", [0, 1, 9, 10, 11, 57])
def test_pages(looker, lister, n, by_cursor):
    lister = lister([user(i) for i in range(n)], by_cursor=by_cursor)
    found, result = looker.look(lister.server.url)
    assert result["result"] == "complete" and names(found) == [f"p{i}" for i in range(n)]
    asked = [path for _, path, *_ in lister.server.requests if "/Users?" in path]
    assert asked and all(("cursor=" in path) == by_cursor for path in asked)


def test_members_only_where_wanted(looker, lister):
    groups = [{"id": "g1", "displayName": "one", "members": [{"value": "u1"}, {"value": "u2", "type": "User"}, {"value": "g9", "type": "Group"}]}]
    lister = lister([user(1)], groups)
    found, _ = looker.look(lister.server.url)
    assert [row["account"] for row in found if row["kind"] == "member"] == ["u1", "u2"]
    asked = len(lister.server.requests)
    found, _ = looker.look(lister.server.url, "--no-members")
    assert not [row for row in found if row["kind"] == "member"]
    assert not [r for r in lister.server.requests[asked:] if r[1].endswith("/Groups/g1")]


def test_many_groups(looker, lister):
    """Several are fetched at once; each has its own members, in the order of the listing."""
    groups = [{"id": f"g{i}", "displayName": f"group {i}", "members": [{"value": f"u{i}"}], **({"externalId": f"o{i}"} if i % 5 else {})}
              for i in range(33)]
    lister = lister([user(i) for i in range(33)], groups)
    found, result = looker.look(lister.server.url, connections=6)
    assert result["result"] == "complete"
    rows = [row for row in found if row["kind"] in ("group", "member")]
    assert [(row.get("name"), row.get("account")) for row in rows] == [x for i in range(33) for x in ((f"group {i}", None), (None, f"u{i}"))]
    asked = [path for _, path, *_ in lister.server.requests if "/Groups/" in path]
    assert len(asked) == len(set(asked)) == 33


# --- lies and faults ------------------------------------------------------------------------------------------------
# lie(path, n, answer); n: how many pages of users were asked for by now, this one included.


def total(number):
    return lambda path, n, body: {**body, "totalResults": number} if path == "/Users" else body


def only(page, change, path="/Users"):
    """The first page, or what comes behind it, is changed, in each reading."""
    return lambda at, n, body: change(body) if at == path and (page == 1) == is_first(body) else body


def is_first(body):
    return bool(body.get("Resources")) and body["Resources"][0]["id"] == "u0"


def drop_resource(body):
    return {**body, "Resources": body["Resources"][1:]}


def drop_page(body):
    return {**body, "Resources": []}


def repeat(body):
    return {**body, "Resources": [user(i) for i in range(10)]}


HTML = 200, {"Content-Type": "text/html"}, "<!DOCTYPE html><title>Sign in</title>"
BROKEN = 500, {}, "out of order"

LIES = {
    "total-too-high": (total(31), "it ends before its totalResults; it was read twice"),
    "total-too-low": (total(12), "more resources than its totalResults"),
    "total-changes": (only(2, lambda b: {**b, "totalResults": 26}), "its totalResults changed"),
    "total-missing": (lambda path, n, b: {k: v for k, v in b.items() if k != "totalResults"}, "does not say its totalResults"),
    "total-negative": (total(-1), "totalResults of the listing is no whole number"),
    "total-a-text": (total("25"), "totalResults of the listing is no whole number"),
    "page-repeated": (only(2, repeat), "moved between two pages"),
    "page-dropped": (only(2, drop_page), "it ends before its totalResults"),
    "resource-dropped": (only(2, drop_resource), "moved between two pages"),
    "id-twice": (only(1, lambda b: {**b, "Resources": b["Resources"][:3] + [user(1)] + b["Resources"][4:]}), "stands in it twice"),
    "no-id": (only(2, lambda b: {**b, "Resources": b["Resources"][:-1] + [{"userName": "x"}]}), "one has no id that can be used"),
    "html": (only(2, lambda b: HTML), "not SCIM but a page for browsers"),
    "500": (only(2, lambda b: BROKEN), "the service is out of order"),
    "truncated": (only(2, lambda b: json.dumps(b)[:200]), "not what SCIM says"),
    "not-json": (only(2, lambda b: "totalResults: 25"), "not what SCIM says"),
    "an-array": (only(2, lambda b: "[]"), "not what SCIM says"),
    "another-message": (only(2, lambda b: {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "200"}), "not what SCIM says"),
    "resources-twice": (only(2, lambda b: json.dumps(b)[:-1] + ', "resources": [{"id": "u1"}]}'), "stands there twice"),
    "deep": (only(2, lambda b: json.dumps(b)[:-1] + ', "x": ' + "[" * 90000 + "]" * 90000 + "}"), "nests values"),
    "a-resource-is-text": (only(2, lambda b: {**b, "Resources": ["u1"]}), "not what SCIM says"),
    "refused": (only(2, lambda b: (403, {}, json.dumps({"detail": "not for you", "status": "403"}))), "not for you"),
    "token": (only(2, lambda b: (401, {}, "")), "the service refuses the token"),
    "redirect": (only(2, lambda b: (302, {"Location": "https://example.com/"}, "")), "redirects elsewhere"),
    "group-went": (lambda path, n, b: (404, {}, "{}") if path == "/Groups/g1" else b, "group one: went while the platform was read"),
    "group-of-another-id": (lambda path, n, b: {**b, "id": "g2"} if path == "/Groups/g1" else b, "group one: the answer is not what SCIM says (it is of another group)"),
    "group-500": (lambda path, n, b: BROKEN if path == "/Groups/g1" else b, "group one: the service is out of order"),
    "member-without-id": (lambda path, n, b: {**b, "members": [{"display": "p1"}]} if path == "/Groups/g1" else b, "a member has no id"),
    "groups-html": (lambda path, n, b: HTML if path == "/Groups" else b, "not SCIM but a page for browsers"),
}


@pytest.mark.parametrize("lie, why", LIES.values(), ids=LIES)
def test_a_service_that_lies_or_breaks_off(looker, lister, lie, why):
    lister = lister([user(i) for i in range(25)], [{"id": f"g{i}", "displayName": name, "externalId": name, "members": [{"value": "u1"}]}
                                                    for i, name in enumerate(("nought", "one", "two"))], lie=lie)
    found, result = looker.look(lister.server.url, retries=1)
    assert result["result"] in ("partial", "error") and why in result["error"], result
    ids = [row["id"] for row in found if row["kind"] == "account"]
    assert len(ids) == len(set(ids))


CURSOR_LIES = {
    "loop": (only(2, lambda b: {**b, "nextCursor": "10"}), "stands in it twice"),
    "endless-empty": (only(2, lambda b: {**drop_page(b), "nextCursor": "10"}), "one page after the other is empty"),
    "ends-early": (only(2, lambda b: {k: v for k, v in b.items() if k != "nextCursor"}), "it ends before its totalResults"),
    "not-a-cursor": (only(2, lambda b: {**b, "nextCursor": "a b\r\nX: y"}), "nextCursor of the listing is none"),
    "expired": (only(2, lambda b: (400, {}, json.dumps({"scimType": "expiredCursor", "detail": "too late", "status": "400"}))), "expiredCursor: too late"),
}


@pytest.mark.parametrize("lie, why", CURSOR_LIES.values(), ids=CURSOR_LIES)
def test_cursors_that_lead_nowhere(looker, lister, lie, why):
    def first_by_cursor(path, n, body):
        return lie(path, n, {**body, "nextCursor": "10"} if path == "/Users" and is_first(body) else body)

    lister = lister([user(i) for i in range(25)], by_cursor=True, lie=first_by_cursor)
    _, result = looker.look(lister.server.url)
    assert result["result"] == "partial" and why in result["error"], result


def test_a_listing_that_changes_once_is_read_again(looker, lister):
    """Somebody is deleted ahead of the second page, and somebody else made behind it: totalResults alone tells nothing."""
    def lie(path, n, body):
        if path == "/Users" and n == 1:
            lister.users = lister.users[1:] + [user(99)]
        return body

    lister = lister([user(i) for i in range(25)], lie=lie)
    found, result = looker.look(lister.server.url)
    assert result["result"] == "complete"
    assert sorted(names(found)) == sorted([f"p{i}" for i in range(25)] + ["p99"])


def test_what_fails_once_is_asked_again(looker, lister):
    lister = lister([user(i) for i in range(25)], lie=lambda path, n, b: BROKEN if n == 2 else b)
    found, result = looker.look(lister.server.url)
    assert result["result"] == "complete" and len(names(found)) == 25


def test_a_service_that_begins_pages_where_it_likes(looker, lister):
    """startIndex is rounded to whole pages."""
    lister = lister([user(i) for i in range(25)])
    paged = lister.page
    lister.page = lambda everything, query: paged(everything, {**query, "startIndex": [str((int(query["startIndex"][0]) - 1) // 10 * 10 + 1)]})
    found, result = looker.look(lister.server.url)
    assert result["result"] == "complete" and len(names(found)) == 25


@pytest.mark.parametrize("most", [1, 2])
def test_tiny_pages(looker, lister, most):
    lister = lister([user(i) for i in range(9)], most=most)
    found, result = looker.look(lister.server.url)
    assert result["result"] == "complete" and len(names(found)) == 9


def test_pages_that_are_too_large_become_smaller(looker, lister):
    """64 MB are taken at once, and never more."""
    def lie(path, n, body):
        if path == "/Users" and len(body["Resources"]) > 1:
            return json.dumps({**body, "x": "y" * (64 * 1024 * 1024)})
        return body

    lister = lister([user(i) for i in range(4)], lie=lie)
    found, result = looker.look(lister.server.url)
    assert result["result"] == "complete" and len(names(found)) == 4


def test_a_resource_that_is_too_large(looker, lister):
    lister = lister([user(i) for i in range(2)], lie=lambda path, n, b: b" " * (64 * 1024 * 1024 + 1) if path == "/Users" else b)
    _, result = looker.look(lister.server.url)
    assert result["result"] == "error" and "larger than the limit" in result["error"]


@pytest.mark.parametrize("where", ["/Users", "/ServiceProviderConfig"])
def test_a_service_that_wants_to_be_left_alone_for_long(looker, lister, where):
    """Whoever reads does not wait for hours: there are other platforms, and the next run comes."""
    lister = lister([user(0)], lie=lambda path, n, b: (503, {"Retry-After": "3600"}, "{}") if path == where else b)
    _, result = looker.look(lister.server.url)
    assert result["result"] == "error" and "out of order" in result["error"]


def test_what_groups_carry_along_is_not_kept(looker, lister):
    """All groups are listed before the first is taken: of each its names count, be it as large as it likes."""
    ballast = "x" * 50_000
    lister = lister([], [{"id": f"g{i}", "displayName": f"group {i}", "vendor": ballast} for i in range(4000)], most=100)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    found, result = looker.look(lister.server.url, "--no-members")
    assert result["result"] == "complete" and len(names(found, "group")) == 4000
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss <= max(before, 120_000)


def test_a_service_that_does_not_want_to_be_told_what_is_wanted(looker, lister):
    lister = lister([user(0)], [{"id": "g1", "displayName": "one", "members": [{"value": "u0"}]}])
    answer = lister.server.answer
    lister.server.answer = lambda request, body: (400, {}, "{}") if "excluded" in request.path else answer(request, body)
    found, result = looker.look(lister.server.url)
    assert result["result"] == "complete" and [row["account"] for row in found if row["kind"] == "member"] == ["u0"]
