"""The SCIM connector by itself, against services that refuse parts, go out of order midway, and lie."""

import collections
import json
import threading

import pytest

from scripted_scim import Scripted
from test_scim_answers import ANN, EMPTY, sender_fixture, task  # pylint: disable=unused-import

BULK = {"patch": {"supported": True}, "bulk": {"supported": True, "maxOperations": 1000, "maxPayloadSize": 1 << 20}}
PUT = {"patch": {"supported": False}}


def scim(status, body=None, **headers):
    return status, {"Content-Type": "application/scim+json", **{name.replace("_", "-"): value for name, value in headers.items()}}, json.dumps(body or {})


def refused(scim_type="invalidValue", status=400):
    return scim(status, {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "scimType": scim_type, "detail": "no"})


def members_of(body):
    """Who is named in a PATCH of a group; and that nobody else could be meant."""
    found = []
    for operation in json.loads(body)["Operations"]:
        if operation["op"] == "add":
            found += [member["value"] for member in operation["value"]]
        else:
            assert operation["op"] == "remove" and operation["path"].startswith('members[value eq "') and "value" not in operation
            found.append(operation["path"][len('members[value eq "'):-2])
    return found


class Group:
    """A group that takes members as its rule lets them: rule(members) -> None, or an answer."""

    def __init__(self, rule=lambda members: None, can=None, members=()):
        self.rule, self.members, self.lock = rule, set(members), threading.Lock()
        self.server = Scripted(self.answer, can or {})

    def answer(self, request, body):
        if request.command == "GET":
            return scim(200, {"totalResults": 1, "Resources": [{"id": "7", "externalId": "g1"}]})
        asked = members_of(body)
        refusal = self.rule(asked)
        if not refusal:
            with self.lock:
                self.members = self.members | set(asked) if b'"add"' in body else self.members - set(asked)
        return refusal or (204, {}, "")

    def sizes(self):
        return [len(members_of(body)) for method, _, _, body in self.server.requests if method == "PATCH"]


@pytest.fixture(name="group")
def group_fixture():
    groups = []

    def start(*args, **kwargs):
        groups.append(Group(*args, **kwargs))
        return groups[-1]

    yield start
    for group in groups:
        group.server.stop()


def joins(n, op="join"):
    return [task(op, f"e{i}", account=f"u{i}", object="7", object_uid="g1", object_name="crew") for i in range(n)]


# --- memberships: a bad one costs only its own change ------------------------------------------------------------------


@pytest.mark.parametrize("op", ["join", "leave"])
@pytest.mark.parametrize("bad", [[0], [99], [3, 50, 51], list(range(0, 100, 10)), list(range(100))])
def test_only_the_bad_ones_are_refused(sender, group, op, bad):
    names = {f"u{i}" for i in bad}
    there = group(lambda members: refused() if names & set(members) else None, members={f"u{i}" for i in range(100)} if op == "leave" else ())
    answers = sender.send(there.server.url, *joins(100, op))
    assert [i for i, a in enumerate(answers) if a["verdict"] == "skip"] == bad
    assert {a["verdict"] for i, a in enumerate(answers) if i not in bad} <= {"done"}
    assert there.members == ({f"u{i}" for i in range(100)} - names if op == "join" else names)
    assert len(there.sizes()) <= 2 * 8 * len(bad) + 1


def test_a_limit_is_learned(sender, group):
    there = group(lambda members: refused("tooMany") if len(members) > 10 else None)
    with sender.start(there.server.url) as process:
        for _ in range(2):
            process.stdin.write(sender.line(there.server.url, *joins(100)))
            process.stdin.flush()
            assert [json.loads(process.stdout.readline())["verdict"] for _ in range(100)] == ["done"] * 100
        process.stdin.close()
    sizes = there.sizes()
    assert sizes[0] == 100 and max(sizes[-15:]) <= 10 and 20 < len(sizes) < 60, sizes


def test_one_that_is_too_much_for_the_service(sender, group):
    """Out of order whenever it is named: found within the tries that a change has, and the others are done."""
    there = group(lambda members: (500, {}, "oops") if "u42" in members else None)
    left, rounds = joins(100), 0
    with sender.start(there.server.url) as process:
        while len(left) > 1:
            rounds += 1
            assert rounds <= 8, [t["person"] for t in left]
            process.stdin.write(sender.line(there.server.url, *left))
            process.stdin.flush()
            answers = [json.loads(process.stdout.readline()) for _ in left]
            assert {a["verdict"] for a in answers} <= {"done", "retry"}
            left = [t for t, a in zip(left, answers) if a["verdict"] == "retry"]
        process.stdin.close()
    assert [t["person"] for t in left] == ["e42"] and len(there.members) == 99


