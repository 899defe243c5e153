"""What no honest client sends to the SCIM service: answered as an error, nothing of it done, and others are served meanwhile."""

import http.client
import json
import socket
import time
import urllib.parse

import pytest

from scim_push_site import PushSite
from scim_replay import replay
from site_fixture import ROOT
from test_hostile_http import resident
from test_serve_process import PATIENCE, until

DATA = ROOT / "tests/data/scim-hostile"
JSON = {"Content-Type": "application/scim+json", "Accept": "application/scim+json"}
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
MEMORY_MB = 300  # that the web process may have at most, whatever is sent: jansson takes 100 bytes for what is 2 in JSON


@pytest.fixture(name="site", scope="module")
def site_fixture(template, tmp_path_factory):
    site = PushSite(tmp_path_factory.mktemp("push") / "site", template)
    seed(site)
    yield site
    site.stop()


def seed(site):
    """Two people and a group in each of the directories."""
    site.kept = {}
    for directory, domain, prefix in (("cloud", "example.com", ""), ("elsewhere", "example.net", "foreign")):
        client = site.client(directory, JSON)
        names = {"ann": prefix or "ann", "bob": "other" if prefix else "bob"}
        for key, name in names.items():
            made = client.send("POST /Users", {"schemas": [USER], "userName": f"{name}@{domain}", "externalId": f"ext-{name}",
                                               "emails": [{"value": f"{name}@{domain}", "type": "work"}]})
            assert made.status == 201, made
            site.kept[name] = made.body["id"]
        made = client.send("POST /Groups", {"schemas": [GROUP], "displayName": "Team", "members": [{"value": site.kept[names["ann"]]}]})
        assert made.status == 201, made
        site.kept[f"{prefix}-group" if prefix else "team"] = made.body["id"]
        client.close()


@pytest.fixture(name="client")
def client_fixture(site):
    """Behind the case everything is as before it, to the version, in both directories."""
    clients = [site.client(directory, JSON) for directory in ("cloud", "elsewhere")]
    before = [state(client) for client in clients]
    clients[0].values.update(site.kept)
    yield clients[0]
    assert [state(client) for client in clients] == before
    for client in clients:
        client.close()


def state(client):
    return sorted(client.all("Users") + client.all("Groups"), key=lambda r: r["id"])


def refused(answer, status, kind=None):
    statuses = status if isinstance(status, tuple) else (status,)
    assert answer.status in statuses and answer.body["schemas"] == [ERROR], answer
    assert answer.body["status"] == str(answer.status) and answer.body["detail"], answer
    assert kind is None or answer.body.get("scimType") == kind, answer


@pytest.mark.parametrize("path", sorted(DATA.glob("*.json")), ids=lambda p: p.stem)
def test_file(client, path):
    replay(client, json.loads(path.read_text(encoding="utf-8")), path.name)


# --- too much -------------------------------------------------------------------------------------------------------


DEEP = 10000


@pytest.mark.parametrize("text", [
    "(" * DEEP + "userName pr" + ")" * DEEP, "(" * DEEP, "not (" * DEEP + "userName pr" + ")" * DEEP,
    "emails[" * DEEP + "value pr" + "]" * DEEP, " and ".join(["userName pr"] * DEEP), "a." * DEEP + "b pr",
], ids=["brackets", "open", "not", "value-paths", "terms", "dots"])
def test_deep_filter(client, text):
    refused(client.send("POST /Users/.search", {"schemas": [SEARCH], "filter": text}), 400, "invalidFilter")
    answer = client.send("GET /Users?filter=" + urllib.parse.quote(text[:20000]))
    assert 400 <= answer.status < 500, answer
    refused(client.send(f"PATCH /Users/{client.values['ann']}", {"schemas": [PATCH], "Operations": [
        {"op": "remove", "path": f"emails[{text}]"}]}), 400)


