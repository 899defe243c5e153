"""Debian's glewlwyd as an OpenID provider, in a folder of its own."""

import http.cookiejar
import json
import os
import shutil
import sqlite3
import ssl
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from oidc_site import free_port, make_key
from slapd import entry_uuid
from test_serve_process import until

TABLES = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
CONF = """
port={port}
bind_address="127.0.0.1"
external_url="{url}"
login_url="login.html"
api_prefix="api"
static_files_path="/usr/share/glewlwyd/webapp/"
log_mode="console"
log_level="INFO"
cookie_domain="127.0.0.1"
cookie_secure=0
session_expiration=86400
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
user_middleware_module_path="{folder}/none"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
use_secure_connection={tls}
secure_connection_key_file="{folder}/server.pem"
secure_connection_pem_file="{folder}/server.pem"
secure_connection_ca_file="{folder}/clients.pem"
hash_algorithm="SHA512"
database = {{ type = "sqlite3"; path = "{folder}/glewlwyd.db"; }};
"""


# What is kept of a client beyond the usual.
CLIENT = ["client_secret", "token_endpoint_auth_method", "post_logout_redirect_uris", "backchannel_logout_uri",
          "tls_client_auth_subject_dn"]


class Glewlwyd:
    """people: names, whose password is theirs twice. auth: how the one client, doorward, shows who it is."""

    def __init__(self, server, folder, people, auth="client_secret_basic"):
        if not shutil.which("glewlwyd"):
            assert not os.environ.get("CI"), "glewlwyd is missing"
            pytest.skip("missing: glewlwyd; run: sudo sh packaging/deps.sh --test")
        self.folder, self.server, self.auth = folder / "glewlwyd", server, auth
        (self.folder / "none").mkdir(parents=True)
        self.tls = auth.endswith("tls_client_auth")
        self.port = free_port()
        self.url = f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"
        self.issuer = f"{self.url}/api/oidc"
        (self.folder / "secret").write_text("glewlwyd-knows-no-escapes\n")
        (self.folder / "secret").chmod(0o600)
        self.client = make_key(self.folder / "client.pem", name="doorward")
        self.authority = make_key(self.folder / "server.pem", name="localhost")
        self.trust = self.authority if self.tls else None
        (self.folder / "clients.pem").write_bytes(self.client.read_bytes())
        self.conf = self.folder / "glewlwyd.conf"
        self.conf.write_text(CONF.format(port=self.port, url=self.url, folder=self.folder, tls="true" if self.tls else "false"))
        db = sqlite3.connect(self.folder / "glewlwyd.db")
        db.executescript(TABLES.read_text())
        for kind, names in (("user", ["guid"]), ("client", CLIENT)):
            column = f"g{kind[0]}mi_parameters"
            (text,), = db.execute(f"SELECT {column} FROM g_{kind}_module_instance").fetchall()
            parameters = json.loads(text)
            for name in names:
                form = {"multiple": name in ("post_logout_redirect_uris", "token_endpoint_auth_method"), "read": True, "write": True}
                parameters["data-format"].setdefault(name, form)
            db.execute(f"UPDATE g_{kind}_module_instance SET {column} = ?", (json.dumps(parameters),))
        db.commit()
        db.close()
        self.start()
        self.call("POST", "/api/auth/", username="admin", password="password")
        self.keys = 0
        self.call("POST", "/api/mod/plugin/", **self.plugin())
        for scope in ("email", "profile"):
            self.call("POST", "/api/scope/", name=scope, display_name=scope, description=scope, password_required=True,
                      password_max_age=0, scheme={})
        for name in people:
            self.call("POST", "/api/user/", username=name, name=name, email=f"{name}@example.com", password=name + name, enabled=True,
                      scope=["openid", "email", "profile", "g_profile"], guid=entry_uuid(name))
        self.call("POST", "/api/client/", **self.registered())

    def start(self):
        self.log = open(self.folder / "log", "ab")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(["glewlwyd", "-c", self.conf], stdout=self.log, stderr=self.log)
        self.jar = http.cookiejar.CookieJar()
        https = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.trust))
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.jar), https)

        def answers():
            try:
                self.opener.open(self.url + "/config", timeout=10).read()
                return True
            except urllib.error.HTTPError:
                return True
            except OSError:
                return False

        until(answers, lambda: (self.folder / "log").read_text())

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def words(self):
        """The last of what it said."""
        return (self.folder / "log").read_text()[-3000:]

    def call(self, method, path, opener=None, **body):
        request = urllib.request.Request(self.url + path, data=json.dumps(body).encode(), method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            return (opener or self.opener).open(request, timeout=60).read().decode()
        except urllib.error.HTTPError as answer:
            raise AssertionError(f"{method} {path}: {answer.code} {answer.read().decode()}\n{self.words()}") from answer

    def plugin(self):
        """The OpenID part, with a signing key of its own."""
        self.keys += 1
        key = self.folder / f"sign{self.keys}.pem"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        public = subprocess.run(["openssl", "rsa", "-in", key, "-pubout"], check=True, capture_output=True, text=True).stdout
        return {"module": "oidc", "name": "oidc", "display_name": "oidc", "parameters": {
            "iss": self.issuer, "jwt-type": "rsa", "jwt-key-size": "256", "key": key.read_text(), "cert": public,
            "access-token-duration": 600, "refresh-token-duration": 600, "code-duration": 600, "auth-type-code-enabled": True,
            "allow-non-oidc": False, "subject-type": "public", "jwks-show": True, "pkce-allowed": True,
            "session-management-allowed": True, "back-channel-logout-allowed": True, "front-channel-logout-allowed": True,
            "oauth-as-iss-id": True, "session-cookie-name": "GLEWLWYD_OIDC", "session-cookie-expiration": 86400, "client-cert-source": "TLS", "client-cert-use-endpoint-aliases": False,
            "client-cert-self-signed-allowed": True,
            "name-claim": "on-demand", "email-claim": "mandatory", "name-claim-scope": [], "email-claim-scope": [],
            "claims": [{"name": "guid", "user-property": "guid", "type": "string", "on-demand": False, "mandatory": True}]}}

    def registered(self):
        client = {"client_id": "doorward", "name": "doorward", "confidential": True, "enabled": True,
                  "redirect_uri": [self.server.path("callback")], "authorization_type": ["code"], "scope": [],
                  "client_secret": "glewlwyd-knows-no-escapes", "password": "glewlwyd-knows-no-escapes",
                  "token_endpoint_auth_method": [self.auth], "post_logout_redirect_uris": [self.server.path("signedout")],
                  "backchannel_logout_uri": self.server.path("logout")}
        if self.tls:
            client["tls_client_auth_subject_dn"] = "CN=doorward"
        return client

    def connection(self):
        shown = {"client-key-file": str(self.folder / "client.pem"), "client-authentication": "tls_client_auth",
                 "ca-file": str(self.authority)} if self.tls else {"client-secret-file": str(self.folder / "secret")}
        return {"type": "oidc", "issuer": self.issuer, "client-id": "doorward", "attribute-id": "guid", "logout-without-expiry": "yes", **shown}

    def roll(self):
        """Another signing key, as after a restart with another configuration."""
        self.call("POST", "/api/auth/", username="admin", password="password")
        self.call("PUT", "/api/mod/plugin/oidc", **self.plugin())
        self.call("PUT", "/api/mod/plugin/oidc/reset")

    def sign_in(self, browser, name):
        """From our page, as the provider's pages do it by script: who it is, what we are given, and back. The last page."""
        at = browser.ask(browser.begin(f"{name}@example.com")).headers["Location"]
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(at).query))
        self.call("POST", "/api/auth/", browser.opener, username=name, password=name + name)
        self.call("PUT", "/api/auth/grant/doorward", browser.opener, scope="openid email profile")
        return browser.go(asked["callback_url"] + "&g_continue")
