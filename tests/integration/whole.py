"""The whole, in which nothing around the server is ours: a directory, an identity provider of either kind, and two applications.

    slapd               the people of example.com and example.net, whom one team's directory holds
    simplesamlphp       signs the people of example.com in, over SAML (connection idp)
    npm's oidc-provider signs the people of example.net in, over OpenID Connect (connection op)
    apache              mod_auth_openidc before a few pages
    app                 npm's openid-client, with sessions of its own
"""

import json
import subprocess
import time
import urllib.parse

from apache import Apache
from application import Application, Provider
from oidc_site import NpmProvider
from simplesaml import SimpleSaml, person
from site_fixture import DOORWARD
from slapd import PEOPLE, Slapd
from test_causes import on_slapd
from walker import Forms, Walker

SAML = ("alice", "adam", "anna", "abel", "amy")
STRANGERS = ("zoe",)  # known to the identity provider, in no directory
OIDC = ("mina", "max", "mary", "moll")


def mail(uid):
    return f"{uid}@example.{'net' if uid in OIDC else 'com'}"


class Server(Provider):
    """doorward serve; connection op is what it is to the OpenID provider. authority: of its certificate, for https."""

    def __init__(self, site, authority=None):
        self.authority = authority and authority.cert
        self.certificate = authority and authority.issue("signin")
        super().__init__(site)

    def start(self):
        if not self.certificate:
            super().start()
            return
        url = f"https://127.0.0.1:{self.port}"
        self.site.conf["organization"]["url"] = url
        self.site.conf["serve"].update({"certificate-file": self.certificate[0], "key-file": self.certificate[1]})
        super().start()
        self.url = url

    def path(self, what, connection="op"):
        return f"{self.url}/oidc/{what}/{connection}"


class Whole:
    """
    Everything is started here, and taken into use by the commands that an administrator gives. far: as in life, the server has a
    certificate, and identity provider and application are other sites to a browser.
    """

    def __init__(self, site, dns, far=False):
        self.site, self.dns, self.far, self.running = site, dns, far, []
        try:
            self.open_directory()
            self.server = Server(site, self.slapd.authority if far else None)
            self.running.append(self.server.served.close)
            self.connect_saml()
            self.connect_oidc()
            site.apply()
            self.open_applications()
        except BaseException:
            self.stop()
            raise

    def keep(self, thing):
        """It is stopped in the end."""
        self.running.append(thing.stop)
        return thing

    def stop(self):
        while self.running:
            self.running.pop()()

    def open_directory(self):
        for uid in SAML + OIDC:
            self.site.org.person(uid, mail=mail(uid))
        self.site.org.group("cad", *SAML, *OIDC)
        self.slapd = self.keep(Slapd(self.site.folder, self.site.org.ldif()).start())
        on_slapd(self.site, self.slapd)

    def connect_saml(self):
        self.idp = self.keep(SimpleSaml(self.site.folder / "simplesaml", {uid: person(uid) for uid in (*SAML, *STRANGERS)},
                                         "localhost" if self.far else "127.0.0.1").start())
        (self.site.folder / "theirs.xml").write_text(self.idp.metadata())
        self.site.conf["connection idp"]["metadata-file"] = "theirs.xml"
        self.idp.trust(self.site.run("sso", "metadata", "idp")[0], encrypt=True)
        self.try_and_activate("idp", "alice")

    def connect_oidc(self):
        folder = self.site.folder / "oidc"
        folder.mkdir()
        self.op = self.keep(NpmProvider(self.server, folder))
        for uid in OIDC:
            self.op.person(uid, email=mail(uid), given_name="Given", family_name=uid.capitalize(), name=f"Given {uid.capitalize()}")
        self.op.options["someone"] = "mina"
        self.op.person("mina", **self.op.options["people"]["mina"])
        self.site.conf["connection op"] = self.op.connection()
        self.site.conf["domain example.net"] = {"connection": "op"}
        self.site.prove(self.dns, "example.net")
        self.try_and_activate("op", "mina")

    def try_and_activate(self, connection, uid):
        """By the link that the command shows, through the identity provider's own pages."""
        self.server.reload()
        trial = subprocess.Popen([DOORWARD, "-c", self.site.folder / "doorward.conf", "sso", "test", connection, "--json"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            guest = Guest(self.server, uid)
            link = trial.stdout.readline()
            assert link, trial.stderr.read()
            guest.ask(json.loads(link)["link"])
            form, = (f for f in Forms(guest.page.body).found if "/sso-test/" in f["action"])
            guest.visit(self.server.url + form["action"], form["fields"])
            out, err = trial.communicate(timeout=60)
            assert trial.returncode == 0, out + err + guest.story() + guest.page.body
        finally:
            trial.kill()
            trial.wait()
        self.site.run("sso", "activate", connection)
        self.server.reload()

    def open_applications(self):
        if self.far:
            self.apache = self.keep(Apache(self.site, self.server, "127.0.0.3", self.server.authority, product="autocad"))
            return
        self.app = self.keep(Application(self.site, product="autocad"))
        self.app.start(self.server.url)
        self.site.conf["application app"].update({"backchannel-logout-uri": f"{self.app.url}/backchannel",
                                                  "post-logout-uri": f"{self.app.url}/bye"})
        self.apache = self.keep(Apache(self.site, self.server, product="autocad"))

    def remove(self, uid):
        """From the directory; what follows is the program's."""
        self.slapd.delete(f"uid={uid},{PEOPLE}")
        self.site.apply()

    def told(self):
        return "\n".join(reason for reason, in self.server.sql("SELECT reason FROM record")) + self.server.served.text() + self.apache.log()


class Guest(Walker):
    """A person with one browser for everybody: types their address where it is asked for, and credentials at the identity provider."""

    def __init__(self, server, uid):
        super().__init__(server, server.authority)
        self.opener.addheaders.append(("Accept", "text/html,*/*;q=0.8"))
        # By a field that the page's first form has: what is typed into it, or which button is pressed.
        self.typed = {"domain": {}, "email": {"email": mail(uid)}, "password": {"username": uid, "password": uid},
                      "xsrf": {"logout": "yes"}}

    def visit(self, url, form=None):
        """The page in the end."""
        self.go(url, form)
        for _ in range(5):
            form = next(iter(Forms(self.page.body).found), {"fields": {}})
            typed = next((typed for name, typed in self.typed.items() if name in form["fields"]), None)
            if typed is None:
                return self.page
            self.go(urllib.parse.urljoin(self.at, form["action"]), {**form["fields"], **typed})
        raise AssertionError(self.story())

    def passed(self, part):
        """How often the way led there."""
        return sum(part in step for step in self.trail)

def seconds_until(ask, what, limit=15):
    """How long it took until ask() was true."""
    begun = time.monotonic()
    while not ask():
        assert time.monotonic() - begun < limit, what()
        time.sleep(0.1)
    return time.monotonic() - begun
