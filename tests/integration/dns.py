"""Real name servers and a real HTTPS server for tests, on free loopback ports, each in a temporary directory.

    with Knot(path, zones={"example.test": RECORDS}, signed={"example.test"}) as server: server.resolver
    with Blackhole() as server: server.resolver            takes every question and answers none
    with Https(path, names=["example.test"], pages={...}) as server: server.port, server.ca

Servers are ended by the handle of the process that was started.
"""
import http.server
import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time

SOA = "@ 60 IN SOA ns hostmaster 1 3600 900 86400 60\n@ 60 IN NS ns\nns 60 IN A 127.0.0.1\n"
TXT, DNSKEY, SOA_TYPE = 16, 48, 6
READY_SECONDS = 30


def free_port():
    """A port that is free for UDP and TCP alike. Should somebody take it first, the server does not start."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            try:
                tcp.bind(udp.getsockname())
            except OSError:
                continue
            return udp.getsockname()[1]


def ask(port, name, rrtype):
    """(rcode, number of answers) of one question over UDP, or None when nothing came."""
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    packet = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + question + struct.pack(">HH", rrtype, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(1)
        sock.connect(("127.0.0.1", port))
        try:
            sock.send(packet)
            reply = sock.recv(65535)
        except OSError:
            return None
    flags, _, answers = struct.unpack(">HHH", reply[2:8])
    return flags & 15, answers


class Server:
    """A process that ends with the with-block."""

    process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()


class Knot(Server):
    """knotd, authoritative for the zones, signing those in signed. Those in broken are configured and have no file."""

    def __init__(self, path, zones, signed=(), broken=()):
        self.path, self.zones, self.signed = str(path), dict(zones), set(signed)
        os.makedirs(self.path + "/zones", exist_ok=True)
        os.makedirs(self.path + "/keys", exist_ok=True)
        self.port = free_port()
        self.resolver = f"127.0.0.1@{self.port}"
        self.conf = self.path + "/knot.conf"
        self._write_conf(broken)
        for zone in self.signed:
            self._keymgr(zone, "generate", "algorithm=ecdsap256sha256", "ksk=yes", "zsk=yes")
        for zone in self.zones:
            self._write_zone(zone)
        self._start()

    def _write_conf(self, broken):
        rows = [f"server:\n  rundir: {self.path}\n  listen: 127.0.0.1@{self.port}\n  pidfile: {self.path}/knot.pid",
                f"log:\n  - target: {self.path}/knot.log\n    any: info",
                f"database:\n  storage: {self.path}",
                "policy:\n  - id: signed\n    manual: on\n    single-type-signing: on\n    rrsig-lifetime: 14d",
                f"template:\n  - id: default\n    storage: {self.path}/zones\n    zonefile-sync: -1\n"
                "    journal-content: none",
                "zone:"]
        for zone in list(self.zones) + list(broken):
            rows.append(f"  - domain: {zone}\n    file: {zone}.zone")
            if zone in self.signed:
                rows.append("    dnssec-signing: on\n    dnssec-policy: signed")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write("\n".join(rows) + "\n")

    def _write_zone(self, zone):
        with open(f"{self.path}/zones/{zone}.zone", "w", encoding="utf-8") as f:
            f.write(f"$ORIGIN {zone}.\n{SOA}{self.zones[zone]}\n")

    def _keymgr(self, zone, *words):
        done = subprocess.run(["keymgr", "-c", self.conf, zone, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"keymgr {words}: {done.stdout}{done.stderr}")
        return done.stdout

    def _start(self):
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(["knotd", "-c", self.conf], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        end = time.monotonic() + READY_SECONDS
        while not all(self._serves(zone) for zone in self.zones):
            if self.process.poll() is not None or time.monotonic() > end:
                self.__exit__()
                with open(self.path + "/knot.log", encoding="utf-8") as f:
                    raise RuntimeError("knotd does not serve its zones:\n" + f.read())
            time.sleep(0.1)

    def _serves(self, zone):
        found = ask(self.port, zone, DNSKEY if zone in self.signed else SOA_TYPE)
        return found is not None and found[0] == 0 and found[1] > 0

    def ds(self, zone):
        """The zone's DS record of SHA-256, as a line for its parent or for a trust anchor file."""
        line = next(l for l in self._keymgr(zone, "ds").splitlines() if l.split()[-2] == "2")
        name, *rest = line.split()
        return f"{name} 60 IN {' '.join(rest)}"

    def publish_ds(self, parent, child):
        """Puts the child's DS into the signed parent, which signs it anew."""
        self.zones[parent] += self.ds(child) + "\n"
        self._write_zone(parent)
        reload = ["knotc", "-s", self.path + "/knot.sock", "-b", "zone-reload", parent]
        subprocess.run(reload, check=True, capture_output=True)

    def anchor(self, zone, wrong=False):
        """A trust anchor file for the zone; wrong: with a digest that fits no key."""
        line = self.ds(zone)
        if wrong:
            head, digest = line.rsplit(" ", 1)
            line = f"{head} {'0' * len(digest)}"
        name = f"{self.path}/{zone}.{'wrong' if wrong else 'anchor'}"
        with open(name, "w", encoding="utf-8") as f:
            f.write(line + "\n")
        return name


class Blackhole:
    """Listens over UDP and TCP, and never says a word."""

    def __enter__(self):
        while True:
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.tcp = socket.socket()
            self.udp.bind(("127.0.0.1", 0))
            try:
                self.tcp.bind(self.udp.getsockname())
                break
            except OSError:
                self.__exit__()
        self.tcp.listen(8)
        self.port = self.udp.getsockname()[1]
        self.resolver = f"127.0.0.1@{self.port}"
        return self

    def __exit__(self, *_):
        self.udp.close()
        self.tcp.close()


class Https:
    """An HTTPS server with a certificate of its own throw-away authority (self.ca, a PEM file).

    pages: path -> (status, headers, body). It listens on 127.0.0.1 whatever the names in its certificate.
    """

    def __init__(self, path, names, pages):
        self.path, self.pages = str(path), dict(pages)
        os.makedirs(self.path, exist_ok=True)
        self.ca, self.requests = self.path + "/ca.pem", []
        self._make_certificate(names)

    def _openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.path, check=True, capture_output=True)

    def _make_certificate(self, names):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        self._openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
                      "-subj", "/CN=Throw-away CA", "-addext", "basicConstraints=critical,CA:TRUE",
                      "-addext", "keyUsage=critical,keyCertSign")
        self._openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", f"/CN={names[0]}")
        with open(self.path + "/san.cnf", "w", encoding="utf-8") as f:
            f.write("subjectAltName=" + ",".join("DNS:" + name for name in names) + "\n")
        self._openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                      "-days", "2", "-extfile", "san.cnf", "-out", "server.pem")

    def __enter__(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                outer.requests.append((self.path, dict(self.headers)))
                status, headers, body = outer.pages.get(self.path, (404, {}, b"not here\n"))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in headers and headers.get("X-Length") != "hidden":
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass  # the client has seen enough

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path + "/server.pem", self.path + "/server.key")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # clients that do not like the certificate
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def have(*programs):
    return all(shutil.which(p) or shutil.which(p, path="/usr/sbin:/sbin") for p in programs)
