"""What bad input gets: a message that names object, fault and remedy, the right exit status, and an unchanged state."""

import fcntl
import os
import re
import resource
import signal
import socket
import sqlite3
import subprocess

import pytest

from site_fixture import GROUPS, MIRROR, ROOT, URL, Org, as_base64, holds, strip_signature
from slapd import Authority, Slapd, free_port

SAML = ROOT / "tests/data/saml"


@pytest.fixture(name="settled")
def settled_fixture(site):
    """Two people with a seat each; nothing to do."""
    site.org.person("ann")
    site.org.person("ben")
    site.org.group("cad", "ann", "ben")
    site.apply()
    return site


def kept(site):
    return site.tables(), site.tables(MIRROR)


# --- the configuration ----------------------------------------------------------------------------------------------


def change(section, **keys):
    def apply(site):
        site.conf.setdefault(section, {}).update({k.replace("_", "-"): v for k, v in keys.items()})
    return apply


def add(text):
    def apply(site):
        site.raw = text
    return apply


def drop(section, key=None):
    def apply(site):
        if key:
            del site.conf[section][key]
        else:
            del site.conf[section]
    return apply


def open_secret(site):
    (site.folder / "secret").write_text("x\n")
    (site.folder / "secret").chmod(0o644)
    site.conf["directory hq"] = {"type": "ldap", "uri": "ldaps://127.0.0.1", "base": "dc=example,dc=com", "bind-dn": "cn=x",
                                 "bind-password-file": "secret"}


def clear_password(site):
    (site.folder / "secret").write_text("x\n")
    (site.folder / "secret").chmod(0o600)
    site.conf["directory hq"] = {"type": "ldap", "uri": "ldap://dc1.example.com", "base": "dc=example,dc=com", "bind-dn": "cn=x",
                                 "bind-password-file": "secret"}


