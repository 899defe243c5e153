"""The code flow against npm's oidc-provider: discovery, sign-in, tokens, userinfo, and a key that is rolled over."""

import http.cookiejar
import json
import os
import secrets
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parents[2] / "build"
PEER = Path(os.environ.get("DOORWARD_PEERS", BUILD / "peers")) / "oidc"
TOOL = Path(os.environ.get("DOORWARD_TOOLS", BUILD / "tests/tools")) / "oidc"
REDIRECT = "http://127.0.0.1:9/oidc/callback/adfs?a=1"


class Halt(urllib.request.HTTPRedirectHandler):
    """Follows the provider's own redirects, and keeps the one that leads back to us."""

    back = None

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if newurl.startswith(REDIRECT):
            self.back = newurl
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def browse(url):
    """What a browser brings back from the provider, as pairs."""
    halt = Halt()
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies, halt).open(url, timeout=30) as page:
            said = page.read()
    except urllib.error.HTTPError as answer:
        said = answer.read()
        answer.close()
    assert halt.back, said
    return [pair for pair in urllib.parse.parse_qsl(urllib.parse.urlsplit(halt.back).query) if pair[0] != "a"]


class Client:
    """The test tool and the provider behind it."""

    def __init__(self, folder, method, known_secret=None, key_kind=("rsa:2048",)):
        if not shutil.which("node") or not (PEER / "node_modules").is_dir():
            assert not os.environ.get("CI"), "node or build/peers/oidc is missing: make peers"
            pytest.skip("missing: node and npm, or build/peers/oidc; run: sudo sh packaging/deps.sh --test && make peers")
        key, certificate, secret = folder / "key.pem", folder / "certificate.pem", folder / "secret"
        subprocess.run(["openssl", "req", "-x509", "-newkey", *key_kind, "-nodes", "-days", "2", "-subj", "/CN=us",
                        "-keyout", key, "-out", certificate], check=True, capture_output=True)
        with open(key, "ab") as both:
            both.write(certificate.read_bytes())
        secret.write_text(secrets.token_urlsafe(24) + ":%+ /")
        secret.chmod(0o600)
        self.provider = subprocess.Popen(["node", PEER / "server.js", method, known_secret or secret.read_text(), certificate,
                                          REDIRECT], stdout=subprocess.PIPE, text=True)
        self.issuer = f"http://127.0.0.1:{int(self.provider.stdout.readline())}"
        how = ["key", key] if method == "private_key_jwt" else ["secret", secret]
        self.tool = subprocess.Popen([TOOL, self.issuer, "doorward", REDIRECT, *how], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)

    def say(self, line):
        self.tool.stdin.write(line + "\n")
        self.tool.stdin.flush()
        return self.tool.stdout.readline().strip()

    def start(self, email="ann@example.com"):
        return self.say(f"start {email}")

    def finish(self, pairs):
        return json.loads(self.say(json.dumps(pairs)))

    def sign_in(self, email="ann@example.com"):
        return self.finish(browse(self.start(email)))

    def roll(self):
        with urllib.request.urlopen(self.issuer + "/roll", timeout=30):
            pass

    def stop(self):
        self.tool.stdin.close()
        status = self.tool.wait(timeout=30)
        self.tool.stdout.close()
        self.provider.kill()
        self.provider.wait()
        self.provider.stdout.close()
        assert status == 0


@pytest.fixture(name="client")
def client_fixture(tmp_path):
    client = Client(tmp_path, "client_secret_basic")
    yield client
    client.stop()


RSA, EC = ("rsa:2048",), ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")


@pytest.mark.parametrize("method, key_kind", [("client_secret_basic", RSA), ("client_secret_post", RSA), ("private_key_jwt", RSA),
                                              ("private_key_jwt", EC)])
def test_somebody_signs_in(tmp_path, method, key_kind):
    client = Client(tmp_path, method, key_kind=key_kind)
    try:
        assert client.sign_in() == {"issuer": client.issuer, "subject": "ann", "id": "ann", "email": "ann@example.com",
                                    "given": "Ann", "family": "이", "verified": True, "keysets": 1}
    finally:
        client.stop()


def test_a_new_key_is_fetched_once(client):
    assert client.sign_in()["keysets"] == 1
    assert client.sign_in("bob@example.com")["keysets"] == 1
    client.roll()
    found = client.sign_in()
    assert found["subject"] == "ann" and found["keysets"] == 2
    assert client.sign_in()["keysets"] == 2


def test_a_person_may_be_refused(client):
    assert "(it says 'not today')" in client.sign_in("denied@example.com")["fault"]
    assert client.sign_in()["subject"] == "ann"


def test_an_answer_stands_for_one_request_and_once(client):
    first = browse(client.start())
    second = browse(client.start())
    assert "another request" in client.finish(first)["fault"]
    mixed = [(name, "https://evil.example" if name == "iss" else value) for name, value in second]
    assert "is from 'https://evil.example'" in client.finish(mixed)["fault"]
    assert "does not say who it is from" in client.finish([pair for pair in second if pair[0] != "iss"])["fault"]
    assert "more than once" in client.finish(second + [("code", "other")])["fault"]
    assert client.finish(second)["subject"] == "ann"
    assert "does not take the code" in client.finish(second)["fault"]


def test_a_code_of_another_request_is_no_use_without_its_verifier(client):
    stolen = dict(browse(client.start()))["code"]
    ours = [(name, stolen if name == "code" else value) for name, value in browse(client.start())]
    assert "does not take the code" in client.finish(ours)["fault"]


def test_a_wrong_secret_is_said(tmp_path):
    client = Client(tmp_path, "client_secret_basic", known_secret="another-secret-than-ours")
    try:
        assert "it does not know us; compare client-id" in client.sign_in()["fault"]
    finally:
        client.stop()


def test_an_issuer_that_is_not_its_own_is_refused(client, tmp_path):
    wrong = client.issuer.replace("127.0.0.1", "localhost")
    ended = subprocess.run([TOOL, wrong, "doorward", REDIRECT, "secret", tmp_path / "secret"], capture_output=True, text=True,
                           check=False)
    assert ended.returncode != 0 and f"of issuer '{client.issuer}'; write issuer exactly" in ended.stderr
