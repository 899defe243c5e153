"""What is printed: JSON and CSV that parse, colour only where it is wanted, help, and commands to type that work when typed."""

import configparser
import csv
import io
import json
import os
import pty
import re
import shlex
import subprocess

import pytest

from site_fixture import DOORWARD, GROUPS, Dns
from slapd import entry_uuid

PLAN_KEYS = {"format", "id", "gate", "summary", "changes", "held", "seats"}
OPS = {"unassign", "leave", "suspend", "remove", "drop-group", "add-group", "rename-group", "invite", "restore", "update", "assign", "join",
       "adopt", "adopt-group"}


@pytest.fixture(name="busy")
def busy_fixture(site):
    """A plan with changes of most kinds, held ones and names of every width."""
    site.org.person("ann", given="철수", family="김")
    site.org.person("ben", given='Ben "B", Jr.', family="=cmd|' /C calc'!A0")
    site.org.person("cid")
    site.org.group("cad", "ann", "ben")
    site.conf["product autocad"]["seats"] = 2
    site.apply()
    site.org.person("dan")
    site.org.person("guest", mail="guest@elsewhere.example")
    site.org.people["cid"]["title"] = "Chef de projet"
    site.org.group("cad", "ben", "cid", "dan")
    return site


def test_plan_json(busy):
    out, err = busy.run("plan", "--json")
    assert not err and out.endswith("}\n") and out.count("\n") == 1
    plan = json.loads(out)
    assert PLAN_KEYS <= set(plan) and plan["format"] == "doorward-plan/1" and re.fullmatch(r"[0-9a-f]{16}", plan["id"])
    for change in plan["changes"] + plan["held"]:
        assert change["op"] in OPS and change["cause"]["kind"] and change["cause"]["text"]
        assert "person" not in change or set(change["person"]) == {"id", "email", "name"}
        assert (change["op"] in ("assign", "unassign")) == ("product" in change)
        assert ("group" in change) == (change["op"] in ("join", "leave") or change["op"].endswith("group"))
        assert ("hold" in change) == (change in plan["held"])
    update, = (c for c in plan["changes"] if c["op"] == "update")
    assert update["before"] == {"title": None} and update["after"] == {"title": "Chef de projet"}
    assert update["person"] == {"id": entry_uuid("cid"), "email": "cid@example.com", "name": "Given Cid"}
    counted = {op: sum(c["op"] == op for c in plan["changes"]) for op in OPS}
    assert {op: plan["summary"][op] for op in OPS} == counted
    assert plan["summary"]["changes"] == len(plan["changes"]) and plan["summary"]["held"] == len(plan["held"])
    gate, = plan["gate"]
    assert gate["domain"] == "example.com" and gate["open"] is True and gate["reason"] is None
    assert plan["seats"] == [{"product": "autocad", "name": "AutoCAD", "before": 2, "after": 2, "limit": 2, "waiting": 1, "waits": ["dan@example.com"]}]


def test_the_same_plan_has_the_same_id(busy):
    first = busy.plan()["id"]
    assert busy.plan()["id"] == first
    busy.org.person("eve")
    assert busy.plan()["id"] != first


def test_one_document_a_team(busy):
    busy.conf["team build"] = dict(busy.conf["team design"])
    out, _ = busy.run("plan", "--json", status=3)
    assert [json.loads(line)["team"] for line in out.splitlines()] == ["design", "build"]


def test_text_agrees_with_json(busy):
    plan, out = busy.plan(), busy.run("plan")[0]
    lines = [line for line in out.splitlines() if line[:2] in ("+ ", "~ ", "- ")]
    held = [line for line in out.splitlines() if line.startswith("! ")]
    assert len(lines) == len(plan["changes"]) and len(held) == len(plan["held"])
    for change in plan["changes"]:
        assert any(change["person"]["email"] in line and change["cause"]["text"] in line for line in lines)
    assert all(line == line.rstrip() for line in out.splitlines()), "no blanks at the end of lines"


