"""The SCIM connector by itself, against a service that answers what it is told to, and against certificates.

tests/tools/send hands it tasks; what single answers mean is tests/unit/test_scim_platform.c's.
"""

import collections
import email.utils
import hashlib
import json
import os
import socket
import subprocess
import time
from pathlib import Path

import pytest

from scim_service import TOKEN, ScimService
from scripted_scim import Scripted

SEND = Path(os.environ.get("DOORWARD_TOOLS", Path(__file__).resolve().parents[2] / "build/tests/tools")) / "send"
EMPTY = json.dumps({"totalResults": 0, "Resources": []})
ANN = {"user-name": "ann", "email": "ann@example.com"}


class Sender:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.token(TOKEN)

    def token(self, text):
        path = self.folder / "token"
        path.write_text(text)
        path.chmod(0o600)

    def conf(self, url, **settings):
        lines = ["[organization]", "name = Example", "[platform p]", "type = scim", f"url = {url}", "token-file = token"]
        lines += [f"{key.replace('_', '-')} = {value}" for key, value in settings.items()]
        (self.folder / "doorward.conf").write_text("\n".join(lines) + "\n")
        return self.folder / "doorward.conf"

    def start(self, url, **settings):
        return subprocess.Popen([SEND, self.conf(url, **settings), "p"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env={**os.environ, "VERBOSE": "1", "http_proxy": "http://127.0.0.1:1",
                                                                        "https_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"})

    def send(self, url, *tasks, **settings):
        """The answers; and never the token."""
        with self.start(url, **settings) as process:
            out, err = process.communicate(self.line(url, *tasks), timeout=60)
        assert process.returncode == 0, err
        assert TOKEN not in out + err
        answers = [json.loads(line) for line in out.splitlines()]
        return [{**a, **{key: a[key].removeprefix(mark(url)) for key in ("account", "object")}} for a in answers]

    @staticmethod
    def line(url, *tasks):
        """Ids are of this service, unless they say otherwise."""
        def marked(name, value):
            return mark(url) + value if name in ("account", "object") and ":" not in value else value

        return json.dumps([{name: marked(name, value) for name, value in t.items()} for t in tasks]) + "\n"


@pytest.fixture(name="sender")
def sender_fixture(tmp_path):
    return Sender(tmp_path / "sender")


@pytest.fixture(name="script")
def script_fixture():
    """script(answer) -> a server."""
    servers = []

    def start(answer, **can):
        servers.append(Scripted(answer, can))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def mark(url):
    """What the connector puts ahead of ids, so that they are known to be of this service."""
    return hashlib.sha256(url.encode()).hexdigest()[:8] + ":"


def task(op, person="e1", **more):
    return {"op": op, "person": person, **more}


def always(status, headers=None, body=""):
    return lambda request, sent: (status, headers or {}, body)


# --- what stops everything --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer, words", [
    (always(200, {"Content-Type": "text/html"}, "<html>Sign in</html>"), "not SCIM but text/html; check url"),
    (always(302, {"Location": "http://127.0.0.1:1/"}), "redirects elsewhere"),
    (always(401, {}, json.dumps({"detail": f"no token {TOKEN} here"})), f"no token {'*' * len(TOKEN)} here"),
    (always(404, {"Content-Type": "text/html"}, "<html>"), "there is no SCIM service at this address; check url"),
])
def test_stops(sender, script, answer, words):
    """And nothing further is asked, made or taken away; of many tasks only as many as go at once were begun."""
    server = script(answer)
    answers = sender.send(server.url, *(task(op, f"e{i}", attr=ANN) for i in range(10) for op in ("invite", "remove")), connections=2)
    assert {a["verdict"] for a in answers} == {"stop"} and words in answers[0]["why"], answers
    assert server.methods() in (["GET"], ["GET"] * 2)


def test_what_is_gone_at_a_wrong_address_is_not_gone(sender, script):
    server = script(always(404))
    answers = sender.send(server.url, task("remove", account="9"), task("suspend", "e2", account="8"), connections=1)
    assert [a["verdict"] for a in answers] == ["stop", "stop"] and server.methods() == ["DELETE", "GET"]


