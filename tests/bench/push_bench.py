#!/usr/bin/python3
"""The SCIM service as clients reach it: "doorward serve" over loopback, on what scim_service_bench left behind.

    tests/bench/push_bench.py --doorward build/doorward --programs build/tests --pushed build/bench/pushed

Requests a second of several connections at once, and the slowest of a hundred: creations and PATCHes, each of which is on the disk before it is
answered, beside the transactions that SQLite commits a second on the same disk by one writer; reads by filter; one member of the large group.
"""

import argparse
import json
import os
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "integration"))

from signin_bench import commits, load, resident, say  # noqa: E402  pylint: disable=wrong-import-position

CONNECTIONS = 8
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
# At least so many times what one writer commits: several share a transaction. Well below what this gives on a machine with neighbours.
WRITE_LIMIT = 0.3
READ_LIMIT = 1000  # a second; Entra ID wants 25


def request(client, what, body=None):
    method, path = what.split(" ", 1)
    raw = json.dumps(body).encode() if body is not None else b""
    head = [f"{method} {client.address.path}{path} HTTP/1.1", f"Host: {client.address.netloc}",
            f"Authorization: {client.headers['Authorization']}", "Content-Type: application/scim+json", f"Content-Length: {len(raw)}"]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + raw


def patch(op, member):
    return {"schemas": [PATCH], "Operations": [{"op": op, "path": "members", "value": [{"value": member}]}]}


def user(i):
    return {"schemas": [USER], "userName": f"http{i}@example.com", "displayName": f"Person {i}", "active": True,
            "emails": [{"value": f"http{i}@example.com", "type": "work", "primary": True}], "name": {"givenName": "P", "familyName": str(i)}}


def figures(args, site, folder):
    client = site.client()
    large = client.send("GET /Groups?excludedAttributes=members&filter=displayName%20eq%20%22large%22").body["Resources"][0]["id"]
    total = client.send("GET /Users?count=1&attributes=id").body["totalResults"]
    ids = [u["id"] for u in client.send(f"GET /Users?count=1000&startIndex={total - 2000}&attributes=id").body["Resources"]]
    names = [f"user{(i * 7919) % 100000}%40example.com" for i in range(10000)]
    writer = commits(folder)
    missed = False
    for name, requests, status, limit, peer in [
            ("users made", [request(client, "POST /Users", user(i)) for i in range(3000)], 201, WRITE_LIMIT * writer, writer),
            ("read by filter: userName", [request(client, f"GET /Users?filter=userName%20eq%20%22{n}%22") for n in names], 200, READ_LIMIT, None),
            ("members added to the large group", [request(client, f"PATCH /Groups/{large}", patch("add", i)) for i in ids], 204, WRITE_LIMIT * writer,
             writer),
            ("members removed from it", [request(client, f"PATCH /Groups/{large}", patch("remove", i)) for i in ids], 204, WRITE_LIMIT * writer,
             writer)]:
        done = load(args.programs, client.address.port, requests, CONNECTIONS)
        assert set(done.status) == {status}, (name, set(done.status))
        rate = len(requests) / done.seconds
        missed |= say(name, f"{rate:.0f} /s", f"{peer:.0f} commits/s" if peer else "", rate / peer if peer else None,
                      f">={WRITE_LIMIT}" if peer else f">={READ_LIMIT}", rate >= limit, f"p99 {done.quantile(0.99):.1f} ms")
    say("memory of the web process", f"{resident(site.server.served.members()['doorward-web']):.0f} MB")
    client.close()
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("doorward", "programs", "pushed"):
        parser.add_argument(f"--{name}", type=lambda p: pathlib.Path(p).resolve(), required=True)
    parser.add_argument("--strict", action="store_true")
    args = parser.parse_args()
    os.environ["DOORWARD"] = str(args.doorward)
    from scim_push_site import PushSite  # pylint: disable=import-outside-toplevel  # it reads DOORWARD
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)

        def prepare(site):
            site.state.mkdir(mode=0o700)
            shutil.copy(args.pushed / "push.db", site.state / "push.db")

        site = PushSite(folder / "site", None, resolver="127.0.0.1@1", prepare=prepare)
        try:
            missed = figures(args, site, folder)
        finally:
            site.stop()
    return 1 if missed and args.strict else 0


if __name__ == "__main__":
    sys.exit(main())
