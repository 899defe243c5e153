"""The pages in a real browser: from the e-mail address to the identity provider, back, and out again, in each language.

Screenshots of every page are left in build/screenshots (DOORWARD_SCREENSHOTS), for people to look at.
"""

import base64
import contextlib
import html
import http.server
import os
import re
import shutil
import socket
import ssl
import threading
import urllib.parse
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import pytest

from signin_site import Server, answer_to
from site_fixture import ROOT, URL, script

webdriver = pytest.importorskip("selenium.webdriver", reason="python3-selenium is not installed")
from selenium.common.exceptions import TimeoutException, WebDriverException  # noqa: E402,F401  pylint: disable=wrong-import-position,unused-import
from selenium.webdriver.common.by import By  # noqa: E402  pylint: disable=wrong-import-position
from selenium.webdriver.common.keys import Keys  # noqa: E402  pylint: disable=wrong-import-position
from selenium.webdriver.support.expected_conditions import staleness_of  # noqa: E402  pylint: disable=wrong-import-position
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402  pylint: disable=wrong-import-position

DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not DRIVER, reason="chromedriver is not installed (Debian: chromium-driver)")
SCREENSHOTS = Path(os.environ.get("DOORWARD_SCREENSHOTS", ROOT / "build/screenshots"))
WORDS = {"en": ("Sign in", "Signed in as", "You are signed out.", "We cannot sign you in"),
         "ko": ("로그인", "로그인한 사용자", "로그아웃되었습니다", "이 주소로는 로그인할 수 없습니다"),
         "ja": ("サインイン", "サインイン中のユーザー", "サインアウトしました", "このアドレスではサインインできません")}
LONG = "Wolfeschlegelsteinhausenbergerdorff-Müller-Lüdenscheidt von und zu Hohenzollern-Sigmaringen"