def test_an_id_of_another_service_is_looked_up(sender, script):
    """What was 8 there can be somebody else here."""
    found = json.dumps({"totalResults": 1, "Resources": [{"id": "9", "externalId": "e1"}]})
    server = script(lambda request, _body: (200, {}, found) if request.command == "GET" else (204, {}, ""))
    [answer] = sender.send(server.url, task("remove", account=mark("https://staging.example.net") + "8"))
    assert answer["verdict"] == "done"
    assert [request[1].rpartition("/")[2] for request in server.requests if request[0] == "DELETE"] == ["9"]


# --- limits -----------------------------------------------------------------------------------------------------------


def test_large_answers(sender, script):
    """One that has to be read is refused; one that says only that it was done may be as long as it likes."""
    server = script(lambda request, _body: (200, {"Content-Type": "application/scim+json"}, b"[" * 3_000_000 if request.command == "GET"
                                            else b" " * 3_000_000))
    answers = sender.send(server.url, task("suspend"), task("suspend", "e2", account="8"))
    assert answers[0]["verdict"] == "skip" and "larger than the limit of 1048576 bytes" in answers[0]["why"]
    assert answers[1]["verdict"] == "done"


def test_headers_without_end(sender, script):
    server = script(always(200, {f"x-{i}": "y" * 1000 for i in range(90)}))
    [answer] = sender.send(server.url, task("suspend", account="8"))
    assert answer["verdict"] == "skip" and "bytes of headers" in answer["why"]


# --- what is tried again ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header, low, high", [
    ("7", 7000, 7000), ("in 600", 1000, 600_000), ("99999999999", 3_600_000, 3_600_000), ("soon", 0, 0), ("-5", 0, 0),
    ("Thu, 01 Jan 1970 00:00:00 GMT", 0, 0),
])
def test_retry_after(sender, script, header, low, high):
    """In seconds, or as a date."""
    if header.startswith("in "):
        header = email.utils.formatdate(time.time() + int(header[3:]), usegmt=True)
    [answer] = sender.send(script(always(429, {"Retry-After": header})).url, task("suspend", account="8"))
    assert answer["verdict"] == "retry" and low <= answer["wait"] <= high


def test_slow(sender, script):
    def answer(_request, _body):
        time.sleep(1)
        return 204, {}, ""

    [result] = sender.send(script(answer).url, task("suspend", account="8"), timeout="200ms")
    assert result["verdict"] == "retry" and "no whole answer in time" in result["why"]


def test_asked_to_wait(sender, script):
    """The rest of what was handed over is not tried meanwhile."""
    server = script(always(429, {"Retry-After": "3"}))
    answers = sender.send(server.url, *(task("suspend", f"e{i}", account=str(i)) for i in range(30)), connections=3)
    assert {(a["verdict"], a["wait"]) for a in answers} == {("retry", 3000)} and len(server.requests) <= 3


def test_silent(sender, script):
    """One that answers nothing costs a few time-outs, not one for each task."""
    def answer(_request, _body):
        time.sleep(2)
        return 204, {}, ""

    server = script(answer)
    answers = sender.send(server.url, *(task("suspend", f"e{i}", account=str(i)) for i in range(64)), timeout="200ms", connections=6)
    assert {a["verdict"] for a in answers} == {"retry"} and len(server.requests) <= 12
    assert "no whole answer in time" in answers[63]["why"] and answers[63]["why"].startswith("not sent, because of another: http")


def test_cut_on_a_kept_connection(sender, script):
    """What may have been carried out is not sent again behind the caller's back."""
    def answer(request, _body):
        if request.path.endswith("/9"):
            request.connection.shutdown(socket.SHUT_RDWR)
        return 204, {}, ""

    server = script(answer)
    answers = sender.send(server.url, task("suspend", "e1", account="8"), task("suspend", "e2", account="9"), connections=1)
    assert [a["verdict"] for a in answers] == ["done", "retry"] and server.methods() == ["PATCH", "PATCH"]


