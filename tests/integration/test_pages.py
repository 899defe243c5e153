"""What the pages are made of: languages, the organisation's own looks, who asks and how often, and what is recorded of it."""

import csv
import http.client
import io
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import urllib.error
import urllib.request

import pytest

from signin_site import Answer, Browser, NoRedirect, Server
from test_serve_process import until

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
ID = re.compile(r"[a-z2-7]{16}")


@pytest.fixture(name="server")
def server_fixture(site):
    site.org.person("alice")
    site.org.group("cad", "alice")
    site.apply()
    server = Server(site, **{"trusted-proxy": "127.0.0.1"})
    yield server
    server.served.close()


@pytest.fixture(name="browser")
def browser_fixture(server):
    return Browser(server)


def ask(server, path, method="GET", data=None, **headers):
    request = urllib.request.Request(server.url + path, data=data, method=method,
                                     headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        return Answer(urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect).open(request, timeout=60))
    except urllib.error.HTTPError as answer:
        return Answer(answer)


def lang(answer):
    found = re.search(r'<html lang="(..)">', answer.body).group(1)
    assert answer.headers["Content-Language"] == found
    return found


# --- languages ----------------------------------------------------------------------------------------------------------


def test_a_page_is_in_the_language_that_is_preferred(server):
    for accepted, expected in (("ko-KR,ko;q=0.9,en;q=0.8", "ko"), ("ja", "ja"), ("fr,*;q=0.1", "en"), ("ko;q=0.1,ja;q=0.2", "ja")):
        answer = ask(server, "/signin", Accept_Language=accepted)
        assert lang(answer) == expected and "Accept-Language" in answer.headers["Vary"]
    assert lang(ask(server, "/signin")) == "en"
    assert "이메일 주소" in ask(server, "/signin", Accept_Language="ko").body


def test_a_language_that_was_chosen_stays(browser, site):
    assert lang(browser.ask("/signin?lang=ja")) == "ja"
    assert lang(browser.ask("/signin")) == "ja"
    assert lang(browser.ask("/signin", {"email": "a@nowhere.example"})) == "ja"
    browser.sign_in(site)
    assert lang(browser.page()) == "ja"
    assert lang(browser.ask("/nowhere")) == "ja"
    assert lang(browser.ask("/signin?lang=fr+ko-KR")) == "ko"


def test_links_to_other_languages_keep_the_rest_and_lead_nowhere_else(server):
    page = ask(server, "/signin?for=abc&lang=ko&x=%3Cb%3E").body
    assert 'href="?for=abc&amp;x=%3Cb%3E&amp;lang=ja"' in page
    assert 'aria-current="true">한국어' in page
    for path in ("//evil.example/?a=b", '/signin?"><b>=1&a=<i>', "/signin?lang=&&&", "/signin?lang=ko&lang=ja"):
        answer = ask(server, path.replace('"', "%22").replace("<", "%3C").replace(">", "%3E") if '"' not in path else
                     "/signin?%22%3E%3Cb%3E=1&a=%3Ci%3E")
        assert all(href.startswith("?") for href in re.findall(r'<li><a href="([^"]*)"', answer.body)), answer.body
        assert "<b>" not in answer.body and "<i>" not in answer.body


# --- looks --------------------------------------------------------------------------------------------------------------


def test_texts_logo_and_colour_are_the_organisations(server, site):
    assert ask(server, "/logo").status == 404 and ask(server, "/favicon.ico").status == 204
    (site.folder / "logo").write_bytes(PNG)
    (site.folder / "texts.ini").write_text("[en]\nsign-in = Welcome <in>\n[ko]\nsign-in = 어서 오세요\n")
    site.conf["serve"] |= {"logo-file": "logo", "texts-file": "texts.ini", "accent": "#7a1fa2"}
    server.reload()
    page = ask(server, "/signin")
    assert "<h1>Welcome &lt;in&gt;</h1>" in page.body and '<img src="/logo" alt="Example Design">' in page.body
    assert "어서 오세요" in ask(server, "/signin?lang=ko").body and "サインイン" in ask(server, "/signin?lang=ja").body
    assert "--accent:#7a1fa2" in ask(server, "/style.css").body
    with urllib.request.urlopen(server.url + "/logo", timeout=60) as logo:
        assert logo.read() == PNG and logo.headers["Content-Type"] == "image/png"
        assert "public" in logo.headers["Cache-Control"]
    (site.folder / "logo").write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
    server.reload()
    logo = ask(server, "/logo")
    assert logo.headers["Content-Type"] == "image/svg+xml" and "sandbox" in logo.headers["Content-Security-Policy"]
    assert "script-src" not in logo.headers["Content-Security-Policy"] and "default-src 'none'" in logo.headers["Content-Security-Policy"]


