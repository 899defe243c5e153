"""A browser and an identity provider around the sign-in server of a site."""

import base64
import http.client
import http.cookiejar
import re
import signal
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET
import zlib

from site_fixture import IDP, ROOT, URL, script
from slapd import entry_uuid
from test_serve_process import Served

ACS = f"{URL}/saml/acs/idp"
AUDIENCE = f"{URL}/saml/metadata/idp"
FIELD = re.compile(r'name="(\w+)" value="([^"]*)"')
REFERENCE = re.compile(r'id="reference">([a-z2-7]{10})<')


class Server:
    """doorward serve of a site, on ports of its own."""

    def __init__(self, site, schedule="none", **serve):
        """serve: more keys of [serve]"""
        self.site = site
        site.conf["serve"] = {"listen": "127.0.0.1:0", "status-listen": "127.0.0.1:0", **serve}
        site.conf["sync"]["schedule"] = schedule
        self.start()

    def start(self, **environment):
        (self.site.folder / "notify").unlink(missing_ok=True)
        self.served = Served(self.site, **environment).ready()
        ports = self.served.says(r"listening on port (\d+), for health and metrics on port (\d+)")
        self.url, self.status_url = (f"http://127.0.0.1:{port}" for port in ports.groups())

    def stop(self):
        assert self.served.end() == 0, self.served.text()
        self.served.close()

    def reload(self):
        self.site.write()
        self.served.signal(signal.SIGHUP)
        self.served.ready()

    def sql(self, statement, *values):
        db = sqlite3.connect(self.site.state / "signin.db")
        rows = db.execute(statement, values).fetchall()
        db.close()
        return rows

    def reason(self, ref):
        (reason, result), = self.sql("SELECT reason, result FROM record WHERE ref = ?", ref)
        assert result != 1, "somebody signed in"
        return reason


class Answer:
    """Status, headers and body of one answer."""

    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read().decode()

    @property
    def fields(self):
        return dict(FIELD.findall(self.body))

    @property
    def reference(self):
        return REFERENCE.search(self.body).group(1)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like another: the identity provider is not there to be asked."""

    def redirect_request(self, *_):
        return None


class Browser:
    """Keeps cookies as a browser does that reaches the server through its proxy."""

    def __init__(self, server):
        self.server = server
        self.jar = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https")))
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect,
                                                  urllib.request.HTTPCookieProcessor(self.jar))

    def ask(self, path, form=None, method=None):
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        request = urllib.request.Request(self.server.url + path, data=data, method=method)
        try:
            return Answer(self.opener.open(request, timeout=60))
        except urllib.error.HTTPError as answer:
            return Answer(answer)

    def copy(self):
        """Another with the same cookies."""
        other = Browser(self.server)
        for cookie in self.jar:
            other.jar.set_cookie(cookie)
        return other

    def announce(self, path, length):
        """Status that a form of this length gets before any of it is sent."""
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.server.url).netloc, timeout=60)
        connection.putrequest("POST", path)
        connection.putheader("Content-Type", "application/x-www-form-urlencoded")
        connection.putheader("Content-Length", str(length))
        connection.endheaders()
        status = connection.getresponse().status
        connection.close()
        return status

    def begin(self, email="alice@example.com"):
        """(id of the request, RelayState) as the identity provider gets them."""
        answer = self.ask("/signin", {"email": email})
        assert answer.status == 303, answer.body
        return read_redirect(answer.headers["Location"])

    def post(self, response, relay, connection="idp", **more):
        form = {"SAMLResponse": base64.encodebytes(response.encode()).decode(), **more}
        return self.ask(f"/saml/acs/{connection}", form if relay is None else {**form, "RelayState": relay})

    def sign_in(self, site, email="alice@example.com", uid="alice"):
        request, relay = self.begin(email)
        return self.post(answer_to(site, request, email, uid), relay)

    def page(self):
        return self.ask("/")


def read_redirect(location):
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(location).query)
    request = ET.fromstring(zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15))
    assert request.get("AssertionConsumerServiceURL") == ACS
    assert request.find("{urn:oasis:names:tc:SAML:2.0:assertion}Issuer").text == AUDIENCE
    assert query["Signature"] and query["SigAlg"]
    return request.get("ID"), query["RelayState"][0]


def answer_to(site, request=None, email="alice@example.com", uid="alice", acs=ACS, audience=AUDIENCE, **environment):
    """A response, freshly signed. request None: unsolicited."""
    more = [request] if request else []
    return script(ROOT / "certs/sign-response.sh", site.idp, IDP, acs, audience, email, "Given", "Family", entry_uuid(uid), *more,
                  **environment)
