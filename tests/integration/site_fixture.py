"""A site to try the program on: configuration, directory, identity provider, DNS and state, in a folder of its own.

    site = Site(tmp_path / "site", template)           the gate of example.com is open, sync of team design is on
    site.org.person("ann"); site.org.group("cad", "ann")
    site.conf["product autocad"]["seats"] = 1
    site.run("plan", status=2, words=("--exit-code",)); site.plan() -> the parsed document

The expected exit status is part of every call, so that no case overlooks one.
"""

import base64
import json
import os
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

from slapd import GROUPS, PEOPLE, base_ldif, entry_uuid, ldif_entry

ROOT = Path(__file__).resolve().parents[2]
DOORWARD = Path(os.environ.get("DOORWARD", ROOT / "build/doorward")).resolve()
IDP = "https://idp.example.com/metadata"
URL = "https://signin.example.com"
# What a run may change on the built-in platform.
ROSTER = ("account", "product", "seat", "synced_group", "synced_member", "invitation", "run", "run_change")
MIRROR = ("directory", "entry", "person", "grp", "ref", "edge")
SIGNATURE = re.compile(r"<ds:Signature .*?</ds:Signature>", re.S)


def script(*words, **environment):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, cwd=ROOT,
                          env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", **environment})
    assert done.returncode == 0, f"{words[0]}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


class Dns:
    """dnsmasq on a free loopback port, through the script that people use by hand."""

    def __init__(self, folder):
        self.folder = folder
        self.resolver = script(ROOT / "tests/tools/loopback-dns.sh", folder, "start")

    def txt(self, name, value):
        script(ROOT / "tests/tools/loopback-dns.sh", self.folder, "txt", name, value)

    def clear(self):
        script(ROOT / "tests/tools/loopback-dns.sh", self.folder, "clear")

    def stop(self):
        script(ROOT / "tests/tools/loopback-dns.sh", self.folder, "stop")


# --- the organisation -----------------------------------------------------------------------------------------------


class Org:
    """People by uid and groups by name; "@name" among a group's members is another group."""

    def __init__(self):
        self.people, self.groups, self.more = {}, {}, ""

    def person(self, uid, mail="", given="Given", family=None, **attrs):
        """mail: None for nobody's; "" for UID@example.com."""
        family = family or uid.capitalize()
        self.people[uid] = {"objectClass": "inetOrgPerson", "uid": uid, "cn": f"{given} {family}", "sn": family, "givenName": given,
                            "displayName": f"{given} {family}", "mail": f"{uid}@example.com" if mail == "" else mail,
                            "entryUUID": entry_uuid(uid), **attrs}

    def group(self, name, *members):
        self.groups[name] = list(members)

    @staticmethod
    def dn(member):
        return f"cn={member[1:]},{GROUPS}" if member.startswith("@") else f"uid={member},{PEOPLE}"

    def members(self, *names):
        """Everybody in these groups, nested ones too."""
        found, seen, todo = set(), set(), list(names)
        while todo:
            name = todo.pop()
            if name in seen or name not in self.groups:
                continue
            seen.add(name)
            todo += [m[1:] for m in self.groups[name] if m.startswith("@")]
            found |= {m for m in self.groups[name] if not m.startswith("@")}
        return found & set(self.people)

    def ldif(self):
        people = (ldif_entry(self.dn(uid), **attrs) for uid, attrs in self.people.items())
        groups = (ldif_entry(self.dn("@" + name), objectClass="groupOfNames", cn=name, entryUUID=entry_uuid("group " + name),
                             member=[self.dn(m) for m in members] or ["cn=nobody"]) for name, members in self.groups.items())
        return base_ldif() + "".join(people) + "".join(groups) + self.more


# --- the site -------------------------------------------------------------------------------------------------------


def default_conf(resolver):
    """Sections in order; a list repeats the key, None leaves it out."""
    return {
        "organization": {"name": "Example Design", "contact": "it@example.com", "url": URL, "state-dir": "state"},
        "domain example.com": {"connection": "idp"},
        "connection idp": {"type": "saml", "metadata-file": "idp/metadata.xml"},
        "directory hq": {"type": "ldif", "file": "directory.ldif", "map-active": "employeeType!=disabled"},
        "platform builtin": {"type": "roster"},
        "team design": {"directory": "hq", "platform": "builtin", "primary-admin": "alice@example.com"},
        "product autocad": {"team": "design", "name": "AutoCAD", "group": f"cn=cad,{GROUPS}"},
        "sync": {},
        "dns": {"resolver": resolver, "trust-anchor-file": "none"},
    }


