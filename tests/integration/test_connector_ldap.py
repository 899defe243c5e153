"""connectors/ldap against a real slapd, and against a scripted server for what slapd never does. Needs build/tests/tools/pull."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from scripted_ldap import ScriptedLdap, ber, done, entry, octets, reference
from slapd import (BIND_DN, GROUPS, NAMES, PEOPLE, SUFFIX, Authority, Slapd, base_ldif, entry_uuid, free_port, group_dn, group_ldif, ldif_entry,
                   person_dn, person_ldif, person_mail, person_uid, sample_ldif)

PULL = Path(os.environ.get("BUILD", "build")).resolve() / "tests/tools/pull"


def run_pull(folder, settings, *options):
    """(entries by name, faults, result) of pulling a directory with these settings."""
    conf = Path(folder) / "pull.conf"
    conf.write_text("[directory hq]\n" + settings)
    done_process = subprocess.run([PULL, *options, conf, "hq"], capture_output=True, timeout=120)
    assert done_process.returncode >= 0, done_process.stderr.decode()
    return sort_lines(done_process.stdout)


def sort_lines(output):
    lines = [json.loads(line) for line in output.decode().splitlines()]
    entries = {line["name"]: line for line in lines if line.get("kind") in ("person", "group")}
    assert len(entries) == sum(line.get("kind") in ("person", "group") for line in lines), "an entry came twice"
    return entries, [line for line in lines if line.get("kind") == "fault"], lines[-1]


@pytest.fixture(scope="module")
def slapd(tmp_path_factory):
    with Slapd(tmp_path_factory.mktemp("hq"), sample_ldif(people=700, groups=12)) as server:
        yield server


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """People and groups of every odd kind."""
    people = [
        person_ldif(0),
        person_ldif(1, mail=None),
        person_ldif(2),
        person_ldif(3, employeeType="disabled"),
        person_ldif(4, mail=["first@example.com", "second-test@example.com"]),
        person_ldif(5, title="x" * 1025),
        person_ldif(6, title="line\nbreak"),
        person_ldif(7, displayName="  "),
        ldif_entry(f"cn=김\\, 철수+uid=kim,{PEOPLE}", objectClass=["inetOrgPerson"], cn="김, 철수", uid="kim", sn="김", entryUUID=entry_uuid("kim")),
    ]
    groups = [
        group_ldif("a", [group_dn("b"), person_dn(0)]),
        group_ldif("b", [group_dn("a"), person_dn(0).upper().replace(",", " , "), f"UID=kim+CN=\\EA\\B9\\80\\2C 철수,{PEOPLE}"]),
        group_ldif("outside", ["cn=somebody,dc=elsewhere,dc=net"]),
        group_ldif("empty", []),
        group_ldif("unique", [person_dn(0), person_dn(1) + "#'0101'B"], kind="groupOfUniqueNames"),
        group_ldif("posix", [person_uid(0), "nobody", "KIM"], kind="posixGroup"),
    ]
    with Slapd(tmp_path_factory.mktemp("odd"), base_ldif() + "".join(people + groups)) as server:
        yield server


# --- what is read ------------------------------------------------------------------------------------------------------------------


def test_everything_is_read(slapd, tmp_path):
    entries, faults, result = run_pull(tmp_path, slapd.directory_settings())
    assert result["result"] == "complete" and not faults
    assert result["people"] == 700 and result["groups"] == 13
    person = entries[person_dn(5)]
    given, family = NAMES[5]
    assert person["id"] == entry_uuid(person_uid(5)) and person["email"] == person_mail(5) and person["active"]
    assert (person["given-name"], person["family-name"], person["display-name"]) == (given, family, f"{given} {family}")
    assert entries[group_dn("everyone")]["members"] == [entries[group_dn("g0000")]["key"], entries[group_dn("g0001")]["key"]]
    assert entries[group_dn("g0000")]["display-name"] == "g0000"


@pytest.mark.parametrize("page_size", [1, 7, 700, 5000])
def test_pages_give_what_the_stream_gives(slapd, tmp_path, page_size):
    stream = run_pull(tmp_path, slapd.directory_settings())
    assert run_pull(tmp_path, slapd.directory_settings(page_size=page_size)) == stream


def test_members_in_every_form(odd, tmp_path):
    entries, _, _ = run_pull(tmp_path, odd.directory_settings())
    zero, one, kim = entries[person_dn(0)], entries[person_dn(1)], next(e for e in entries.values() if e.get("user-name") == "kim")
    assert entries[group_dn("a")]["members"] == [entries[group_dn("b")]["key"], zero["key"]]
    assert entries[group_dn("b")]["members"] == [entries[group_dn("a")]["key"], zero["key"], kim["key"]]
    assert len(entries[group_dn("outside")]["members"]) == len(entries[group_dn("empty")]["members"]) == 1
    assert entries[group_dn("unique")]["members"] == [zero["key"], one["key"]]
    posix = entries[group_dn("posix")]["members"]
    assert posix[0] == zero["alias"] and posix[2] == kim["alias"] and len(posix) == 3
    assert not {e["key"] for e in entries.values()} & {e.get("alias") for e in entries.values()}


def test_values(odd, tmp_path):
    entries, faults, result = run_pull(tmp_path, odd.directory_settings())
    assert result["result"] == "complete"
    assert entries[person_dn(4)]["email"] == "first@example.com"
    assert "email" not in entries[person_dn(1)]
    assert entries[person_dn(7)]["display-name"] == " ".join(NAMES[7]), "a blank value is none"
    assert {(f["name"], f["id"]) for f in faults} == {(person_dn(i), entry_uuid(person_uid(i))) for i in (5, 6)}
    assert f"{person_dn(5)}: title: longer than 1024 bytes" in faults[0]["why"] and "control characters" in faults[1]["why"]


def test_active_and_exclude(odd, tmp_path):
    entries, _, _ = run_pull(tmp_path, odd.directory_settings(
        map_active="employeeType!=dis*", exclude=["uid=nobody-*", "mail=*-test@example.com"], map_email="none", map_title="none"))
    assert not entries[person_dn(3)]["active"] and entries[person_dn(0)]["active"]
    assert entries[person_dn(4)]["excluded"] == 2 and "excluded" not in entries[person_dn(0)]
    assert "email" not in entries[person_dn(4)] and person_dn(5) in entries


def test_binary_and_missing_ids(odd, tmp_path):
    odd.replace(person_dn(0), "userPKCS12", b"\x00\x01\xff\xfe ")
    entries, faults, result = run_pull(tmp_path, odd.directory_settings(id_attribute="userPKCS12"))
    assert result["result"] == "complete" and entries[person_dn(0)]["id"] == "0001fffe20" and len(entries) == 1
    assert all(f["id"] == "" and "userPKCS12: missing" in f["why"] for f in faults) and len(faults) == 14


def test_fingerprint_moves_with_the_entry_only(odd, tmp_path):
    before, _, _ = run_pull(tmp_path, odd.directory_settings())
    odd.replace(person_dn(0), "title", "Direktor")
    odd.replace(person_dn(1), "description", "not read")
    after, _, _ = run_pull(tmp_path, odd.directory_settings())
    assert {name for name in before if before[name]["fingerprint"] != after[name]["fingerprint"]} == {person_dn(0)}
    assert {name for name in before if before[name] != after[name]} == {person_dn(0)}


def test_seen_entries_are_not_put(slapd, tmp_path):
    entries, _, result = run_pull(tmp_path, slapd.directory_settings(), "--seen")
    assert not entries and result["seen"] == 713 and result["result"] == "complete"


def test_an_entry_that_is_both_is_a_person(slapd, tmp_path):
    entries, _, result = run_pull(tmp_path, slapd.directory_settings(group_filter="(|(objectClass=groupOfNames)(uid=p00001*))"))
    assert result["result"] == "complete" and (result["people"], result["groups"]) == (700, 13)
    assert entries[person_dn(10)]["kind"] == "person"


def test_bases_of_their_own(slapd, tmp_path):
    _, _, result = run_pull(tmp_path, slapd.directory_settings(person_base=PEOPLE, group_base=[group_dn("g0001"), group_dn("g0002")]))
    assert (result["result"], result["people"], result["groups"]) == ("complete", 700, 2)


# --- ways to connect ------------------------------------------------------------------------------------------------------------------


def test_external_over_a_socket(slapd, tmp_path):
    _, _, result = run_pull(tmp_path, slapd.directory_settings(uri=slapd.ldapi_uri, sasl="external", bind_dn=None, bind_password_file=None))
    assert result["result"] == "complete" and result["people"] == 700


def test_external_with_a_certificate(slapd, tmp_path, monkeypatch):
    cert, key = slapd.authority.issue("client")
    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")  # Debian's libldap loses the GnuTLS key that it loaded, once a connection
    settings = slapd.directory_settings(sasl="external", bind_dn=None, bind_password_file=None, cert_file=cert, key_file=key)
    _, _, result = run_pull(tmp_path, settings)
    assert result["result"] == "complete" and result["people"] == 700


@pytest.mark.parametrize("uri", ["uri", "ldaps_uri"])
def test_starttls_and_ldaps(slapd, tmp_path, uri):
    _, _, result = run_pull(tmp_path, slapd.directory_settings(uri=getattr(slapd, uri), starttls="yes" if uri == "uri" else None))
    assert result["result"] == "complete"


def test_second_server_when_the_first_is_dead(slapd, tmp_path):
    dead = f"ldaps://127.0.0.1:{free_port()}"
    _, _, result = run_pull(tmp_path, slapd.directory_settings(uri=[dead, slapd.ldaps_uri]))
    assert result["result"] == "complete" and result["where"] == slapd.ldaps_uri


def test_no_server(slapd, tmp_path):
    dead = [f"ldap://127.0.0.1:{free_port()}", f"ldaps://127.0.0.1:{free_port()}"]
    _, _, result = run_pull(tmp_path, slapd.directory_settings(uri=dead))
    assert result["result"] == "error" and all(f"{uri}: cannot be reached" in result["error"] for uri in dead)


def test_wrong_password(slapd, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("nonsense")
    wrong.chmod(0o600)
    _, _, result = run_pull(tmp_path, slapd.directory_settings(uri=[slapd.ldaps_uri, slapd.uri], bind_password_file=wrong))
    assert result["result"] == "error" and f"refuses {BIND_DN}: wrong password" in result["error"]
    assert "nonsense" not in result["error"] and slapd.uri not in result["error"], "the next server is not tried with it"


def test_empty_password_is_not_sent(slapd, tmp_path):
    empty = tmp_path / "empty"
    empty.write_text("\n")
    empty.chmod(0o600)
    _, _, result = run_pull(tmp_path, slapd.directory_settings(bind_password_file=empty))
    assert result["result"] == "error" and "no password in it" in result["error"]


def test_readable_password_file(slapd, tmp_path):
    loose = tmp_path / "loose"
    loose.write_text("x")
    loose.chmod(0o644)
    _, _, result = run_pull(tmp_path, slapd.directory_settings(bind_password_file=loose))
    assert result["result"] == "error" and "chmod 600" in result["error"]


def test_authority_of_somebody_else(slapd, tmp_path):
    other = Authority(tmp_path / "other", "Other CA")
    for uri, starttls in ((slapd.ldaps_uri, None), (slapd.uri, "yes")):
        _, _, result = run_pull(tmp_path, slapd.directory_settings(uri=uri, starttls=starttls, ca_file=other.cert))
        assert result["result"] == "error" and "issued by /CN=Test CA" in result["error"] and "set ca-file" in result["error"]


@pytest.mark.parametrize("bad, said", [
    (dict(san="DNS:other.example.com"), "write a name that the certificate holds into uri"),
    (dict(expired=True), "certificate has expired"),
])
def test_bad_certificates(tmp_path, bad, said):
    authority = Authority(tmp_path / "ca")
    with Slapd(tmp_path, base_ldif(), authority=authority, cert=authority.issue("bad", **bad)) as server:
        for uri, starttls in ((server.ldaps_uri.replace("127.0.0.1", "localhost"), None), (server.uri, "yes")):
            _, _, result = run_pull(tmp_path, server.directory_settings(uri=uri, starttls=starttls))
            assert result["result"] == "error" and said in result["error"], result["error"]


def test_libldaps_own_configuration_is_not_obeyed(slapd, tmp_path, monkeypatch):
    other = Authority(tmp_path / "other", "Other CA")
    monkeypatch.setenv("LDAPTLS_REQCERT", "never")
    monkeypatch.setenv("LDAPSIZELIMIT", "3")
    _, _, result = run_pull(tmp_path, slapd.directory_settings(ca_file=other.cert))
    assert result["result"] == "error"
    _, _, result = run_pull(tmp_path, slapd.directory_settings())
    assert result["result"] == "complete" and result["people"] == 700


# --- reads that do not complete ----------------------------------------------------------------------------------------------------------


def test_size_limit(tmp_path):
    with Slapd(tmp_path, sample_ldif(people=700, groups=3), config="sizelimit 500") as server:
        entries, _, result = run_pull(tmp_path, server.directory_settings())
        assert result["result"] == "partial" and len(entries) == 500
        assert f"size limit exceeded after 500 people below '{SUFFIX}'" in result["error"] and "set page-size = 500" in result["error"]
        entries, _, result = run_pull(tmp_path, server.directory_settings(page_size=100))
        assert result["result"] == "partial" and len(entries) == 500 and "size.prtotal=unlimited" in result["error"]


def test_size_limit_that_pages_do_not_count_towards(tmp_path):
    with Slapd(tmp_path, sample_ldif(people=1200, groups=3), config="sizelimit size=500 size.prtotal=unlimited") as server:
        _, _, result = run_pull(tmp_path, server.directory_settings())
        assert result["result"] == "partial"
        _, _, result = run_pull(tmp_path, server.directory_settings(page_size=500))
        assert result["result"] == "complete" and result["people"] == 1200


def test_killed_in_mid_search(tmp_path):
    ldif = base_ldif() + "".join(person_ldif(i, title="t" * 1000) for i in range(25000))
    with Slapd(tmp_path, ldif) as server:
        (tmp_path / "pull.conf").write_text("[directory hq]\n" + server.directory_settings())
        with subprocess.Popen([PULL, tmp_path / "pull.conf", "hq"], stdout=subprocess.PIPE) as pull:
            # The pull stands still while nobody reads what it prints, and the server with it: there is more than any buffer between holds.
            first = pull.stdout.readline()
            server.kill()
            entries, _, result = sort_lines(first + pull.stdout.read())
    assert result["result"] == "partial" and 0 < len(entries) < 25000
    assert "the connection was cut after" in result["error"] and "people below" in result["error"]


@pytest.mark.parametrize("key", ["person_base", "group_base"])
def test_base_that_is_not_there(slapd, tmp_path, key):
    _, _, result = run_pull(tmp_path, slapd.directory_settings(**{key: f"ou=nowhere,{SUFFIX}"}))
    assert result["result"] == "error" and f"below 'ou=nowhere,{SUFFIX}': there is no such entry" in result["error"]


def test_nobody_found_is_no_evidence(slapd, tmp_path):
    _, _, result = run_pull(tmp_path, slapd.directory_settings(person_filter="(uid=nobody)"))
    assert result["result"] == "partial" and "no people below" in result["error"]


def test_malformed_filter(slapd, tmp_path):
    _, _, result = run_pull(tmp_path, slapd.directory_settings(person_filter="(&(uid=))x)"))
    assert result["result"] == "error" and "is not a filter" in result["error"]
    _, _, result = run_pull(tmp_path, slapd.directory_settings(person_filter="(uid)"))
    assert result["result"] == "error" and "the filter is malformed" in result["error"]


def person(n):
    return entry(f"uid=u{n},dc=x", {"uid": [f"u{n}"], "entryUUID": [f"id-{n}"]})


def scripted(folder, answer, **settings):
    """Pulls from a scripted server: answer(request) for the people; nothing is both, and there are no groups."""
    def dispatch(request):
        if "1.1" in request.attrs or "memberUid" in request.attrs:
            return [done()]
        return answer(request)
    with ScriptedLdap(dispatch) as server:
        lines = {"type": "ldap", "uri": server.uri, "base": "dc=x", "flavour": "openldap", "timeout": "5s", **settings}
        return run_pull(folder, "".join(f"{k.replace('_', '-')} = {v}\n" for k, v in lines.items()))


@pytest.mark.parametrize("end, said", [
    ([done(3)], "time limit exceeded after 2 people"),
    ([done(4)], "size limit exceeded after 2 people"),
    ([done(11)], "administrative limit exceeded after 2 people"),
    ([done(51, "come back later")], "the server is busy after 2 people below 'dc=x' (come back later)"),
    ([done(10, referral="ldap://other/dc=x")], "the server refers to another after 2 people below 'dc=x' (ldap://other/dc=x)"),
    ([reference("ldap://other/ou=a,dc=x"), done()], "the server refers to another after 2 people below 'dc=x' (ldap://other/ou=a,dc=x)"),
    ([None], "the connection was cut after 2 people"),
    ([b"\xff" * 40], "after 2 people"),
    ([done(80)], "Other (e.g., implementation specific) error after 2 people"),
    ([], "no answer in time after 2 people"),
])
def test_cut_off(tmp_path, end, said):
    timeout = "1s" if not end else "5s"
    entries, _, result = scripted(tmp_path, lambda request: [person(1), person(2)] + end, timeout=timeout)
    assert result["result"] == "partial" and said in result["error"], result["error"]
    assert len(entries) == 2


def test_page_without_cookie(tmp_path):
    _, _, result = scripted(tmp_path, lambda request: [person(1), done()], page_size="100")
    assert result["result"] == "error" and "a page without its cookie after 0 groups" in result["error"]


def test_malformed_entry(tmp_path):
    broken = ber(0x64, octets("uid=a,dc=x"), ber(0x30, ber(0x30, octets("uid"), ber(0x31, b"\x04\x7fshort"))))
    _, _, result = scripted(tmp_path, lambda request: [person(1), broken, done()])
    assert result["result"] == "error" and "not decodable" in result["error"]


@pytest.mark.parametrize("value", [b"bad \xff", b"nul \x00", "ov\u202ereride", b"\xc0\xaf"])
def test_values_that_are_not_text(tmp_path, value):
    bad = entry("uid=b,dc=x", {"uid": ["b"], "entryUUID": ["id-b"], "title": [value]})
    entries, faults, result = scripted(tmp_path, lambda request: [person(1), bad, done()])
    assert result["result"] == "complete" and len(entries) == 1
    assert faults[0]["id"] == "id-b" and faults[0]["why"].startswith("uid=b,dc=x: title: not UTF-8")


def test_names_that_are_not_names(tmp_path):
    odd = [entry(name, {"entryUUID": [f"id-{i}"]}) for i, name in enumerate(["nonsense", b"uid=\xff,dc=x", "", "cn=" + "a" * 5000 + ",dc=x"])]
    entries, faults, result = scripted(tmp_path, lambda request: [person(1), *odd, done()])
    assert result["result"] == "complete" and len(entries) == 1 and [f["id"] for f in faults] == ["id-0", "id-1", "id-2", "id-3"]
    assert all(len(f["why"]) < 500 for f in faults)


@pytest.mark.parametrize("odd", [
    ber(0x64, octets("uid=a,dc=x"), ber(0x30, ber(0x30, octets("title"), ber(0x31, b"\x04\x00" * 4100000)))),
    entry("", {"title;range=0-1": ["a"]}),
], ids=["millions of values", "a part of nothing"])
def test_entries_that_are_too_much(tmp_path, odd):
    _, _, result = scripted(tmp_path, lambda request: [person(1), odd, done()])
    assert result["result"] == "error" and "not decodable or too large" in result["error"]


def ranged(parts):
    """A server with one group whose members come in parts: {first number: (option, members)}."""
    def answer(request):
        if "1.1" in request.attrs:
            return [done()]
        if "memberUid" not in request.attrs and not any("range" in a for a in request.attrs):
            return [person(1), done()]
        asked = next((a for a in request.attrs if ";range=" in a), "member;range=0-*")
        option, members = parts[int(asked.split("=")[1].split("-")[0])]
        head = {} if "entryUUID" not in request.attrs else {"entryUUID": ["group-id"], "cn": ["big"], "member": []}
        return [entry("cn=big,dc=x", {**head, f"member;range={option}": members}), done()]
    return answer


def pull_ranged(folder, parts):
    with ScriptedLdap(ranged(parts)) as server:
        return run_pull(folder, f"type = ldap\nuri = {server.uri}\nbase = dc=x\nflavour = openldap\ntimeout = 5s\n")


def test_members_in_ranges(tmp_path):
    names = [f"uid=m{i},dc=x" for i in range(7)]
    entries, faults, result = pull_ranged(tmp_path, {0: ("0-2", names[:3]), 3: ("3-5", names[3:6]), 6: ("6-*", names[6:])})
    assert result["result"] == "complete" and not faults
    assert len(set(entries["cn=big,dc=x"]["members"])) == 7 and entries["cn=big,dc=x"]["id"] == "group-id"


@pytest.mark.parametrize("parts", [
    {0: ("0-2", ["uid=a,dc=x"]), 3: ("0-2", ["uid=a,dc=x"])},
    {0: ("0-2", ["uid=a,dc=x"]), 3: ("3-5", [])},
])
def test_range_that_leads_nowhere(tmp_path, parts):
    _, _, result = pull_ranged(tmp_path, parts)
    assert result["result"] == "partial" and "does not give the rest of member" in result["error"]


# --- settings that are refused without network ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change, said", [
    (dict(uri="ldap://dc1.example.com"), "uri 'ldap://dc1.example.com' would send the bind password in the clear; use ldaps:// or starttls = yes"),
    (dict(uri="ldap://127.evil.example"), "would send the bind password in the clear"),
    (dict(uri="ldap://localhost.example.com"), "would send the bind password in the clear"),
    (dict(uri="ldap://[2001:db8::1]"), "would send the bind password in the clear"),
    (dict(uri="ldap://"), "names no server"),
    (dict(uri="ldaps://dc1.example.com", starttls="yes"), "is TLS already"),
    (dict(uri="http://dc1.example.com"), "is not the address of a server"),
    (dict(uri="ldaps://a ldaps://b"), "is not the address of a server"),
    (dict(uri="ldaps://a/dc=x"), "says more than the server"),
    (dict(bind_password_file=None), "has no password"),
    (dict(sasl="external"), "needs cert-file"),
    (dict(sasl="external", uri="ldap://127.0.0.1"), "needs cert-file"),
    (dict(base="nonsense"), "base 'nonsense' is not a DN"),
    (dict(base=["dc=x", "ou=a, DC=X"]), "base 'ou=a, DC=X' overlaps"),
    (dict(bind_dn="nonsense"), "'nonsense': not a DN"),
    (dict(scope_group="Design"), "scope-group: 'Design': not a DN"),
    (dict(map_active="disabled"), "map-active 'disabled': not a rule"),
    (dict(exclude="mail"), "exclude 'mail': not a rule"),
    (dict(exclude="mail!=a"), "exclude 'mail!=a': not a rule"),
    (dict(map_email="e mail"), "not the name of an attribute"),
    (dict(id_attribute="a;binary"), "not the name of an attribute"),
])
def test_refused_settings(slapd, tmp_path, change, said):
    _, _, result = run_pull(tmp_path, slapd.directory_settings(**change))
    assert result["result"] == "error" and said in result["error"] and "pull.conf:" in result["error"], result["error"]