def test_gone_while_many_are_sent(sender, group):
    """A 404 of the whole is looked into once, and then one by one."""
    there = group(lambda members: (404, {}, "") if "u5" in members else None)
    answers = sender.send(there.server.url, *joins(20))
    assert [i for i, a in enumerate(answers) if a["verdict"] != "done"] == [5] and there.server.methods().count("GET") == 1


def test_who_is_no_member_has_left(sender, group):
    there = group(lambda members: refused("noTarget") if {"u3", "u4"} & set(members) else None, members={f"u{i}" for i in range(10)})
    answers = sender.send(there.server.url, *joins(10, "leave"))
    assert {a["verdict"] for a in answers} == {"done"} and there.members == {"u3", "u4"}


@pytest.mark.parametrize("answer, verdict, most", [((503, {"Retry-After": "2"}, ""), "retry", 1), ((429, {}, ""), "retry", 1),
                                                   ((401, {}, ""), "stop", 2), ((200, {"Content-Type": "text/html"}, "<html>"), "stop", 1)])
def test_no_splitting_of_what_concerns_everybody(sender, group, answer, verdict, most):
    there = group(lambda members: answer)
    answers = sender.send(there.server.url, *joins(100), connections=1)
    assert {a["verdict"] for a in answers} == {verdict} and len(there.sizes()) <= most


def test_midway_out_of_order(sender, group):
    """What was done before stays done; the rest comes again."""
    done = []
    there = group(lambda members: (500, {}, "") if len(done) >= 3 else done.append(1))
    answers = sender.send(there.server.url, *joins(50), members_per_patch=10)
    assert [a["verdict"] for a in answers] == ["done"] * 30 + ["retry"] * 20


def test_many_of_whom_some_have_to_be_found(sender, script_all):
    """Accounts that are not known are looked up first; who is not there is told so, and the others are one request."""
    def answer(request, _body):
        if request.command == "PATCH":
            return 204, {}, ""
        number = request.path.split("%22")[1][1:]
        found = [] if number == "4" else [{"id": "u" + number, "externalId": "e" + number}]
        return scim(200, {"totalResults": len(found), "Resources": found})

    server = script_all(answer)
    tasks = [{**t, **({} if i % 2 else {"account": ""})} for i, t in enumerate(joins(10))]
    answers = sender.send(server.url, *({k: v for k, v in t.items() if v} for t in tasks))
    assert [i for i, a in enumerate(answers) if a["verdict"] == "skip"] == [4]
    assert sorted(members_of(server.requests[-1][3])) == sorted(f"u{i}" for i in range(10) if i != 4)


# --- many at once ---------------------------------------------------------------------------------------------------------


@pytest.fixture(name="script_all")
def script_all_fixture():
    servers = []

    def start(answer, **can):
        servers.append(Scripted(answer, can))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


class Bulk:
    """A service with bulk that carries everything out, and answers what twist(results) makes of the truth."""

    def __init__(self, twist=lambda results: results, status=200, single=True):
        self.twist, self.status, self.single, self.bulks = twist, status, single, 0
        self.users, self.lock = {}, threading.Lock()

    def __call__(self, request, body):
        path = request.path.removeprefix("/scim/v2")
        if request.command == "GET":
            ours = request.path.split("%22")[1]
            found = [{"id": id_, "externalId": user} for id_, user in self.users.items() if user == ours]
            return scim(200, {"totalResults": len(found), "Resources": found})
        if path != "/Bulk":
            status, location, response = self.do(request.command, path, json.loads(body or b"{}"))
            return scim(status, response)
        self.bulks += 1
        if self.status != 200:
            return self.status, {"Content-Type": "application/scim+json"}, ""
        results = []
        for operation in json.loads(body)["Operations"]:
            status, location, _ = self.do(operation["method"], operation["path"], operation.get("data"))
            results.append({"method": operation["method"], "bulkId": operation["bulkId"], "location": location, "status": str(status)})
        twisted = self.twist(results)
        return twisted if isinstance(twisted, tuple) else scim(200, {"Operations": twisted})

    def do(self, method, path, data):
        with self.lock:
            if method == "POST":
                assert data["externalId"] not in self.users.values(), f"{data['externalId']} is made twice"
                id_ = str(len(self.users))
                self.users[id_] = data["externalId"]
                return 201, f"https://elsewhere.example.net/v2/Users/{id_}", {"id": id_, "externalId": data["externalId"]}
            return 200, path, {"id": path.rpartition("/")[2]}


