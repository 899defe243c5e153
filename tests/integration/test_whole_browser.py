"""The whole in a real browser: an application sends people to sign in, their identity provider's own form, back, and out of everything."""

import shutil

import pytest

from simplesaml import HOME
from site_fixture import Site
from test_browser import DRIVER, WORDS, Keys, TimeoutException, Walk, WebDriverWait, browser
from whole import Whole, seconds_until

pytestmark = [pytest.mark.skipif(not HOME.exists() or not shutil.which("php"), reason="missing: simplesamlphp, php-cli"),
              pytest.mark.skipif(not DRIVER, reason="chromedriver is not installed (Debian: chromium-driver)")]
PAGE = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{title}</title><link rel="icon" href="data:,">
<h1>{title}</h1><p>This page is the application's.</p><a href="{to}">{word}</a></html>
"""
REFUSED = {"en": "could not be signed in", "ko": "로그인하지 못했습니다", "ja": "サインインできませんでした"}


@pytest.fixture(scope="module", name="whole")
def whole_fixture(template, tmp_path_factory):
    whole = Whole(Site(tmp_path_factory.mktemp("whole") / "site", template), template.dns, far=True)
    whole.apache.page("protected", PAGE.format(title="Drawings", to=whole.apache.logout.replace("&", "&amp;"), word="Sign out"))
    whole.apache.page("bye", PAGE.format(title="Goodbye", to="/protected/", word="Sign in"))
    yield whole
    whole.stop()


@pytest.fixture(name="walk", params=["en", "ko", "ja"])
def walk_fixture(request, whole, tmp_path):
    with browser(request.param, tmp_path) as driver:
        yield Walk(driver, whole.apache.url, request.param)


def come(walk, url, css="h1"):
    """Waits for the browser to be there, with the page and what its scripts do once it is loaded: simplesamlphp's takes the focus."""
    there = """return location.href.startsWith(arguments[0]) && document.readyState === 'complete' &&
               document.querySelector(arguments[1]) !== null"""
    try:
        WebDriverWait(walk.driver, 30).until(lambda driver: driver.execute_script(there, url, css))
    except TimeoutException:
        raise AssertionError((walk.driver.current_url, walk.text, walk.driver.get_log("browser"))) from None


def credentials(whole, walk, uid):
    """Into simplesamlphp's form; its last page hands over by a script."""
    come(walk, whole.idp.url, "#username")
    walk.shoot("whole-2-identity-provider")
    walk.find("#username").send_keys(uid)
    walk.find("#password").send_keys(uid + Keys.ENTER)


def test_from_the_application_and_out_of_everything(whole, walk):
    uid = {"en": "alice", "ko": "adam", "ja": "anna"}[walk.language]
    walk.open("/protected/")
    come(walk, whole.server.url + "/signin?for=")
    assert WORDS[walk.language][0] in walk.good("whole-1-sign-in").text
    walk.find("#email").send_keys(f"{uid}@example.com" + Keys.ENTER)
    credentials(whole, walk, uid)
    come(walk, whole.apache.url + "/protected/")
    assert "This page is the application's" in walk.text
    walk.shoot("whole-3-application")
    assert whole.server.sql("SELECT email FROM session WHERE email = ?", f"{uid}@example.com")

    walk.find("a").click()
    come(walk, whole.apache.url + "/bye/")
    walk.shoot("whole-4-goodbye")
    assert not whole.server.sql("SELECT email FROM session WHERE email = ?", f"{uid}@example.com")

    walk.find("a").click()
    come(walk, whole.server.url + "/signin?for=")
    assert "example.com" in walk.good("whole-5-again").text
    walk.find("main form button").click()
    come(walk, whole.idp.url, "#username")
    assert not walk.console()


def test_whom_the_directory_does_not_have(whole, walk):
    walk.open("/protected/")
    walk.find("#email").send_keys("zoe@example.com" + Keys.ENTER)
    credentials(whole, walk, "zoe")
    come(walk, whole.server.url, "#reference")
    assert REFUSED[walk.language] in walk.good("whole-6-refused").text
    assert "nobody with this immutable id" in whole.server.reason(walk.find("#reference").text)
    assert not walk.console()


def test_through_an_openid_provider_and_out_by_a_question(whole, walk):
    """All of it in one navigation that a form begins: no policy of a page may stand in its way."""
    walk.open("/protected/")
    walk.find("#email").send_keys("mina@example.net" + Keys.ENTER)
    come(walk, whole.apache.url + "/protected/")
    walk.driver.get(f"{whole.server.url}/oauth2/logout?client_id=apache")
    assert "mina@example.net" in walk.good("whole-7-question").text
    walk.find("main form button").click()
    come(walk, whole.op.issuer + "/session/end")
    walk.find("button[name=logout]").click()
    come(walk, whole.server.url, "main a")
    assert WORDS[walk.language][2] in walk.good("whole-8-signed-out").text
    seconds_until(lambda: not whole.server.sql("SELECT * FROM notice"), whole.told)
    walk.open("/protected/")
    come(walk, whole.server.url + "/signin?for=")
    faults = [fault for fault in walk.console() if not fault.startswith("https://fonts.googleapis.com/")]
    assert not faults, "but for the font that oidc-provider's page wants"
