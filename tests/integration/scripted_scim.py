"""A service on a free loopback port that answers what it is told to, and notes what it is asked."""

import collections
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OFFERED = ("/ServiceProviderConfig", "/ResourceTypes", "/Schemas")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):  # pylint: disable=arguments-differ
        pass

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        scripted = self.server.scripted
        if scripted.can is not None and self.path.removeprefix("/scim/v2") in OFFERED:
            self.say(*scripted.offer(self.path.removeprefix("/scim/v2")))
            return
        scripted.note(self, body)
        status, headers, content = scripted.answer(self, body)
        scripted.forget(self)
        self.say(status, headers, content)

    def say(self, status, headers, content):
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        content = content.encode() if isinstance(content, str) else content
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Clients that let go early are what some cases are about."""


class Scripted:
    """answer(request, body) -> (status, headers, body)

    can: what it offers, beside PATCH and filters, is neither noted nor asked of answer: {"bulk": {"supported": True}}; {}: it does not say.
    """

    def __init__(self, answer, can=None):
        self.can = can
        self.answer, self.requests, self.lock = answer, [], threading.Lock()
        self.now, self.most = collections.Counter(), collections.Counter()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.scripted = self
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/scim/v2"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def offer(self, path):
        if path != "/ServiceProviderConfig" or not self.can:
            return 404, {}, ""
        config = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]}
        for name in ("patch", "bulk", "filter", "changePassword", "sort", "etag"):
            config[name] = {"supported": name in ("patch", "filter"), "maxOperations": 0, "maxPayloadSize": 0, "maxResults": 1000,
                            **self.can.get(name, {})}
        return 200, {"Content-Type": "application/scim+json"}, json.dumps(config)

    def count(self, path, by):
        for key in ("all", path):
            self.now[key] += by
            self.most[key] = max(self.most[key], self.now[key])

    def note(self, request, body):
        with self.lock:
            self.requests.append((request.command, request.path, request.headers.get("Authorization"), body))
            self.count(request.path, 1)

    def forget(self, request):
        with self.lock:
            self.count(request.path, -1)

    def methods(self):
        return [request[0] for request in self.requests]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
