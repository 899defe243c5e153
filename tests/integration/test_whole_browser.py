"""The whole in a real browser: an application sends people to sign in, their identity provider's own form, back, and out of everything."""

import shutil

import pytest

from simplesaml import HOME
from site_fixture import Site
from test_browser import DRIVER, WORDS, By, Keys, Walk, browser
from whole import Whole

pytestmark = [pytest.mark.skipif(not HOME.exists() or not shutil.which("php"), reason="missing: simplesamlphp, php-cli"),
              pytest.mark.skipif(not DRIVER, reason="chromedriver is not installed (Debian: chromium-driver)")]
PAGE = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{title}</title><link rel="icon" href="data:,">
<h1>{title}</h1><p>This page is the application's.</p><a href="{to}">{word}</a></html>
"""
# The page of a refusal; the question whether to sign out.
MORE = {"en": ("could not be signed in", "Sign out"), "ko": ("로그인하지 못했습니다", "로그아웃"), "ja": ("サインインできませんでした", "サインアウト")}


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


def at(walk, url):
    assert walk.driver.current_url.startswith(url), (walk.driver.current_url, walk.text)


def credentials(whole, walk, uid):
    """Into simplesamlphp's form; its last page hands over by a script."""
    at(walk, whole.idp.url)
    walk.shoot("whole-2-identity-provider")
    walk.find("#username").send_keys(uid)
    walk.find("#password").send_keys(uid + Keys.ENTER)


def test_from_the_application_and_out_of_everything(whole, walk):
    uid = {"en": "alice", "ko": "adam", "ja": "anna"}[walk.language]
    walk.open("/protected/")
    at(walk, whole.server.url + "/signin?for=")
    assert WORDS[walk.language][0] in walk.good("whole-1-sign-in").text
    walk.find("#email").send_keys(f"{uid}@example.com" + Keys.ENTER)
    walk.find("#username")
    credentials(whole, walk, uid)
    walk.driver.find_element(By.XPATH, "//h1[.='Drawings']")
    at(walk, whole.apache.url + "/protected/")
    walk.shoot("whole-3-application")
    assert whole.server.sql("SELECT email FROM session WHERE email = ?", f"{uid}@example.com")

    walk.find("a").click()
    walk.driver.find_element(By.XPATH, "//h1[.='Goodbye']")
    at(walk, whole.apache.url + "/bye/")
    walk.shoot("whole-4-goodbye")
    assert not whole.server.sql("SELECT email FROM session WHERE email = ?", f"{uid}@example.com")

    walk.find("a").click()
    walk.find("main form button")
    at(walk, whole.server.url + "/signin?for=")
    assert "example.com" in walk.good("whole-5-again").text
    walk.find("main form button").click()
    walk.find("#username")
    at(walk, whole.idp.url)
    assert not walk.console()


def test_whom_the_directory_does_not_have(whole, walk):
    walk.open("/protected/")
    walk.find("#email").send_keys("zoe@example.com" + Keys.ENTER)
    walk.find("#username")
    credentials(whole, walk, "zoe")
    walk.find("#reference")
    at(walk, whole.server.url)
    assert MORE[walk.language][0] in walk.good("whole-6-refused").text
    assert "nobody with this immutable id" in whole.server.reason(walk.find("#reference").text)
    assert not walk.console()
