#!/usr/bin/python3
"""The bench: what Doorward adds to what reading the directory costs anyhow.

    tests/bench/bench.py --doorward build/doorward --cache build/bench [--rounds 5] [--people 100000 …]

A throw-away slapd on a free loopback port serves a generated directory, loaded once and kept in the cache. Each
command of COMMANDS is run alternately with ldapsearch -LLL of the same entries and attributes to /dev/null (of one
entry where the command is about one person), so that both see the same machine; the medians of wall time are compared. Peak memory is the kernel's figure for the
process (wait4). Absolute figures do not travel, ratios do.

A plan that removes two of five people, because their unit was moved out of the base, is compared with our own plan that
finds nothing to do.

Exit status 1: something failed, or with --strict a figure is over its limit.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
BASE = "dc=example,dc=com"
BENCH_DN = f"cn=bench,{BASE}"
# What the ldap connector asks for with this configuration: keep the two the same, or the peer is not one.
FILTER = "(|(objectClass=inetOrgPerson)(objectClass=groupOfNames))"
ATTRIBUTES = (
    "objectClass entryUUID uid mail givenName sn displayName cn employeeNumber title ou preferredLanguage "
    "employeeType member"
).split()

SLAPD_CONF = """\
include {schema}/core.schema
include {schema}/cosine.schema
include {schema}/inetorgperson.schema
modulepath {modules}
moduleload back_mdb
pidfile {run}/slapd.pid
loglevel none
sizelimit unlimited
timelimit unlimited
tool-threads 2
sortvals member
database mdb
suffix "{base}"
rootdn "{bench_dn}"
{rootpw}
directory "{db}"
maxsize 4294967296
index objectClass,entryUUID eq
index uid,mail,member eq
"""


class Command:
    """A row of the table. argv is completed with the configuration and the state it begins with: "proved", "planned"
    (after a first plan) or "applied" (after an apply). limit: times ldapsearch's wall time; memory: MB at the peak, or
    None. one: the filter of the one entry that the command tells of; it only reads, and both are short, so they are run
    many times."""

    def __init__(self, what, argv, state, limit, memory, one=None):
        self.what, self.argv, self.state, self.limit, self.memory, self.one = what, argv, state, limit, memory, one


COMMANDS = [
    Command("plan, nothing to do", ["plan"], "applied", 1.5, 64),
    Command("first plan", ["plan"], "proved", 4.0, None),
    Command("first apply", ["apply", "--yes"], "planned", 4.0, None),
    Command("explain, by e-mail", ["explain", "{mail}"], "applied", 3.0, None, "(mail={mail})"),
    Command("explain, by user name", ["explain", "{uid}"], "applied", 3.0, None, "(uid={uid})"),
    Command("explain, by DN", ["explain", "uid={uid},ou=People," + BASE], "applied", 3.0, None, "(uid={uid})"),
]


ROUNDS_OF_ONE = 21  # where one entry is read: some 10 ms each, and a neighbour's load shows
# Of the wall time of a first apply on the roster: to write the journal, to vouch for the run, and of the commits as large a part as the journal
# has of what the apply adds to the file.
JOURNAL_LIMIT = 0.25
JOURNAL_LINE = re.compile(r"run \d+: [\d.]+ s, of these ([\d.]+) s to write the journal, ([\d.]+) s to commit; ([\d.]+) s to vouch")

ENTITY = "https://idp.example.com/metadata"
SITE = "https://signin.example.com"
DOORWARD_CONF = """\
[organization]
name = Bench
url = {site}
[domain example.com]
connection = idp
[connection idp]
type = saml
metadata-file = idp/metadata.xml
[directory hq]
type = ldap
uri = {uri}
base = {base}
person-base = ou=People,{base}
group-base = ou=Groups,{base}
bind-dn = {bind_dn}
bind-password-file = {password_file}
flavour = openldap
[platform builtin]
type = roster
[team design]
directory = hq
platform = builtin
primary-admin = it@example.com
[dns]
resolver = {resolver}
trust-anchor-file = none
"""
# The ten largest groups, so that most memberships that can matter do.
PRODUCTS = "".join(
    f"[product p{i}]\nteam = design\nname = Product {i}\ngroup = cn=Group {i:04d},ou=Groups,{BASE}\n" for i in range(10)
)


def prepare(doorward, server, folder):
    """Writes folder/doorward.conf for this server, and brings folder/proved into the state in which a first plan
    is let through: the domain proved, the connection tested and active, sync enabled for the team."""
    root = HERE.parent.parent
    dns = [str(root / "tests/tools/loopback-dns.sh"), str(folder / "dns")]
    check_run([str(root / "certs/make-idp.sh"), str(folder / "idp"), ENTITY, "https://idp.example.com/sso"])
    resolver = check_run([*dns, "start"]).strip()
    try:
        conf = DOORWARD_CONF.format(site=SITE, base=BASE, resolver=resolver, **vars(server))
        (folder / "doorward.conf").write_text(conf + PRODUCTS)
        (folder / "proved").mkdir(mode=0o700)

        def doorward_does(*argv):
            return check_run(command_line(doorward, folder, folder / "proved", argv))

        value = json.loads(doorward_does("domain", "challenge", "example.com", "--json"))["value"]
        check_run([*dns, "txt", "_doorward-challenge.example.com", value])
        doorward_does("domain", "verify")
        who = ["p000000@example.com", "Given", "Family", "00000000-0000-0000-0000-000000000001"]
        to = [f"{SITE}/saml/acs/idp", f"{SITE}/saml/metadata/idp"]
        response = check_run([str(root / "certs/sign-response.sh"), str(folder / "idp"), ENTITY, *to, *who])
        (folder / "response.xml").write_text(response)
        doorward_does("sso", "test", "idp", "--response", str(folder / "response.xml"))
        doorward_does("sso", "activate", "idp")
        doorward_does("sync", "enable", "design")
    finally:
        check_run([*dns, "stop"])


def command_line(doorward, folder, state, argv):
    return [doorward, "-c", str(folder / "doorward.conf"), "--state", str(state), *argv]


# --- the directory --------------------------------------------------------------------------------------------------


def first_existing(*paths):
    for path in paths:
        if os.path.isdir(path):
            return path
    raise SystemExit(f"bench: none of {', '.join(paths)} is there; sudo sh packaging/deps.sh --test")


def slapd_program(folder):
    """Ubuntu's AppArmor profile binds the installed path to the system's own database; a copy elsewhere is free of
    it."""
    program = shutil.which("slapd") or "/usr/sbin/slapd"
    if not os.path.exists("/etc/apparmor.d/usr.sbin.slapd"):
        return program
    return shutil.copy(program, folder / "slapd")


def write_slapd_conf(path, run, db, password=None):
    text = SLAPD_CONF.format(
        schema=first_existing("/etc/ldap/schema", "/etc/openldap/schema"),
        modules=first_existing("/usr/lib/ldap", "/usr/lib64/openldap"),
        run=run,
        db=db,
        base=BASE,
        bench_dn=BENCH_DN,
        rootpw=f"rootpw {password}" if password else "",
    )
    path.write_text(text)
    path.chmod(0o600)


def load_directory(cache, size_args):
    """Returns the folder of the loaded database; loads it when this very directory is not in the cache yet."""
    recipe = (HERE / "generate.py").read_bytes() + SLAPD_CONF.encode() + " ".join(size_args).encode()
    db = cache / f"db-{hashlib.sha256(recipe).hexdigest()[:16]}"
    if db.is_dir():
        return db
    for old in cache.glob("db-*"):
        shutil.rmtree(old)
    loading = cache / "loading"
    shutil.rmtree(loading, ignore_errors=True)
    loading.mkdir(parents=True)
    conf = cache / "slapadd.conf"
    write_slapd_conf(conf, loading, loading)
    start = time.monotonic()
    with subprocess.Popen([sys.executable, HERE / "generate.py", *size_args], stdout=subprocess.PIPE) as generate:
        slapd = slapd_program(cache)
        subprocess.run([slapd, "-T", "add", "-q", "-f", conf], stdin=generate.stdout, check=True)
    if generate.returncode:
        raise SystemExit("bench: generate.py failed")
    loading.rename(db)
    print(f"bench: directory loaded in {time.monotonic() - start:.1f} s", file=sys.stderr)
    return db


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Slapd:
    """A server of its own for this run, ended by process id when the block ends."""

    def __init__(self, folder, db):
        self.folder, self.db = folder, db
        self.bind_dn = BENCH_DN
        self.password_file = folder / "password"

    def __enter__(self):
        password = secrets.token_urlsafe(24)
        self.password_file.write_text(password)
        self.password_file.chmod(0o600)
        conf = self.folder / "slapd.conf"
        write_slapd_conf(conf, self.folder, self.db, password)
        port = free_port()
        self.uri = f"ldap://127.0.0.1:{port}"
        log = open(self.folder / "slapd.log", "wb")
        argv = [slapd_program(self.folder), "-d", "0", "-h", self.uri + "/", "-f", str(conf)]
        self.process = subprocess.Popen(argv, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    return self
            time.sleep(0.05)
        self.__exit__()
        raise SystemExit(f"bench: slapd did not start: {(self.folder / 'slapd.log').read_text(errors='replace')}")

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()

    def ldapsearch(self, which=FILTER):
        login = ["-x", "-H", self.uri, "-D", self.bind_dn, "-y", str(self.password_file)]
        return ["ldapsearch", "-LLL", "-o", "nettimeout=30", *login, "-b", BASE, which, *ATTRIBUTES]


# --- measuring ------------------------------------------------------------------------------------------------------


def check_run(argv, ok=(0,)):
    """For commands that are not measured: their output's first 64 KB. Not more, because of what measure says about
    size."""
    with tempfile.TemporaryFile() as output:
        code = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False).returncode
        output.seek(0)
        text = output.read(65536).decode(errors="replace")
    if code not in ok:
        raise SystemExit(f"bench: {' '.join(map(str, argv))}: exit status {code}\n{text[-2000:]}")
    return text


def measure(argv, log, ok=(0,)):
    """Wall seconds and peak MB of one run, with its output thrown away. A failing command ends the bench.

    A spawned process inherits this one's peak until it executes, so that nothing below this program's own size can
    be seen (17 MB): it must stay small, and what commands print goes to files."""
    devnull = os.open(os.devnull, os.O_RDWR)
    errors = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    actions = [(os.POSIX_SPAWN_DUP2, devnull, 0), (os.POSIX_SPAWN_DUP2, devnull, 1), (os.POSIX_SPAWN_DUP2, errors, 2)]
    start = time.monotonic()
    pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - start
    os.close(devnull)
    os.close(errors)
    code = os.waitstatus_to_exitcode(status)
    if code not in ok:
        text = pathlib.Path(log).read_text(errors="replace")[-2000:]
        raise SystemExit(f"bench: {' '.join(argv)}: exit status {code}\n{text}")
    return wall, usage.ru_maxrss / 1024


def fresh_copy(template, place):
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(template, place)
    return place


def compare(command, doorward, folder, server, rounds):
    """One row: alternately ours and the peer's, ours beginning each time from the same state."""
    ours, peer = [], []
    for _ in range(max(rounds, ROUNDS_OF_ONE) if command.one else rounds):
        state = folder / command.state if command.one else fresh_copy(folder / command.state, folder / "state")
        peer.append(measure(server.ldapsearch(command.one or FILTER), folder / "peer.log"))
        ours.append(measure(command_line(doorward, folder, state, command.argv), folder / "ours.log"))
    return [statistics.median(column) for runs in (ours, peer) for column in zip(*runs)]


