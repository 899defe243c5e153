"""The domain proof against real name servers (knotd, dnsmasq) and a real HTTPS server, through tests/tools/proof.c."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import dns  # noqa: E402  pylint: disable=wrong-import-position

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROOF = pathlib.Path(os.environ.get("DOORWARD_BUILD", ROOT / "build")) / "tests/tools/proof"
TOKEN = "abcdefghijklmnopqrstuvwxyz234567"
OTHER = "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
VALUE = "doorward-domain-verification=" + TOKEN
LABEL = "_doorward-challenge"
FILE = "/.well-known/doorward-domain-verification.txt"
ERR_NETWORK, ERR_REFUSED, ERR_INPUT, ERR_CONFIG = "network", "refused", "input", "config"



def needs(*programs):
    """A missing tool is a failure in CI and a named skip elsewhere."""
    skip = not os.environ.get("CI") and not dns.have(*programs)
    return pytest.mark.skipif(skip, reason=f"{programs[0]} is not installed")


needs_knot, needs_dnsmasq = needs("knotd", "keymgr", "knotc"), needs("dnsmasq")


def proof(*words):
    done = subprocess.run([PROOF, *map(str, words)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


# --- DNS ------------------------------------------------------------------------------------------------------------

SIGNED = f"""
{LABEL} IN TXT "{VALUE}"
{LABEL}.wrong IN TXT "doorward-domain-verification={OTHER}"
{LABEL}.quoted IN TXT "\\"{VALUE}\\""
{LABEL}.case IN TXT "{VALUE.upper()}"
{LABEL}.longer IN TXT "{VALUE}x"
{LABEL}.beside IN TXT "v=spf1 -all"
{LABEL}.evil IN TXT "\\027[2Jred\\255"
{LABEL}.strings IN TXT "{VALUE[:20]}" "" "{VALUE[20:]}"
{LABEL}.delegated IN CNAME customer.plain.test.
{LABEL}.dangling IN CNAME nowhere.plain.test.
{LABEL}.nodata IN A 192.0.2.1
apex IN TXT "{VALUE}"
{LABEL}.twice.example.test.twice IN TXT "{VALUE}"
*.wild IN TXT "{VALUE}"
"""
SIGNED += "".join(f'{LABEL}.many IN TXT "something else {i} {"x" * 180}"\n' for i in range(150))
SIGNED += f'{LABEL}.many IN TXT "{VALUE}"\n' + "".join(f'{LABEL}.flood IN TXT "{i}"\n' for i in range(600))
PLAIN = f'{LABEL} IN TXT "{VALUE}"\ncustomer IN TXT "{VALUE}"\n'


@pytest.fixture(scope="module", name="knot")
def knot_fixture(tmp_path_factory):
    """test. is signed and delegates: example (signed), plain (provably not signed), stripped (a DS, and not signed)."""
    zones = {"example.test": SIGNED, "plain.test": PLAIN, "stripped.test": PLAIN, "test": ""}
    path = tmp_path_factory.mktemp("knot")
    names = ["example", "plain", "stripped"]
    zones["test"] = "".join(f"{name} IN NS ns.{name}\nns.{name} IN A 127.0.0.1\n" for name in names)
    zones["test"] += "stripped IN DS 1 13 2 " + "00" * 32 + "\n"
    with dns.Knot(path, zones, signed={"test", "example.test"}, broken=["servfail.test"]) as server:
        server.publish_ds("test", "example.test")
        server.system = ["--resolver", server.resolver, "--anchor", server.anchor("test")]
        yield server


def look(knot, domain, method="dns", token=TOKEN):
    return proof(*knot.system, "look", domain, token, method)


@needs_knot
@pytest.mark.parametrize("domain, state, security, words", [
    ("example.test", "proved", "secure", "validated by DNSSEC"),
    ("plain.test", "proved", "insecure", "not signed"),
    ("strings.example.test", "proved", "secure", "found"),
    ("many.example.test", "proved", "secure", "found"),
    ("a.wild.example.test", "proved", "secure", "found"),
    ("delegated.example.test", "proved", "insecure", "found"),
    ("dangling.example.test", "absent", "insecure", "no such name"),
    ("nodata.example.test", "absent", "secure", "no TXT record"),
    ("nxdomain.example.test", "absent", "secure", "no such name"),
    ("nxdomain.plain.test", "absent", "insecure", "no such name"),
    ("apex.example.test", "absent", "secure", "stands at apex.example.test instead"),
    ("twice.example.test", "absent", "secure", f"stands at {LABEL}.twice.example.test.twice.example.test instead"),
    ("wrong.example.test", "wrong", "secure", "another installation"),
    ("quoted.example.test", "wrong", "secure", "quotes or blanks"),
    ("case.example.test", "wrong", "secure", "found 'DOORWARD"),
    ("longer.example.test", "wrong", "secure", f"found '{VALUE}x'"),
    ("beside.example.test", "wrong", "secure", "found 'v=spf1 -all'"),
    ("evil.example.test", "wrong", "secure", "found '\ufffd[2Jred\ufffd'"),
    ("stripped.test", "failed", "unchecked", "fails DNSSEC validation"),
    ("flood.example.test", "failed", "unchecked", "over the limit of 512"),
    ("servfail.test", "failed", "unchecked", "answers SERVFAIL"),
])
def test_record(knot, domain, state, security, words):
    got = look(knot, domain)
    assert (got["state"], got["method"], got["security"]) == (state, "dns", security), got
    assert words in got["text"]
    assert "\x1b" not in got["text"]


@needs_knot
def test_a_token_proves_one_domain_only_for_its_own_value(knot):
    assert look(knot, "example.test", token=OTHER)["state"] == "wrong"


@needs_knot
def test_an_empty_token_is_never_looked_for(knot):
    assert "not one of ours" in look(knot, "example.test", token="")["error"]


@needs_knot
def test_wrong_trust_anchor_is_bogus(knot):
    anchor = knot.anchor("example.test", wrong=True)
    got = proof("--resolver", knot.resolver, "--anchor", anchor, "txt", f"{LABEL}.example.test")
    assert got["state"] == "bogus" and "DS hash mismatches" in got["fault"]


@needs_knot
def test_expired_signature_is_bogus(knot):
    got = proof(*knot.system, "--now", 2000000000, "txt", f"{LABEL}.example.test")
    assert got["state"] == "bogus" and "expired" in got["fault"]


@needs_knot
def test_validation_can_be_switched_off(knot):
    got = proof("--resolver", knot.resolver, "--anchor", "none", "txt", f"{LABEL}.stripped.test")
    assert (got["state"], got["security"]) == ("found", "unchecked")


@needs_knot
def test_refused_is_no_absence(knot):
    """Outside of test. knotd answers REFUSED."""
    got = proof("--resolver", knot.resolver, "--anchor", "none", "txt", f"{LABEL}.example.org")
    assert got["state"] == "failed" and f"resolver {knot.resolver} answers REFUSED" in got["fault"]


@needs_knot
def test_second_resolver_answers_when_the_first_does_not(knot):
    with dns.Blackhole() as hole:
        got = proof("--resolver", hole.resolver, *knot.system, "--timeout", 60, "txt", f"{LABEL}.example.test")
    assert (got["state"], got["security"]) == ("found", "secure")


def test_nobody_listens():
    where = f"127.0.0.1@{dns.free_port()}"
    got = proof("--resolver", where, "--anchor", "none", "--timeout", 3, "txt", f"{LABEL}.example.test")
    assert got["state"] == "failed" and f"{where} has nothing listening" in got["fault"]


def test_the_deadline_holds_when_no_answer_ever_comes():
    """Without it the lookup would outlast the limit that proof() sets; the message names the deadline."""
    with dns.Blackhole() as hole:
        got = proof("--resolver", hole.resolver, "--anchor", "none", "--timeout", 2, "txt", f"{LABEL}.example.test")
    assert got["state"] == "failed" and "no answer within 2 seconds" in got["fault"]
    assert f"{hole.resolver} does not answer" in got["fault"]


@pytest.mark.parametrize("option, value, kind, words", [
    ("--resolver", "dns.example.test", ERR_INPUT, "not an IP address"),
    ("--resolver", "127.0.0.1@0", ERR_INPUT, "not an IP address"),
    ("--anchor", "/nonexistent/root.key", ERR_CONFIG, "/nonexistent/root.key"),
    ("--anchor", __file__, ERR_CONFIG, "not a DNSSEC trust anchor"),
    ("--timeout", "301", ERR_INPUT, "not within 1 and 300"),
])
def test_wrong_policy(option, value, kind, words):
    got = proof("--resolver", "127.0.0.1@1", option, value, "txt", "example.test")
    assert got["kind"] == kind and words in got["error"]


def test_the_hosts_file_plays_no_part():
    with dns.Blackhole() as hole:
        got = proof("--resolver", hole.resolver, "--anchor", "none", "--timeout", 1, "txt", os.uname().nodename)
    assert got["state"] == "failed"


# --- the loopback server of the demo --------------------------------------------------------------------------------

@needs_dnsmasq
def test_loopback_dns_of_the_demo(tmp_path):
    def server(*words):
        command = [ROOT / "tests/tools/loopback-dns.sh", tmp_path, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    where = ["--resolver", server("start").strip(), "--anchor", "none"]
    try:
        assert proof(*where, "look", "example.test", TOKEN, "dns")["state"] == "absent"
        server("txt", f"{LABEL}.example.test", VALUE)
        assert proof(*where, "look", "example.test", TOKEN, "dns")["state"] == "proved"
        server("clear")
        assert proof(*where, "look", "example.test", TOKEN, "dns")["state"] == "absent"
    finally:
        server("stop")
    got = proof(*where, "--timeout", 2, "look", "example.test", TOKEN, "dns")
    assert got["state"] == "failed"


# --- HTTPS ----------------------------------------------------------------------------------------------------------

def page(body, status=200, **headers):
    return status, {k.replace("_", "-"): v for k, v in headers.items()}, body


@pytest.fixture(scope="module", name="https")
def https_fixture(tmp_path_factory):
    pages = {"/ok": page(b"fine")}
    with dns.Https(tmp_path_factory.mktemp("https"), ["example.test", "*.example.test"], pages) as server:
        server.to = lambda name: ["--connect-to", f"{name}:443:127.0.0.1:{server.port}", "--timeout", 20]
        server.at = lambda name="example.test": ["--ca", server.ca, *server.to(name)]
        yield server


def look_file(https, reply, *options):
    if reply is None:
        https.pages.pop(FILE, None)
    else:
        https.pages[FILE] = reply
    return proof(*https.at(), *(options or ["--allow-private"]), "look", "example.test", TOKEN, "https")


@pytest.mark.parametrize("reply, state, words", [
    (page(VALUE.encode()), "proved", "certificate was verified"),
    (page(VALUE.encode() + b"\n"), "proved", "found"),
    (page(VALUE.encode() + b"\r\n"), "proved", "found"),
    (page(VALUE.encode() + b"\n\n"), "wrong", "take away"),
    (page(b" " + VALUE.encode()), "wrong", "take away"),
    (page(b"<html>" + VALUE.encode() + b"</html>"), "wrong", "nothing else"),
    (page(VALUE.encode() + b"\0"), "wrong", "found"),
    (page(b""), "wrong", "found ''"),
    (page(b"\x1b[2J\xff"), "wrong", "found '\ufffd[2J\ufffd'"),
    (None, "absent", "no such file (status 404)"),
    (page(b"", 410), "absent", "410"),
    (page(b"", 401, WWW_Authenticate="Basic realm=x"), "failed", "status 401"),
    (page(VALUE.encode(), 500), "failed", "status 500"),
    (page(VALUE.encode(), 206), "failed", "status 206"),
    (page(b"x" * 5000), "failed", "larger than the limit of 4096"),
    (page(b"x" * 5000, X_Length="hidden"), "failed", "larger than the limit of 4096"),
    (page(b"", 302, Location="https://www.example.test" + FILE), "failed", "another server"),
    (page(b"", 302, Location="http://example.test" + FILE), "failed", "another server"),
    (page(b"", 302, Location="https://example.test:8443" + FILE), "failed", "another server"),
    (page(b"", 302, Location="//example.org/"), "failed", "another server"),
    (page(b"", 302, Location="file:///etc/hostname"), "failed", "another server"),
    (page(b"", 302, Location="https://user:pw@example.test/ok"), "failed", "user name"),
    (page(b"", 302, Location=FILE), "failed", "more than 3 redirects"),
])
def test_file(https, reply, state, words):
    got = look_file(https, reply)
    assert (got["state"], got["method"], got["security"]) == (state, "https", "unchecked"), got
    assert words in got["text"]


def test_redirect_on_the_same_server_is_followed(https):
    https.pages["/elsewhere"] = page(VALUE.encode())
    assert look_file(https, page(b"", 301, Location="/elsewhere"))["state"] == "proved"


def test_nothing_is_sent_along(https, monkeypatch):
    """Neither cookies that the server sets, nor credentials, nor a way through the environment's proxy."""
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    https.pages["/elsewhere"] = page(VALUE.encode())
    https.requests.clear()
    assert look_file(https, page(b"", 302, Location="/elsewhere", Set_Cookie="a=b; Path=/"))["state"] == "proved"
    assert [path for path, _ in https.requests] == [FILE, "/elsewhere"]
    assert all(not {"Cookie", "Authorization"} & headers.keys() for _, headers in https.requests)