CONFIGURATIONS = {
    "unknown-key": (change("team design", sso_admn="x@example.com"), ["doorward.conf:", "team design", "sso-admn", "sso-admin"]),
    "unknown-section": (add("[tem design2]\n"), ["doorward.conf:", "tem", "team"]),
    "wrong-number": (change("product autocad", seats="many"), ["product autocad", "seats", "many"]),
    "negative-seats": (change("product autocad", seats="-1"), ["product autocad", "seats", "-1"]),
    "wrong-duration": (change("sync", grace="soon"), ["sync", "grace", "soon"]),
    "wrong-choice": (change("sync", on_leave="delete"), ["sync", "on-leave", "delete", "suspend"]),
    "wrong-e-mail": (change("team design", primary_admin="alice"), ["team design", "primary-admin", "alice"]),
    "wrong-url": (change("organization", url="signin"), ["organization", "url"]),
    "missing-metadata": (change("connection idp", metadata_file="none.xml"), ["connection idp", "none.xml"]),
    "two-domains-alike": (add("[domain EXAMPLE.com]\nconnection = idp\n"), ["domain", "example.com", "doorward.conf:"]),
    "free-mail-domain": (add("[domain gmail.com]\nconnection = idp\n"), ["gmail.com"]),
    "public-suffix": (add("[domain co.uk]\nconnection = idp\n"), ["co.uk"]),
    "product-without-team": (drop("product autocad", "team"), ["product autocad", "team"]),
    "product-of-no-team": (change("product autocad", team="desing"), ["product autocad", "desing", "design"]),
    "team-without-directory": (drop("directory hq"), ["team design", "hq"]),
    "connection-unknown": (change("domain example.com", connection="ipd"), ["domain example.com", "ipd", "idp"]),
    "two-sections-alike": (add("[product autocad]\nteam = design\nname = again\ngroup = cn=x\n"), ["product autocad"]),
    "group-no-dn": (change("product autocad", group="CAD Users"), ["product autocad", "group", "CAD Users"]),
    "directory-type": (change("directory hq", type="ldfi"), ["directory hq", "ldfi", "ldif"]),
    "key-twice": (change("product autocad", name=["a", "b"]), ["product autocad", "name"]),
    "no-ini": (add("this is no line of a configuration\n"), ["doorward.conf:"]),
    "secret-readable": (open_secret, ["secret", "chmod"]),
    "password-in-the-clear": (clear_password, ["directory hq", "clear", "starttls"]),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_configuration(settled, name):
    spoil, words = CONFIGURATIONS[name]
    before = kept(settled)
    spoil(settled)
    for command in (("check-config",), ("plan",), ("apply", "--yes"), ()):
        err = settled.refused(*command, status=78)
        assert all(word in err for word in words), f"{words}\n{err}"
        assert "\x1b" not in err and err.strip().count("\n") < 6
    assert kept(settled) == before


def test_all_errors_of_a_file_in_one_run(settled):
    settled.conf["sync"].update({"grace": "soon", "on-leave": "delete"})
    settled.conf["team design"]["colour"] = "red"
    err = settled.refused("plan", status=78)
    assert all(word in err for word in ("grace", "on-leave", "colour"))
    lines = [line for line in err.splitlines() if re.match(r"\S+doorward\.conf:\d+: ", line)]
    assert len(lines) == 3, err


def test_no_configuration(settled):
    (settled.folder / "doorward.conf").unlink()
    assert "doorward.conf" in settled.refused("plan", status=78, write=False)


def test_wrong_usage(settled):
    for words, said in ((("plan", "desing"), "design"), (("plan", "--colr"), "--help"), (("plna",), "plan"), (("domain", "verfy"), "domain verify"),
                        (("plan", "--csv"), "takes no --csv"), (("sso", "test"), "usage"), (("runs", "show", "x"), "number"),
                        (("apply",), "--yes"), (("plan", "--color", "red"), "always"), (("report", "seats", "--csv", "--json"), "not both"),
                        (("domain", "challenge", "example.org"), "example.org"), (("-c",), "wants a value")):
        if words == ("apply",):
            settled.org.person("new")
        assert said in settled.refused(*words, status=64), words


# --- directories ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", name="slapd")
def slapd_fixture(tmp_path_factory):
    org = Org()
    org.person("ann")
    org.group("cad", "ann")
    with Slapd(tmp_path_factory.mktemp("slapd"), org.ldif()) as server:
        yield server


def over_ldap(site, server, **more):
    lines = server.directory_settings(**{"timeout": "2s", **more}).splitlines()
    site.conf["directory hq"] = dict(line.split(" = ", 1) for line in lines)


def fails(site, *words, command="plan"):
    """The read fails with status 1, and nothing moved."""
    before = kept(site)
    for words_typed in ((command,), ("apply", "--yes")):
        err = site.refused(*words_typed, status=1)
        assert "directory hq" in err and all(re.search(word, err) for word in words), err
    assert kept(site) == before


def test_unreachable(settled, slapd):
    over_ldap(settled, slapd, uri=f"ldaps://127.0.0.1:{free_port()}")
    fails(settled, "cannot be reached|refused", "check uri")
    over_ldap(settled, slapd, uri="ldaps://no.such.host.invalid")
    fails(settled, "no.such.host.invalid")


def test_wrong_password(settled, slapd):
    wrong = settled.folder / "wrong"
    wrong.write_text("not-the-password\n")
    wrong.chmod(0o600)
    over_ldap(settled, slapd, bind_password_file=wrong)
    fails(settled, "wrong password", "bind-password-file")
    assert "not-the-password" not in "".join(settled.run("plan", status=1))


def test_wrong_authority(settled, slapd, tmp_path):
    over_ldap(settled, slapd, ca_file=Authority(tmp_path / "ca").cert)
    fails(settled, "certificate|authority|TLS", "ca-file")


def test_wrong_base(settled, slapd):
    over_ldap(settled, slapd, base="dc=nowhere,dc=com")
    before = kept(settled)
    assert re.search("groups below 'dc=nowhere,dc=com'.*correct the base", settled.refused("plan", status=78))
    assert kept(settled) == before


LDIFS = ["broken-base64.ldif", "broken-base64-length.ldif", "cut-in-base64.ldif", "cut-in-name.ldif", "no-colon.ldif", "nul.ldif",
         "cut-by-size-limit.ldif", "changes.ldif", "second-dn.ldif", "no-dn.ldif"]


@pytest.mark.parametrize("name", LDIFS)
def test_ldif(settled, name):
    settled.conf["directory hq"]["file"] = ROOT / "tests/data/ldif" / name
    fails(settled, re.escape(name) + r":\d+")


def test_ldif_that_is_away(settled):
    settled.conf["directory hq"]["file"] = settled.folder / "away.ldif"
    before = kept(settled)
    err = settled.run("plan", status=78)[1]
    assert "away.ldif" in err
    assert kept(settled) == before


def test_ldif_that_is_empty(settled):
    """A file of no entries is a failed export, not a directory that everybody left."""
    (settled.folder / "empty.ldif").write_text("")
    settled.conf["directory hq"]["file"] = "empty.ldif"
    fails(settled, "empty.ldif")


def test_bad_names(settled):
    """Invalid UTF-8 and control characters: the person cannot be used, is named, and loses nothing."""
    settled.org.people["ann"]["displayName"] = b"\xc3\x28 bad"
    settled.org.people["ben"]["sn"] = "es\x1b[31mcape\x07"
    settled.org.person("new", given="\x00")
    out, _ = settled.run("plan", "--exit-code")
    assert out.count("not usable") == 3 and "uid=ann" in out and "uid=ben" in out and "\x1b" not in out and "\x07" not in out
    plan = settled.plan()
    assert not plan["changes"] and plan["read"]["unusable"] == 3
    settled.apply()
    assert settled.seats() == {"ann@example.com", "ben@example.com"}


def test_nobody_without_e_mail(settled):
    settled.org.person("noone", mail=None)
    settled.org.person("odd", mail="not an address")
    plan = settled.plan()
    assert not plan["changes"]
    assert [c["person"]["name"] for c in plan["held"] if c["op"] == "invite"] == ["Given Noone", "Given Odd"]
    assert {c["hold"]["kind"] for c in plan["held"]} == {"no-email"}
    settled.run("plan", "--exit-code")


def test_an_e_mail_that_is_taken_away(settled):
    settled.org.people["ann"]["mail"] = None
    assert {c["hold"]["kind"] for c in settled.plan()["held"]} == {"no-email"}
    settled.apply()
    assert settled.seats() == {"ann@example.com", "ben@example.com"}


def test_two_people_with_one_e_mail(settled):
    settled.org.person("one", mail="same@example.com")
    settled.org.person("two", mail="SAME@Example.COM")
    plan = settled.plan()
    assert not plan["changes"] and len(plan["held"]) == 2 and {c["hold"]["kind"] for c in plan["held"]} == {"same-email"}
    out = settled.run("plan")[0]
    assert "Given Two has the same e-mail" in out and "Given One has the same e-mail" in out
    settled.apply()
    assert len(settled.states()) == 2
    settled.org.people["two"]["mail"] = "two@example.com"
    settled.apply()
    assert {"same@example.com", "two@example.com"} < set(settled.states())
    settled.settled()


def test_a_new_person_with_the_e_mail_of_an_account(settled):
    """Never a take-over: not while the other is there, not while the account is only suspended."""
    settled.org.person("thief", mail="ann@example.com")
    before = settled.tables()
    assert holds(settled.plan()) == {("invite", "ann@example.com"): "same-email"}
    settled.apply()
    assert settled.tables() == before
    del settled.org.people["ann"]
    settled.apply()
    assert settled.states()["ann@example.com"] == "suspended"
    assert {c["hold"]["kind"] for c in settled.plan()["held"]} == {"same-email"}


def test_a_group_that_is_not_there(settled):
    """Mistyped or deleted: nothing is taken away on its account, and the line that is meant is named."""
    settled.conf["product autocad"]["group"] = f"cn=cda,{GROUPS}"
    plan = settled.plan()
    assert not plan["changes"] and set(holds(plan).values()) == {"unresolved-group"}
    assert re.search(r"doorward\.conf:\d+.*cn=cda", plan["notes"][0]) and "correct the line" in plan["notes"][0]
    settled.apply()
    assert settled.seats() == {"ann@example.com", "ben@example.com"}


def test_a_group_that_was_deleted(settled):
    del settled.org.groups["cad"]
    settled.apply()
    assert settled.seats() == {"ann@example.com", "ben@example.com"} and "cn=cad" in settled.run("plan")[0]


# --- the state ------------------------------------------------------------------------------------------------------


def fill_up(settled):
    for i in range(3000):
        settled.org.person(f"p{i}", title="x" * 200)
    return kept(settled)


def test_a_disk_that_is_full(settled, tmp_path):
    before = fill_up(settled)
    disk = tmp_path / "disk"
    disk.mkdir()
    size = sum((settled.state / name).stat().st_size for name in os.listdir(settled.state)) + 200_000
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", disk], capture_output=True, check=False).returncode:
        pytest.skip("mounting a small tmpfs is not allowed here")
    try:
        for name in os.listdir(settled.state):
            (disk / name).write_bytes((settled.state / name).read_bytes())
        settled.conf["organization"]["state-dir"] = disk
        settled.state = disk
        for command in (("plan",), ("apply", "--yes")):
            err = settled.refused(*command, status=1)
            assert "doorward.db" in err and "disk is full" in err and "make room" in err, err
        assert kept(settled) == before
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_file_that_may_not_grow(settled):
    before = fill_up(settled)

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    settled.write()
    err = settled.refused("plan", status=1, write=False, preexec_fn=limit, restore_signals=False)
    assert "doorward.db" in err, err
    assert kept(settled) == before


def test_output_that_cannot_be_written(settled):
    with open("/dev/full", "wb") as full:
        settled.write()
        done = subprocess.run([os.environ.get("DOORWARD", ROOT / "build/doorward"), "-c", settled.folder / "doorward.conf", "report", "people"],
                              stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 74 and b"standard output" in done.stderr


def test_a_second_run_says_who_is_at_it(settled):
    lock = settled.state / "lock"
    with open(lock, "r+") as holder:
        holder.write("doorward apply (process 4711) since 2026-01-02T03:04:05Z")
        holder.truncate()
        holder.flush()
        fcntl.flock(holder, fcntl.LOCK_EX)
        for command in (("plan",), ("apply", "--yes"), ("domain", "verify")):
            err = settled.refused(*command, status=1)
            assert "doorward apply (process 4711) since 2026-01-02T03:04:05Z" in err and "wait" in err
        settled.run("report", "people")
        settled.run()
    settled.run("plan")


def test_the_lock_of_a_real_second_run(settled):
    """Held by a run that waits for its directory, named with its process and its time; the run's end, however it comes, gives it back."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        whole = settled.conf["directory hq"]
        settled.conf["directory hq"] = {"type": "ldap", "uri": f"ldap://127.0.0.1:{silent.getsockname()[1]}", "base": "dc=example,dc=com"}
        process = settled.start("plan")
        reading, _ = silent.accept()
        err = settled.refused("plan", status=1)
        assert re.search(rf"in use by doorward plan \(process {process.pid}\) since 20\d\d-\d\d-\d\dT", err), err
        process.kill()
        process.wait()
        reading.close()
    settled.conf["directory hq"] = whole
    settled.settled()


def test_a_database_locked_by_another_program(settled):
    settled.org.person("new")
    before = kept(settled)
    db = sqlite3.connect(settled.state / "doorward.db", isolation_level=None)
    try:
        db.execute("BEGIN IMMEDIATE")
        err = settled.refused("plan", status=1)
        assert "doorward.db" in err and "locked" in err
    finally:
        db.close()
    assert kept(settled) == before


def spoil_header(path):
    with open(path, "r+b") as f:
        f.write(b"not a database at all")


def spoil_pages(path):
    with open(path, "r+b") as f:
        f.seek(4096)
        f.write(os.urandom(os.path.getsize(path) - 4096))


def newer(path):
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()


def foreign(path):
    os.unlink(path)
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE bookmarks (url)")
    db.close()


@pytest.mark.parametrize("spoil, said", [(spoil_header, "not a Doorward database|damaged"), (spoil_pages, "damaged"),
                                         (newer, "newer Doorward.*99.*install"), (foreign, "another program.*--state")],
                         ids=lambda v: getattr(v, "__name__", None))
def test_database(settled, spoil, said):
    path = settled.state / "doorward.db"
    spoil(path)
    before = path.read_bytes()
    for command in (("plan",), ("apply", "--yes"), ("report", "people")):
        err = settled.refused(*command, status=1)
        assert "doorward.db" in err and re.search(said, err), err
    assert path.read_bytes() == before


def test_a_state_folder_that_others_may_write_to(settled):
    settled.state.chmod(0o777)
    err = settled.refused("plan", status=1)
    assert "0777" in err and "chmod 700" in err


def test_state_is_for_its_owner_only(closed):
    closed.org.person("ann")
    closed.run("plan", status=3)
    assert closed.state.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in closed.state.iterdir())


# --- responses ------------------------------------------------------------------------------------------------------


def sso_test(site, path, status):
    report = site.json("sso", "test", "idp", "--response", path, status=status)
    return {c["code"] for c in report["checks"] if c["result"] == "failed"}, report


def write(site, text):
    path = site.folder / "changed.xml"
    path.write_text(text)
    return path


def wrapped(text):
    """The signed assertion moved aside, and a forged one in its place."""
    assertion = re.search(r"<saml:Assertion .*</saml:Assertion>", text, re.S).group(0)
    forged = re.sub(r'ID="[^"]*"', 'ID="_forged"', strip_signature(assertion), count=1).replace("alice@", "mallory@")
    return text.replace(assertion, f"<samlp:Extensions>{assertion}</samlp:Extensions>{forged}")


def test_responses_that_are_refused(site):
    good = site.response().read_text()
    cases = {
        "unsigned": (write, strip_signature(good), "signature"),
        "wrapped": (write, wrapped(good), "assertion|signature"),
        "changed": (write, good.replace("alice@", "mallory@"), "signature"),
        "empty": (write, "", "xml"),
        "html": (write, "<html/>", "response|xml"),
    }
    before = site.sql("SELECT * FROM connection")
    for name, (make, text, code) in cases.items():
        failed, report = sso_test(site, make(site, text), 1)
        assert not report["passed"] and report["identity"] is None and any(re.match(code, c) for c in failed), (name, failed)
    for name, options, code in (("expired", {"OFFSET": "-86400"}, "not-on-or-after"), ("early", {"OFFSET": "86400"}, "not-before"),
                                ("audience", {"audience": "https://other.example.net"}, "audience"),
                                ("recipient", {"acs": URL + "/saml/acs/other"}, "destination|recipient"),
                                ("issuer", {"issuer": "https://evil.example.net"}, "issuer"),
                                ("domain", {"email": "alice@gmail.com"}, "email-domain")):
        failed, report = sso_test(site, site.response(**options), 1)
        assert not report["passed"] and any(re.search(code, c) for c in failed), (name, failed)
        assert "the test failed" in site.refused("sso", "test", "idp", "--response", site.folder / "response.xml", status=1)
    assert site.sql("SELECT * FROM connection") == before


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
def test_a_response_passes_once(site, sign):
    path = site.response(SIGN=sign)
    failed, report = sso_test(site, path, 0)
    assert report["passed"] and not failed and report["identity"]["mapped"]["email"] == "alice@example.com"
    failed, report = sso_test(site, path, 1)
    assert failed == {"one-time-use"} and not report["passed"]
    path.write_text(as_base64(path.read_text()))
    assert sso_test(site, path, 1)[0] == {"one-time-use"}


def test_base64_form_field(site):
    path = site.response()
    path.write_text(as_base64(path.read_text()))
    assert sso_test(site, path, 0)[1]["passed"]


def test_every_bad_file_of_the_unit_suite_is_refused(site):
    """They were made for another time, so the code in the name is asked for only where the clock has no say before it."""
    site.conf["connection adfs"] = {"type": "saml", "metadata-file": SAML / "idp-metadata.xml"}
    site.conf["domain example.com"]["connection"] = "adfs"
    before = site.sql("SELECT * FROM connection")
    site.write()
    named = total = 0
    for path in sorted(SAML.glob("*.xml")):
        if path.name.startswith("idp-metadata"):
            continue
        out, err = site.run("sso", "test", "adfs", "--json", "--response", path, status=1, write=False)
        total += 1
        named += f'"code":"{path.stem.split("--")[0]}"' in out or "metadata" in err
    assert total > 150 and site.sql("SELECT * FROM connection") == before
    assert named > total / 2, named


def test_a_response_that_is_away(site):
    assert "away.xml" in site.refused("sso", "test", "idp", "--response", "away.xml", status=1)