def pages(state):
    """(bytes of the journal, of the whole database)"""
    sizes = "SELECT coalesce(sum(CASE WHEN name = 'run_change' THEN pgsize END), 0), sum(pgsize) FROM dbstat"
    return [int(n) for n in check_run(["sqlite3", "-readonly", str(state / "doorward.db"), sizes]).split("|")]


def journalling(doorward, folder, rounds):
    """Seconds that the journal costs an apply, and of the whole apply; as the program measures itself."""
    costs = []
    before = pages(folder / "planned")
    for _ in range(rounds):
        state = fresh_copy(folder / "planned", folder / "state")
        wall, _ = measure(command_line(doorward, folder, state, ["apply", "--yes", "-v"]), folder / "ours.log")
        found = JOURNAL_LINE.search((folder / "ours.log").read_text())
        if not found:
            raise SystemExit("bench: apply -v does not say what the journal cost")
        write, commit, vouch = map(float, found.groups())
        journal, whole = (after - was for after, was in zip(pages(state), before))
        costs.append((write + vouch + commit * journal / whole, wall))
    return [statistics.median(column) for column in zip(*costs)]


def about(command, person):
    """The command for this person, who has the same place in each of the bench's directories."""
    uid = f"p{person:06d}"
    words = {"uid": uid, "mail": f"{uid}@example.com"}
    argv = [word.format(**words) for word in command.argv]
    one = command.one and command.one.format(**words)
    return Command(command.what, argv, command.state, command.limit, command.memory, one)


