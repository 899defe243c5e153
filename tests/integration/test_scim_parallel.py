"""Many who push at once, and processes that are killed meanwhile: each change that was answered is there, each other one is there whole
or not at all."""

import json
import os
import signal
import threading

import pytest

from scim_push_site import PushSite
from test_kill import KILLER
from test_serve_process import until

JSON = {"Content-Type": "application/scim+json", "Accept": "application/scim+json"}
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
CLIENTS = 8


@pytest.fixture(name="site")
def site_fixture(template, tmp_path):
    site = PushSite(tmp_path / "site", template)
    yield site
    site.stop()


def user(name, **more):
    return {"schemas": [USER], "userName": f"{name}@example.com", "emails": [{"value": f"{name}@example.com", "type": "work"}],
            "name": {"givenName": "Given", "familyName": name.capitalize()}, **more}


def patch(op, path, value):
    return {"schemas": [PATCH], "Operations": [{"op": op, "path": path, "value": value}]}


def at_once(site, work, n=CLIENTS):
    """work(client, number) in as many threads, each with a connection of its own; what they return, or the first failure."""
    found, faults = [None] * n, []

    def run(i):
        client = site.client(headers=JSON)
        try:
            found[i] = work(client, i)
        except Exception as fault:  # pylint: disable=broad-exception-caught  # raised again below, in the case's own thread
            faults.append(fault)
        finally:
            client.close()

    site.token()
    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return found


def test_one_group_many_writers(site):
    """Nobody's members are lost to anybody else's, and half of them leave while others come."""
    client = site.client(headers=JSON)
    group = client.send("POST /Groups", {"schemas": [GROUP], "displayName": "CAD People"}).body["id"]

    def work(mine, i):
        ids = []
        for j in range(25):
            made = mine.send("POST /Users", user(f"u{i}x{j}"))
            assert made.status == 201, made
            ids.append(made.body["id"])
            assert mine.send(f"PATCH /Groups/{group}", patch("add", "members", [{"value": ids[-1]}])).status == 204
            assert mine.send("GET /Users?filter=userName%20sw%20%22u%22&count=5").status == 200
        for member in ids[::2]:
            assert mine.send(f"PATCH /Groups/{group}", patch("remove", f'members[value eq "{member}"]', None)).status == 204
        return ids[1::2]

    stayed = [member for ids in at_once(site, work) for member in ids]
    assert sorted(m["value"] for m in client.send(f"GET /Groups/{group}").body["members"]) == sorted(stayed)
    site.apply()
    assert len(site.states()) == 25 * CLIENTS and len(site.seats()) == len(stayed)
    client.close()


def test_one_version_once(site):
    """Of many who saw the same version one changes it."""
    client = site.client(headers=JSON)
    made = client.send("POST /Users", user("ann")).body
    for i in range(10):
        version = client.send(f"GET /Users/{made['id']}").body["meta"]["version"]

        def work(mine, number, version=version, i=i):
            return mine.send(f"PATCH /Users/{made['id']}", patch("replace", "title", f"{i} {number}"), headers={"If-Match": version}).status

        assert sorted(at_once(site, work)) == [200] + [412] * (CLIENTS - 1)
    client.close()


@pytest.mark.parametrize("after", [0.05, 0.2, 0.5])
def test_killed(site, after):
    """The web process is killed while many push: what was answered is there when it is back."""
    stop, client = threading.Event(), site.client(headers=JSON)
    group = client.send("POST /Groups", {"schemas": [GROUP], "displayName": "CAD People"}).body["id"]
    client.close()
    threading.Timer(after, lambda: (stop.set(), os.kill(site.server.served.member("doorward-web"), signal.SIGKILL))).start()

    def work(mine, i):
        made, joined, bulked = {}, set(), {}
        mine.again = False
        try:
            for j in range(10000):
                answer = mine.send("POST /Users", user(f"k{i}x{j}"))
                assert answer.status == 201, answer
                made[answer.body["id"]] = answer.body
                if mine.send(f"PATCH /Groups/{group}", patch("add", "members", [{"value": answer.body["id"]}])).status == 204:
                    joined.add(answer.body["id"])
                answer = mine.send("POST /Bulk", {"schemas": [BULK], "Operations": [
                    {"method": "POST", "path": "/Users", "bulkId": str(n), "data": user(f"b{i}x{j}x{n}")} for n in range(3)]})
                assert answer.status == 200, answer
                bulked.update((result["location"].rsplit("/", 1)[1], result) for result in answer.body["Operations"])
        except (OSError, json.JSONDecodeError):
            assert stop.is_set()
        return made, joined, bulked

    found = at_once(site, work)
    until(lambda: site.server.served.members() and site.server.served.answers(), "the web process is back")
    port = site.server.served.port()
    site.server.url = f"http://127.0.0.1:{port}"
    client = site.client(headers=JSON)
    users = {u["id"]: u for u in client.all("Users")}
    members = {m["value"] for m in client.send(f"GET /Groups/{group}").body.get("members", [])}
    for made, joined, bulked in found:
        assert made.keys() | bulked.keys() <= users.keys() and joined <= members
        assert all(users[i]["emails"] == made[i]["emails"] for i in made)
    assert members <= users.keys()
    client.close()
    site.run("plan")


@pytest.mark.parametrize("calls", [1000, 1201, 1502, 2503])
def test_full_disk(site, calls):
    """From some write on the disk is full: who pushes is told so by an error of SCIM, and nothing of that is done; reading goes on."""
    token = site.token()
    site.server.stop()
    site.server.start(LD_PRELOAD=str(KILLER), KILLER_FULL=str(calls))
    client = site.client(headers=JSON)
    made, refused = set(), 0
    for i in range(calls):
        answer = client.send("POST /Users", user(f"f{i}"))
        assert answer.status in (201, 500, 503), answer
        if answer.status == 201:
            made.add(answer.body["id"])
        else:
            assert answer.body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"] and token not in repr(answer)
            assert "disk" not in answer.body["detail"]  # that is for the log
            refused += 1
        if refused > 5:
            break
    assert refused > 5 and (made or calls < 1500)  # how much is written at the start may change
    client.close()
    site.server.stop()
    site.server.start()
    client = site.client(headers=JSON)
    assert {u["id"] for u in client.all("Users")} == made
    assert client.send("POST /Users", user("after")).status == 201
    client.close()