def test_nobody_listens(sender):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    [answer] = sender.send(f"http://127.0.0.1:{port}", task("suspend", account="8"))
    assert answer["verdict"] == "retry" and "cannot connect" in answer["why"]


# --- at once, and one behind the other -----------------------------------------------------------------------------------


@pytest.mark.parametrize("members, requests", [(1, 42), (2, 21), (6, 7), (500, 7)])
def test_at_once(sender, script, members, requests):
    def answer(_request, _body):
        time.sleep(0.03)
        return 204, {}, ""

    server = script(answer)
    tasks = [task("join", f"e{i}", account=str(i), object=str(i % 7), object_uid=f"g{i % 7}", object_name="g") for i in range(42)]
    answers = sender.send(server.url, *tasks, connections=5, members_per_patch=members)
    assert {a["verdict"] for a in answers} == {"done"} and len(server.requests) == requests
    assert 1 < server.most.pop("all") <= 5 and set(server.most.values()) == {1}


def test_a_product_is_made_once(sender, script):
    def answer(request, _body):
        return (201, {}, json.dumps({"id": "7"})) if request.command == "POST" else (200, {}, EMPTY)

    server = script(answer)
    tasks = [task("assign", f"e{i}", account=str(i), object_uid="product:cad", object_name="AutoCAD") for i in range(9)]
    answers = sender.send(server.url, *tasks)
    assert {a["verdict"] for a in answers} == {"done"} and {a["object"] for a in answers} == {"7"}
    assert collections.Counter(server.methods()) == {"GET": 1, "POST": 1, "PATCH": 1}


# --- the token --------------------------------------------------------------------------------------------------------


def test_rotated_token(sender, script):
    server = script(always(204))
    with sender.start(server.url) as process:
        for token in ("first-token", "second-token"):
            sender.token(token)
            process.stdin.write(sender.line(server.url, task("suspend", account="8")))
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["verdict"] == "done"
        (sender.folder / "token").chmod(0o604)
        process.stdin.write(sender.line(server.url, task("suspend", account="8")))
        process.stdin.close()
        answer = json.loads(process.stdout.readline())
        assert answer["verdict"] == "stop" and "others may read" in answer["why"]
    assert [request[2] for request in server.requests] == ["Bearer first-token", "Bearer second-token"]


# --- TLS --------------------------------------------------------------------------------------------------------------


def certificate(folder, name):
    folder.mkdir()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", folder / "key.pem",
                    "-out", folder / "cert.pem"], check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture(name="tls", scope="module")
def tls_fixture(tmp_path_factory):
    cert, key = certificate(tmp_path_factory.mktemp("tls") / "right", "localhost")
    service = ScimService(certificate=cert, key=key)
    service.certificate = cert
    yield service
    service.stop()


def test_http2_with_a_certificate_that_verifies(sender, tls):
    tasks = [task("invite", f"h{i}", attr={"user-name": f"h{i}", "email": f"h{i}@example.com"}) for i in range(20)]
    answers = sender.send(tls.tls_url, *tasks, ca_file=tls.certificate)
    assert {a["verdict"] for a in answers} == {"done"} and tls.active() >= {f"h{i}" for i in range(20)}
    assert tls.get("/versions") == {"2.0": 24}  # three for what it offers, 20 look-ups, and one for all that is made


def test_certificate_of_somebody_else(sender, tls, tmp_path):
    before = tls.get("/versions")
    other, _ = certificate(tmp_path / "other", "localhost")
    for url, settings in ((tls.tls_url, {"ca_file": other}), (tls.tls_url, {}),
                          (tls.tls_url.replace("localhost", "127.0.0.1"), {"ca_file": tls.certificate})):
        answers = sender.send(url, task("invite", attr=ANN), task("invite", "e2", attr=ANN), connections=1, **settings)
        assert [a["verdict"] for a in answers] == ["stop", "stop"]
        assert "certificate does not verify" in answers[0]["why"]
    assert tls.get("/versions") == before
