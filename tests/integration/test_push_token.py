"""doorward token, and what a token is good for: through the program and its server."""

import concurrent.futures
import fcntl
import http.client
import json
import select
import sqlite3
import time
import urllib.error
import urllib.request

import pytest

from pushed_site import Pushed, push_conf
from test_serve_process import begins_runs, until


@pytest.fixture(name="server")
def server_fixture(site):
    push_conf(site)
    site.conf["directory other"] = {"type": "scim-push"}
    server = Pushed(site)
    yield server
    server.stop()


def tokens(site, *words):
    return site.json("token", "list", *words)


def test_made_shown_once_and_good(server, site):
    assert tokens(site) == []
    out, _ = site.run("token", "create", "hq", "--note", "for Entra")
    token = next(line.split()[1] for line in out.splitlines() if line.strip().startswith("token "))
    assert token.startswith("dwscim_") and "https://signin.example.com/scim/hq/v2" in out
    assert "Tenant URL" in out and "Okta" in out
    assert server.ask("GET", "/Users", token)["totalResults"] == 0
    listed = tokens(site)
    assert [(t["directory"], t["number"], t["state"], t["note"]) for t in listed] == [("hq", 1, "good", "for Entra")]
    assert listed[0]["used"] != "never" and token not in json.dumps(listed)
    for path in site.state.rglob("*"):
        assert not path.is_file() or token[7:].encode() not in path.read_bytes(), path
    assert token[7:] not in server.served.text()
    server.user(token, "ann")
    assert token[7:] not in server.served.text() and "created=1" in server.served.text()
    audit = [json.loads(line) for line in site.run("runs", "audit", "--json")[0].splitlines()]
    assert [(a["what"], a["subject"]) for a in audit][-1] == ("token-made", "hq") and token not in json.dumps(audit)
    assert audit[-1]["detail"]["number"] == 1 and audit[-1]["detail"]["note"] == "for Entra"
    site.run("runs", "verify")


def test_good_for_its_own_directory_alone(server, site):
    token = server.token("hq")
    server.user(token, "ann")
    for other in ("other", "nowhere", "HQ2"):
        server.ask("GET", "/Users", token, directory=other, status=401)
    for wrong in (None, "", "dwscim_", token[:-1], token + "a", token.upper()):
        server.ask("GET", "/Users", wrong, status=401)
        server.ask("POST", "/Users", wrong, {"userName": "eve"}, status=401)
    assert server.ask("GET", "/Users", server.token("other"), directory="other")["totalResults"] == 0
    assert server.ask("GET", "/Users", token)["totalResults"] == 1


def test_file_put_back_while_it_serves(server, site):
    """What is pushed behind that is in the file that is there, not in one that nobody will read."""
    file, backup = site.state / "push.db", site.folder / "push.backup"
    token = server.token("hq")
    server.user(token, "ann")
    with sqlite3.connect(file) as db:
        db.execute("VACUUM INTO ?", [str(backup)])
    db.close()
    server.user(token, "ben")
    for name in ("push.db", "push.db-wal", "push.db-shm"):
        (site.state / name).unlink(missing_ok=True)
    server.ask("GET", "/Users", token, status=401)
    backup.rename(file)
    file.chmod(0o600)
    server.user(token, "carl")
    names = {u["userName"] for u in server.ask("GET", "/Users", token)["Resources"]}
    assert names == {"ann", "carl"}
    with sqlite3.connect(file) as db:
        assert db.execute("SELECT count(*) FROM resource WHERE gone = 0").fetchone()[0] == 2
    db.close()
    assert "2 users" in site.run("check", status=1)[0]  # nobody may push to the other one