def test_columns_by_display_width(busy):
    """The e-mail column begins at the same place on the screen, whatever the script of the name."""
    busy.org.person("fay", given="さくら", family="高橋")
    lines = [line for line in busy.run("plan")[0].splitlines() if "@example.com" in line]

    def width(text):
        return sum(2 if ord(c) >= 0x1100 else 1 for c in text)
    assert len({width(line[:re.search(r"\S+@example", line).start()]) for line in lines}) == 1, "\n".join(lines)


JSON_COMMANDS = [("plan",), ("domain",), ("domain", "challenge", "example.com"), ("sso",), ("runs",), ("runs", "show", "1"),
                 ("report", "people"), ("report", "seats")]


@pytest.mark.parametrize("words", JSON_COMMANDS, ids=" ".join)
def test_json_everywhere(busy, words):
    json.loads(busy.run(*words, "--json")[0])


@pytest.mark.parametrize("words", JSON_COMMANDS + [("report", "people", "--csv"), ("check-config",), ("check",), ()], ids=" ".join)
def test_no_escape_codes_in_a_pipe(busy, words):
    out, err = busy.run(*words)
    assert "\x1b" not in out + err and out
    assert all(line == line.rstrip() for line in out.replace("\r\n", "\n").splitlines()) or "check-config" in words, out


def test_colour(busy):
    assert "\x1b[" in busy.run("plan", "--color", "always")[0]
    assert "\x1b[" not in busy.run("plan", "--color", "never")[0]
    assert "\x1b[" in busy.run("plan", "--color", "always", env={**os.environ, "NO_COLOR": "1"})[0]


def on_terminal(site, *words, **env):
    site.write()
    master, slave = pty.openpty()
    process = subprocess.Popen([DOORWARD, "-c", site.folder / "doorward.conf", *words], stdin=slave, stdout=slave, stderr=slave,
                               env={"PATH": os.environ["PATH"], "TERM": "xterm", **env}, close_fds=True)
    os.close(slave)
    data = b""
    try:
        while chunk := os.read(master, 65536):
            data += chunk
            if b"[y/N]" in data and not data.endswith(b"\n"):
                os.write(master, b"n\n")
                data += b"\n"
    except OSError:
        pass  # the other side is closed
    os.close(master)
    return process.wait(), data.decode()


def test_on_a_terminal(busy):
    assert "\x1b[" in on_terminal(busy, "plan")[1]
    assert "\x1b[" not in on_terminal(busy, "plan", NO_COLOR="1")[1]


def test_apply_asks_on_a_terminal(busy):
    before = busy.tables()
    status, out = on_terminal(busy, "apply")
    assert status == 1 and "[y/N]" in out and "not applied" in out
    assert busy.tables() == before


def test_csv(busy):
    busy.apply()
    rows = list(csv.DictReader(io.StringIO(busy.run("report", "people", "--csv")[0], newline="")))
    found = json.loads(busy.run("report", "people", "--json")[0])
    assert [row["email"] for row in rows] == [row["email"] for row in found] and len(rows) == 4
    assert [row["products"] for row in rows] == [row["products"] for row in found]
    ben, = (row for row in rows if row["email"] == "ben@example.com")
    assert ben["name"] == """Ben "B", Jr. =cmd|' /C calc'!A0"""
    seats = list(csv.DictReader(io.StringIO(busy.run("report", "seats", "--csv")[0], newline="")))
    assert [(row["product"], row["used"], row["limit"], row["free"]) for row in seats] == [("autocad", "2", "2", "0")]


def test_csv_is_no_formula(site):
    site.org.person("ann", displayName="=1+1")
    site.apply()
    row, = csv.DictReader(io.StringIO(site.run("report", "people", "--csv")[0], newline=""))
    assert row["name"] == "'=1+1"


