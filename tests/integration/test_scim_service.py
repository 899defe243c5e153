"""The SCIM service in "doorward serve": what holds between requests. What clients send is in test_scim_clients.py, what nobody should in test_scim_hostile.py."""

import http.client
import re
import sqlite3
import threading
import time
import urllib.request

import pytest

from scim_push_site import PushSite
from test_kill_signin import free_port, kill
from test_serve_process import until

JSON = {"Content-Type": "application/scim+json"}
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
THREADS = 8
UNREACHED = (ConnectionError, http.client.HTTPException, TimeoutError)


@pytest.fixture(name="site")
def site_fixture(template, tmp_path):
    site = PushSite(tmp_path / "site", template, **{"listen": f"127.0.0.1:{free_port()}", "trusted-proxy": "127.0.0.1", "token-rate": 5})
    yield site
    site.stop()


def user(client, name, **more):
    return client.send("POST /Users", {"schemas": [USER], "userName": name, **more})


def names(client):
    return sorted(u["userName"] for u in client.all("Users"))


def metrics(site):
    with urllib.request.urlopen(f"{site.server.status_url}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}


# --- which directories there are ----------------------------------------------------------------------------------------


def test_a_reload_brings_directories_and_takes_them(site):
    client = site.client(headers=JSON)
    assert user(client, "ann@example.com").status == 201
    site.conf["directory late"] = {"type": "scim-push"}
    site.server.reload()
    late = site.client("late", JSON)
    assert user(late, "bob@example.com").status == 201
    assert names(late) == ["bob@example.com"] and names(client) == ["ann@example.com"]
    section = site.conf.pop("directory late")
    site.server.reload()
    assert late.send("GET /Users").status == 401
    site.conf["directory late"] = section
    site.server.reload()
    assert names(late) == ["bob@example.com"], "what was pushed waits for the section"
    late.close()
    client.close()


def test_only_pushed_directories_are_served(site):
    site.conf["directory file"] = {"type": "ldif", "file": str(site.folder / "none.ldif")}
    (site.folder / "none.ldif").write_text("")
    site.server.reload()
    client = site.client(headers=JSON)
    for path in ("/scim/file/v2/Users", "/scim/nobody/v2/Users", "/scim/cloud/v1/Users", "/scim/cloud/Users", "/scim/cloud", "/scim/",
                 "/scim/cloud/v22/Users"):
        assert client.exchange("GET", path, None, client.headers).status == 401, path
    client.close()


def test_names_of_sections_in_any_case_are_one_directory(site):
    client = site.client(headers=JSON)
    assert user(client, "ann@example.com").status == 201
    answer = client.exchange("GET", "/scim/CLOUD/v2/Users", None, client.headers)
    assert answer.status == 200 and answer.body["totalResults"] == 1
    client.close()


# --- who asks ---------------------------------------------------------------------------------------------------------------


def test_wrong_tokens_are_held_up_and_right_ones_are_not(site):
    client = site.client(headers={**JSON, "X-Forwarded-For": "203.0.113.7"})
    wrong = {"Authorization": "Bearer dwscim_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
    statuses = [client.send("GET /Users", headers=wrong).status for _ in range(8)]
    assert statuses[:5] == [401] * 5 and statuses[7] == 429, statuses
    held = client.send("GET /Users", headers=wrong)
    assert int(held.headers["Retry-After"]) > 0 and held.body["status"] == "429"
    assert client.send("GET /Users").status == 200
    assert client.send("GET /Users", headers={**wrong, "X-Forwarded-For": "203.0.113.8"}).status == 401
    refused = client.send("GET /Users", headers={"Authorization": None, "X-Forwarded-For": "203.0.113.9"})
    assert refused.status == 401 and refused.headers["WWW-Authenticate"].startswith("Bearer")
    client.close()


def test_head_and_headers(site):
    client = site.client(headers=JSON)
    made = user(client, "ann@example.com")
    path = "/Users/" + made.body["id"]
    assert made.headers["Location"] == made.body["meta"]["location"] and made.headers["Location"].endswith(path)
    head = client.send("HEAD " + path)
    assert (head.status, head.raw, head.headers["ETag"]) == (200, b"", made.body["meta"]["version"])
    same = client.send("GET " + path, headers={"If-None-Match": made.headers["ETag"]})
    assert (same.status, same.raw) == (304, b"")
    assert client.send("GET " + path, headers={"Accept": "application/json"}).headers["Content-Type"] == "application/json"
    assert client.send("GET " + path, headers={"Accept": "text/html, */*"}).headers["Content-Type"] == "application/scim+json"
    assert client.send("GET /Users?count=1&count=2").status == 400
    client.close()


# --- what is told ---------------------------------------------------------------------------------------------------------


def test_what_was_pushed_is_counted_and_nobody_is_named(site):
    client = site.client(headers=JSON)
    ids = [user(client, f"secretive{i}@example.com").body["id"] for i in range(3)]
    group = client.send("POST /Groups", {"schemas": [GROUP], "displayName": "Hush", "members": [{"value": i} for i in ids]}).body["id"]
    client.send(f"PATCH /Groups/{group}", {"schemas": [PATCH], "Operations": [{"op": "remove", "path": f'members[value eq "{ids[0]}"]'}]})
    client.send(f"PATCH /Users/{ids[1]}", {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active", "value": False}]})
    client.send(f"DELETE /Users/{ids[2]}")
    client.send("GET /Users", headers={"Authorization": "Bearer no"})
    counts = metrics(site)
    found = {name: counts[f"doorward_scim_{name}_total"] for name in ("created", "changed", "deleted", "joined", "left", "refused")}
    assert found == {"created": 4, "changed": 2, "deleted": 1, "joined": 3, "left": 1, "refused": 1}
    assert counts['doorward_scim_users{directory="cloud"}'] == 2 and counts['doorward_scim_groups{directory="cloud"}'] == 1
    assert abs(counts['doorward_scim_changed_seconds{directory="cloud"}'] - time.time()) < 600
    text = site.server.served.text()
    assert re.search(r'msg="POST /scim/cloud/v2/Groups" status=201 ms=[\d.]+ client=127.0.0.1 created=1 joined=3$', text, re.M)
    assert "secretive" not in text and "Hush" not in text
    client.close()


# --- several at once ------------------------------------------------------------------------------------------------------


def test_a_name_that_many_want_goes_to_one(site):
    """Each thread pushes the same hundred people, and puts them into the same group."""
    clients = [site.client(headers=JSON) for _ in range(THREADS)]
    group = clients[0].send("POST /Groups", {"schemas": [GROUP], "displayName": "All"}).body["id"]
    made, joined = [], []

    def push(client):
        for i in range(100):
            answer = user(client, f"p{i}@example.com")
            assert answer.status in (201, 409), answer
            if answer.status == 201:
                made.append(i)
                operations = [{"op": "add", "path": "members", "value": [{"value": answer.body["id"]}]}]
                joined.append(client.send(f"PATCH /Groups/{group}", {"schemas": [PATCH], "Operations": operations}).status)

    threads = [threading.Thread(target=push, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == list(range(100)) and joined == [204] * 100
    assert len(clients[0].send(f"GET /Groups/{group}").body["members"]) == 100
    assert len(names(clients[0])) == 100
    for client in clients:
        client.close()


def test_what_was_answered_is_there_after_a_kill(site):
    """kill -9 of the web process in the middle: whoever got 201 is there, and nobody is there twice."""
    clients = [site.client(headers=JSON) for _ in range(THREADS)]
    answered, ended = set(), threading.Event()

    def push(client, number):
        for i in range(10000):
            if ended.is_set():
                return
            try:
                if user(client, f"p{number}-{i}@example.com").status == 201:
                    answered.add(f"p{number}-{i}@example.com")
            except UNREACHED:
                client.close()
                time.sleep(0.05)

    threads = [threading.Thread(target=push, args=(client, n)) for n, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        before = len(answered)
        until(lambda before=before: len(answered) > before + 100, "people to be pushed before a kill")
        kill(site.server.served, "doorward-web")
    before = len(answered)
    until(lambda: len(answered) > before + 100, "people to be pushed behind the last kill")
    ended.set()
    for thread in threads:
        thread.join()
    found = names(clients[0])
    assert len(found) == len(set(found)) and answered <= set(found)
    for client in clients:
        client.close()


def test_who_finds_the_database_locked_is_told_to_come_again(site):
    client = site.client(headers=JSON)
    assert user(client, "ann@example.com").status == 201
    lock = sqlite3.connect(site.state / "push.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    answer = user(client, "bob@example.com")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "2"), answer
    assert "push.db" not in answer.raw.decode()
    lock.execute("ROLLBACK")
    lock.close()
    assert user(client, "bob@example.com").status == 201
    assert names(client) == ["ann@example.com", "bob@example.com"]
    client.close()