# --- a plan that takes away ------------------------------------------------------------------------------------------

REMOVAL_LIMIT = 1.5  # times our own plan with nothing to do
UNIT, HOME, AWAY = "ou=Design", f"ou=People,{BASE}", f"ou=Archive,{BASE}"


def move_unit(server, above, to, ok=(0,)):
    login = ["-x", "-H", server.uri, "-D", server.bind_dn, "-y", str(server.password_file)]
    check_run(["ldapmodrdn", *login, "-r", "-s", to, f"{UNIT},{above}", UNIT], ok)


def compare_removal(doorward, folder, server, rounds):
    """Alternately with the unit in its place and away; the guard holds what is planned, so the status is 4."""
    quiet, removing = [], []
    for _ in range(rounds):
        state = fresh_copy(folder / "applied", folder / "state")
        quiet.append(measure(command_line(doorward, folder, state, ["plan"]), folder / "ours.log"))
        state = fresh_copy(folder / "applied", folder / "state")
        move_unit(server, HOME, AWAY)
        try:
            removing.append(measure(command_line(doorward, folder, state, ["plan"]), folder / "ours.log", ok=(4,)))
        finally:
            move_unit(server, AWAY, HOME)
    return [statistics.median(column) for runs in (removing, quiet) for column in zip(*runs)]