def test_queries_leave_room_for_sign_ins(server, site):
    """Whoever has a token may ask what takes long, but not with all threads that sign-ins wait for, too."""
    token, people = server.token("hq"), 20000
    server.user(token, "ann")
    with sqlite3.connect(site.state / "push.db") as db:
        db.execute("CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= ?) SELECT i FROM n", [people])
        db.execute("INSERT INTO resource (row, directory, kind, gone, id, display, created, change)"
                   " SELECT i, 1, 0, 0, 'id' || i, 'u' || i, 1, 1 FROM n")
        db.execute("INSERT INTO content SELECT i, '{\"userName\":\"u' || i || '\"}' FROM n")
    db.close()
    path = "/Users?count=1&filter=title%20co%20%22x%22"

    def ask(_):
        request = urllib.request.Request(server.base() + path, headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status
        except urllib.error.HTTPError as answer:
            assert answer.code != 429 or answer.headers["Retry-After"]
            return answer.code

    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        found = list(pool.map(ask, range(40)))
    assert set(found) <= {200, 400, 429} and 0 < found.count(429) < 40, found
    assert server.ask("GET", path, token)["totalResults"] == 0


def test_large_groups_stand_in_nobodys_way(site):
    """One thread has all connections: whoever comes behind a group with very many members is answered before it."""
    push_conf(site)
    site.conf["serve"]["threads"] = "1"
    server = Pushed(site)
    try:
        token, people = server.token("hq"), 200000
        team = server.group(token, "team")
        with sqlite3.connect(site.state / "push.db") as db:
            db.execute("CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= ?) SELECT i FROM n",
                       [people])
            db.execute("INSERT INTO resource (row, directory, kind, gone, id, display, created, change)"
                       " SELECT i, 1, 0, 0, 'id' || i, 'u' || i, 1, 1 FROM n")
            db.execute("INSERT INTO member SELECT 1, i FROM n")
        db.close()
        large = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        large.request("GET", f"/scim/hq/v2/Groups/{team}", headers={"Authorization": f"Bearer {token}"})
        time.sleep(0.05)  # so that it is the first
        server.ask("GET", "/ServiceProviderConfig", token)
        assert not select.select([large.sock], [], [], 0)[0], "it came before"
        assert len(json.loads(large.getresponse().read())["members"]) == people
        large.close()
    finally:
        server.stop()


def test_exchanged_without_a_gap(server, site):
    first, second = server.token("hq"), server.token("hq", "--expires", "26w")
    for token in (first, second):
        server.ask("GET", "/Users", token)
    assert "no longer good" in site.run("token", "revoke", "hq", "1")[0]
    server.ask("GET", "/Users", first, status=401)
    server.ask("GET", "/Users", second)
    assert [t["state"] for t in tokens(site, "hq")] == ["revoked", "good"]
    assert "has no token 1" in site.refused("token", "revoke", "hq", "1", status=1)
    assert "has no token 2" in site.refused("token", "revoke", "other", "2", status=1)
    audit = [json.loads(line) for line in site.run("runs", "audit", "--json")[0].splitlines()]
    assert [a["what"] for a in audit][-3:] == ["token-made", "token-made", "token-revoked"]


def test_over_in_time(server, site):
    token = server.token("hq", "--expires", "1d")
    server.ask("GET", "/Users", token)
    with sqlite3.connect(site.state / "push.db") as db:
        db.execute("UPDATE token SET expires = strftime('%s') - 1")
    db.close()
    server.ask("GET", "/Users", token, status=401)
    assert [t["state"] for t in tokens(site)] == ["expired"]
    assert "no token is good" in site.run("check", status=1)[0]


def test_revoked_while_a_run_holds_the_state(server, site):
    """Whoever found a token does not push on because somebody else is writing."""
    token = server.token("hq")
    with open(site.state / "lock", "r+", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        err = site.refused("token", "revoke", "hq", "1", status=1)
        assert "token 1 is revoked, but the audit log does not say so: state folder" in err
        server.ask("GET", "/Users", token, status=401)
        assert "in use by" in site.refused("token", "create", "hq", status=1)
    assert len(tokens(site)) == 1


@pytest.mark.parametrize("words, said", [
    (("create", "hq", "--expires", "0d"), "--expires 0d: write how long it is good"),
    (("create", "hq", "--expires", "10y"), "--expires 10y"),
    (("create", "hq", "--expires", "99999d"), "--expires 99999d"),
    (("create", "hq", "--note", "a\x07b"), "--note: write at most"),
    (("create", "hqq"), "did you mean 'hq'?"),
    (("create", "paper"), "directory paper: it has type = ldif; only to one with type = scim-push"),
    (("revoke", "hq", "one"), "'one' is no number of a token"),
    (("revoke", "hq", "-1"), "unknown option"),
    (("create",), "usage: doorward token create DIRECTORY"),
])
def test_wrong_words(site, words, said):
    push_conf(site)
    site.conf["directory paper"] = {"type": "ldif", "file": "directory.ldif"}
    site.ldif.write_text("version: 1\n")
    assert said in site.refused("token", *words, status=64)


def test_check_says_where_things_stand(server, site):
    site.conf["directory other"]["type"] = None
    del site.conf["directory other"]
    assert "Next: doorward token create hq\n" in site.run()[0]
    out = site.run("check", status=1)[0]
    assert "directory hq: no token is good, so nobody can push; run: doorward token create hq (nothing was pushed yet)" in out
    token = server.token("hq")
    assert "Next: doorward plan\n" in site.run()[0]
    out = site.run("check")[0]
    assert "directory hq: https://signin.example.com/scim/hq/v2; nothing was pushed yet; 1 token is good, used last never" in out
    server.user(token, "ann")
    server.group(token, "cad")
    out = site.run("check")[0]
    assert "1 user and 1 group, pushed last 20" in out and "used last 20" in out


def test_needs_the_server(site):
    push_conf(site)
    del site.conf["serve"]
    for command in ("serve", "check-config", "plan"):
        err = site.refused(command, status=78)
        assert "directory hq: it is pushed to \"doorward serve\", and there is no [serve] section" in err, err
    site.conf["serve"] = {"listen": "127.0.0.1:0"}
    site.conf["organization"]["url"] = None
    assert "below the organization's url, which is missing" in site.refused("check-config", status=78)


@pytest.mark.parametrize("line, said", [
    ("map-email = emials.value", "did you mean 'emails.value'?"),
    ("map-active = actve!=false", "did you mean 'active'?"),
    ("exclude = emails.value", "not a rule; write PATH=PATTERN"),
    ("id-attribute = emails.value", "a Group has no such attribute"),
    ("flavour = openldap", "flavour"),
])
def test_wrong_paths_are_named_with_their_line(site, line, said):
    push_conf(site)
    key, value = line.split(" = ", 1)
    site.conf["directory hq"][key] = value
    err = site.refused("check-config", status=78)
    assert said in err and "doorward.conf:" in err, err


@begins_runs
def test_a_run_follows_what_was_pushed(site):
    """It does not wait for the schedule."""
    push_conf(site, schedule="1h")
    site.conf["sync"]["push-delay"] = "1s"
    server = Pushed(site)
    try:
        token = server.token()
        ann = server.user(token, "ann")
        server.group(token, "cad", ann)
        until(lambda: site.sql("SELECT count(*) FROM seat")[0][0] == 1 or None, server.served.text)
        server.ask("GET", "/Users", token)
        server.patch(token, f"/Users/{ann}", {"op": "replace", "path": "active", "value": False})
        until(lambda: site.states()["ann@example.com"] == "suspended" or None, server.served.text)
    finally:
        server.stop()