# What is wrong with a page for whoever does not see it well, or at all.
FAULTS = """
const faults = [];
const parse = c => c.match(/[\\d.]+/g).map(Number);
const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
                     return .2126 * r + .7152 * g + .0722 * b; };
const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
                      if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
for (const e of document.querySelectorAll('p,a,button,label,h1,h2,strong,span,input[type=email]')) {
  if (!e.innerText && !e.value) continue;
  const [a, b] = [light(parse(getComputedStyle(e).color).slice(0, 3)), light(ground(e))];
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (ratio < 4.5) faults.push('contrast ' + ratio.toFixed(2) + ': ' + e.outerHTML.slice(0, 80));
}
for (const e of document.querySelectorAll('input:not([type=hidden])'))
  if (!e.labels.length || !e.labels[0].innerText.trim()) faults.push('no label: ' + e.outerHTML);
for (const e of document.querySelectorAll('button,a')) {
  if (!e.innerText.trim()) faults.push('no name: ' + e.outerHTML);
  if (e.getBoundingClientRect().height < 24) faults.push('small: ' + e.outerHTML);
}
for (const e of document.querySelectorAll('img'))
  if (!e.alt || !e.naturalWidth) faults.push('no picture: ' + e.outerHTML);
if (document.querySelectorAll('h1').length !== 1 || document.querySelectorAll('main').length !== 1) faults.push('no one h1 and main');
if (!document.title.trim()) faults.push('no title');
if (parseFloat(getComputedStyle(document.querySelector('main').lastElementChild).marginBottom)) faults.push('a gap at the end');
if (document.scripts.length) faults.push('scripts');
if (document.documentElement.scrollWidth > innerWidth) faults.push('scrolls: ' + document.documentElement.scrollWidth + ' > ' + innerWidth);
return faults;
"""
FOCUS = """const s = getComputedStyle(document.activeElement);
return [document.activeElement.tagName, s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2];"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Provider(http.server.ThreadingHTTPServer):
    """An identity provider that believes whoever presses its button."""

    def __init__(self, site, url, certificate):
        super().__init__(("127.0.0.1", 0), Page)
        self.site, self.service, self.email, self.uid = site, url, "alice@example.com", "alice"
        self.origin, self.moved_to = (f"https://{name}.elsewhere.example:{self.server_address[1]}" for name in ("idp", "login"))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificate)
        self.socket = tls.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        if "SAMLRequest" not in query:
            self.send_error(404)
            return
        if not self.headers["Host"].startswith("login."):
            self.send_response(302)  # as a provider does that knows the person to belong to another one
            self.send_header("Location", self.server.moved_to + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        request = ET.fromstring(zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15))
        acs = f"{self.server.service}/saml/acs/idp"
        response = answer_to(self.server.site, request.get("ID"), self.server.email, self.server.uid, acs,
                             f"{self.server.service}/saml/metadata/idp")
        fields = {"SAMLResponse": base64.b64encode(response.encode()).decode(), "RelayState": query["RelayState"][0]}
        inputs = "".join(f'<input type="hidden" name="{k}" value="{html.escape(v)}">' for k, v in fields.items())
        body = (f'<!DOCTYPE html><html lang="en"><title>Identity provider</title><link rel="icon" href="data:,">'
                f'<form method="post" action="{acs}">{inputs}<button id="me">It is me</button></form>').encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def is_gone(driver, page):
    """staleness_of, where chromedriver may be asked in the very moment in which the page is exchanged: it then stumbles over itself."""
    try:
        return staleness_of(page)(driver)
    except WebDriverException as fault:
        if "unhandled inspector error" in str(fault):
            return True
        raise


class Walk:
    """A browser in one language, and what is asked of each page that it sees."""

    def __init__(self, driver, url, language):
        self.driver, self.url, self.language = driver, url, language

    def open(self, path):
        self.driver.get(self.url + path)

    def find(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    @property
    def text(self):
        return self.find("body").text

    def go(self, css="main form button", keys=None):
        """To the next page, by a press or by what is typed."""
        page, element = self.find("html"), self.find(css)
        _ = element.send_keys(keys) if keys else element.click()
        WebDriverWait(self.driver, 30).until(lambda driver: is_gone(driver, page))
        return self

    def resize(self, width, height=900, dark=False):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def shoot(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(SCREENSHOTS / f"{self.language}-{name}.png"))

    def good(self, name):
        """Wide and narrow, light and dark."""
        assert self.driver.execute_script("return document.documentElement.lang") == self.language
        for look, (width, height, dark) in {"": (1024, 768, False), "-dark": (1024, 768, True), "-narrow": (320, 640, False)}.items():
            self.resize(width, height, dark)
            faults = self.driver.execute_script(FAULTS)
            self.shoot(name + look)
            assert not faults, f"{name}{look}: {faults}"
        self.resize(1024, 768)
        return self

    def tab_through(self):
        """Every stop of the Tab key, each with a focus to be seen."""
        stops = []
        for _ in range(20):
            self.driver.switch_to.active_element.send_keys(Keys.TAB)
            name, seen = self.driver.execute_script(FOCUS)
            if name == "BODY":
                break
            assert seen, f"no focus to be seen on {name} of {self.driver.current_url}"
            stops.append(name)
        return stops

    def console(self):
        """Of faults, but for what is the browser's way to tell of a status that is meant."""
        return [e["message"] for e in self.driver.get_log("browser") if not re.search(r"responded with a status of 4\d\d", e["message"])]