def test_check_config_parses_back(site):
    site.conf["directory hq"].update({"scope-group": f"cn=cad,{GROUPS}", "exclude": ["mail=x@*", "uid=*; y"]})
    site.conf["organization"]["name"] = '"Quoted" & Söhne'
    first = site.run("check-config")[0]
    other = site.folder / "again.conf"
    other.write_text(first)
    done = subprocess.run([DOORWARD, "-c", other, "check-config"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout == first, done.stderr
    assert "Söhne" in first
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.read_string(first)
    assert parsed["product autocad"]["team"] == "design"


def test_check_config_shows_no_secret(site):
    secret = site.folder / "secret"
    secret.write_text("tell-nobody\n")
    secret.chmod(0o600)
    site.conf["directory hq"] = {"type": "ldap", "uri": "ldaps://dc1.example.com", "base": "dc=example,dc=com", "bind-dn": "cn=x",
                                 "bind-password-file": "secret"}
    out, err = site.run("check-config")
    assert str(secret) in out and "tell-nobody" not in out + err


# --- help -----------------------------------------------------------------------------------------------------------


def commands():
    out = subprocess.run([DOORWARD, "--help"], capture_output=True, text=True, check=True).stdout
    part = out.split("(alone)")[1].split("options of every command")[0]
    names = [re.match(r"  ([a-z-]+(?: [a-z-]+)?)(?=  | [A-Z\[])", line) for line in part.splitlines()]
    return [name.group(1).strip() for name in names if name]


def plain(*words, status=0):
    done = subprocess.run([DOORWARD, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == status, (words, done)
    return done.stdout + done.stderr


def test_help_of_every_command():
    names = commands()
    assert len(names) >= 18 and {"plan", "apply", "domain challenge", "sso test", "report seats"} <= set(names)
    for name in names:
        by_option, by_word = plain(*name.split(), "--help"), plain("help", *name.split())
        assert by_option == by_word and f"doorward {name}" in by_option, name
        assert all(len(line) <= 100 for line in by_option.splitlines())


def test_help_of_every_section():
    everything = plain("help", "all")
    for section in ("organization", "domain", "connection", "directory", "platform", "team", "product", "sync", "dns"):
        assert f"[{section}" in everything
        assert f"[{section}" in plain("help", section)
    assert "nonsense" in plain("help", "nonsense", status=64)
    assert plain("--version").startswith("doorward 0.")


@pytest.mark.parametrize("typed, meant", [("aply", "apply"), ("plan-", "plan"), ("domian list", "domain"), ("sso tset", "sso test"),
                                          ("report seat", "report seats"), ("runs shwo 1", "runs show"), ("chek", "check")])
def test_unknown_commands_suggest(typed, meant):
    assert f"'doorward {meant}" in plain(*typed.split(), status=64)


# --- commands to type -----------------------------------------------------------------------------------------------


def test_following_what_is_said(closed, tmp_path):
    """From nothing to a platform that agrees with the directory, by typing what "doorward" alone says, and nothing else."""
    dns = Dns(tmp_path / "dns")
    try:
        closed.conf["dns"]["resolver"] = dns.resolver
        closed.org.person("ann")
        closed.org.group("cad", "ann")
        typed = []
        while len(typed) < 12:
            out = closed.run()[0]
            command = re.search(r"^Next: (doorward .*)$", out, re.M).group(1)
            if typed and command == typed[-1] == "doorward plan":
                break
            typed.append(command)
            words = shlex.split(command)[1:]
            if "FILE" in words:
                words[words.index("FILE")] = str(closed.response())
            closed.run(*words)
            if words[:2] == ["domain", "challenge"]:
                found = closed.challenge()
                dns.txt(found["record"], found["value"])
        assert typed == ["doorward domain challenge example.com", "doorward domain verify example.com", "doorward sso test idp --response FILE",
                         "doorward sso activate idp", "doorward sync enable design", "doorward plan"]
        closed.apply()
        closed.settled()
    finally:
        dns.stop()


def test_commands_in_help_and_messages_exist():
    """Every "doorward …" that is printed begins with a command that there is."""
    names = set(commands()) | {"help", "domain list", "sso list", "runs list"}
    texts = [plain("--help"), plain("help", "all")] + [plain("help", *name.split()) for name in commands()]
    for match in re.finditer(r"\bdoorward ((?:-c \S+ )?)([a-z][a-z-]+)(?: ([a-z][a-z-]+))?", "\n".join(texts)):
        one, two = match.group(2), f"{match.group(2)} {match.group(3)}"
        assert one in names or two in names, match.group(0)
