"""What stands ahead of a SCIM service in real life: something that gives tokens (OAuth 2.0 client credentials) and looks at them, and something that
lets only so many requests through.

    front = ScimFront(port)                          passes everything on, with the service's own token
    front.oauth = {"client": ("id", "secret"), "seconds": 3600, "uses": None}     tokens good for so long, and for so many requests
    front.limit = Limit(requests=20, seconds=0.5, headers="ratelimit")            429 beyond so many in each window
    front.closed_until = time.monotonic() + 1         503 until then
    front.url, front.token_url; front.counts; front.log; front.stop()

It keeps its own clock, and nothing in it decides by chance.
"""

import base64
import collections
import http.client
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote


class Limit:
    """A window that begins with the first request in it. headers: which of the three families says what is left; None: only 429 does,
    and "retry" says with it when to come again."""

    def __init__(self, requests, seconds, headers=None, retry=True):
        self.requests, self.seconds, self.headers, self.retry = requests, seconds, headers, retry
        self.used, self.ends = 0, 0.0

    def take(self):
        """(may it pass, headers of the answer)"""
        now = time.monotonic()
        if now >= self.ends:
            self.used, self.ends = 0, now + self.seconds
        passes = self.used < self.requests
        self.used += passes
        left, seconds = self.requests - self.used, max(1, round(self.ends - now + 0.5))
        said = {"ratelimit": [("RateLimit-Remaining", left), ("RateLimit-Reset", seconds)],
                "structured": [("RateLimit", f'"default";r={left};t={seconds}')],
                "x": [("X-RateLimit-Remaining", left), ("X-RateLimit-Reset", int(time.time()) + seconds)],
                None: []}[self.headers]
        if not passes and self.retry:
            said = said + [("Retry-After", seconds)]
        return passes, said


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):  # pylint: disable=arguments-differ
        pass

    def say(self, status, body=b"", headers=(), kind="application/scim+json"):
        self.send_response(status)
        for name, value in [("Content-Type", kind), *headers]:
            self.send_header(name, str(value))
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, detail, headers=()):
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": detail}
        self.say(status, json.dumps(body).encode(), headers)

    def pass_on(self, body, headers):
        front = self.server.front
        upstream = http.client.HTTPConnection("127.0.0.1", front.port, timeout=60)
        kept = {n: v for n, v in self.headers.items() if n.lower() not in ("connection", "host", "authorization")}
        upstream.request(self.command, self.path, body, {**kept, "Authorization": f"Bearer {front.token}"})
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        self.say(answer.status, content, headers, answer.getheader("Content-Type") or "text/plain")

    def do_token(self, body):
        front = self.server.front
        said = {k: v[0] for k, v in parse_qs(body.decode()).items()}
        scheme, _, pair = self.headers.get("Authorization", "").partition(" ")
        who = (said.get("client_id"), said.get("client_secret"))
        if scheme == "Basic":
            who = tuple(unquote(part) for part in base64.b64decode(pair).decode().split(":", 1))
        front.counts["token"] += 1
        front.log.append({"token": said, "basic": scheme == "Basic"})
        if front.token_status:
            self.say(front.token_status, b"not now", kind="text/plain")
        elif who != front.oauth["client"] or said.get("grant_type") != "client_credentials":
            self.say(401, json.dumps({"error": "invalid_client", "error_description": f"{who[1]} is wrong"}).encode(), kind="application/json")
        else:
            given = front.give()
            answer = {"access_token": given, "token_type": "Bearer"}
            if front.oauth.get("seconds"):
                answer["expires_in"] = front.oauth["seconds"]
            self.say(200, json.dumps(answer).encode(), kind="application/json")

    def handle_any(self):
        front = self.server.front
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with front.lock:
            if self.path == "/token":
                self.do_token(body)
                return
            refused = front.judge(self.headers.get("Authorization", ""))
            passes, headers = front.limit.take() if front.limit and not refused else (True, [])
            closed = time.monotonic() < front.closed_until
            status = refused or (503 if closed else 200 if passes else 429)
            front.counts[status] += 1
        changed = front.changed(self.command, self.path) if status == 200 and front.changed else None
        if changed:
            self.say(*changed)
        elif status == 200 and self.path.removeprefix("/scim/v2").partition("?")[0] in front.hidden:
            self.refuse(404, "there is no such thing")
        elif status == 200:
            self.pass_on(body, headers)
        elif status == 503:
            self.refuse(503, "closed for now", [("Retry-After", 1)] if front.closed_says else [])
        else:
            self.refuse(status, {401: "the token is not valid here", 429: "too many requests"}[status], headers)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any


class ScimFront:
    def __init__(self, port, token):
        self.port, self.token = port, token
        self.lock = threading.Lock()
        self.oauth = self.limit = None
        self.changed = None  # of method and path: another answer, (status, body), in place of the service's
        self.hidden = ()  # paths that are answered with 404
        self.accepts = None  # tokens that are good; None: whatever comes
        self.token_status, self.closed_until, self.closed_says = None, 0.0, True
        self.given, self.counts, self.log = {}, collections.Counter(), []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.front = self
        self.url = f"http://127.0.0.1:{self.server.server_port}/scim/v2"
        self.token_url = f"http://127.0.0.1:{self.server.server_port}/token"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def give(self):
        token = f"given-token-{len(self.given):04d}-of-the-tests"
        self.given[token] = [time.monotonic() + (self.oauth.get("seconds") or 1e9), self.oauth.get("uses") or 1e9]
        return token

    def judge(self, authorization):
        """401, or None."""
        token = authorization.removeprefix("Bearer ")
        if self.accepts is not None and token not in self.accepts:
            return 401
        if self.oauth is None:
            return None
        good = self.given.get(token)
        if not good or time.monotonic() > good[0] or good[1] <= 0:
            return 401
        good[1] -= 1
        return None

    def stop(self):
        if not self.thread.is_alive():
            return
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
