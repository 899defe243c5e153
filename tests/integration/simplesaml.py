"""Debian's simplesamlphp as an identity provider on loopback: PHP's own web server, a configuration in a folder of its own."""

import http.client
import os
import socket
import subprocess
import time
import urllib.parse
from pathlib import Path

from site_fixture import script
from slapd import entry_uuid

TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
HOME = Path("/usr/share/simplesamlphp/www")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(port, path):
    """Status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def php(value):
    """A Python value as PHP writes it."""
    if isinstance(value, dict):
        return "[" + ", ".join(f"{php(k)} => {php(v)}" for k, v in value.items()) + "]"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(php, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


class SimpleSaml:
    """People sign in with their uid as user name and as password. sp: our metadata, read by simplesamlphp's own reader. host: by another
    name it is another site to a browser."""

    recently = 0

    def __init__(self, folder, people, host="127.0.0.1", **hosted):
        self.folder, self.port = Path(folder), free_port()
        self.url = f"http://{host}:{self.port}"
        self.entity = f"{self.url}/saml2/idp/metadata.php"
        self.process, self.hosted = None, hosted
        for name in ("config", "metadata", "cert", "log", "tmp", "data", "sessions"):
            (self.folder / name).mkdir(parents=True)
        self.make_key("server")
        self.write_config(people)
        self.write_hosted()

    def make_key(self, name):
        script("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "30", "-subj", f"/CN={name}",
               "-keyout", self.folder / f"cert/{name}.pem", "-out", self.folder / f"cert/{name}.crt")

    def write_config(self, people):
        config = {
            "baseurlpath": self.url + "/", "certdir": f"{self.folder}/cert/", "loggingdir": f"{self.folder}/log/",
            "datadir": f"{self.folder}/data/", "tempdir": f"{self.folder}/tmp", "metadatadir": f"{self.folder}/metadata/",
            "secretsalt": "a salt of this test", "auth.adminpassword": "admin of this test", "admin.checkforupdates": False,
            "technicalcontact_email": "na@example.org", "timezone": "UTC", "enable.saml20-idp": True,
            "logging.handler": "file", "logging.level": 7, "debug": {"saml": False}, "showerrors": True, "errorreporting": False,
            "module.enable": {"exampleauth": True, "core": True, "saml": True}, "session.cookie.secure": False,
            "session.cookie.samesite": None, "language.cookie.secure": False, "session.phpsession.savepath": f"{self.folder}/sessions",
            "store.type": "phpsession", "session.duration": 3600, "session.datastore.timeout": 3600, "session.state.timeout": 3600,
            "metadata.sources": [{"type": "flatfile", "directory": f"{self.folder}/metadata"}], "authproc.idp": {},
            "trusted.url.domains": [], "language.default": "en", "language.available": ["en", "ja"], "production": True}
        source = "'exampleauth:UserPass', " + ", ".join(
            f"{php(f'{uid}:{uid}')} => {php(attributes)}" for uid, attributes in people.items())
        (self.folder / "config/config.php").write_text(f"<?php $config = {php(config)};\n")
        (self.folder / "config/authsources.php").write_text(f"<?php $config = ['people' => [{source}]];\n")

    def write_hosted(self, **more):
        hosted = {"host": "__DEFAULT__", "privatekey": "server.pem", "certificate": "server.crt", "auth": "people",
                  "sign.logout": True, "validate.logout": True, "validate.authnrequest": True,
                  "signature.algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", **self.hosted, **more}
        (self.folder / "metadata/saml20-idp-hosted.php").write_text(f"<?php $metadata[{php(self.entity)}] = {php(hosted)};\n")

    def trust(self, xml, encrypt=False, only_post=False):
        """Takes our metadata, as its own converter reads it."""
        more = {"assertion.encryption": encrypt, "validate.authnrequest": True, "NameIDFormat": TRANSIENT}
        path = self.folder / "sp.xml"
        path.write_text(xml)
        read = (f"require '/usr/share/simplesamlphp/lib/_autoload.php';"
                f"$e = \\SimpleSAML\\Metadata\\SAMLParser::parseFile({php(path)})->getMetadata20SP();"
                f"unset($e['entityDescriptor']); unset($e['expire']);"
                + ("$e['SingleLogoutService'] = array_values(array_filter($e['SingleLogoutService'],"
                   " function ($s) { return strpos($s['Binding'], 'POST'); }));" if only_post else "") + f"$e = array_merge($e, {php(more)});"
                f"echo '<?php $metadata[', var_export($e['entityid'], true), '] = ', var_export($e, true), ';';")
        (self.folder / "metadata/saml20-sp-remote.php").write_text(script("php", "-r", read, **self.environment()))

    def environment(self):
        return {"SIMPLESAMLPHP_CONFIG_DIR": str(self.folder / "config")}

    def start(self):
        words = ["php", "-d", "error_reporting=8191", "-d", "display_errors=0", "-d", "opcache.enable=0",
                 "-d", f"session.save_path={self.folder}/sessions", "-S", f"127.0.0.1:{self.port}", "-t", HOME]
        with open(self.folder / "php.log", "ab") as log:
            self.process = subprocess.Popen(list(map(str, words)), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, **self.environment(), "PHP_CLI_SERVER_WORKERS": "2"}, cwd=self.folder,
                                            start_new_session=True)
        for _ in range(600):
            try:
                ask(self.port, "/saml2/idp/metadata.php")
                return self
            except OSError:
                assert self.process.poll() is None, self.log()
                time.sleep(0.1)
        raise AssertionError(self.log())

    def metadata(self):
        status, body = ask(self.port, "/saml2/idp/metadata.php")
        assert status == 200, body + self.log()
        return body

    # --- people

    @staticmethod
    def credentials(uid):
        """Fields of its form."""
        return {"username": uid, "password": uid}

    def initiated(self, entity):
        """Where a sign-in begins that nobody asked for."""
        return f"{self.url}/saml2/idp/SSOService.php?spentityid={urllib.parse.quote(entity, safe='')}"

    def sign_out(self):
        """Where a person signs out there."""
        return f"{self.url}/saml2/idp/SingleLogoutService.php?ReturnTo={urllib.parse.quote(self.url + '/saml2/idp/metadata.php', safe='')}"

    def log(self):
        return "".join(p.read_text(errors="replace")[-6000:] for p in [self.folder / "php.log", *(self.folder / "log").glob("*")] if p.exists())

    def stop(self):
        if self.process:
            os.killpg(self.process.pid, 15)  # the server with its workers: a group of their own
            self.process.wait(timeout=60)
            self.process = None


def person(uid, **more):
    """Attributes as exampleauth gives them away."""
    return {"mail": [f"{uid}@example.com"], "givenName": ["Given"], "sn": [uid.capitalize()], "entryUUID": [entry_uuid(uid)], **more}