def print_removal(people, result):
    """Returns whether it is over its limit."""
    ours, ours_mb, quiet, _ = result
    over = ours / quiet > REMOVAL_LIMIT
    what = f"plan removing {people * 2 // 5}"
    memory = f"{ours_mb:.0f} MB" + (" !" if over else "")
    print_row(what, f"{ours:.2f} s", f"{quiet:.2f} s *", f"{ours / quiet:.2f}", f"{REMOVAL_LIMIT:.1f}", memory)
    return over


def check_peer(server, people, groups):
    """Counts once what the peer reads, which also brings the database into memory. Line by line: see measure on
    this program's size."""
    with subprocess.Popen(server.ldapsearch(), stdout=subprocess.PIPE) as search:
        found = sum(line.startswith(b"entryUUID: ") for line in search.stdout)
    if found != people + groups:
        raise SystemExit(f"bench: ldapsearch read {found} entries, not {people + groups}")


def print_row(what, ours, peer, ratio, limit, memory):
    print(f"{what:<24}{ours:>10}{peer:>14}{ratio:>9}{limit:>9}{memory:>18}")


def seconds(wall):
    return f"{wall:.2f} s" if wall >= 0.1 else f"{wall * 1000:.1f} ms"


def print_comparison(command, result):
    """Returns whether a figure is over its limit."""
    ours, ours_mb, peer, _ = result
    ratio = ours / peer
    allowed = f" of {command.memory}" if command.memory else ""
    over = ratio > command.limit or bool(command.memory and ours_mb > command.memory)
    print_row(
        command.what,
        seconds(ours),
        seconds(peer),
        f"{ratio:.2f}",
        f"{command.limit:.1f}",
        f"{ours_mb:.0f}{allowed} MB" + (" !" if over else ""),
    )
    return over