def test_private_address_is_refused(https):
    https.requests.clear()
    got = look_file(https, page(VALUE.encode()), "--timeout", "20")
    assert got["state"] == "failed" and "127.0.0.1, which is not a public address" in got["text"]
    assert not https.requests


def test_certificate_of_another_name_is_refused(https):
    got = proof(*https.at("example.org"), "--allow-private", "look", "example.org", TOKEN, "https")
    assert got["state"] == "failed" and "certificate does not verify" in got["text"]


def test_certificate_of_an_unknown_authority_is_refused(https):
    got = proof(*https.to("example.test"), "--allow-private", "fetch", "https://example.test/ok")
    assert got["kind"] == ERR_REFUSED and "certificate does not verify" in got["error"]


def test_headers_have_a_limit(https):
    got = look_file(https, page(b"", 200, **{f"X_{i}": "y" * 4000 for i in range(40)}))
    assert got["state"] == "failed" and "headers" in got["text"]


def test_a_server_that_says_nothing_is_given_up():
    with dns.Blackhole() as hole:
        where = ["--connect-to", f"example.test:443:127.0.0.1:{hole.port}", "--allow-private", "--timeout", 2]
        got = proof(*where, "fetch", "https://example.test/")
    assert got["kind"] == ERR_NETWORK and "no whole answer in time" in got["error"]


