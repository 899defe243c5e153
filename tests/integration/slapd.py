"""A throw-away OpenLDAP server for tests, and a sample organisation to fill it with.

    with Slapd(tmp_path, sample_ldif(people=300)) as slapd:
        slapd.change("dn: uid=p000001,...\nchangetype: delete\n")
        slapd.uri, slapd.ldaps_uri, slapd.ldapi_uri, slapd.ca_file, slapd.password_file

Everything is below the folder given; the server listens on free ports of 127.0.0.1 and on a socket in that folder, and is ended by its
process id. The sample is the same on every machine and in every run.
"""

import base64
import os
import random
import shutil
import signal
import socket
import subprocess
import time
import uuid
from pathlib import Path

SUFFIX = "dc=example,dc=com"
PEOPLE = f"ou=people,{SUFFIX}"
GROUPS = f"ou=groups,{SUFFIX}"
ADMIN_DN, ADMIN_PASSWORD = f"cn=admin,{SUFFIX}", "admin-secret"
BIND_DN, BIND_PASSWORD = f"cn=doorward,ou=service,{SUFFIX}", "bind-secret"

# --- the sample organisation ---------------------------------------------------------------------------------------------------

# (given name, family name): the order in which a display name is written follows from the script.
NAMES = [
    ("Alice", "Martin"), ("Jürgen", "Müller"), ("François", "Lefèvre"), ("Søren", "Ångström"), ("Zoë", "O'Brien"),
    ("철수", "김"), ("영희", "이"), ("민준", "박"), ("太郎", "山田"), ("花子", "佐藤"), ("さくら", "高橋"), ("伟", "王"),
    ("Łukasz", "Wójcik"), ("Ελένη", "Παπαδοπούλου"), ("Иван", "Петров"), ("Bob", "Smith, Jr."), ("Dženan", "Đorđević"),
]
TITLES = ["Engineer", "Designer", "Architekt", "設計者", "디자이너", "Chef de projet"]
LANGUAGES = ["en", "de", "fr", "ko", "ja"]


def _line(name, value):
    data = value if isinstance(value, bytes) else str(value).encode()
    plain = data.isascii() and data[:1] not in (b" ", b":", b"<", b"") and all(32 <= c < 127 for c in data) and not data.endswith(b" ")
    return f"{name}: {data.decode()}" if plain else f"{name}:: {base64.b64encode(data).decode()}"


def ldif_entry(dn, **attrs):
    """One content record; a value may be a list, bytes for what is not text, and None is left out."""
    lines = [_line("dn", dn)]
    for name, values in attrs.items():
        for value in values if isinstance(values, (list, tuple)) else [values]:
            if value is not None:
                lines.append(_line(name, value))
    return "\n".join(lines) + "\n\n"


def entry_uuid(name):
    """The id that the sample gives to an entry: it follows from the name alone."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def person_uid(i):
    return f"p{i:06d}"


def person_dn(i):
    return f"uid={person_uid(i)},{PEOPLE}"


def person_mail(i):
    return f"{person_uid(i)}@example.com"


def person_ldif(i, **changes):
    given, family = NAMES[i % len(NAMES)]
    attrs = dict(
        objectClass=["top", "person", "organizationalPerson", "inetOrgPerson"], uid=person_uid(i), cn=f"{given} {family}", sn=family,
        givenName=given, displayName=f"{given} {family}", mail=person_mail(i), employeeNumber=str(10000 + i),
        title=TITLES[i % len(TITLES)], departmentNumber=f"D{i % 40:02d}", preferredLanguage=LANGUAGES[i % len(LANGUAGES)],
        entryUUID=entry_uuid(person_uid(i)))
    attrs.update(changes)
    return ldif_entry(person_dn(i), **attrs)


def group_dn(name):
    return f"cn={name},{GROUPS}"


def group_ldif(name, members, kind="groupOfNames", **changes):
    """members: DNs, or uids for posixGroup. A groupOfNames may not be without any and gets the administrator's."""
    attribute = {"groupOfNames": "member", "groupOfUniqueNames": "uniqueMember", "posixGroup": "memberUid"}[kind]
    attrs = {"objectClass": ["top", kind], "cn": name, attribute: list(members) or (None if kind == "posixGroup" else [ADMIN_DN]),
             "entryUUID": entry_uuid("group " + name)}
    if kind == "posixGroup":
        attrs["gidNumber"] = "5000"
    attrs.update(changes)
    return ldif_entry(group_dn(name), **attrs)