class Site:
    """See above. template: what is copied; without it everything is made anew."""

    def __init__(self, folder, template=None, gate_open=True, resolver=None):
        self.folder, self.org = Path(folder), Org()
        self.folder.mkdir(parents=True)
        self.idp, self.state, self.ldif = self.folder / "idp", self.folder / "state", self.folder / "directory.ldif"
        self.conf = default_conf(resolver or template.dns.resolver)
        self.raw = ""  # lines behind the configuration, as they are
        if not template:
            script(ROOT / "certs/make-idp.sh", self.idp, IDP, f"{URL}/sso")
            return
        shutil.copytree(template.site.idp, self.idp)
        if gate_open:
            shutil.copytree(template.site.state, self.state)

    # --- files

    def write(self):
        lines = []
        for name, keys in self.conf.items():
            lines.append(f"[{name}]")
            for key, values in keys.items():
                for value in values if isinstance(values, list) else [values]:
                    if value is not None:
                        lines.append(f"{key} = {value}")
        (self.folder / "doorward.conf").write_text("\n".join(lines) + "\n" + self.raw)
        if self.conf.get("directory hq", {}).get("file") == "directory.ldif" and self.org is not None:
            self.ldif.write_text(self.org.ldif())

    # --- the program

    def start(self, *words, **popen):
        """Does not wait for it; its output goes nowhere."""
        self.write()
        return subprocess.Popen([DOORWARD, "-c", self.folder / "doorward.conf", *words], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **popen)

    def run(self, *words, status=0, write=True, **options):
        """(standard output, standard error) of one command that ends with this status."""
        if write:
            self.write()
        options.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run([DOORWARD, "-c", self.folder / "doorward.conf", *map(str, words)], capture_output=True, timeout=120,
                              check=False, **options)
        out, err = done.stdout.decode(), done.stderr.decode()
        assert done.returncode == status, f"{words}: {done.returncode}, not {status}\n{out[-3000:]}\n{err[-3000:]}"
        return out, err

    def refused(self, *words, status, **options):
        """What it says on standard error."""
        return self.run(*words, status=status, **options)[1]

    def json(self, *words, status=0, **options):
        return json.loads(self.run(*words, "--json", status=status, **options)[0])

    def plan(self, *words, status=0, **options):
        return self.json("plan", *words, status=status, **options)

    def apply(self, *words, status=0, **options):
        return self.run("apply", "--yes", *words, status=status, **options)

    def settled(self):
        """The platform agrees with the directory."""
        assert "Nothing to do" in self.run("plan", "--exit-code")[0]

    # --- the gate

    def challenge(self, domain="example.com"):
        return self.json("domain", "challenge", domain)

    def prove(self, dns, domain="example.com"):
        found = self.challenge(domain)
        dns.txt(found["record"], found["value"])
        self.run("domain", "verify", domain)

    def response(self, name="response.xml", email="alice@example.com", connection="idp", issuer=IDP, acs=None, audience=None,
                 **environment):
        acs, audience = acs or f"{URL}/saml/acs/{connection}", audience or f"{URL}/saml/metadata/{connection}"
        alice = self.org.people.get("alice", {}) if self.org else {}
        path = self.folder / name
        path.write_text(script(ROOT / "certs/sign-response.sh", self.idp, issuer, acs, audience, email, alice.get("givenName", "Alice"),
                               alice.get("sn", "Carter"), entry_uuid("alice"), **environment))
        return path

    def sign_in(self):
        self.run("sso", "test", "idp", "--response", self.response())

    def open_gate(self, dns):
        self.prove(dns)
        self.sign_in()
        self.run("sso", "activate", "idp")
        self.run("sync", "enable", "design")

    # --- the state

    def sql(self, statement, *values):
        """Changes the database behind the program's back, or asks it."""
        with sqlite3.connect(self.state / "doorward.db", isolation_level=None) as db:
            rows = db.execute(statement, values).fetchall()
        db.close()
        return rows

    def tables(self, names=ROSTER):
        return {name: sorted(self.sql(f"SELECT * FROM {name}"), key=repr) for name in names}

    def states(self):
        return dict(self.sql("SELECT email, state FROM account"))

    def seats(self, product="autocad"):
        return {email for email, in self.sql(
            "SELECT a.email FROM seat s JOIN account a ON a.id = s.account JOIN product p ON p.id = s.product WHERE p.name = ?", product)}

    def synced(self):
        """Synced group -> its members' e-mails."""
        found = {name: set() for name, in self.sql("SELECT name FROM synced_group")}
        for name, email in self.sql("SELECT g.name, a.email FROM synced_member m JOIN synced_group g ON g.id = m.synced_group"
                                    " JOIN account a ON a.id = m.account"):
            found[name].add(email)
        return found


class Template:
    """What every site can begin with."""

    def __init__(self, folder):
        self.dns = Dns(folder / "dns")
        self.site = Site(folder / "site", resolver=self.dns.resolver)
        self.site.open_gate(self.dns)

    def stop(self):
        self.dns.stop()


# --- reading plans --------------------------------------------------------------------------------------------------


def steps(plan, key="changes"):
    """{(op, e-mail or group, product or group or None)} of a plan's changes or held."""
    return {(c["op"], c.get("person", {}).get("email") or c.get("group"), c.get("product") or c.get("group")) for c in plan[key]}


def causes(plan):
    return {(c["op"], c["person"]["email"]): c["cause"] for c in plan["changes"] if "person" in c}


def holds(plan):
    """{(op, e-mail): kind of the hold}"""
    return {(c["op"], c.get("person", {}).get("email")): c["hold"]["kind"] for c in plan["held"]}


def strip_signature(text):
    return SIGNATURE.sub("", text)


def as_base64(text):
    return base64.b64encode(text.encode()).decode()
