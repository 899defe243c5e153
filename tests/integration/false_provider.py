"""An OpenID provider that lies as it is told to: a good one, but for what a case changes."""

import base64
import hashlib
import json
import secrets
import subprocess
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from oidc_site import make_key
from slapd import entry_uuid

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def changed(base, changes):
    """None takes a member out."""
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


class Key:
    """An RSA key that signs tokens."""

    def __init__(self, folder, kid):
        self.kid, self.path = kid, folder / f"{kid}.pem"
        make_key(self.path)
        modulus = subprocess.run(["openssl", "rsa", "-in", self.path, "-noout", "-modulus"], check=True, capture_output=True, text=True)
        self.n = bytes.fromhex(modulus.stdout.strip().partition("=")[2])

    @property
    def jwk(self):
        return {"kty": "RSA", "kid": self.kid, "use": "sig", "n": b64(self.n), "e": "AQAB"}

    def sign(self, claims, **header):
        head = changed({"alg": "RS256", "kid": self.kid}, header)
        text = b64(json.dumps(head).encode()) + "." + b64(json.dumps(claims).encode())
        if head["alg"] == "none":
            return text + "."
        if head["alg"] == "HS256":  # with what everybody knows
            return text + "." + b64(hashlib.sha256(text.encode() + self.n).digest())
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.path], input=text.encode(), check=True,
                                   capture_output=True)
        return text + "." + b64(signature.stdout)


class FalseProvider:
    """See above. What a case sets: discovery, claims, header, userinfo, tokens (changes), key (another one), delay (seconds)."""

    def __init__(self, folder):
        self.key, self.stranger = Key(folder, "one"), Key(folder, "stranger")
        self.folder, self.keys = folder, [self.key]
        self.asked, self.nonces, self.fetches = [], {}, 0
        self.open = threading.Event()  # the token endpoint answers
        self.be_good()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            """Hands on to the provider."""

            def do_GET(self):
                provider.answer(self, None)

            def do_POST(self):
                provider.answer(self, self.rfile.read(int(self.headers["Content-Length"])).decode())

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def be_good(self):
        self.discovery, self.claims, self.header, self.userinfo, self.tokens, self.signer = {}, {}, {}, {}, {}, self.key
        self.status, self.elsewhere = 200, None
        self.open.set()

    def stop(self):
        self.open.set()
        self.http.shutdown()
        self.http.server_close()

    def connection(self):
        secret = self.folder / "false-secret"
        secret.write_text("s3cret")
        secret.chmod(0o600)
        return {"type": "oidc", "issuer": self.issuer, "client-id": "doorward", "attribute-id": "guid", "client-secret-file": str(secret)}

    # --- what it says

    def describe(self):
        base = {"issuer": self.issuer, "authorization_endpoint": self.issuer + "/authorize", "token_endpoint": self.issuer + "/token",
                "jwks_uri": self.issuer + "/jwks", "userinfo_endpoint": self.issuer + "/me",
                "end_session_endpoint": self.issuer + "/end", "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "authorization_response_iss_parameter_supported": True}
        return changed(base, self.discovery)

    def id_token(self, nonce):
        now = int(time.time())
        base = {"iss": self.issuer, "aud": "doorward", "sub": "s-1", "iat": now, "exp": now + 60, "nonce": nonce, "sid": "there-1",
                "guid": entry_uuid("alice")}
        return self.signer.sign(changed(base, self.claims), **self.header)

    def logout_token(self, header=None, key=None, **changes):
        now = int(time.time())
        base = {"iss": self.issuer, "aud": "doorward", "iat": now, "exp": now + 60, "jti": secrets.token_hex(8), "sid": "there-1",
                "sub": "s-1", "events": {EVENT: {}}}
        return (key or self.key).sign(changed(base, changes), **(header or {"typ": "logout+jwt"}))

    def tell(self, form):
        asked = dict(urllib.parse.parse_qsl(form))
        self.asked.append(asked)
        self.open.wait(60)
        base = {"access_token": "t-1", "token_type": "Bearer", "id_token": self.id_token(self.nonces.get(asked["code"], ""))}
        return changed(base, self.tokens)

    def answer(self, handler, form):
        path = handler.path.partition("?")[0]
        status, body = 200, {}
        if path == "/token":
            body, status = self.tell(form), self.status
        elif path == "/elsewhere":
            body = self.tell(form or "code=")
        elif path == "/jwks":
            self.fetches += 1
            body = {"keys": [key.jwk for key in self.keys]}
        elif path == "/me":
            body = changed({"sub": "s-1", "email": "alice@example.com", "given_name": "Alice", "family_name": "Carter"}, self.userinfo)
        elif path.startswith("/.well-known/"):
            body = self.describe()
        text = json.dumps(body).encode()
        handler.send_response(status)
        if self.elsewhere and status // 100 == 3:
            handler.send_header("Location", self.elsewhere)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    def authorize(self, location, **changes):
        """The address that somebody is sent back to who was sent to location."""
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
        code = secrets.token_hex(8)
        self.nonces[code] = asked["nonce"]
        back = changed({"state": asked["state"], "code": code, "iss": self.issuer}, changes)
        return asked["redirect_uri"] + "?" + urllib.parse.urlencode(back)
