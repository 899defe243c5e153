#!/usr/bin/python3
"""A SCIM service for the bench alone: as little as is needed, in memory, and each answer so many milliseconds after its request.

    tests/bench/scim_slow.py MILLISECONDS      prints the port of 127.0.0.1 that it listens on

GET /counts says how many requests there were by method, how many were under way at once at most, how many accounts there are, and how
many seconds the requests were really held in all, which is more on a busy machine. The time is that of a network: requests wait beside each other, and those of one connection one behind the other, as HTTP/1.1 has it.
"""

import asyncio
import collections
import json
import re
import sys
from urllib.parse import parse_qs, unquote, urlsplit

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
CONFIG = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"], "patch": {"supported": True},
          "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0}, "filter": {"supported": True, "maxResults": 500},
          "changePassword": {"supported": False}, "sort": {"supported": False}, "etag": {"supported": False},
          "authenticationSchemes": []}
EQUALS = re.compile(r'(\w+) eq "((?:[^"\\]|\\.)*)"')

stores = {"/Users": {}, "/Groups": {}}
by_key = {}  # (path, attribute, value) -> resource
counts = collections.Counter()
under_way = most = held = 0


def created(path, body):
    resource = json.loads(body)
    name = (path, "userName" if path == "/Users" else "displayName", resource.get("userName", resource.get("displayName")))
    if name in by_key:
        return 409, {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "409", "scimType": "uniqueness"}
    resource["id"] = f"{path[1].lower()}{len(stores[path]) + 1}"
    stores[path][resource["id"]] = by_key[name] = resource
    if "externalId" in resource:
        by_key[path, "externalId", resource["externalId"]] = resource
    return 201, resource


def listed(path, query):
    found = list(stores[path].values())
    wanted = EQUALS.fullmatch(query.get("filter", [""])[0])
    if wanted:
        one = by_key.get((path, wanted[1], json.loads(f'"{wanted[2]}"')))
        found = [one] if one else []
    start, count = int(query.get("startIndex", ["1"])[0]), min(int(query.get("count", ["100"])[0]), 500)
    page = found[start - 1:start - 1 + count]
    return 200, {"schemas": [LIST], "totalResults": len(found), "startIndex": start, "itemsPerPage": len(page), "Resources": page}


def answer(method, target, body):
    url = urlsplit(target)
    path = url.path.removeprefix("/scim/v2")
    if path == "/counts":
        return 200, {"POST": 0, "GET": 0, "PATCH": 0, **counts, "most": most, "held": held, "accounts": len(stores["/Users"])}
    counts[method] += 1
    if path == "/ServiceProviderConfig":
        return 200, CONFIG
    if path in stores:
        return created(path, body) if method == "POST" else listed(path, parse_qs(url.query))
    one = stores.get(path[:path.rfind("/")], {}).get(unquote(path.rsplit("/", 1)[1]))
    if one is None:
        return 404, {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "404"}
    return (200, one) if method == "GET" else (204, None)


class Connection(asyncio.Protocol):
    """Requests of one connection one after the other; curl does not pipeline, so there is never a second behind the first."""

    def connection_made(self, transport):
        self.transport, self.received = transport, b""

    def data_received(self, data):
        global under_way, most
        self.received += data
        head, found, rest = self.received.partition(b"\r\n\r\n")
        if not found:
            return
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        n = int(length[1]) if length else 0
        if len(rest) < n:
            return
        self.received = rest[n:]
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
        under_way += 1
        most = max(most, under_way)
        wait = 0 if target == "/counts" else LATENCY
        loop = asyncio.get_running_loop()
        loop.call_later(wait, self.reply, loop.time(), *answer(method, target, rest[:n]))

    def reply(self, began, status, body):
        global under_way, held
        under_way -= 1
        held += asyncio.get_running_loop().time() - began
        text = json.dumps(body).encode() if body is not None else b""
        self.transport.write(b"HTTP/1.1 %d X\r\nContent-Type: application/scim+json\r\nContent-Length: %d\r\n\r\n%b" %
                             (status, len(text), text))


async def main():
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    LATENCY = float(sys.argv[1]) / 1000
    asyncio.run(main())
