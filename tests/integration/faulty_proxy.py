"""A proxy between the program and an HTTP service that does to requests what networks and services do.

    proxy = FaultyProxy(port)                       passes everything on
    proxy.be_faulty(share=0.3, hold=1.5, seed=7)    a share of requests goes wrong, by chance
    proxy.stall(after=40)                           as before for 40 requests; of later ones the answer never comes
    proxy.stalled.wait(); proxy.flow(); proxy.stop()

What was done to how many is in proxy.counts.
"""

import collections
import email.utils
import http.client
import random
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Before: the service never saw the request. Otherwise it was carried out, and only the answer is missing.
FAULTS = ("429", "500", "503", "hold", "cut-before", "cut-after", "cut-middle")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):  # pylint: disable=arguments-differ
        pass

    def cut(self):
        """With a reset, as a firewall does it."""
        self.close_connection = True
        try:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.shutdown(socket.SHUT_RD)
        except OSError:
            pass

    def say(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, *headers):
        self.say(status, [("Content-Type", "text/plain"), *headers], b"not now\n")

    def pass_on(self, body):
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.proxy.port, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "host")}
        upstream.request(self.command, self.path, body, headers)
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        kept = [(n, v) for n, v in answer.getheaders() if n.lower() not in ("connection", "keep-alive", "content-length",
                                                                           "transfer-encoding", "date")]
        return answer.status, kept, content

    def handle_any(self):
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = proxy.choose(self.command, self.path)
        try:
            getattr(self, "do_fault_" + fault.replace("-", "_"))(proxy, body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    # --- the faults

    def do_fault_none(self, _proxy, body):
        self.say(*self.pass_on(body))

    def do_fault_429(self, proxy, _body):
        self.refuse(429, ("Retry-After", proxy.retry_after()))

    def do_fault_500(self, _proxy, _body):
        self.refuse(500)

    def do_fault_503(self, _proxy, _body):
        self.refuse(503, ("Retry-After", "0"))

    def do_fault_hold(self, proxy, body):
        answer = self.pass_on(body)
        time.sleep(proxy.hold)
        self.say(*answer)

    def do_fault_cut_before(self, _proxy, _body):
        self.cut()

    def do_fault_cut_after(self, _proxy, body):
        self.pass_on(body)
        self.cut()

    def do_fault_cut_middle(self, _proxy, body):
        status, _headers, content = self.pass_on(body)
        self.wfile.write(f"HTTP/1.1 {status} Cut\r\nContent-Length: {len(content) + 100}\r\n\r\n".encode() + content[:len(content) // 2])
        self.cut()

    def do_fault_stall(self, proxy, body):
        if proxy.carry_out_stalled:
            self.pass_on(body)
        with proxy.lock:
            proxy.stalling -= 1
        proxy.stalled.set()
        proxy.flowing.wait(60)
        self.cut()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A client that was killed is what the cases are about."""


class FaultyProxy:
    def __init__(self, port):
        self.port, self.lock, self.counts = port, threading.Lock(), collections.Counter()
        self.share, self.hold, self.random, self.limit, self.carry_out_stalled = 0, 0, random.Random(0), None, True
        self.stalled, self.flowing, self.stalling, self.requests = threading.Event(), threading.Event(), 0, []
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.proxy = self
        self.url = f"http://127.0.0.1:{self.server.server_port}/scim/v2"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def be_faulty(self, share, hold, seed):
        print(f"faulty proxy: seed {seed}, {share:.0%} of requests")
        self.share, self.hold, self.random = share, hold, random.Random(seed)

    def stall(self, after, carry_out=True):
        self.stalled.clear()
        self.flowing.clear()
        self.limit, self.carry_out_stalled = after, carry_out

    def flow(self):
        """What stalls was carried out by now, or never will be."""
        while self.stalling:
            time.sleep(0.01)
        self.limit = None
        self.flowing.set()

    def retry_after(self):
        """Both forms of RFC 9110 section 10.2.3; mostly none worth waiting for."""
        with self.lock:
            wait = self.random.choice((0, 0, 0, 1))
            return self.random.choice((str(wait), email.utils.formatdate(time.time() + wait, usegmt=True)))

    def choose(self, method, path):
        with self.lock:
            self.requests.append((method, path))
            fault = self.random.choice(FAULTS) if self.random.random() < self.share else "none"
            if self.limit is not None:
                fault = fault if self.limit > 0 else "stall"
                self.limit -= 1
                self.stalling += fault == "stall"
            self.counts[fault] += 1
            return fault

    def stop(self):
        self.flowing.set()
        self.server.shutdown()
        self.server.server_close()
