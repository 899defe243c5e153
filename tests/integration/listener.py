"""An application that hears of ended sessions: what is posted to it is checked with a library that is not ours (PyJWT)."""

import glob
import http.server
import threading
import time
import urllib.parse

import jwt
from cryptography.x509 import load_pem_x509_certificate

from site_fixture import URL

EVENT = "http://schemas.openid.net/event/backchannel-logout"


class Listener:
    """http://127.0.0.1:PORT/backchannel. answer: the status that it gives; 0: it hangs up without one."""

    def __init__(self, site, algorithm="RS256", port=0, client="wiki", issuer=URL):
        self.site, self.algorithm, self.client, self.issuer = site, algorithm, client, issuer
        self.answer, self.location, self.heard, self.tries = 200, None, [], 0
        self.port = port
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/backchannel"

    def start(self):
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """Takes what is posted."""

            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                listener.tries += 1
                if listener.answer == 0:
                    self.close_connection = True
                    return
                if listener.answer < 300:
                    assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
                    listener.heard.append((self.path, body))
                self.send_response(listener.answer)
                if listener.location:
                    self.send_header("Location", listener.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def keys(self):
        """The public keys of this installation, from its state folder."""
        for path in glob.glob(str(self.site.state / f"keys/app-{self.algorithm}-*.pem")):
            text = open(path, "rb").read()
            yield load_pem_x509_certificate(text[text.index(b"-----BEGIN CERTIFICATE"):]).public_key()

    def claims(self, i=0):
        """Of the i-th that was heard, after every check of OpenID Connect Back-Channel Logout 1.0, 2.6."""
        path, body = self.heard[i]
        token, = urllib.parse.parse_qs(body, strict_parsing=True)["logout_token"]
        assert path == "/backchannel" and list(urllib.parse.parse_qs(body)) == ["logout_token"]
        header = jwt.get_unverified_header(token)
        assert header["typ"] == "logout+jwt" and header["alg"] == self.algorithm and header["kid"]
        claims = None
        for key in self.keys():
            try:
                claims = jwt.decode(token, key, algorithms=[self.algorithm], audience=self.client, issuer=self.issuer,
                                    options={"require": ["iss", "aud", "iat", "exp", "jti", "events", "sub", "sid"]})
            except jwt.InvalidSignatureError:
                continue
        assert claims, "signed with a key of ours"
        assert claims["events"] == {EVENT: {}} and "nonce" not in claims
        assert abs(claims["iat"] - time.time()) < 300 and 0 < claims["exp"] - claims["iat"] <= 120
        return claims