@pytest.mark.parametrize("opening, closing", [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
def test_deep_json(client, opening, closing):
    raw = f'{{"schemas":["{USER}"],"userName":"deep@example.com","x":' + opening * DEEP + "1" + closing * DEEP + "}"
    refused(client.send("POST /Users", raw=raw), 400)


def bulk(*operations):
    return json.dumps({"schemas": [BULK], "Operations": list(operations)})


def test_million_operations(site, client):
    """Whatever way a million are written, none is carried out, and little memory taken."""
    head = f'{{"schemas":["{BULK}"],"Operations":['
    refused(client.send("POST /Bulk", raw=head + ",".join(["{}"] * 1000000) + "]}"), (400, 413))
    refused(client.send("POST /Bulk", raw=head + ",".join(["1"] * 1000000) + "]}"), (400, 413))
    made = {"method": "POST", "path": "/Users", "bulkId": "x", "data": {"schemas": [USER], "userName": "one@example.com"}}
    answer = too_large(client, head + ",".join([json.dumps(made)] * 1000000) + "]}")
    assert answer == 413
    refused(client.send("POST /Bulk", raw=bulk(*[{**made, "bulkId": str(i)} for i in range(1001)])), 413)
    assert resident(site.server.served.members()["doorward-web"]) < MEMORY_MB


def too_large(client, raw):
    """The status of an answer that comes before all is sent; the rest may find the connection closed."""
    connection = http.client.HTTPConnection(client.address.netloc, timeout=PATIENCE)
    connection.putrequest("POST", client.address.path + "/Bulk")
    for name, value in {**client.headers, "Content-Length": str(len(raw)), "Expect": "100-continue"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    connection.close()
    return response.status


@pytest.mark.parametrize("body", [
    {"schemas": [USER], "userName": "x" * 70000},
    {"schemas": [USER], "userName": "many@example.com", "emails": [{"value": f"e{i}@example.com"} for i in range(501)]},
], ids=["long-name", "many-values"])
def test_large_user(client, body):
    refused(client.send("POST /Users", body), (400, 413))


def test_many_patch_operations(client):
    operations = [{"op": "replace", "path": "title", "value": str(i)} for i in range(501)]
    refused(client.send(f"PATCH /Users/{client.values['ann']}", {"schemas": [PATCH], "Operations": operations}), 413)


def test_circles_of_bulk_ids(client):
    """A thousand groups, each with all the others: more references than are followed, or a thousand groups, which go again."""
    names = range(300)
    answer = client.send("POST /Bulk", raw=bulk(*[{"method": "POST", "path": "/Groups", "bulkId": str(i), "data": {
        "schemas": [GROUP], "displayName": f"Circle {i}", "members": [{"value": f"bulkId:{j}"} for j in names]}} for i in names]))
    if answer.status != 200:
        return refused(answer, (400, 413))
    made = [result["location"] for result in answer.body["Operations"] if result["status"] == "201"]
    assert len(made) == len(names), answer
    for location in made:
        assert client.send("DELETE /Groups/" + location.rsplit("/", 1)[1]).status == 204
    return None


# --- no text --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80", b"\xc3"],
                         ids=["bytes", "overlong", "surrogate", "beyond", "continuation", "cut"])
def test_no_utf8(client, bad):
    body = b'{"schemas":["' + USER.encode() + b'"],"userName":"x' + bad + b'"}'
    refused(client.send("POST /Users", raw=body), 400, "invalidSyntax")
    body = b'{"schemas":["' + PATCH.encode() + b'"],"Operations":[{"op":"replace","path":"title","value":"' + bad + b'"}]}'
    refused(client.send(f"PATCH /Users/{client.values['ann']}", raw=body), 400, "invalidSyntax")
    query = urllib.parse.quote(b'userName eq "' + bad + b'"')
    refused(client.send(f"GET /Users?filter={query}"), 400)


def test_controls_come_back_escaped(client):
    """What is quoted from a request is clean, and JSON."""
    answer = client.send("GET /Users?filter=" + urllib.parse.quote('userName eq "x" \x1b[31m\r\nSet-Cookie: a=b'))
    refused(answer, 400)
    assert not set(answer.raw) & set(range(0x20)) and b"\x1b" not in answer.raw and "Set-Cookie" not in answer.headers


# --- tokens ---------------------------------------------------------------------------------------------------------


def test_token_reaches_its_own_directory(site, client):
    """The token of another directory is worth as much as none, whether the directory is there or not."""
    other = site.client("elsewhere", JSON)
    for directory in ("cloud", "nowhere", "hq", "elsewhere%2f..%2fcloud"):
        for method, body in (("GET /Users", None), ("GET /ServiceProviderConfig", None),
                             ("POST /Users", {"schemas": [USER], "userName": "spy@example.com"})):
            address = f"{site.server.url}/scim/{directory}/v2"
            other.address = urllib.parse.urlsplit(address)
            answer = other.send(method, body)
            refused(answer, 401)
            assert "cloud" not in answer.raw.decode() and answer.headers["WWW-Authenticate"].startswith("Bearer")
    other.close()
    assert client.send("GET /Users").status == 200


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic YWRtaW46YWRtaW4=", "Bearer " + "x" * 20000, "Bearer a b",
                                   "Bearer dwscim_", "Bearer dwscim_" + "A" * 43],
                         ids=["empty", "word", "blank", "basic", "long", "two", "prefix", "like-one"])