@pytest.mark.parametrize("key, value, told", [("accent", "#f0a500", "contrast"), ("texts-file", "texts.ini", "did you mean 'sign-in'"),
                                              ("logo-file", "doorward.conf", "neither PNG")])
def test_looks_that_do_not_do_leave_the_old_ones(server, site, key, value, told):
    (site.folder / "texts.ini").write_text("[en]\nsing-in = x\n")
    site.conf["serve"][key] = value
    assert told in site.refused("check-config", status=78)
    site.write()
    before = len(server.served.text())
    server.served.signal(1)
    server.served.says(told, before)
    assert ask(server, "/signin").status == 200


def test_only_a_providers_logout_stands_in_its_frame(server, site):
    (site.folder / "secret").write_text("secret\n")
    (site.folder / "secret").chmod(0o600)
    site.conf["connection op"] = {"type": "oidc", "issuer": "https://op.example.net/x", "client-id": "c", "client-secret-file": "secret"}
    server.reload()
    shown = ask(server, "/oidc/logout/op?iss=https%3A%2F%2Fop.example.net%2Fx&sid=s")
    assert shown.status == 200 and shown.headers.get_all("Content-Security-Policy") == [
        "default-src 'none'; frame-ancestors https://op.example.net; base-uri 'none'"]
    refused = ask(server, "/oidc/logout/op?iss=https%3A%2F%2Fother.example&sid=s")
    assert refused.status == 403 and "frame-ancestors 'none'" in refused.headers["Content-Security-Policy"]


# --- who asks -----------------------------------------------------------------------------------------------------------


def test_the_client_behind_the_proxy_is_in_log_and_record(server, browser, site):
    answer = ask(server, "/signin", "POST", b"email=x@nowhere.example", X_Forwarded_For="203.0.113.1, 2001:DB8::7", X_Request_Id="abc-123")
    assert answer.headers["X-Request-Id"] == "abc-123"
    assert server.sql("SELECT client FROM record WHERE ref = ?", answer.reference) == [("2001:db8::7",)]
    server.served.says(r'request=abc-123 msg="POST /signin" status=403 ms=[0-9.]+ client=2001:db8::7\n')
    assert re.search(rf'request=abc-123 msg="POST /signin: {answer.reference}: domain nowhere.example', server.served.text())
    for unclean in ("a b", "x" * 65, 'a"b', "ü"):
        assert ID.fullmatch(ask(server, "/signin", X_Request_Id=unclean.encode().decode("latin-1")).headers["X-Request-Id"])
    site.conf["serve"]["trusted-proxy"] = "127.0.0.2"
    server.reload()
    answer = ask(server, "/signin", "POST", b"email=x@nowhere.example", X_Forwarded_For="203.0.113.1", Forwarded="for=203.0.113.1",
                 X_Request_Id="abc-123")
    assert server.sql("SELECT client FROM record WHERE ref = ?", answer.reference) == [("127.0.0.1",)]
    assert ID.fullmatch(answer.headers["X-Request-Id"])


def test_every_request_is_logged_without_its_secrets(server, browser, site):
    browser.sign_in(site)
    ask(server, "/signin?token=very-secret")
    ask(server, "/no%0Awhere%22" + "x" * 500)
    assert browser.announce("/saml/acs/idp", 600000) == 413
    server.served.says(r'msg="POST /saml/acs/idp" status=413 ')
    text = server.served.text()
    assert 'msg="GET /signin" status=200' in text and "very-secret" not in text and "SAMLResponse" not in text
    assert 'msg="POST /saml/acs/idp" status=303' in text
    assert 'no\N{REPLACEMENT CHARACTER}where\\"xxx' in text and "x" * 250 not in text
    assert all(re.match(r"time=\S+ level=\w+ role=\w+ pid=\d+ (request=\S+ )?msg=\"", line) for line in text.splitlines() if "run" not in line)


