"""A web site behind a real nginx that asks about every request."""

import http.server
import os
import re
import shutil
import subprocess
import threading
import urllib.parse

import pytest

from application import Person, Provider, free_port
from site_fixture import ROOT
from test_serve_process import until

NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
pytestmark = pytest.mark.skipif(not NGINX, reason="missing: nginx (Debian: nginx-light)")
TOLD = ("Remote-User", "Remote-Email", "Remote-Name", "Remote-Id", "Remote-Groups", "Remote-Products")


class Wiki:
    """The site itself: tells what it was told. In front of it nginx, with the configuration that we ship, on a host of its own."""

    def __init__(self, folder, provider):
        class Handler(http.server.BaseHTTPRequestHandler):
            """Shows the path and what the proxy said."""

            def do_GET(self):  # pylint: disable=invalid-name
                body = "\n".join([f"wiki {self.path}"] + [f"{k}: {self.headers[k]}" for k in TOLD if k in self.headers]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.site.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.url = f"http://127.0.0.2:{free_port()}"
        folder.mkdir()
        shutil.copy(ROOT / "conf/forward-auth.nginx.conf", folder)
        (folder / "nginx.conf").write_text(f"""
            daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
            events {{ worker_connections 64; }}
            http {{
                access_log off;
                client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
                uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
                upstream doorward {{ server 127.0.0.1:{provider.port}; keepalive 8; }}
                server {{
                    listen {self.url[7:]};
                    include forward-auth.nginx.conf;
                    location / {{ proxy_pass http://127.0.0.1:{self.site.server_port}; }}
                }}
            }}""")
        self.process = subprocess.Popen([NGINX, "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"],
                                        stdin=subprocess.DEVNULL)
        until((folder / "pid").exists, lambda: (folder / "error.log").read_text())

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        self.site.shutdown()
        self.site.server_close()


@pytest.fixture(name="provider")
def provider_fixture(site):
    site.org.person("alice", displayName="Zoë, 100% 김")
    site.org.person("bob")
    site.org.group("cad", "alice")
    site.conf["application wiki"] = {"redirect-uri": "https://unused.example.com/"}
    site.apply()
    provider = Provider(site)
    yield provider
    provider.served.close()


@pytest.fixture(name="wiki")
def wiki_fixture(provider, tmp_path):
    wiki = Wiki(tmp_path / "nginx", provider)
    provider.site.conf["application wiki"] = {"forward-auth": wiki.url, "product": "autocad"}
    provider.reload()
    yield wiki
    wiki.stop()


def told(answer):
    return dict(line.split(": ", 1) for line in answer.body.split("\n")[1:])


def refused(provider, answer, reason):
    assert answer.status == 403 and reason in provider.reason(answer.reference), answer.body


def test_a_person_comes_to_the_page_that_they_wanted(provider, wiki):
    person = Person(provider)
    page = f"{wiki.url}/some%20page?x=1&y=%26&z=a+b"
    answer = person.go(page)
    assert answer.status == 200 and answer.body.startswith("wiki /some%20page?x=1&y=%26&z=a+b\n"), answer.body
    assert told(answer) == {
        "Remote-User": "alice@example.com", "Remote-Email": "alice@example.com", "Remote-Name": "Zo%C3%AB%2C 100%25 %EA%B9%80",
        "Remote-Id": told(answer)["Remote-Id"], "Remote-Groups": "cad", "Remote-Products": "autocad"}
    assert urllib.parse.unquote(told(answer)["Remote-Name"]) == "Zoë, 100% 김"
    hosts = {c.name: (c.domain, c.path) for c in person.jar}
    assert hosts["doorward-session"][0] == "127.0.0.1", "which the site's host never gets"
    assert [d for n, (d, p) in hosts.items() if n.startswith("doorward-pass-")] == ["127.0.0.2"]
    way = len(person.way)
    assert person.ask(f"{wiki.url}/other").status == 200 and len(person.way) == way + 1, "from then on directly"
    assert provider.sql("SELECT count(*) FROM hop") == [(0,)]


def test_who_is_signed_in_is_not_asked_again(provider, wiki):
    person = Person(provider)
    person.go(f"{wiki.url}/")
    for cookie in [c for c in person.jar if c.domain == "127.0.0.2"]:
        person.jar.clear(cookie.domain, cookie.path, cookie.name)
    before = len(person.requests)
    assert person.go(f"{wiki.url}/again").body.startswith("wiki /again")
    assert len(person.requests) == before
    assert provider.sql("SELECT count(*) FROM pass") == [(1,)], "in place of the first one"


def test_nobody_can_say_who_they_are(provider, wiki):
    person = Person(provider)
    person.opener.addheaders = [(name, "mallory") for name in TOLD]
    answer = person.ask(f"{wiki.url}/")
    assert answer.status == 302 and "wiki /" not in answer.body
    assert "mallory" not in person.go(f"{wiki.url}/").body


def test_without_the_product(provider, wiki):
    bob = Person(provider, "bob")
    answer = bob.go(f"{wiki.url}/")
    refused(provider, answer, "has no seat of product autocad")
    assert answer.url.startswith(provider.url)


def test_a_product_that_is_lost_and_a_person_who_leaves(provider, wiki):
    site, person = provider.site, Person(provider)
    site.conf["product maya"] = {"team": "design", "name": "Maya", "group": "cn=all,ou=groups,dc=example,dc=com"}
    site.org.group("all", "alice")
    site.apply()
    person.go(f"{wiki.url}/")
    site.org.group("cad", "bob")
    site.apply()
    assert person.ask(f"{wiki.url}/").status == 403
    provider.served.says("has no seat of product autocad, which application wiki asks for")
    site.org.group("cad", "alice")
    site.apply()
    assert person.ask(f"{wiki.url}/").status == 200
    del site.org.people["alice"]
    site.org.group("cad")
    site.apply()
    assert person.ask(f"{wiki.url}/").status == 302
    until(lambda: not provider.sql("SELECT * FROM session") and not provider.sql("SELECT * FROM pass"), "the end")


def test_signing_out_ends_the_pass(provider, wiki):
    person = Person(provider)
    person.go(f"{wiki.url}/")
    home = person.ask(f"{provider.url}/")
    assert person.ask(f"{provider.url}/signout", home.fields).status == 200
    assert person.ask(f"{wiki.url}/").status == 302


@pytest.mark.parametrize("bad", ["https://evil.example/", "{}@evil.example/", "{}.evil.example/", "{}:81/", "{}1/", "//evil.example/", "/", "",
                                 "{}\\@evil.example/", "javascript:alert(1)", "{}/\r\nSet-Cookie: x=1", "{}/é", "{}#@evil.example",
                                 "https://127.0.0.2/", "{}/" + 5000 * "a"])
def test_nobody_is_sent_elsewhere(provider, wiki, bad):
    url = bad.format(wiki.url)
    answer = provider.ask("/forward-auth/start?" + urllib.parse.urlencode({"application": "wiki", "url": url}))
    assert answer.status in (403, 414, 431), answer.status
    assert not answer.headers["Location"] and not answer.headers["Set-Cookie"] and not provider.sql("SELECT * FROM hop")
    if url.isascii() and url.isprintable() and len(url) < 4000:
        answer = provider.ask("/forward-auth?application=wiki", headers={"X-Original-URL": url})
        assert answer.status == 403 and not answer.headers["Location"]


def begin(provider, wiki, person):
    """The code's address on the site's host, before anybody went there."""
    return person.go(f"{wiki.url}/", stop=f"{wiki.url}/forward-auth/callback").headers["Location"]


def test_a_code_counts_once_and_in_its_browser_only(provider, wiki):
    person, victim = Person(provider), Person(provider)
    code = begin(provider, wiki, person)
    victim.ask(f"{wiki.url}/forward-auth/start?application=wiki&url={wiki.url}/")
    refused(provider, victim.ask(code), "begun by another browser")
    refused(provider, person.ask(code), "it was used already")
    code = begin(provider, wiki, person)
    assert person.ask(code).status == 303
    refused(provider, person.ask(code), "it was used already")
    refused(provider, person.ask(f"{wiki.url}/forward-auth/callback"), "it was used already")
    refused(provider, Person(provider).ask(f"{provider.url}/forward-auth/enter?for={'a' * 32}"), "nobody is on the way")


def test_an_application_that_is_not_there(provider, wiki):
    for query in ("", "?application=", "?application=none", "?application=wiki&application=wiki"):
        answer = provider.ask("/forward-auth" + query, headers={"X-Original-URL": f"{wiki.url}/"})
        assert answer.status == 403 and not answer.headers["Location"]


def test_proxies_that_send_what_they_are_given(provider, wiki):
    """Traefik and Caddy hand our answer on: they are given a redirect, and say where in three headers."""
    host = wiki.url[7:]
    headers = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": host, "X-Forwarded-Uri": "/deep?x=1"}
    answer = provider.ask("/forward-auth?application=wiki&redirect=yes", headers=headers)
    assert answer.status == 303
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["Location"]).query)
    assert answer.headers["Location"].startswith(f"{wiki.url}/forward-auth/start?") and query["url"] == [f"{wiki.url}/deep?x=1"]
    assert provider.ask("/forward-auth?application=wiki", headers=headers).status == 401
    assert provider.ask("/forward-auth?application=wiki").status == 401, "of one origin, it need not be said"
    assert re.match("[^ ]+$", answer.headers["Location"])