def invites(n):
    return [task("invite", f"e{i}", attr={**ANN, "user-name": f"e{i}"}) for i in range(n)]


def until_done(sender, url, tasks, rounds, **settings):
    """Sends again what is to be sent again, in one process; the verdicts of each round."""
    verdicts, left = [], list(tasks)
    with sender.start(url, **settings) as process:
        while left and len(verdicts) < rounds:
            process.stdin.write(sender.line(url, *left))
            process.stdin.flush()
            answers = [json.loads(process.stdout.readline()) for _ in left]
            verdicts.append(collections.Counter(a["verdict"] for a in answers))
            left = [t for t, a in zip(left, answers) if a["verdict"] == "retry"]
        process.stdin.close()
    return verdicts


def test_bulk(sender, script_all):
    service = Bulk(lambda results: results[::-1])
    server = script_all(service, **BULK)
    answers = sender.send(server.url, *invites(30))
    assert {a["verdict"] for a in answers} == {"done"}
    assert {a["account"]: f"e{i}" for i, a in enumerate(answers)} == service.users
    assert collections.Counter(server.methods()) == {"GET": 30, "POST": 1}


def test_bulk_in_parts(sender, script_all):
    """No more operations, and no more bytes, than the service takes."""
    service = Bulk()
    server = script_all(service, patch={"supported": True}, bulk={"supported": True, "maxOperations": 10, "maxPayloadSize": 4000})
    assert {a["verdict"] for a in sender.send(server.url, *invites(30))} == {"done"}
    bodies = [body for method, path, _, body in server.requests if path.endswith("/Bulk")]
    assert max(map(len, bodies)) <= 4000 and max(len(json.loads(body)["Operations"]) for body in bodies) <= 10


def drop(i):
    return lambda results: results[:i] + results[i + 1:]


def change(i, **values):
    return lambda results: [{**r, **values} if k == i else r for k, r in enumerate(results)]


@pytest.mark.parametrize("twist, unsure", [
    (drop(3), 1),
    (lambda results: [], 10),
    (change(3, bulkId="999"), 1),
    (change(3, bulkId="4"), 2),
    (change(3, status="nonsense"), 1),
    (change(3, location="https://elsewhere.example.net/v2/Users/4"), 2),
    (change(3, location=None), 1),
    (change(3, method="DELETE"), 1),
    (lambda results: (200, {}, ""), 10),
    (lambda results: (200, {"Content-Type": "text/html"}, "<html>Welcome</html>"), 10),
    (lambda results: (200, {}, '{"Operations": 7}'), 10),
    (lambda results: (200, {}, json.dumps({"Operations": results, "x": "y" * (5 << 20)})), 10),
    (lambda results: (500, {}, "done, but the answer got lost"), 10),
    (lambda results: (502, {"Content-Type": "text/html"}, "<html>"), 10),
])
def test_lies_of_a_bulk(sender, script_all, twist, unsure):
    """What is not sure is looked up before it is done again; nobody is made twice, and bulk is not tried again."""
    service = Bulk(twist)
    server = script_all(service, **BULK)
    assert until_done(sender, server.url, invites(10), 2) == [
        {key: n for key, n in (("done", 10 - unsure), ("retry", unsure)) if n}, {"done": unsure}]
    assert sorted(service.users.values()) == sorted(f"e{i}" for i in range(10)) and service.bulks == 1


def test_an_account_of_which_too_much_is_said(sender, script_all):
    """It was made all the same."""
    class Talker(Bulk):
        def do(self, method, path, data):
            status, location, response = super().do(method, path, data)
            return status, location, {**response, "x": "y" * (2 << 20)} if method == "POST" else response
    service = Talker()
    server = script_all(service, patch={"supported": True})
    assert until_done(sender, server.url, invites(1), 2) == [{"retry": 1}, {"done": 1}]
    assert list(service.users.values()) == ["e0"]


