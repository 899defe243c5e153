"""What SCIM clients send to a pushed directory (tests/data/scim), replayed in order: each answer, what is there at the end, and who
then has an account and a seat. It is pulled after each file, change by change, which comes to the same as one pull at the end."""

import contextlib
import json
import os
import shutil
import socket
import subprocess

import pytest

from scim_push_site import PushSite
from scim_replay import replay_folder
from site_fixture import ROOT
from site_fixture import steps as steps_of
from test_hostile_http import resident
from test_serve_process import PATIENCE, until

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
        check_people(site, end["people"], ids)
    site.server.stop()
    assert pulled_at_once(site, template) == (people, groups)
    site.server.start()


def check_people(site, people, ids):
    """Who is invited and who has a seat, as administrators are told; a second plan is empty."""
    site.apply()
    told = {row["email"]: (row["state"], bool(row["products"]), row["id"]) for row in site.json("report", "people")}
    by_email = {user["emails"][0]["value"]: uid for uid, user in ids.items() if user.get("emails")}
    assert told == {email: ("invited", person["seat"], by_email[email]) for email, person in people.items()}
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


def raw_exchange(client, head, *parts):
    """What comes back for a head and parts of a body, each sent after what came for the one before."""
    with socket.create_connection((client.address.hostname, client.address.port), timeout=PATIENCE) as s:
        answers = []
        s.sendall("\r\n".join([*head, f"Authorization: {client.headers['Authorization']}", "Host: x", "", ""]).encode())
        for part in parts:
            if b"100-continue" in "\r\n".join(head).encode():
                answers.append(s.recv(1000))
            s.sendall(part)
        answers.append(s.recv(65536))
    return answers


def test_ways_of_sending_a_body(site):
    """In chunks, as Java and .NET send what they write out meanwhile; after a leave to go on; with a byte order mark not, as it is no JSON."""
    client = site.client()
    body = json.dumps({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "chunked@example.com"}).encode()
    head = [f"POST {client.address.path}/Users HTTP/1.1", "Content-Type: application/scim+json", "Connection: close"]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:1], body[1:40], body[40:])) + b"0\r\n\r\n"
    assert raw_exchange(client, [*head, "Transfer-Encoding: chunked"], chunks)[-1].startswith(b"HTTP/1.1 201 ")
    leave, made = raw_exchange(client, [*head, f"Content-Length: {len(body) - 1}", "Expect: 100-continue"], body.replace(b"chunked", b"leaved"))
    assert leave.startswith(b"HTTP/1.1 100 ") and made.startswith(b"HTTP/1.1 201 ")
    refused = raw_exchange(client, [*head, "Content-Length: 1000000000", "Expect: 100-continue"])[-1]
    assert refused.startswith(b"HTTP/1.1 413 "), refused
    assert raw_exchange(client, [*head, f"Content-Length: {len(body) + 3}"], b"\xef\xbb\xbf" + body)[-1].startswith(b"HTTP/1.1 400 ")
    client.close()


def test_base_address_with_a_slash(site):
    """An administrator types it with a slash at the end, and the client puts another behind it."""
    client = site.client()
    for path in ("/Users/", "//Users", "/Users?"):
        answer = client.exchange("GET", client.address.path + path, None, client.headers)
        assert answer.status == 200 and answer.body["totalResults"] == 0, (path, answer)
    client.close()


NGINX = """daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1; {user}
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    client_max_body_size 16m;
    location / {{ proxy_pass {url}; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }}
  }}
}}
"""


@pytest.fixture(name="proxy")
def proxy_fixture(site, tmp_path):
    """The port of an nginx in front of the server."""
    if not (program := shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")):
        pytest.skip("missing: nginx (Debian: nginx-light)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    user = "user root;" if os.geteuid() == 0 else ""
    (tmp_path / "nginx.conf").write_text(NGINX.format(folder=tmp_path, port=port, url=site.server.url, user=user))
    with subprocess.Popen([program, "-e", "stderr", "-c", tmp_path / "nginx.conf"]) as nginx:
        until(lambda: reaches(port), "nginx answers")
        yield port
        nginx.terminate()


def reaches(port):
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=PATIENCE):
        return True
    return False


@pytest.mark.parametrize("folder", [f for f in FOLDERS if f.name in ("entra", "okta", "rfc7644", "spelling")], ids=lambda p: p.name)
def test_behind_nginx(site, client, folder, proxy):
    """A proxy changes nothing of it."""
    client.address = client.address._replace(netloc=f"127.0.0.1:{proxy}")
    replay_folder(client, folder)
    large = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
        {"op": "remove", "path": "members", "value": [{"value": f"{i:036}", "display": "x" * 100} for i in range(20000)]}]}
    group = client.send("POST /Groups", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Large"}).body["id"]
    assert client.send(f"PATCH /Groups/{group}", large).status == 204
    assert site.server.served.members()
