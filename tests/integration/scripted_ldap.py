"""An LDAP server that says what a test tells it to: for answers that a healthy server never gives (RFC 4511 in BER, the few parts needed).

    with ScriptedLdap(lambda request: [entry("cn=a", cn=["a"]), done(51)]) as server:
        server.uri

The function gets a Request for each search and returns the messages to send; None closes the connection.
"""

import socketserver
import threading
from collections import namedtuple

Request = namedtuple("Request", "base attrs controls number")


def ber(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    length = bytes([n]) if n < 128 else bytes([0x80 | (n.bit_length() + 7) // 8]) + n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag]) + length + body


def octets(value, tag=0x04):
    return ber(tag, value if isinstance(value, bytes) else value.encode())


def integer(n, tag=0x02):
    return ber(tag, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def entry(dn, attrs):
    """attrs: {type: [values]}"""
    return ber(0x64, octets(dn), ber(0x30, *(ber(0x30, octets(t), ber(0x31, *map(octets, v))) for t, v in attrs.items())))


def reference(url):
    return ber(0x73, octets(url))


def done(code=0, text="", referral=None):
    return ber(0x65, integer(code, 0x0A), octets(""), octets(text), *([ber(0xA3, octets(referral))] if referral else []))


def parse(data):
    """[(tag, content)] of a run of BER elements."""
    found = []
    while data:
        n, head = data[1], 2
        if n & 0x80:
            head += n & 0x7F
            n = int.from_bytes(data[2:head], "big")
        found.append((data[0], data[head:head + n]))
        data = data[head + n:]
    return found


class ScriptedLdap:
    def __init__(self, answer):
        outer = self
        self.searches = []

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                while (message := self._read()) is not None:
                    (_, number), (tag, body), *controls = parse(message)
                    if tag == 0x60:
                        self._send(number, ber(0x61, integer(0, 0x0A), octets(""), octets("")))
                    elif tag == 0x63 and not self._search(number, parse(body), controls):
                        return
                    elif tag == 0x42:
                        return

            def _search(self, number, parts, controls):
                attrs = [value.decode() for _, value in parse(parts[7][1])]
                request = Request(parts[0][1].decode(), attrs, controls, len(outer.searches))
                outer.searches.append(request)
                messages = answer(request)
                for message in messages or []:
                    self._send(number, message)
                return messages is not None and None not in messages

            def _read(self):
                head = self.rfile.read(2)
                if len(head) < 2:
                    return None
                n = head[1]
                if n & 0x80:
                    n = int.from_bytes(self.rfile.read(n & 0x7F), "big")
                return self.rfile.read(n)

            def _send(self, number, message):
                if message is not None:
                    self.wfile.write(ber(0x30, ber(0x02, number), message) if message[:1] != b"\xff" else message)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.uri = f"ldap://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()
