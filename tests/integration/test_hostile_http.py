"""What is no honest HTTP: bounded and refused, while others are served, and the sync process does not notice."""

import contextlib
import os
import re
import socket
import ssl
import subprocess
import urllib.parse
import warnings
from pathlib import Path

import pytest

from signin_site import Server
from site_fixture import Site
from test_serve_process import PATIENCE, alive, begins_runs, children, until

PER_ADDRESS = 200  # web.c
HEADERS_MAX = 32768
FORM_MAX = 4096
ACS_MAX = 420000  # a little above
MEMORY_MB = 400  # that the web process may grow by, whatever is sent: bodies of 200 connections, and their headers
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


def resident(pid):
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii")).group(1)) / 1024


class Hostile:
    """A server and ways to be unkind to it."""

    def __init__(self, server, tls=False):
        self.server, self.tls = server, tls
        self.port = urllib.parse.urlsplit(server.url).port
        self.members = server.served.members()
        self.memory = resident(self.members["doorward-web"])

    def connect(self, source="127.0.0.1"):
        s = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE, source_address=(source, 0))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def wrapped(self, s):
        if not self.tls:
            return s
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(s)

    def send(self, data, source="127.0.0.1"):
        """What comes back until the server closes or the first answer is whole; b"" for nothing."""
        with self.connect(source) as s:
            with contextlib.suppress(OSError):
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
            return receive(s, 1)

    def serves(self, source="127.0.0.2"):
        """Others, from elsewhere, are served now, by the processes of before, whose memory is bounded."""
        with self.wrapped(self.connect(source)) as s:
            s.sendall(b"GET /signin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = receive(s)
        assert answer.startswith(b"HTTP/1.1 200 ") and b'name="email"' in answer, answer[:200]
        assert self.server.served.members() == self.members
        assert resident(self.members["doorward-web"]) < self.memory + MEMORY_MB

    def gone(self, sockets):
        for s in sockets:
            s.close()
        until(lambda: self.answers_here(), "a free place")

    def answers_here(self):
        """From the address that was unkind."""
        try:
            with self.wrapped(self.connect()) as s:
                s.sendall(b"GET /style.css HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return receive(s).startswith(b"HTTP/1.1 200 ")
        except (ConnectionError, ssl.SSLError, OSError):
            return False


def receive(s, more=None):
    """Until the end; more: seconds to wait for something behind the first answer."""
    answer = b""
    with contextlib.suppress(ConnectionError, TimeoutError):
        while True:
            data = s.recv(65536)
            if not data:
                break
            answer += data
            if more and b"\r\n\r\n" in answer:
                s.settimeout(more)
    return answer


def status(answer):
    """0: closed without an answer."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0


@pytest.fixture(name="made", scope="module")
def made_fixture(template, tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("hostile") / "site", template)
    site.org.person("alice")
    site.org.group("cad", "alice")
    site.apply()
    server = Server(site)
    yield server
    server.stop()


@pytest.fixture(name="hostile")
def hostile_fixture(made):
    hostile = Hostile(made)
    yield hostile
    hostile.serves()


@pytest.fixture(name="over_tls", scope="module")
def over_tls_fixture(template, tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("hostile-tls") / "site", template)
    site.org.person("alice")
    site.apply()
    certificate, key = site.folder / "tls.crt", site.folder / "tls.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=signin.example.com", "-keyout", key,
                    "-out", certificate], check=True, capture_output=True)
    key.chmod(0o600)
    server = Server(site, **{"certificate-file": str(certificate), "key-file": str(key)})
    yield server
    server.stop()


@pytest.fixture(name="tls")
def tls_fixture(over_tls):
    hostile = Hostile(over_tls, tls=True)
    yield hostile
    hostile.serves()


# --- what cannot be read, or in two ways -----------------------------------------------------------------------------------


def post(headers, body=b"", path="/signin"):
    return f"POST {path} HTTP/1.1\r\nHost: x\r\n{FORM}{headers}\r\n".encode("latin-1") + body


BAD = {
    "no host": b"GET /signin HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /signin HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "no version": b"GET /signin\r\n\r\n",
    "nonsense": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) + b"\r\n\r\n",
    "a preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "two lengths": post("Content-Length: 3\r\nContent-Length: 40\r\n", b"a=b"),
    "the same length twice": post("Content-Length: 3\r\nContent-Length: 3\r\n", b"a=b"),
    "a list of lengths": post("Content-Length: 3, 3\r\n", b"a=b"),
    "length and chunks": post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\nGET /style.css HTTP/1.1\r\nHost: x\r\n\r\n"),
    "chunks and length": post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", b"0\r\n\r\nGET /style.css HTTP/1.1\r\nHost: x\r\n\r\n"),
    "chunks twice": post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    "chunks by another name": post("Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
    "chunks and more": post("Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
    "chunks behind a blank": post("Transfer-Encoding : chunked\r\nContent-Length: 3\r\n", b"0\r\n\r\nGET /style.css HTTP/1.1\r\nHost: x\r\n\r\n"),
    "a negative length": post("Content-Length: -1\r\n", b"a=b"),
    "a length with a sign": post("Content-Length: +3\r\n", b"a=b"),
    "a length in hexadecimal": post("Content-Length: 0x3\r\n", b"a=b"),
    "a length beyond numbers": post("Content-Length: 99999999999999999999\r\n", b"a=b"),
    "an empty length": post("Content-Length: \r\n", b"a=b"),
    "less than its length": post("Content-Length: 30\r\n", b"a=b"),
    "a chunk that is no number": post("Transfer-Encoding: chunked\r\n", b"zz\r\na=b\r\n0\r\n\r\n"),
    "a chunk beyond numbers": post("Transfer-Encoding: chunked\r\n", b"fffffffffffffffffffff\r\na=b\r\n0\r\n\r\n"),
    "a chunk that goes on": post("Transfer-Encoding: chunked\r\n", b"3\r\na=bXX0\r\n\r\n"),
    "an encoded NUL": b"GET /signin%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "an encoded NUL in the query": b"GET /signin?a=%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "half an encoding": b"GET /signin?a=%f HTTP/1.1\r\nHost: x\r\n\r\n",
    "a wrong encoding": b"GET /signin%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    "octets beyond ASCII": b"GET /signin?\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "a control character in the line": b"GET /signin?\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a control character in a header": b"GET /signin HTTP/1.1\r\nHost: x\r\nX-A: \x01\x02\r\n\r\n",
    "a header without a colon": b"GET /signin HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
    "invalid UTF-8 in the path": b"GET /signin%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path that climbs": b"GET /saml/metadata/../../signin HTTP/1.1\r\nHost: x\r\n\r\n",
    "an address of somebody else": b"GET http://evil.example/signin HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "a tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "everything": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "a trace": b"TRACE /signin HTTP/1.1\r\nHost: x\r\nX-Secret: 1\r\n\r\n",
    "a method that is none": b"G\x7fT /signin HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long method": b"G" * 20000 + b" /signin HTTP/1.1\r\nHost: x\r\n\r\n",
    "only blank lines": b"\r\n" * 5000,
    "only line feeds": b"\n" * 100000,
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_what_no_client_sends(hostile, data):
    answer = hostile.send(data)
    assert status(answer) == 0 or 400 <= status(answer) < 600, answer[:200]
    assert b"HTTP/1.1 2" not in answer and b"HTTP/1.1 3" not in answer, "nothing was smuggled behind it"
    assert b"X-Secret" not in answer


def test_fields_of_a_form(hostile):
    """Forms that are no forms lead where every unknown address leads: to the one answer."""
    for body in (b"email=alice@example.com&email=bob@example.com", b"email=%ff%fe@example.com", b"email=a%00b@example.com", b"%%%%=%", b"=&=&=",
                 b"&".join(b"a%d=1" % i for i in range(100)) + b"&email=alice@example.com", b"email=" + b"%0a" * 1000, b"\0\xff\1" * 100):
        answer = hostile.send(post(f"Content-Length: {len(body)}\r\nConnection: close\r\n", body))
        assert status(answer) == 403, (body[:50], answer[:300])
        assert b"Location" not in answer


def test_requests_one_behind_the_other(hostile):
    """Each is answered by itself, in order."""
    one = b"GET /style.css HTTP/1.1\r\nHost: x\r\n\r\n"
    with hostile.connect() as s:
        s.sendall(one * 50 + b"GET /signin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + one)
        answer = receive(s)
    assert answer.count(b"HTTP/1.1 200 OK") == 51 and answer.rstrip().endswith(b"</html>")


# --- too much ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [
    b"GET /" + b"a" * (2 * HEADERS_MAX) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /signin?" + b"a=b&" * HEADERS_MAX + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /signin HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * (2 * HEADERS_MAX) + b"\r\n\r\n",
    b"GET /signin HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 20000 + b"\r\n",
    b"GET /signin HTTP/1.1\r\nHost: x\r\nCookie: " + b"a=b; " * 20000 + b"\r\n\r\n",
    b"GET /signin HTTP/1.1\r\nHost: x\r\nX-A: a\r\n" + b" folded\r\n" * 20000 + b"\r\n",
], ids=["line", "query", "header", "headers", "cookies", "folds"])
def test_headers_that_are_too_long(hostile, data):
    answer = hostile.send(data)
    assert status(answer) in (0, 400, 414, 431, 500, 503) and b"HTTP/1.1 2" not in answer, answer[:200]


@pytest.mark.parametrize("path, most", [("/signin", FORM_MAX), ("/saml/acs/idp", ACS_MAX), ("/nowhere", 0), ("/style.css", 0)])
def test_bodies_beyond_the_limit(hostile, path, most):
    """Refused before they are sent, or cut while they are: never more is taken than the limit and what lies in the sockets' buffers."""
    announced = hostile.send(post(f"Content-Length: {most + 1}\r\n", path=path))
    assert status(announced) == 413
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    sent = 0
    with hostile.connect() as s:
        with contextlib.suppress(ConnectionError, BrokenPipeError):
            s.sendall(post("Transfer-Encoding: chunked\r\n", path=path))
            while sent < 512 * len(chunk):
                s.sendall(chunk)
                sent += len(chunk)
        answer = receive(s) if sent < 512 * len(chunk) else b""
    assert sent < 512 * len(chunk), "it took 32 MB"
    assert b"HTTP/1.1 2" not in answer and b"HTTP/1.1 3" not in answer


# --- too many, too slow ------------------------------------------------------------------------------------------------------


def test_connections_that_say_nothing_or_half(hostile):
    """Three of four places of one address are taken by who never ends a request; one of the others serves it, and everybody else is served."""
    halves = (b"", b"GET", b"GET /signin HTTP/1.1\r\nHost: x\r\nX-A: ", post("Content-Length: 400000\r\n", b"SAMLResponse=", "/saml/acs/idp"),
              post("Transfer-Encoding: chunked\r\n", b"5\r\nemail", "/signin"))
    sockets = [hostile.connect() for _ in range(PER_ADDRESS * 3 // 4)]
    for i, s in enumerate(sockets):
        s.sendall(halves[i % len(halves)])
    for _ in range(5):
        for s in sockets[2::5]:
            s.sendall(b"a")  # slowly on
        hostile.serves()
        assert hostile.answers_here()
    hostile.gone(sockets)


def test_more_connections_than_one_address_gets(hostile):
    sockets = [hostile.connect() for _ in range(PER_ADDRESS + 50)]
    closed = 0
    for s in sockets[PER_ADDRESS:]:
        closed += receive(s) == b""
    assert closed == 50, "the ones too many were closed at once"
    hostile.serves()
    hostile.gone(sockets)


def test_bodies_that_are_held(hostile):
    """Every place of one address holds a body of nearly the limit: memory is bounded, and others are served."""
    body = b"SAMLResponse=" + b"A" * (ACS_MAX - 30000)
    sockets = []
    for _ in range(PER_ADDRESS):
        s = hostile.connect()
        sockets.append(s)
        s.sendall(post(f"Content-Length: {len(body) + 1}\r\n", body, "/saml/acs/idp"))
    hostile.serves()
    hostile.gone(sockets)


def test_who_never_reads(hostile):
    """Asks and asks, and takes no answer: what waits is bounded by the sockets' buffers."""
    sockets = [hostile.connect() for _ in range(20)]
    one = b"GET /signin HTTP/1.1\r\nHost: x\r\n\r\n"
    for s in sockets:
        s.setblocking(False)
        with contextlib.suppress(BlockingIOError, ConnectionError):
            for _ in range(2000):
                s.sendall(one * 10)
    hostile.serves()
    hostile.gone(sockets)


def test_who_leaves_in_the_middle(hostile):
    for data in (b"GET /sig", post("Content-Length: 4000\r\n", b"email="), b"GET /signin HTTP/1.1\r\nHost: x\r\n\r\n"):
        for _ in range(100):
            s = hostile.connect()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # leaves with a reset
            s.sendall(data)
            s.close()
    until(hostile.answers_here, "a free place")


# --- TLS ---------------------------------------------------------------------------------------------------------------------


def hello():
    """The first message of a handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname="signin.example.com").do_handshake()
    return outgoing.read()


def test_no_tls_on_the_port_of_tls(tls):
    for data in (b"GET /signin HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\xff\xff" + os.urandom(70000), os.urandom(100000), hello() + os.urandom(5000),
                 b"\x15\x03\x03\x00\x02\x02\x28", b"\x80\x2e\x01\x00\x02" + bytes(41)):
        answer = tls.send(data)
        assert b"HTTP/1.1 2" not in answer and b'name="email"' not in answer


def test_handshakes_that_are_never_ended(tls):
    first = hello()
    sockets = [tls.connect() for _ in range(PER_ADDRESS * 3 // 4)]
    for i, s in enumerate(sockets):
        s.sendall(first if i % 3 == 0 else first[:20] if i % 3 == 1 else b"")
    for _ in range(3):
        tls.serves()
        assert tls.answers_here()
    tls.gone(sockets)


def test_old_versions_of_tls(tls):
    warnings.simplefilter("ignore", DeprecationWarning)
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        with tls.connect() as s, pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(s)


# --- the other process -------------------------------------------------------------------------------------------------------


@begins_runs
def test_a_run_goes_on_meanwhile(site):
    """A run that waits for its directory lives through a storm of requests, and ends as it would have."""
    site.org.person("alice")
    with socket.socket() as directory:  # accepts and says nothing
        directory.bind(("127.0.0.1", 0))
        directory.listen()
        site.apply()
        site.conf["directory hq"] = {"type": "ldap", "uri": f"ldap://127.0.0.1:{directory.getsockname()[1]}", "base": "dc=example,dc=com"}
        server = Server(site, schedule="5s")
        server.served.says(r"run \d+ begins")
        hostile = Hostile(server)
        run = until(lambda: list(children(hostile.members["doorward-sync"]).values()), "a run")
        sockets = [hostile.connect() for _ in range(PER_ADDRESS)]
        for i, s in enumerate(sockets):
            with contextlib.suppress(ConnectionError, BrokenPipeError):
                s.sendall(list(BAD.values())[i % len(BAD)])
        hostile.serves()
        hostile.gone(sockets)
        assert alive(run[0]) and list(children(hostile.members["doorward-sync"]).values()) == run
        log = server.served.text()
        assert " died" not in log and not re.search("level=error", log), log[-2000:]
        server.stop()
