"""A SCIM service behind a real nginx: HTTP/2, its connections that end now and then, and its limit of requests."""

import collections
import os
import shutil
import subprocess
import time

import pytest

from scim_service import TOKEN, ScimService
from slapd import free_port

NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
pytestmark = pytest.mark.skipif(not NGINX, reason="missing: nginx (Debian: nginx-light)")

CONF = """daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 128; }}
http {{
  log_format spoken '$server_protocol $connection $request_method $status';
  access_log {folder}/access.log spoken;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  limit_req_zone $server_name zone=few:1m rate={rate}r/s;
  limit_req_status 429;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    server_name localhost;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    {more}
    location / {{ proxy_pass http://127.0.0.1:{upstream}; }}
  }}
}}
"""


def until(found, what):
    deadline = time.monotonic() + 60
    while not found():
        assert time.monotonic() < deadline, what()
        time.sleep(0.02)


class Nginx:
    """more: lines of the server's block; rate: requests a second that limit_req in them lets through."""

    def __init__(self, folder, upstream, more="", rate=1000):
        folder.mkdir()
        self.folder, port = folder, free_port()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key.pem", "-out",
                        folder / "cert.pem"], check=True, capture_output=True)
        (folder / "nginx.conf").write_text(CONF.format(folder=folder, port=port, upstream=upstream, more=more, rate=rate))
        self.process = subprocess.Popen([NGINX, "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"],
                                        stdin=subprocess.DEVNULL)
        self.url = f"https://localhost:{port}/scim/v2"
        until((folder / "pid").exists, lambda: (folder / "error.log").read_text())

    def log(self):
        """Rows of protocol, connection, method and status."""
        return [line.split() for line in (self.folder / "access.log").read_text().splitlines()]

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


@pytest.fixture(name="service")
def service_fixture():
    service = ScimService()
    yield service
    service.stop()


@pytest.fixture(name="behind")
def behind_fixture(site, service, tmp_path):
    """A function that starts nginx, and has the site write to it."""
    started = []

    def begin(**settings):
        nginx = Nginx(tmp_path / "nginx", service.port, **settings)
        started.append(nginx)
        token = site.folder / "token"
        token.write_text(TOKEN + "\n")
        token.chmod(0o600)
        site.conf["platform builtin"] = {"type": "scim", "url": nginx.url, "token-file": token, "ca-file": nginx.folder / "cert.pem",
                                         "connections": 8, "retry-wait": "100ms", "bulk": "no", "members-per-patch": 1}
        for i in range(80):
            site.org.person(f"p{i:03d}")
        site.org.group("cad", *list(site.org.people)[:20])
        return nginx

    yield begin
    for nginx in started:
        nginx.stop()


def complete(site, service):
    assert service.active() == set(site.org.people) and len(service.users()) == len(site.org.people)
    assert service.groups()["cad"] == site.org.members("cad")
    site.settled()


def test_http2_is_spoken(site, service, behind):
    nginx = behind()
    site.apply()
    complete(site, service)
    rows = nginx.log()
    assert {row[0] for row in rows} == {"HTTP/2.0"} and len(rows) > 100
    in_run = collections.Counter(row[1] for row in rows)
    assert in_run.most_common(1)[0][1] > 90, "all of a run goes through one connection, several at once"


def test_few_streams_and_connections_that_end(site, service, behind):
    nginx = behind(more="http2_max_concurrent_streams 3; keepalive_requests 15;")
    site.apply()
    complete(site, service)
    rows = nginx.log()
    assert {row[0] for row in rows} == {"HTTP/2.0"} and len({row[1] for row in rows}) > 7


def test_a_service_without_http2(site, service, behind):
    nginx = behind()
    conf = nginx.folder / "nginx.conf"
    conf.write_text(conf.read_text().replace("ssl http2", "ssl"))
    nginx.stop()
    (nginx.folder / "pid").unlink(missing_ok=True)
    nginx.process = subprocess.Popen([NGINX, "-p", nginx.folder, "-e", nginx.folder / "error.log", "-c", conf], stdin=subprocess.DEVNULL)
    until((nginx.folder / "pid").exists, lambda: (nginx.folder / "error.log").read_text())
    site.apply()
    complete(site, service)
    assert {row[0] for row in nginx.log()} == {"HTTP/1.1"}


def test_a_limit_that_says_nothing_but_429(site, service, behind):
    """nginx answers HTML, without a word on when to come again."""
    nginx = behind(more="limit_req zone=few burst=5 nodelay;", rate=40)
    site.apply()
    assert service.active() == set(site.org.people) and len(service.users()) == 80
    counts = collections.Counter(row[3] for row in nginx.log())
    assert counts["429"] > 0, counts
    assert counts["429"] < sum(counts.values()) / 2, f"it goes slower: {counts}"
