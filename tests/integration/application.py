"""Applications around a site: a sign-in server on a known address, people with browsers, and clients not written here."""

import base64
import hashlib
import http.cookiejar
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import pytest

from signin_site import Answer, NoRedirect, Server, answer_to
from site_fixture import URL

BUILD = Path(__file__).resolve().parents[2] / "build"
PEER = Path(os.environ.get("DOORWARD_PEERS", BUILD / "peers")) / "client"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Provider(Server):
    """doorward serve where its url says that it is, so that applications reach it, too."""

    def __init__(self, site):
        self.port = free_port()
        site.conf["organization"]["url"] = f"http://127.0.0.1:{self.port}"
        super().__init__(site)

    def start(self):
        self.site.conf["serve"]["listen"] = f"127.0.0.1:{self.port}"
        super().start()

    def ask(self, path, form=None, headers=None, method=None):
        """Without cookies, as an application asks."""
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        request = urllib.request.Request(self.url + path, data=data, headers=headers or {}, method=method)
        try:
            return Answer(urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect).open(request, timeout=60))
        except urllib.error.HTTPError as answer:
            return Answer(answer)


class Person:
    """A browser that follows redirects, and signs in at the identity provider when it comes there."""

    def __init__(self, provider, uid="alice"):
        self.provider, self.uid = provider, uid
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect,
                                                  urllib.request.HTTPCookieProcessor(self.jar))
        self.opener.addheaders.append(("Accept", "text/html,*/*;q=0.8"))
        self.way, self.requests = [], []

    def ask(self, url, form=None):
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        self.way.append(url)
        try:
            answer = Answer(self.opener.open(urllib.request.Request(url, data=data), timeout=60))
        except urllib.error.HTTPError as fault:
            answer = Answer(fault)
        answer.url = url
        return answer

    def go(self, url, stop=None):
        """The page in the end, or the redirect to an address that begins with stop."""
        answer = self.ask(url)
        for _ in range(20):
            to = answer.headers["Location"]
            if to and stop and to.startswith(stop):
                return answer
            if to and to.startswith(f"{URL}/sso"):
                answer = self.at_idp(to)
            elif to:
                answer = self.ask(urllib.parse.urljoin(answer.url, to))
            elif answer.url.startswith(f"{self.provider.url}/signin?for=") and answer.status == 200:
                answer = self.ask(f"{self.provider.url}/signin", {**answer.fields, "email": f"{self.uid}@example.com"})
            else:
                return answer
        raise AssertionError(self.way)

    def at_idp(self, url, **environment):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
        request = ET.fromstring(zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15))
        self.requests.append(request)
        base = self.provider.url
        response = answer_to(self.provider.site, request.get("ID"), f"{self.uid}@example.com", self.uid, acs=f"{base}/saml/acs/idp",
                             audience=f"{base}/saml/metadata/idp", **environment)
        return self.ask(f"{base}/saml/acs/idp", {"SAMLResponse": base64.b64encode(response.encode()).decode(),
                                                 "RelayState": query["RelayState"][0]})


# --- an application by hand, which may do what no library does -------------------------------------------------------------


def challenge_of(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Hand:
    """Every parameter can be another, left out (None) or there twice (a list)."""

    REDIRECT = "https://hand.example.com/callback?x=1"

    def __init__(self, provider, client_id="hand", secret=None):
        self.provider, self.client_id, self.secret = provider, client_id, secret
        self.verifier = secrets.token_urlsafe(40)

    def url(self, **changes):
        params = {"client_id": self.client_id, "redirect_uri": self.REDIRECT, "response_type": "code", "scope": "openid email",
                  "state": "st ate&", "nonce": "n-1", "code_challenge": challenge_of(self.verifier), "code_challenge_method": "S256",
                  **changes}
        pairs = [(k, v) for k, values in params.items() if values is not None for v in (values if isinstance(values, list) else [values])]
        return f"{self.provider.url}/oauth2/authorize?{urllib.parse.urlencode(pairs)}"

    def back(self, person, **changes):
        """What the person brings back."""
        answer = person.go(self.url(**changes), stop=self.REDIRECT)
        location = answer.headers["Location"]
        assert location and location.startswith(self.REDIRECT), (answer.status, answer.body)
        pairs = urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query)
        assert len({k for k, _ in pairs}) == len(pairs)
        said = dict(pairs)
        assert said.pop("x") == "1" and said["iss"] == self.provider.url
        return said

    def basic(self):
        pair = ":".join(urllib.parse.quote_plus(t) for t in (self.client_id, self.secret))
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def token(self, code=None, headers=None, **changes):
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.REDIRECT, "code_verifier": self.verifier,
                **({} if self.secret else {"client_id": self.client_id}), **changes}
        pairs = [(k, v) for k, values in form.items() if values is not None for v in (values if isinstance(values, list) else [values])]
        return self.provider.ask("/oauth2/token", pairs, headers if headers is not None else self.basic() if self.secret else {})

    def tokens(self, person, **changes):
        answer = self.token(self.back(person, **changes)["code"])
        assert answer.status == 200, (answer.body, self.provider.served.text())
        return json.loads(answer.body)

    def userinfo(self, token):
        return self.provider.ask("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})


# --- npm's openid-client ------------------------------------------------------------------------------------------------------


class Application:
    """The peer, and its section of the configuration."""

    def __init__(self, site, name="app", method="client_secret_basic", algorithm="RS256", pkce=True, key=None, **section):
        if not shutil.which("node") or not (PEER / "node_modules").is_dir():
            assert not os.environ.get("CI"), "node or build/peers/client is missing: make peers"
            pytest.skip("missing: node and npm, or build/peers/client; run: sudo sh packaging/deps.sh --test && make peers")
        self.site, self.name, self.section = site, name, section
        self.client = {"client_id": name, "token_endpoint_auth_method": method, "id_token_signed_response_alg": algorithm}
        self.key, self.pkce, self.process = key, pkce, None
        if method.startswith("client_secret"):
            self.client["client_secret"] = secrets.token_urlsafe(24) + ":%+ /"
            secret = site.folder / f"{name}.secret"
            secret.write_text(self.client["client_secret"] + "\n")
            secret.chmod(0o600)
            section["client-secret-file"] = secret.name
        section["algorithm"] = algorithm

    def start(self, issuer):
        settings = {"client": self.client, "issuer": issuer, "keyFile": str(self.key) if self.key else None, "pkce": self.pkce}
        self.process = subprocess.Popen(["node", PEER / "server.js", json.dumps(settings)], stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        self.site.conf[f"application {self.name}"] = {"redirect-uri": f"{self.url}/callback", **self.section}

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def login(self, person, **params):
        """What the application knows after the person came back."""
        query = urllib.parse.urlencode(params)
        answer = person.go(f"{self.url}/login?{query}")
        assert answer.url.startswith(self.url), (answer.status, answer.body, person.way, person.provider.served.text())
        return json.loads(answer.body)

    def get(self, path):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.url + path, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as fault:
            return json.loads(fault.read())


def code_in(location):
    return re.search(r"[?&]code=([^&]+)", location).group(1)
