"""A site whose people sign in through an OpenID provider, the provider, and a browser that goes wherever it is sent."""

import http.cookiejar
import json
import os
import re
import secrets
import shutil
import socket
import ssl
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from signin_site import Answer, NoRedirect, Server
from slapd import entry_uuid

PEER = Path(os.environ.get("DOORWARD_PEERS", Path(__file__).resolve().parents[2] / "build/peers")) / "oidc"
SIGNED_IN = re.compile(r"Signed in as <strong>(.*?)</strong>")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def make_key(path, kind=("rsa:2048",), name="us"):
    """Key and certificate in one file; the certificate alone in the one that comes back."""
    certificate = path.with_suffix(".crt")
    subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", path,
                    "-out", certificate, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + certificate.read_bytes())
    path.chmod(0o600)
    return certificate


class OidcServer(Server):
    """doorward serve, reached by the very address that its configuration names."""

    def __init__(self, site):  # pylint: disable=super-init-not-called
        self.site, self.port = site, free_port()
        site.conf["organization"]["url"] = f"http://127.0.0.1:{self.port}"
        site.conf["serve"] = {"listen": f"127.0.0.1:{self.port}", "status-listen": "127.0.0.1:0"}
        site.conf["sync"]["schedule"] = "none"

    def path(self, what, connection="idp"):
        return f"http://127.0.0.1:{self.port}/oidc/{what}/{connection}"


class NpmProvider:
    """npm's oidc-provider, and us as its client."""

    def __init__(self, server, folder, method="client_secret_basic", known_secret=None):
        if not shutil.which("node") or not (PEER / "node_modules").is_dir():
            assert not os.environ.get("CI"), "node or build/peers/oidc is missing: make peers"
            pytest.skip("missing: node and npm, or build/peers/oidc; run: sudo sh packaging/deps.sh --test && make peers")
        self.folder, self.server, self.method = folder, server, method
        self.secret = folder / "client-secret"
        self.secret.write_text(secrets.token_urlsafe(24) + ":%+ /\nnot the secret\n")
        self.secret.chmod(0o600)
        self.known_secret = known_secret or self.secret.read_text().split("\n", maxsplit=1)[0]
        self.certificate = make_key(folder / "client-key.pem")
        self.options = {"people": {}, "client": {
            "post_logout_redirect_uris": [server.path("signedout")], "backchannel_logout_uri": server.path("logout"),
            "backchannel_logout_session_required": True}}
        self.start()

    def start(self):
        (self.folder / "provider.json").write_text(json.dumps(self.options))
        self.process = subprocess.Popen(["node", PEER / "server.js", self.method, self.known_secret, self.certificate,
                                         self.server.path("callback"), self.folder / "provider.json"],
                                        stdout=subprocess.PIPE, text=True)
        self.options["port"] = int(self.process.stdout.readline())
        self.issuer = f"http://127.0.0.1:{self.options['port']}"

    def person(self, uid, **claims):
        """Known to the provider by the immutable id of the directory's entry."""
        self.options["people"][uid] = {"guid": entry_uuid(uid), **claims}
        (self.folder / "provider.json").write_text(json.dumps(self.options))

    def connection(self):
        shown = {"client-key-file": str(self.folder / "client-key.pem")} if self.method == "private_key_jwt" else {
            "client-secret-file": str(self.secret)}
        return {"type": "oidc", "issuer": self.issuer, "client-id": "doorward", "attribute-id": "guid", **shown}

    def roll(self):
        with urllib.request.urlopen(self.issuer + "/roll", timeout=30):
            pass

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def activate(site, issuer, connection="idp"):
    """As if the connection had been tested and activated."""
    site.sql("UPDATE connection SET entity = ?, state = 'active' WHERE name = ?", issuer, connection)


class Traveller:
    """A browser that follows redirects, step by step: from us to the provider and back."""

    def __init__(self, server, trust=None):
        self.home = f"http://127.0.0.1:{server.port}"
        self.jar = http.cookiejar.CookieJar()
        https = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=trust))
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect, https,
                                                  urllib.request.HTTPCookieProcessor(self.jar))
        self.way = []

    def ask(self, url, form=None, method=None):
        url = urllib.parse.urljoin(self.home, url)
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        self.way.append(url)
        try:
            return Answer(self.opener.open(urllib.request.Request(url, data=data, method=method), timeout=60))
        except urllib.error.HTTPError as answer:
            return Answer(answer)

    def go(self, url, form=None, until=None):
        """The first answer that sends nowhere, or the address that begins with until."""
        answer = self.ask(url, form)
        while answer.status in (302, 303):
            there = urllib.parse.urljoin(self.way[-1], answer.headers["Location"])
            if until and there.startswith(until):
                return there
            answer = self.ask(there)
        return answer

    def begin(self, email="alice@example.com"):
        """Where the provider is asked."""
        answer = self.ask("/signin", {"email": email})
        assert answer.status == 303, answer.body
        return answer.headers["Location"]

    def come_back(self, email="alice@example.com"):
        """The address that the provider sends back to, not gone to yet."""
        back = self.go(self.begin(email), until=self.home + "/oidc/callback/")
        assert isinstance(back, str), back.body
        return back

    def sign_in(self, email="alice@example.com"):
        return self.go("/signin", {"email": email})

    @property
    def name(self):
        page = self.ask("/")
        return SIGNED_IN.search(page.body).group(1) if page.status == 200 else None

    def sign_out(self):
        """The last page of it."""
        return self.go("/signout", self.ask("/").fields)