@pytest.mark.parametrize("status", [400, 404, 405, 413, 415, 501])
def test_a_bulk_that_is_refused_goes_out_singly(sender, script_all, status):
    service = Bulk(status=status)
    server = script_all(service, **BULK)
    assert until_done(sender, server.url, invites(10), 2) == [{"done": 10}]
    assert len(service.users) == 10 and service.bulks == 1


@pytest.mark.parametrize("status, verdict", [(401, "stop"), (429, "retry"), (302, "stop")])
def test_a_bulk_that_nobody_may_send(sender, script_all, status, verdict):
    service = Bulk(status=status)
    server = script_all(service, **BULK)
    assert {a["verdict"] for a in sender.send(server.url, *invites(10))} == {verdict} and not service.users


def test_one_of_a_bulk_is_refused(sender, script_all):
    service = Bulk(change(3, status="400", response={"detail": "no such title", "status": "400"}))
    server = script_all(service, **BULK)
    answers = sender.send(server.url, *(task("suspend", f"e{i}", account=str(i)) for i in range(10)))
    assert [a["verdict"] for a in answers] == ["done"] * 3 + ["skip"] + ["done"] * 6 and "no such title" in answers[3]["why"]


# --- written as a whole -----------------------------------------------------------------------------------------------------


class Whole:
    """A service without PATCH, with one group."""

    def __init__(self, read=None, write=None):
        self.group = {"id": "7", "externalId": "g1", "displayName": "crew", "members": [{"value": "other"}], "x": 1}
        self.read, self.write, self.version = read, write, 1

    def __call__(self, request, body):
        if request.command == "GET":
            shown = self.read(self) if self.read else None
            return shown or scim(200, self.group, ETag=f'W/"{self.version}"')
        assert request.command == "PUT" and request.path.endswith("/Groups/7"), request.path
        refusal = self.write(self, request) if self.write else None
        if not refusal:
            self.group, self.version = json.loads(body), self.version + 1
        return refusal or scim(200, self.group)


def names(service):
    return [member["value"] for member in service.group["members"]]


def test_put_keeps_what_others_wrote(sender, script_all):
    service = Whole()
    server = script_all(service, **PUT)
    assert {a["verdict"] for a in sender.send(server.url, *joins(100))} == {"done"}
    assert names(service) == ["other", *(f"u{i}" for i in range(100))] and service.group["x"] == 1 and server.methods() == ["GET", "PUT"]


def test_put_when_others_are_faster(sender, script_all):
    def write(service, request):
        if request.headers.get("If-Match") != f'W/"{service.version}"':
            return refused("invalidVers", 412)
        if service.version < 3:
            service.version += 1
            service.group["members"].append({"value": f"late{service.version}"})
            return refused("invalidVers", 412)
        return None

    service = Whole(write=write)
    server = script_all(service, **PUT)
    assert {a["verdict"] for a in sender.send(server.url, *joins(2))} == {"done"}
    assert names(service) == ["other", "late2", "late3", "u0", "u1"]


def test_put_when_others_are_always_faster(sender, script_all):
    service = Whole(write=lambda service, request: refused("invalidVers", 412))
    server = script_all(service, **PUT)
    assert {a["verdict"] for a in sender.send(server.url, *joins(2))} == {"retry"} and len(server.requests) == 10


@pytest.mark.parametrize("shown, verdict", [
    ((200, {"Content-Type": "text/html"}, "<html>"), "stop"),
    ((200, {}, ""), "skip"),
    (scim(200, {"id": "8", "displayName": "another", "members": []}), "skip"),
    ((200, {}, '{"id": "7", "members": [{"val'), "skip"),
    ((500, {}, ""), "retry"),
    ((503, {"Retry-After": "3"}, ""), "retry"),
])
def test_put_writes_nothing_that_it_did_not_read(sender, script_all, shown, verdict):
    server = script_all(Whole(read=lambda service: shown), **PUT)
    answers = sender.send(server.url, *joins(2), connections=1)
    assert {a["verdict"] for a in answers} == {verdict} and "PUT" not in server.methods()


@pytest.mark.parametrize("hidden, verdict", [([{"value": "other"}], "skip"), ([], "done"), (None, "done")])
def test_put_of_a_group_that_hides_its_members(sender, script_all, hidden, verdict):
    """Only of one that has none, also when asked."""
    service = Whole()
    service.group["members"] = hidden or []

    def answer(request, body):
        if request.command == "GET":
            asked = "attributes=members" in request.path and hidden is not None
            return scim(200, {key: value for key, value in service.group.items() if key != "members" or asked})
        return service(request, body)

    server = script_all(answer, **PUT)
    assert {a["verdict"] for a in sender.send(server.url, *joins(2))} == {verdict}
    assert ("PUT" in server.methods()) == (verdict == "done")