def self_signed(folder, *names):
    """(certificate, key) in PEM."""
    paths = folder / "tls.pem", folder / "tls.key"
    script("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={names[0]}",
           "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names), "-out", paths[0], "-keyout", paths[1])
    paths[1].chmod(0o600)
    return paths


@pytest.fixture(name="url")
def url_fixture(site):
    """A server with TLS, and an identity provider that is another site for the browser, as it is in life."""
    port = free_port()
    url = f"https://signin.example.com:{port}"
    certificate = self_signed(site.folder, "signin.example.com", "idp.elsewhere.example")
    site.org.person("alice")
    site.org.person("long", given=LONG, family="어쩌고저쩌고띄어쓰기가전혀없는아주긴이름입니다")
    site.org.group("cad", "alice")
    provider = Provider(site, url, certificate)
    metadata = site.idp / "metadata.xml"
    metadata.write_text(metadata.read_text().replace(f"{URL}/sso", f"{provider.origin}/sso"))
    site.conf["organization"]["url"] = url
    site.apply()
    server = Server(site, **{"listen": f"127.0.0.1:{port}", "certificate-file": certificate[0], "key-file": certificate[1]})
    site.provider = provider
    yield url
    server.served.close()
    provider.shutdown()
    provider.server_close()


@contextlib.contextmanager
def browser(language, folder):
    """Chromium, for somebody who reads this language."""
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server", "--no-first-run",
                 "--ignore-certificate-errors", "--host-resolver-rules=MAP *.example.com 127.0.0.1,MAP *.elsewhere.example 127.0.0.1,"
                 "MAP *.googleapis.com ~NOTFOUND",
                 "--disable-background-networking", f"--user-data-dir={folder / 'browser'}", "--force-prefers-reduced-motion"):
        options.add_argument(word)
    accepted = {"en": "en-GB,en", "ko": "ko-KR,ko,en", "ja": "fr,ja-JP"}[language]
    options.add_experimental_option("prefs", {"intl.accept_languages": accepted})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=webdriver.chrome.service.Service(DRIVER), options=options)
    driver.implicitly_wait(10)
    yield driver
    driver.quit()


@pytest.fixture(name="walk", params=["en", "ko", "ja"])
def walk_fixture(request, url, tmp_path):
    with browser(request.param, tmp_path) as driver:
        yield Walk(driver, url, request.param)


def test_from_the_address_to_the_identity_provider_and_out_again(walk):
    title, signed_in, signed_out, _ = WORDS[walk.language]
    walk.open("/")
    assert title in walk.good("1-sign-in").text
    assert walk.driver.switch_to.active_element.get_attribute("id") == "email", "one can type at once"
    assert walk.tab_through()[:2] == ["INPUT", "BUTTON"]
    walk.go("#email", "alice@example.com" + Keys.ENTER)
    assert walk.driver.title == "Identity provider"
    walk.go("#me")
    assert signed_in in walk.good("2-home").text and "Given Alice" in walk.text
    assert "BUTTON" in walk.tab_through()
    walk.go()
    assert signed_out in walk.good("3-signed-out").text
    walk.go("main a")
    assert "example.com" in walk.good("4-again").text, "the domain is remembered, the address is not"
    assert walk.find("#email").get_attribute("value") == ""
    assert walk.driver.switch_to.active_element.tag_name == "button"
    walk.go("button:focus", Keys.ENTER)
    assert walk.driver.title == "Identity provider", "one press goes on"
    assert not walk.console()


def test_an_address_that_leads_nowhere(walk):
    walk.open("/signin")
    walk.go("#email", "somebody@elsewhere.example" + Keys.ENTER)
    assert WORDS[walk.language][3] in walk.good("5-unknown").text
    assert re.search(r"\b[a-z2-7]{10}\b", walk.text)
    assert walk.find("#email").get_attribute("aria-describedby") == "fault"
    walk.open("/nowhere")
    walk.good("6-fault")
    assert not walk.console()


def test_the_box_keeps_the_address(walk):
    walk.open("/signin")
    walk.find("#email").send_keys("alice@example.com")
    walk.find("input[type=checkbox]").click()
    walk.go()
    assert walk.driver.title == "Identity provider"
    walk.open("/signin")
    assert walk.find("#email").get_attribute("value") == "alice@example.com"
    assert walk.good("7-remembered").find("input[type=checkbox]").is_selected()
    walk.find("input[type=checkbox]").click()
    walk.go()
    walk.open("/signin")
    assert walk.find("#email").get_attribute("value") == "" and "alice" not in walk.text


def test_long_names_and_another_language(walk, site):
    site.provider.email, site.provider.uid = "long@example.com", "long"
    walk.open("/signin")
    walk.go("#email", "long@example.com" + Keys.ENTER)
    walk.go("#me").good("8-long")
    other = "ko" if walk.language != "ko" else "ja"
    walk.go(f"nav a[lang={other}]")
    walk.language = other
    assert WORDS[other][1] in walk.text
    walk.go()
    assert WORDS[other][2] in walk.text, "it stays"
    assert walk.driver.execute_script("return document.documentElement.lang") == other
    assert not walk.console()