def test_no_token(client, value):
    answer = client.send("GET /Users", headers={"Authorization": value})
    assert answer.status in (401, 431), answer
    assert client.send("GET /Users?access_token=" + client.headers["Authorization"][7:], headers={"Authorization": None}).status == 401


def test_two_tokens(client):
    """A good token among others is none."""
    good = client.headers["Authorization"]
    connection = http.client.HTTPConnection(client.address.netloc, timeout=PATIENCE)
    connection.putrequest("GET", client.address.path + "/Users")
    connection.putheader("Authorization", "Bearer nobody")
    connection.putheader("Authorization", good)
    connection.endheaders()
    assert connection.getresponse().status in (400, 401)
    connection.close()


def test_body_of_strangers_is_not_read(client):
    """The answer to a body that is announced comes before any of it, and is the same for a large one as for none."""
    for length in (100, 10 ** 9):
        with socket.create_connection((client.address.hostname, client.address.port), timeout=PATIENCE) as s:
            s.sendall(f"POST {client.address.path}/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer no\r\n"
                      f"Content-Type: application/scim+json\r\nContent-Length: {length}\r\n\r\n".encode())
            assert s.recv(100).startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 413 "))


def test_passwords_are_kept_nowhere(site, client):
    secret = "correct-horse-battery-5417"
    made = client.send("POST /Users", {"schemas": [USER], "userName": "secret@example.com", "password": secret})
    assert made.status == 201 and secret not in repr(made)
    user = made.body["id"]
    for operation in ({"op": "replace", "value": {"password": secret}}, {"op": "add", "path": "password", "value": secret}):
        assert client.send(f"PATCH /Users/{user}", {"schemas": [PATCH], "Operations": [operation]}).status in (200, 204)
    assert client.send(f"GET /Users?filter=password%20eq%20%22{secret}%22").body.get("totalResults", 0) == 0
    for path in site.folder.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path
    assert client.send(f"DELETE /Users/{user}").status == 204


@pytest.mark.parametrize("what, headers, statuses", [
    ("TRACE /Users", {}, (400, 404, 405, 501)), ("OPTIONS /Users", {}, (200, 204, 400, 404, 405, 501)), ("BREW /Users", {}, (400, 404, 405, 501)),
    ("POST /Users", {"Content-Encoding": "gzip"}, (400, 415)), ("POST /Users", {"Transfer-Encoding": "gzip"}, (400, 411, 415, 501)),
], ids=["trace", "options", "unknown", "gzip", "gzip-transfer"])
def test_other_methods_and_codings(client, what, headers, statuses):
    answer = client.send(what, raw=b"\x1f\x8b\x08\x00" if headers else None, headers=headers)
    client.close()
    assert answer.status in statuses and b"Bearer" not in answer.raw, answer


# --- slow -----------------------------------------------------------------------------------------------------------


def test_slow_bodies(site, client):
    """Bodies that come byte by byte, or not at all, hold up nobody else; what was cut off is not done."""
    sockets = []
    body = json.dumps({"schemas": [USER], "userName": "slow@example.com"})
    for i in range(100):
        s = socket.create_connection((client.address.hostname, client.address.port), timeout=PATIENCE, source_address=("127.0.0.2", 0))
        s.sendall(f"POST {client.address.path}/Users HTTP/1.1\r\nHost: x\r\nAuthorization: {client.headers['Authorization']}\r\n"
                  f"Content-Type: application/scim+json\r\nContent-Length: {len(body)}\r\n\r\n{body[:i % len(body)]}".encode())
        sockets.append(s)
    start = time.monotonic()
    for _ in range(20):
        assert client.send("GET /Users?count=1").status == 200
    assert time.monotonic() - start < PATIENCE
    for s in sockets:
        s.close()
    until(lambda: site.server.served.members(), "both processes")


def test_pipelined(client):
    """Two requests in one write are two requests."""
    good = client.headers["Authorization"]
    with socket.create_connection((client.address.hostname, client.address.port), timeout=PATIENCE) as s:
        one = f"GET {client.address.path}/Users/nobody HTTP/1.1\r\nHost: x\r\nAuthorization: {good}\r\n\r\n"
        other = f"GET {client.address.path}/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer no\r\nConnection: close\r\n\r\n"
        s.sendall((one + other).encode())
        answer = b""
        while part := s.recv(65536):
            answer += part
    assert answer.count(b"HTTP/1.1 404 ") == 1 and answer.count(b"HTTP/1.1 401 ") == 1, answer