# --- without filters ------------------------------------------------------------------------------------------------------------


class Unfiltered:
    """Lists everybody; pages as it likes. Its first "lost" answers to what it makes never arrive."""

    def __init__(self, users, twist=lambda start, page: page, lost=0):
        self.users, self.twist, self.made, self.lists, self.lost = users, twist, [], 0, lost

    def __call__(self, request, body):
        if request.command == "POST":
            self.made.append(json.loads(body)["externalId"])
            if len(self.made) <= self.lost:
                self.users.append({"id": f"new{len(self.made)}", "externalId": self.made[-1]})
                return 500, {}, ""
            return scim(201, {"id": f"new{len(self.made)}", "externalId": self.made[-1]})
        if request.command != "GET":
            return 204, {}, ""
        self.lists += 1
        start = int(dict(p.split("=") for p in request.path.partition("?")[2].split("&") if "=" in p).get("startIndex", 1))
        page = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": len(self.users), "startIndex": start, "Resources": self.users[start - 1:start + 99]}
        return scim(200, self.twist(self, page))


def people(n):
    return [{"id": f"u{i}", "externalId": f"e{i}", "userName": f"e{i}"} for i in range(n)]


NO_FILTER = {"patch": {"supported": True}, "filter": {"supported": False}}


@pytest.mark.parametrize("can", [NO_FILTER, {}])
def test_one_listing_for_all(sender, script_all, can):
    """Also where it turns out only by its answer."""
    service = Unfiltered(people(250))
    server = script_all(service, **can)
    answers = sender.send(server.url, *(task("invite", f"e{i}", attr=ANN) for i in range(240, 260)), connections=1)
    assert {a["verdict"] for a in answers} == {"done"}, answers[0]["why"]
    assert [a["account"] for a in answers[:10]] == [f"u{i}" for i in range(240, 250)]
    assert sorted(service.made) == [f"e{i}" for i in range(250, 260)] and service.lists <= 5


def test_a_listing_that_changes_proves_no_absence(sender, script_all):
    """Nobody is made on the word of half a list."""
    def twist(service, page):
        return {**page, "totalResults": 250 + service.lists}

    service = Unfiltered(people(250), twist)
    server = script_all(service, **NO_FILTER)
    answers = sender.send(server.url, *(task("invite", f"e{i}", attr=ANN) for i in range(255, 260)))
    assert {a["verdict"] for a in answers} == {"retry"} and not service.made


@pytest.mark.parametrize("fault", [scim(503), scim(500), scim(429, Retry_After="1")])
def test_a_listing_that_cannot_be_had_now(sender, script_all, fault):
    """It is no reason to end the run."""
    service = Unfiltered(people(3))
    def answer(request, body):
        if request.command == "GET" and service.lists == 0:
            service.lists = 1
            return fault
        return service(request, body)
    server = script_all(answer, **NO_FILTER)
    verdicts = until_done(sender, server.url, [task("invite", f"e{i}", attr=ANN) for i in range(3)], 5)
    assert verdicts[0]["retry"] and set().union(*verdicts) <= {"retry", "done"} and not service.made


def test_two_of_one_id_in_a_listing(sender, script_all):
    service = Unfiltered([*people(3), {"id": "u9", "externalId": "e1", "userName": "x"}])
    server = script_all(service, **NO_FILTER)
    answers = sender.send(server.url, *(task("invite", f"e{i}", attr=ANN) for i in range(3)))
    assert [a["verdict"] for a in answers] == ["done", "skip", "done"] and "several have this externalId" in answers[1]["why"]


def test_what_was_made_without_an_answer_is_found_in_a_new_listing(sender, script_all):
    service = Unfiltered(people(3), lost=4)
    server = script_all(service, **NO_FILTER)
    assert until_done(sender, server.url, [task("invite", f"n{i}", attr={**ANN, "user-name": f"n{i}"}) for i in range(8)], 2,
                      connections=1) == [{"done": 4, "retry": 4}, {"done": 4}]
    assert sorted(service.made) == [f"n{i}" for i in range(8)] and service.lists == 2
