#!/usr/bin/python3
"""The bench of a platform elsewhere: how much longer a first run takes than its requests would, one invitation each.

    tests/bench/platform_bench.py --doorward build/doorward --cache build/bench [--people 10000] [--connections 16] [--latency 20]

scim_slow.py answers each request after the latency. Ideal is people x latency / connections: every connection always waiting, and not one
request more than there are invitations. The wall time is that of the whole command, with reading the directory and planning.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import types
import urllib.request

import bench
import generate

HERE = pathlib.Path(__file__).resolve().parent
LIMIT = 1.3  # times the ideal
BYTES_LIMIT = 1000  # of peak memory for each person more, of which the plan has its part
CONF = """\
[organization]
name = Bench
url = {site}
[domain example.com]
connection = idp
[connection idp]
type = saml
metadata-file = idp/metadata.xml
[directory hq]
type = ldif
file = directory.ldif
[platform vendor]
type = scim
url = http://127.0.0.1:{port}/scim/v2
token-file = token
connections = {connections}
[team design]
directory = hq
platform = vendor
primary-admin = it@example.com
[dns]
resolver = {resolver}
trust-anchor-file = none
"""


class Slow:
    """The service, ended by process id when the block ends."""

    def __init__(self, latency):
        self.latency = latency

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, HERE / "scim_slow.py", str(self.latency)], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        return self

    def counts(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/counts", timeout=30) as answer:
            return json.load(answer)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def write_directory(path, people):
    with open(path, "w", encoding="utf-8") as out:
        out.write(f"dn: {bench.BASE}\nobjectClass: domain\ndc: example\n{generate.entry_uuid('base', 0)}\n")
        for i in range(people):
            generate.write_person(out.write, i)


def first_run(args, folder, people):
    """Wall seconds, peak MB and the service's counts of the apply that invites so many."""
    folder.mkdir()
    write_directory(folder / "directory.ldif", people)
    (folder / "token").write_text("a-token-of-the-bench\n")
    (folder / "token").chmod(0o600)
    with Slow(args.latency) as service:
        bench.DOORWARD_CONF, bench.PRODUCTS = CONF, ""
        bench.prepare(args.doorward, types.SimpleNamespace(port=service.port, connections=args.connections), folder)
        bench.check_run(bench.command_line(args.doorward, folder, folder / "proved", ["plan"]))
        apply = bench.command_line(args.doorward, folder, folder / "proved", ["apply", "--yes"])
        wall, memory = bench.measure(apply, folder / "ours.log")
        counts = service.counts()
    if counts["accounts"] != people:
        raise SystemExit(f"bench: {counts['accounts']} accounts were made, not {people}")
    return wall, memory, counts


def main():
    parser = argparse.ArgumentParser(description="Doorward beside the time that its requests take at least")
    parser.add_argument("--doorward", default="build/doorward", type=bench.os.path.abspath)
    parser.add_argument("--cache", default="build/bench", type=pathlib.Path)
    parser.add_argument("--people", type=int, default=10000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--latency", type=float, default=20, help="milliseconds")
    parser.add_argument("--strict", action="store_true", help="exit status 1 when a figure is over its limit")
    args = parser.parse_args()
    cache = args.cache.absolute()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="run-", dir=cache) as name:
        _, small, _ = first_run(args, pathlib.Path(name) / "small", args.people // 2)
        wall, memory, counts = first_run(args, pathlib.Path(name) / "large", args.people)
    ideal = args.people * args.latency / 1000 / args.connections
    each = max(0, memory - small) * 2**20 / (args.people - args.people // 2)
    over = wall / ideal > LIMIT, each > BYTES_LIMIT
    print(f"{args.people} invitations, {args.latency:.0f} ms each, {args.connections} connections; ! is over the limit")
    bench.print_row("what", "ours", "ideal", "ratio", "limit", "peak memory")
    bench.print_row("first apply", f"{wall:.2f} s", f"{ideal:.2f} s", f"{wall / ideal:.2f}", f"{LIMIT:.1f}",
                    f"{memory:.0f} MB" + (" !" if over[0] else ""))
    print(f"memory: {each:.0f} bytes for each person more, of at most {BYTES_LIMIT}" + (" !" if over[1] else ""))
    print(f"the service really held each for {counts['held'] / sum(counts[m] for m in ('POST', 'GET', 'PATCH')) * 1000:.1f} ms: "
          f"beside that, the ratio is {wall / (counts['held'] / args.connections):.2f}")
    print(f"requests: {counts['POST']} POST, {counts['GET']} GET, {counts['PATCH']} PATCH; at most {counts['most']} at once")
    return 1 if any(over) and args.strict else 0


if __name__ == "__main__":
    sys.exit(main())