def test_who_says_what_was_asked_for(provider, wiki):
    """Caddy and Traefik pass on a browser's own X-Original-URL: it counts for nothing beside what they say."""
    provider.site.conf["application wiki"]["forward-auth"] = [wiki.url, "http://127.0.0.3"]
    provider.reload()
    person = Person(provider)
    person.go(f"{wiki.url}/")
    name, value = next((c.name, c.value) for c in person.jar if c.name.startswith("doorward-pass-"))
    said = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "127.0.0.3", "X-Forwarded-Uri": "/", "Cookie": f"{name}={value}"}
    assert provider.ask("/forward-auth?application=wiki", headers=said).status == 401, "the pass is for the other site"
    assert provider.ask("/forward-auth?application=wiki", headers={**said, "X-Original-URL": f"{wiki.url}/"}).status == 403
    same = {**said, "X-Forwarded-Host": wiki.url[7:], "X-Original-URL": f"{wiki.url}/"}
    assert provider.ask("/forward-auth?application=wiki", headers=same).status == 200


def test_nothing_is_told_of_other_teams(provider, wiki):
    site = provider.site
    site.conf["platform second"] = {"type": "roster"}
    site.conf["team film"] = {"directory": "hq", "platform": "second", "primary-admin": "alice@example.com", "groups": "all"}
    site.conf["product maya"] = {"team": "film", "name": "Maya", "group": "cn=film,ou=groups,dc=example,dc=com"}
    site.org.group("film", "alice")
    site.run("sync", "enable", "film")
    site.apply("film")
    provider.reload()
    answer = Person(provider).go(f"{wiki.url}/")
    assert (told(answer)["Remote-Groups"], told(answer)["Remote-Products"]) == ("cad", "autocad")
    site.conf["application wiki"] = {"forward-auth": wiki.url}
    provider.reload()
    assert "maya" in told(Person(provider).go(f"{wiki.url}/"))["Remote-Products"], "it asks for no product, and is told of all"