@pytest.mark.parametrize("url, kind", [
    ("http://example.test/", ERR_INPUT), ("file:///etc/hostname", ERR_INPUT), ("https://", ERR_INPUT),
    ("https://a b/", ERR_INPUT),
    ("https://127.0.0.1:1/", ERR_REFUSED), ("https://[::1]:1/", ERR_REFUSED), ("https://2130706433:1/", ERR_REFUSED),
    ("https://169.254.169.254/", ERR_REFUSED), ("https://localhost:1/", ERR_REFUSED),
    ("https://[::ffff:10.0.0.1]/", ERR_REFUSED),
])
def test_addresses_that_are_not_fetched(url, kind):
    assert proof("fetch", url)["kind"] == kind


def test_wrong_ca_file(https):
    got = proof("--ca", __file__, *https.to("example.test"), "--allow-private", "fetch", "https://example.test/ok")
    assert got["kind"] == ERR_CONFIG and "CA file" in got["error"]
    assert proof("--ca", "/nonexistent.pem", "fetch", "https://example.test/")["kind"] == ERR_CONFIG


# --- both -----------------------------------------------------------------------------------------------------------

@needs_knot
def test_any_takes_the_file_when_there_is_no_record(knot, https):
    https.pages[FILE] = page(VALUE.encode())
    name = "nxdomain.example.test"
    got = proof(*knot.system, *https.at(name), "--allow-private", "look", name, TOKEN, "any")
    assert (got["state"], got["method"], got["security"]) == ("proved", "https", "unchecked")


@needs_knot
def test_any_is_absent_only_when_both_are(knot, https):
    name = "nxdomain.example.test"
    https.pages.pop(FILE, None)
    both = proof(*knot.system, *https.at(name), "--allow-private", "look", name, TOKEN, "any")
    assert both["state"] == "absent" and "no such name" in both["text"] and "404" in both["text"]
    https.pages[FILE] = page(b"", 503)
    assert proof(*knot.system, *https.at(name), "--allow-private", "look", name, TOKEN, "any")["state"] == "failed"
    https.pages[FILE] = page(b"something")
    assert proof(*knot.system, *https.at(name), "--allow-private", "look", name, TOKEN, "any")["state"] == "wrong"