def group_sizes(groups, memberships, largest):
    """Sizes from 3 to largest that add up to memberships: few large ones and many small ones, as organisations have them."""
    sizes = [max(3, min(largest, int(largest / (i + 1)))) for i in range(groups)]
    i = 0
    while sum(sizes) != memberships:
        missing = memberships - sum(sizes)
        at = 1 + i % (groups - 1)
        step = max(1, abs(missing) // groups)
        sizes[at] = max(3, min(largest, sizes[at] + (step if missing > 0 else -step)))
        i += 1
        if i > 1000 * groups:
            raise ValueError("these sizes cannot add up")
    return sizes


def base_ldif():
    """The suffix, its folders, and the account that Doorward binds with."""
    return (ldif_entry(SUFFIX, objectClass=["top", "dcObject", "organization"], dc="example", o="Example Corp")
            + "".join(ldif_entry(f"ou={name},{SUFFIX}", objectClass="organizationalUnit", ou=name) for name in ("people", "groups", "service"))
            + ldif_entry(BIND_DN, objectClass=["organizationalRole", "simpleSecurityObject"], cn="doorward", userPassword=BIND_PASSWORD))


def sample_ldif(people=300, groups=12, memberships=None, largest=None, seed=1):
    """People p000000…, groups g0000… of decreasing size (every tenth inside the one before), and "everyone", which holds the first two."""
    rng = random.Random(seed)
    parts = [base_ldif()] + [person_ldif(i) for i in range(people)]
    largest = min(people, largest or people // 3)
    sizes = group_sizes(groups, memberships or min(3 * people, groups * largest // 2), largest) if groups else []
    for i, size in enumerate(sizes):
        members = [person_dn(j) for j in rng.sample(range(people), size)]
        if i % 10 == 9:
            members.append(group_dn(f"g{i - 1:04d}"))
        parts.append(group_ldif(f"g{i:04d}", members))
    if groups > 1:
        parts.append(group_ldif("everyone", [group_dn("g0000"), group_dn("g0001")]))
    return "".join(parts)


# --- certificates ----------------------------------------------------------------------------------------------------------------


class Authority:
    """A certificate authority of its own folder, made by openssl for this run only."""

    def __init__(self, folder, name="Test CA"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.cert, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-days", "30",
                 "-keyout", self.key, "-out", self.cert, "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name, san="DNS:localhost,IP:127.0.0.1", expired=False):
        """(certificate, key) for a server or a client called name."""
        cert, key, request = (self.folder / f"{name}.{end}" for end in ("pem", "key", "csr"))
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        (self.folder / "index.txt").touch()
        (self.folder / "ca.conf").write_text(
            f"[ca]\ndefault_ca=d\n[d]\ndatabase={self.folder}/index.txt\nnew_certs_dir={self.folder}\nrand_serial=yes\ndefault_md=sha256\n"
            f"policy=p\nunique_subject=no\nx509_extensions=x\n[p]\ncommonName=supplied\n[x]\nsubjectAltName={san}\n")
        dates = ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"] if expired else ["-days", "30"]
        _openssl("ca", "-batch", "-notext", "-config", self.folder / "ca.conf", "-cert", self.cert, "-keyfile", self.key, "-in", request,
                 "-out", cert, *dates)
        os.chmod(key, 0o600)
        return cert, key


def _openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


# --- the server ------------------------------------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _tool(name, folder=None):
    """Ubuntu's AppArmor profile binds the installed slapd to the system's own database; a copy elsewhere is free of it."""
    program = shutil.which(name) or f"/usr/sbin/{name}"
    if folder and os.path.exists("/etc/apparmor.d/usr.sbin.slapd"):
        return shutil.copy(program, Path(folder) / name)
    return program


class Slapd:
    """
    ldif: what the database holds at first. config: more lines of slapd.conf(5) for the whole server, as "sizelimit 500"; database: for the
    database, as "limits dn.exact=... size=unlimited" (slapd's own default is a limit of 500). cert: (certificate, key) of the server instead of a good one.
    """

    def __init__(self, folder, ldif, config="sizelimit unlimited", database="", cert=None, authority=None):
        self.folder = Path(folder) / "slapd"
        (self.folder / "db").mkdir(parents=True)
        self.authority = authority or Authority(self.folder / "ca")
        self.ca_file = self.authority.cert
        self.port, self.tls_port = free_port(), free_port()
        self.uri, self.ldaps_uri = f"ldap://127.0.0.1:{self.port}", f"ldaps://127.0.0.1:{self.tls_port}"
        self.ldapi_uri = "ldapi://" + str(self.folder / "ldapi").replace("/", "%2F")
        self.password_file = self.folder / "password"
        self.password_file.write_text(BIND_PASSWORD + "\n")
        self.password_file.chmod(0o600)
        self.process = None
        self._write_config(config, database, cert or self.authority.issue("server"))
        self._load(ldif)

    def _write_config(self, config, database, cert):
        own = f"gidNumber={os.getgid()}+uidNumber={os.getuid()},cn=peercred,cn=external,cn=auth"
        schemas = "".join(f"include /etc/ldap/schema/{name}.schema\n" for name in ("core", "cosine", "nis", "inetorgperson"))
        self.config = self.folder / "slapd.conf"
        self.config.write_text(f"""{schemas}
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {self.folder}/pid
TLSCACertificateFile {self.ca_file}
TLSCertificateFile {cert[0]}
TLSCertificateKeyFile {cert[1]}
TLSVerifyClient try
authz-regexp "cn=client" "{BIND_DN}"
{config}
database mdb
suffix "{SUFFIX}"
directory {self.folder}/db
maxsize 2147483648
dbnosync
rootdn "{ADMIN_DN}"
rootpw {ADMIN_PASSWORD}
index objectClass,uid,entryUUID eq
access to attrs=userPassword by anonymous auth
access to * by dn.exact="{own}" read by users read by anonymous auth
{database}
""")

    def _load(self, ldif):
        subprocess.run([_tool("slapadd", self.folder), "-q", "-f", self.config], input=ldif.encode(), check=True, capture_output=True)

    def start(self):
        urls = f"{self.uri} {self.ldaps_uri} {self.ldapi_uri}"
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([_tool("slapd", self.folder), "-d", "0", "-f", self.config, "-h", urls], stdout=log, stderr=log)
        for _ in range(600):
            if self.process.poll() is not None:
                raise RuntimeError("slapd ended: " + (self.folder / "log").read_text())
            if self._answers():
                return self
            time.sleep(0.05)
        raise RuntimeError("slapd does not answer")

    def _answers(self):
        return subprocess.run(["ldapwhoami", "-Q", "-Y", "EXTERNAL", "-H", self.ldapi_uri], capture_output=True).returncode == 0

    def stop(self):
        self._end(signal.SIGTERM)

    def kill(self):
        """As a power failure would end it."""
        self._end(signal.SIGKILL)

    def _end(self, how):
        if self.process:
            self.process.send_signal(how)
            self.process.wait()
            self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()

    def change(self, ldif):
        """Carries out change records (ldapmodify): add, modify, delete, modrdn."""
        subprocess.run(["ldapmodify", "-x", "-H", self.ldapi_uri, "-D", ADMIN_DN, "-w", ADMIN_PASSWORD], input=ldif.encode(), check=True,
                       capture_output=True)

    def add(self, ldif):
        """Adds content records. The server gives them ids of its own, so leave entryUUID out."""
        subprocess.run(["ldapadd", "-x", "-H", self.ldapi_uri, "-D", ADMIN_DN, "-w", ADMIN_PASSWORD], input=ldif.encode(), check=True,
                       capture_output=True)

    def delete(self, dn):
        self.change(f"dn: {dn}\nchangetype: delete\n")

    def replace(self, dn, attribute, *values):
        self.change("\n".join([_line("dn", dn), "changetype: modify", f"replace: {attribute}"] + [_line(attribute, v) for v in values]) + "\n")

    def rename(self, dn, rdn):
        self.change("\n".join([_line("dn", dn), "changetype: modrdn", _line("newrdn", rdn), "deleteoldrdn: 1"]) + "\n")

    def directory_settings(self, uri=None, **settings):
        """The lines of a [directory] section for this server; None leaves a key out, a list repeats it."""
        lines = {"type": "ldap", "uri": uri or self.ldaps_uri, "base": SUFFIX, "bind-dn": BIND_DN, "bind-password-file": self.password_file,
                 "ca-file": self.ca_file, "flavour": "openldap"}
        lines.update({key.replace("_", "-"): value for key, value in settings.items()})
        return "".join(f"{key} = {value}\n" for key, values in lines.items() if values is not None
                       for value in (values if isinstance(values, list) else [values]))