def test_who_asks_too_often_has_to_wait(server, site):
    site.conf["serve"]["signin-rate"] = 5
    server.reload()

    def post(client):
        return ask(server, "/signin", "POST", b"email=x@nowhere.example", X_Forwarded_For=client, Accept_Language="ko")

    assert [post("203.0.113.9").status for _ in range(5)] == [403] * 5
    late = post("203.0.113.9")
    assert late.status == 429 and 1 <= int(late.headers["Retry-After"]) <= 13 and lang(late) == "ko"
    assert post("203.0.113.10").status == 403, "others are not held up"
    assert ask(server, "/signin", X_Forwarded_For="203.0.113.9").status == 200, "nor is a page"
    assert ask(server, "/saml/acs/idp", "POST", b"SAMLResponse=x", X_Forwarded_For="203.0.113.9").status == 429, "coming back counts too"
    assert len(server.sql("SELECT * FROM record")) == 6, "who is held up leaves no record"
    with urllib.request.urlopen(server.status_url + "/metrics", timeout=60) as metrics:
        assert "doorward_http_held_up_total 2" in metrics.read().decode()
    forged = [ask(server, "/signin", "POST", b"email=x@nowhere.example", X_Forwarded_For="203.0.113.11", Forwarded=f"for=192.0.2.{i}").status
              for i in range(6)]
    assert forged == [403] * 5 + [429], "whoever makes up the header that the proxy passes on is not taken for this machine"


# --- who was here before ------------------------------------------------------------------------------------------------


def test_what_is_remembered(server, browser, site):
    assert 'name="domain"' not in browser.ask("/signin").body
    browser.begin()
    page = browser.ask("/signin").body
    assert "Continue with example.com" in page and "alice" not in page
    assert browser.ask("/signin", {"domain": "example.com"}).status == 303
    assert browser.ask("/signin", {"email": "alice@example.com", "remember": "yes"}).status == 303
    page = browser.ask("/signin").body
    assert 'value="alice@example.com"' in page and " checked>" in page and 'name="domain"' not in page
    browser.sign_in(site)
    assert "alice" not in browser.ask("/signin").body, "without the tick it is forgotten"


@pytest.mark.parametrize("value", ["%40other.example", "x%40other.example", "%40%3Cb%3E", "<b>@example.com", "%zz", "%", "%4", "%00%40example.com",
                                   "a%0A%40example.com", "%FF%40example.com", "@" + "x" * 2000, "no-address", ""])
def test_a_cookie_is_anybodys_word(server, value):
    page = ask(server, "/signin", Cookie=f"__Host-doorward-address={value}").body
    assert 'name="domain"' not in page and ('value=""' in page or "&lt;b&gt;@example.com" in page) and "<b>" not in page


def test_a_domain_that_leads_nowhere_is_answered_like_an_address(server, site):
    by_address = ask(server, "/signin", "POST", b"email=x%40nowhere.example")
    by_domain = ask(server, "/signin", "POST", b"domain=nowhere.example")
    site.run("sso", "deactivate", "idp")
    closed = ask(server, "/signin", "POST", b"domain=example.com")
    plain = {re.sub(r'id="reference">\w+<|value="[^"]*"', "", a.body) for a in (by_address, by_domain, closed)}
    assert len(plain) == 1 and {a.status for a in (by_address, by_domain, closed)} == {403}


# --- records ------------------------------------------------------------------------------------------------------------


def test_a_reference_number_is_explained(server, browser, site):
    ref = ask(server, "/signin", "POST", b"email=x@nowhere.example", X_Forwarded_For="203.0.113.1").reference
    out, _ = site.run("signin", "show", ref[:5].upper() + " " + ref[5:])
    for told in ("refused", "x@nowhere.example", "203.0.113.1", "none of the organisation's", "write a section [domain nowhere.example]"):
        assert told in out
    told = site.json("signin", "show", ref)
    assert told["format"] == "doorward-signin/1" and told["result"] == "refused" and told["client"] == "203.0.113.1"
    assert told["reason"].startswith("domain nowhere.example: ") and told["connection"] is None and told["remedy"]
    browser.sign_in(site)
    (ref,), = server.sql("SELECT ref FROM record WHERE result = 1")
    assert site.json("signin", "show", ref)["result"] == "signed in" and "signed in" in site.run("signin", "show", ref)[0]
    assert "no sign-in of it" in site.refused("signin", "show", "a" * 10, status=1)
    assert "no reference number" in site.refused("signin", "show", "abc", status=64)
    assert "no reference number" in site.refused("signin", "show", "../../../x", status=64)