def bench(args, server, folder):
    move_unit(server, AWAY, HOME, ok=(0, 32))  # left there by a bench that was killed
    check_peer(server, args.people, args.groups)
    runs = [measure(server.ldapsearch(), folder / "peer.log") for _ in range(args.rounds)]
    wall, memory = (statistics.median(column) for column in zip(*runs))
    entries = args.people + args.groups
    print(
        f"{args.people} people, {args.groups} groups, {args.memberships} memberships; medians of {args.rounds} runs; "
        "! is over the limit"
    )
    print_row("what", "ours", "ldapsearch", "ratio", "limit", "peak memory")
    _, floor = measure(["true"], folder / "peer.log")
    print_row("(ldapsearch alone)", "", f"{wall:.2f} s", "", "", f"{memory:.0f} MB")

    prepare(args.doorward, server, folder)
    for before, state, argv in (("proved", "planned", ["plan"]), ("planned", "applied", ["apply", "--yes"])):
        fresh_copy(folder / before, folder / state)
        check_run(command_line(args.doorward, folder, folder / state, argv))
    over = 0
    for command in (about(command, args.people // 2) for command in COMMANDS):
        over += print_comparison(command, compare(command, args.doorward, folder, server, args.rounds))
        sys.stdout.flush()
    journal, wall = journalling(args.doorward, folder, args.rounds)
    over += journal / wall > JOURNAL_LIMIT
    print_row("journalling", f"{journal:.2f} s", f"{wall:.2f} s", f"{journal / wall:.2f}", f"{JOURNAL_LIMIT:.2f}",
              "of first apply" + (" !" if journal / wall > JOURNAL_LIMIT else ""))
    over += print_removal(args.people, compare_removal(args.doorward, folder, server, args.rounds))
    print("* our own plan with nothing to do, in the same rounds")
    print(
        f"ldapsearch read {entries / wall:,.0f} entries a second; peaks below {floor:.0f} MB cannot be told apart here"
    )
    return 1 if over and args.strict else 0


def main():
    parser = argparse.ArgumentParser(description="Doorward beside ldapsearch")
    parser.add_argument("--doorward", default="build/doorward", type=os.path.abspath)
    parser.add_argument("--cache", default="build/bench", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--strict", action="store_true", help="exit status 1 when a figure is over its limit")
    parser.add_argument("--people", type=int, default=100000)
    parser.add_argument("--groups", type=int, default=2000)
    parser.add_argument("--memberships", type=int, default=300000)
    args = parser.parse_args()
    cache = args.cache.absolute()
    cache.mkdir(parents=True, exist_ok=True)
    sizes = [f"--people={args.people}", f"--groups={args.groups}", f"--memberships={args.memberships}"]
    db = load_directory(cache, sizes)
    # The state lies on the same disk as the cache: a temporary folder may be memory, where syncing costs nothing.
    with tempfile.TemporaryDirectory(prefix="run-", dir=cache) as name:
        folder = pathlib.Path(name)
        with Slapd(folder, db) as server:
            return bench(args, server, folder)


if __name__ == "__main__":
    sys.exit(main())