def test_the_cookie_of_a_way_is_one_that_no_other_host_can_set(provider, wiki):
    """Somebody's own code, and the cookie that goes with it, set by another host of the domain in another browser."""
    provider.site.conf["application wiki"]["forward-auth"] = [wiki.url, "https://wiki.example.com"]
    provider.reload()
    begun = provider.ask("/forward-auth/start?application=wiki&url=https://wiki.example.com/")
    name, state = begun.headers["Set-Cookie"].split(";")[0].split("=")
    assert name == "__Host-doorward-hop" and "Secure" in begun.headers["Set-Cookie"]
    code = Person(provider).go(begun.headers["Location"], stop="https://wiki.example.com/forward-auth/callback").headers["Location"]
    answer = provider.ask(code[len("https://wiki.example.com"):], headers={"Cookie": f"doorward-hop={state}"})
    refused(provider, answer, "begun by another browser")
    assert not answer.headers["Set-Cookie"]
    again = provider.ask("/forward-auth/start?application=wiki&url=https://wiki.example.com/", headers={"Cookie": f"{name}={state}"})
    assert again.headers["Set-Cookie"].startswith(f"{name}={state};"), "several pages may be on their way at once"
    code = Person(provider).go(again.headers["Location"], stop="https://wiki.example.com/forward-auth/callback").headers["Location"]
    answer = provider.ask(code[len("https://wiki.example.com"):], headers={"Cookie": f"{name}={state}"})
    assert (answer.status, answer.headers["Location"]) == (303, "https://wiki.example.com/")