def test_the_report_of_sign_ins(server, browser, site):
    assert browser.sign_in(site).status == 303
    ask(server, "/signin", "POST", b"email=%3Dcmd%40nowhere.example")
    rows = site.json("report", "signins")
    assert [row["result"] for row in rows] == ["refused", "signed in"], "newest first"
    assert rows[1]["email"] == "alice@example.com" and rows[1]["connection"] == "idp" and rows[1]["client"] == "127.0.0.1"
    assert [row["email"] for row in site.json("report", "signins", "--connection", "idp")] == ["alice@example.com"]
    table = list(csv.DictReader(io.StringIO(site.run("report", "signins", "--csv")[0])))
    assert [row["email"] for row in table] == ["'=cmd@nowhere.example", "alice@example.com"]
    assert set(table[0]) == set(rows[0])
    assert "alice@example.com" in site.run("report", "signins")[0]
    server.stop()
    assert len(site.json("report", "signins")) == 2, "with no server too"
    server.start()
    with sqlite3.connect(site.state / "signin.db") as db:
        db.execute("UPDATE record SET at = at - 3 * 86400 WHERE result = 1")
    assert [row["result"] for row in site.json("report", "signins", "--since", "2d")] == ["refused"]
    assert len(site.json("report", "signins", "--since", "4d")) == len(site.json("report", "signins", "--since", "2020-01-01")) == 2
    for wrong in ("yesterday", "2d3", "-1d", "2026-13-01", "99999999d", ""):
        assert "--since" in site.refused("report", "signins", "--since", wrong, status=64)


def test_records_are_kept_as_long_as_configured(server, site):
    ask(server, "/signin", "POST", b"email=x@nowhere.example")
    with sqlite3.connect(site.state / "signin.db") as db:
        db.execute("UPDATE record SET at = at - 2 * 86400")
    site.conf["serve"]["signin-retention"] = "1d"
    server.reload()
    until(lambda: not server.sql("SELECT * FROM record"), "the record is gone")


def test_nobody_has_signed_in_yet(site):
    assert site.json("report", "signins") == []
    assert "no sign-in of it" in site.refused("signin", "show", "a" * 10, status=1)


# --- a real proxy -------------------------------------------------------------------------------------------------------

NGINX = """daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1; {user}
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass {url};
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Request-Id $request_id;
    }}
  }}
}}
"""


@pytest.mark.skipif(not shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"), reason="nginx is not installed (Debian: nginx-light)")
def test_behind_nginx(server, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "nginx.conf").write_text(NGINX.format(folder=tmp_path, port=port, url=server.url,
                                                      user="user root;" if os.geteuid() == 0 else ""))
    nginx = subprocess.Popen([shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"), "-e", "stderr", "-c", tmp_path / "nginx.conf"])

    def ask_from(address, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(address, 0))
        try:
            connection.request("POST", "/signin", "email=x%40nowhere.example",
                               {"Content-Type": "application/x-www-form-urlencoded", **{k.replace("_", "-"): v for k, v in headers.items()}})
            return Answer(connection.getresponse())
        except ConnectionRefusedError:
            return None
        finally:
            connection.close()

    def client_of(answer):
        (client,), = server.sql("SELECT client FROM record WHERE ref = ?", answer.reference)
        return client

    try:
        answer = until(lambda: ask_from("127.0.0.5"), "nginx answers")
        assert client_of(answer) == "127.0.0.5"
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-Id"]) and answer.headers["X-Request-Id"] in server.served.text()
        assert client_of(ask_from("127.0.0.6", X_Forwarded_For="203.0.113.66")) == "127.0.0.6", "what the client says of itself"
        assert client_of(ask_from("127.0.0.6", Forwarded="for=203.0.113.66")) == "127.0.0.1", "nginx passes it on, and does not mean it"
        assert ask_from("127.0.0.7", X_Request_Id="forged").headers["X-Request-Id"] != "forged"
    finally:
        nginx.terminate()
        nginx.wait(60)
