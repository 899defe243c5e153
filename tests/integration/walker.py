"""A person with a browser who walks from the sign-in server to an identity provider that is really there, and back."""

import html.parser
import http.cookiejar
import ssl
import urllib.error
import urllib.parse
import urllib.request

from signin_site import Answer, Browser, NoRedirect
from site_fixture import URL


class Forms(html.parser.HTMLParser):
    """The forms of a page: action, method and the fields that would be sent."""

    def __init__(self, page):
        super().__init__()
        self.found, self.frames = [], []
        self.inside = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        at = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = {"action": at.get("action", ""), "method": at.get("method", "get").lower(), "fields": {}}
            self.found.append(self.inside)
        elif tag == "iframe":
            self.frames.append(at.get("src", ""))
        elif tag in ("input", "button") and self.inside and at.get("name") and at.get("type") not in ("checkbox", "radio"):
            self.inside["fields"][at["name"]] = at.get("value", "")

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside = None


class AnyCookie(http.cookiejar.DefaultCookiePolicy):
    """One identity provider is all that this jar is for, whatever domain it names on a loopback address."""

    def set_ok_domain(self, cookie, request):
        return True

    def return_ok_domain(self, cookie, request):
        return True

    def domain_return_ok(self, domain, request):
        return True


class Walker:
    """The server is reached below URL, as through its proxy; everybody else where they are. Each keeps its own cookies."""

    def __init__(self, server, trust=None):
        """trust: a file of certificates, besides those that everybody trusts."""
        self.browser = Browser(server)
        self.jar = http.cookiejar.CookieJar(AnyCookie(secure_protocols=("http", "https")))
        https = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=trust))
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect, https,
                                                  urllib.request.HTTPCookieProcessor(self.jar))
        self.at, self.page, self.trail, self.sent = "", None, [], {}

    def ask(self, url, form=None):
        """One request, without going on."""
        self.trail.append(("POST " if form is not None else "GET ") + url)
        self.at = url
        if url.startswith(URL + "/"):
            self.page = self.browser.ask(url[len(URL):], form)
            return self.page
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        try:
            self.page = Answer(self.opener.open(urllib.request.Request(url, data=data), timeout=60))
        except urllib.error.HTTPError as answer:
            self.page = Answer(answer)
        return self.page

    def go(self, url, form=None, stop=lambda url, form: False):
        """Follows redirects and the forms that hand a SAML message over, whose button a script or the person presses."""
        for _ in range(25):
            if stop(url, form):
                self.at, self.sent = url, form or {}
                return None
            page = self.ask(url, form)
            if page.status in (301, 302, 303, 307) and page.headers["Location"]:
                url, form = urllib.parse.urljoin(self.at, page.headers["Location"]), None
                continue
            hand = self.handing_over(page)
            if not hand:
                return self.look_into_frames(page, stop)
            url, form = urllib.parse.urljoin(self.at, hand["action"]), hand["fields"]
        raise AssertionError("\n".join(self.trail))

    def look_into_frames(self, page, stop):
        """Some tell everybody that a person signs out by a frame each, in one page."""
        at = self.at
        for frame in Forms(page.body).frames:
            if "SAML" in frame or "/saml/" in frame:
                if self.go(urllib.parse.urljoin(at, frame), stop=stop) is None:
                    return None
        self.at, self.page = at, page
        return page

    @staticmethod
    def handing_over(page):
        return next((f for f in Forms(page.body).found if {"SAMLRequest", "SAMLResponse"} & set(f["fields"])), None)

    def fill(self, stop=lambda url, form: False, **values):
        """Sends the form of the page that has these fields."""
        form = next((f for f in Forms(self.page.body).found if set(values) <= set(f["fields"])), None)
        assert form, f"{self.at}\n{self.page.body}"
        url = urllib.parse.urljoin(self.at, form["action"])
        return self.go(url, {**form["fields"], **values}, stop)

    def press(self, part=""):
        """Sends the only form whose action has this in it."""
        form, = (f for f in Forms(self.page.body).found if part in f["action"])
        return self.go(urllib.parse.urljoin(self.at, form["action"]), form["fields"])

    def story(self):
        return "\n".join(self.trail)
